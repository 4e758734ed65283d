package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/framewatch/framewatch/ingest/evidence"
)

// Names of stored files: a defect's id and an extension.
const (
	clipName  = "0123456789abcdef0123456789abcdef.mp4"
	stripName = "0123456789abcdef0123456789abcdef.jpg"
)

// bucketOf is an S3 server in this process with an empty bucket, as a store; requests is told each request's path and headers.
func bucketOf(t *testing.T, requests func(*http.Request)) (evidence.S3Config, *s3mem.Backend) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("evidence"); err != nil {
		t.Fatal(err)
	}
	inner := gofakes3.New(backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests(r)
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	keys := evidence.S3Config{AccessKeyFile: filepath.Join(dir, "access"), SecretKeyFile: filepath.Join(dir, "secret")}
	for file, key := range map[string]string{keys.AccessKeyFile: " AKIATEST\n", keys.SecretKeyFile: "hunter2\n"} {
		if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keys.Endpoint, keys.Insecure, keys.Region, keys.Bucket, keys.Prefix, keys.PathStyle = strings.TrimPrefix(server.URL, "http://"), true, "eu-1", "evidence", "tv/", true
	return keys, backend
}

func open(t *testing.T, c evidence.StoreConfig) evidence.Store {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	store, err := evidence.OpenStore(c)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestStores(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "when needed")
	signed := 0
	s3, _ := bucketOf(t, func(r *http.Request) {
		if strings.Contains(r.Header.Get("Authorization"), "Credential=AKIATEST/") {
			signed++
		}
		if strings.Contains(r.URL.String()+r.Header.Get("Authorization"), "hunter2") {
			t.Error("the secret key was sent")
		}
	})
	for _, c := range []struct {
		name   string
		config evidence.StoreConfig
		uri    string
	}{
		{"directory", evidence.StoreConfig{Directory: dir}, "file://" + strings.ReplaceAll(dir, " ", "%20") + "/01/" + clipName},
		{"S3", evidence.StoreConfig{S3: &s3}, "s3://evidence/tv/" + clipName},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, store := t.Context(), open(t, c.config)
			if _, err := store.Get(ctx, clipName); !errors.Is(err, evidence.ErrNotStored) {
				t.Errorf("of nothing: %v, want ErrNotStored", err)
			}
			if err := store.Delete(ctx, clipName); err != nil {
				t.Errorf("delete nothing: %v", err)
			}
			first, second := bytes.Repeat([]byte("clip"), 1<<20), []byte("another")
			for _, data := range [][]byte{first, second} {
				if err := store.Put(ctx, clipName, data); err != nil {
					t.Fatal(err)
				}
				if got, err := store.Get(ctx, clipName); err != nil || !bytes.Equal(got, data) {
					t.Errorf("got %d bytes, %v, want the %d that were put", len(got), err, len(data))
				}
			}
			if got := store.URI(clipName); got != c.uri {
				t.Errorf("it is at %s, want %s", got, c.uri)
			}
			if err := store.Delete(ctx, clipName); err != nil {
				t.Error(err)
			}
			if _, err := store.Get(ctx, clipName); !errors.Is(err, evidence.ErrNotStored) {
				t.Errorf("after it was deleted: %v, want ErrNotStored", err)
			}
		})
	}
	if signed < 8 {
		t.Errorf("%d requests were signed with the access key", signed)
	}
}

func TestObjectsHaveTheirType(t *testing.T) {
	s3, backend := bucketOf(t, func(*http.Request) {})
	if err := open(t, evidence.StoreConfig{S3: &s3}).Put(t.Context(), stripName, []byte("jpeg")); err != nil {
		t.Fatal(err)
	}
	object, err := backend.HeadObject("evidence", "tv/"+stripName)
	if err != nil || object.Metadata["Content-Type"] != "image/jpeg" {
		t.Errorf("%+v, %v, want the type image/jpeg", object, err)
	}
}

// A full disk leaves nothing of a file, neither half of it nor what it was written as.
func TestDirectoryFull(t *testing.T) {
	dir := t.TempDir()
	mountSmall(t, dir)
	store := open(t, evidence.StoreConfig{Directory: dir})
	if err := store.Put(t.Context(), stripName, make([]byte, 10<<10)); err != nil {
		t.Fatalf("10 KiB on a disk of 64 KiB: %v", err)
	}
	if err := store.Put(t.Context(), clipName, make([]byte, 1<<20)); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("1 MiB on a disk of 64 KiB: %v, want no space left", err)
	}
	var files []string
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, filepath.Base(path))
		}
		return err
	})
	if !slices.Equal(files, []string{stripName}) {
		t.Errorf("there are %q, want the first file alone", files)
	}
}

func TestServe(t *testing.T) {
	store := open(t, evidence.StoreConfig{Directory: t.TempDir()})
	broken := filepath.Join(t.TempDir(), "file")
	for _, file := range []string{clipName, stripName} {
		if err := store.Put(t.Context(), file, []byte("<script>0123456789")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(broken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, file, span string
		store            evidence.Store
		status           int
		kind, as, body   string
	}{
		{"a clip", clipName, "", store, 200, "video/mp4", `attachment; filename="` + clipName + `"`, "<script>0123456789"},
		{"a filmstrip", stripName, "", store, 200, "image/jpeg", "inline", "<script>0123456789"},
		{"a part", clipName, "bytes=8-9", store, 206, "video/mp4", `attachment; filename="` + clipName + `"`, "01"},
		{"none", strings.Replace(clipName, "0", "f", 1), "", store, 404, "text/plain; charset=utf-8", "", "no such file\n"},
		{"no name", "../../etc/passwd", "", store, 404, "text/plain; charset=utf-8", "", ""},
		{"another type", strings.Replace(clipName, "mp4", "html", 1), "", store, 404, "text/plain; charset=utf-8", "", ""},
		{"a store that is none", clipName, "", open(t, evidence.StoreConfig{Directory: broken}), 502, "text/plain; charset=utf-8", "", "the store does not answer\n"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.SetPathValue("file", c.file)
		if c.span != "" {
			r.Header.Set("Range", c.span)
		}
		evidence.Serve(c.store).ServeHTTP(w, r)
		h := w.Header()
		if w.Code != c.status || h.Get("Content-Type") != c.kind || h.Get("Content-Disposition") != c.as || h.Get("X-Content-Type-Options") != "nosniff" || c.body != "" && w.Body.String() != c.body {
			t.Errorf("%s: %d %v %q", c.name, w.Code, h, w.Body)
		}
	}
}

func TestStoreConfig(t *testing.T) {
	for want, config := range map[string]evidence.S3Config{
		"s3.endpoint \"https://host\"": {Endpoint: "https://host", Bucket: "b"},
		"s3.bucket is missing":         {Endpoint: "host"},
		"set both access_key_file":     {Endpoint: "host", Bucket: "b", AccessKeyFile: "a"},
		"s3.access_key_file: open":     {Endpoint: "host", Bucket: "b", AccessKeyFile: "/nonexistent", SecretKeyFile: "/nonexistent"},
		"/dev/null is empty":           {Endpoint: "host", Bucket: "b", AccessKeyFile: "/dev/null", SecretKeyFile: "/dev/null"},
	} {
		c := evidence.Defaults()
		c.Store.S3 = &config
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
	if store, err := evidence.OpenStore(evidence.StoreConfig{}); store != nil || err != nil {
		t.Errorf("no store: %v, %v", store, err)
	}
}

// down is a store that does not answer as long as err says why.
type down struct {
	evidence.Store
	mu   sync.Mutex
	err  error
	puts int
	// hangs tells that it takes each file and never has it.
	hangs bool
}

func (d *down) Put(ctx context.Context, name string, data []byte) error {
	d.mu.Lock()
	d.puts++
	err, hangs := d.err, d.hangs
	d.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	return d.Store.Put(ctx, name, data)
}
