package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// planted is a secret: a part that needs encoding, and one of letters and digits, which is what is looked for.
type planted string

func plant() planted { return planted(strings.ToLower(rand.Text())) }

// written is the secret as it stands in a URL, meant what it means.
func (p planted) written() string { return "Pl4nt%2B!" + string(p) }
func (p planted) meant() string   { return "Pl4nt+!" + string(p) }

// within tells that ten bytes of the secret stand in text: as they are, in percent-encoding, or in base64 wherever they begin in it.
func (p planted) within(text []byte) bool {
	part := string(p[:10])
	var percent strings.Builder
	for _, b := range []byte(part) {
		fmt.Fprintf(&percent, "%%%02x", b)
	}
	found := bytes.Contains(text, []byte(part)) || bytes.Contains(bytes.ToLower(text), []byte(percent.String()))
	for shift, begin := range []int{0, 2, 3} { // the characters before begin depend on what stands before the part
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + part + "xxx"))
		found = found || bytes.Contains(text, []byte(encoded[begin:(shift+len(part))*8/6]))
	}
	return found
}

func TestPlantedSecretsAreFound(t *testing.T) {
	p := plant()
	for _, text := range []string{
		p.written(), p.meant(), "%" + strings.ReplaceAll(fmt.Sprintf("% X", string(p)), " ", "%"),
		base64.StdEncoding.EncodeToString([]byte(p.meant())), base64.StdEncoding.EncodeToString([]byte("bob:" + p.meant())), base64.URLEncoding.EncodeToString([]byte("a" + p.meant())),
	} {
		if !p.within([]byte("before " + text + " after")) {
			t.Errorf("not found in %q", text)
		}
	}
	if p.within([]byte(plant().meant())) {
		t.Error("found in another secret")
	}
}

// outlet looks for the secrets in what comes out of a Framewatch. It is safe for concurrent use.
type outlet struct {
	secrets []planted
	// literal is one that somebody put on the topic of streams as it is, where alone it may stand.
	literal planted
	mu      sync.Mutex
	// looked counts what was looked at by its kind, leaks tells where secrets were, each place once.
	looked map[string]int
	leaks  map[string]string
}

// look takes one text of a kind.
func (o *outlet) look(kind, name string, text []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.looked[kind]++
	onTopic := kind == topology.Streams.Name || kind == "file" && strings.Contains(name, topology.Streams.Name)
	for _, s := range append([]planted{o.literal}, o.secrets...) {
		if s == o.literal && onTopic {
			continue
		}
		if s.within(text) && o.leaks[kind+" "+name] == "" {
			o.leaks[kind+" "+name] = fmt.Sprintf("%.600q", text)
		}
	}
}

// workers looks at the command lines and environments of this process's workers until ctx ends.
func (o *outlet) workers(ctx context.Context) {
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		tasks, _ := filepath.Glob("/proc/self/task/*/children")
		for _, task := range tasks {
			children, _ := os.ReadFile(task)
			for _, pid := range strings.Fields(string(children)) {
				line, err := os.ReadFile("/proc/" + pid + "/cmdline")
				if err != nil || !bytes.Contains(line, []byte(ingest.WorkerArg)) {
					continue
				}
				o.look("command line", "of a worker", line)
				if environment, err := os.ReadFile("/proc/" + pid + "/environ"); err == nil && len(environment) > 0 {
					o.look("environment", "of a worker", environment)
				}
			}
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}

// events looks at what the console tells its pages until ctx ends.
func (o *outlet) events(ctx context.Context, console string) error {
	request, err := http.NewRequestWithContext(ctx, "GET", console+"/api/v1/events", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body) // to the end of ctx
	o.look("events", "of the console", text)
	return nil
}

// failing are streams that fail, each in a way of its own; the verbs stand for references to secrets. state and reason are how that is told; no
// state: the playlist is followed, in vain.
func failing(t *testing.T, origin string) map[string]struct{ url, state, reason string } {
	closed := freePort(t)
	return map[string]struct{ url, state, reason string }{
		"missing": {"http://bob:%[1]s@" + origin + "/missing.ts?token=%[2]s", "down", "404"},
		"refused": {"http://bob:%[1]s@" + closed + "/%[2]s/1.ts?token=%[2]s", "down", "connection refused"},
		"moved":   {"http://bob:%[1]s@" + origin + "/moved.ts?token=%[2]s", "fault", "169.254.169.254"},
		"address": {"http://bob:%[1]s@" + origin + "/address.m3u8?token=%[2]s", "fault", "169.254.169.254"},
		"scheme":  {"http://bob:%[1]s@" + origin + "/scheme.m3u8?token=%[2]s", "down", "not HTTP"},
		"key":     {"http://bob:%[1]s@" + origin + "/key.m3u8?token=%[2]s", "", ""},
		"numbers": {"http://bob:%[1]s@" + origin + "/numbers.m3u8?token=%[2]s", "", ""},
		"srt":     {"srt://" + encrypted(t) + "?passphrase=%[1]s&streamid=%[2]s", "down", "Incorrect passphrase"},
		"rtmp":    {"rtmp://bob:%[1]s@" + closed + "/live/%[2]s?token=%[1]s", "down", "Connection refused"},
		"rtsp":    {"rtsp://bob:%[1]s@" + unauthorizing(t) + "/%[2]s?token=%[2]s", "down", "401"},
		"file":    {"/%[1]s/%[2]s.ts", "fault", "ingest.access.directories"},
		"unset":   {"http://%[1]s:${env:SECRET_TEST_UNSET}@" + origin + "/?token=%[2]s", "fault", "SECRET_TEST_UNSET"},
	}
}

// Secrets that streams' URLs refer to come out nowhere: in no record of any topic, no line of the log, no worker's command line or environment, no answer
// of the console, no command's output, no notification and no file; whether the stream works or fails, and whatever its server tells of them. Nor does
// a secret come out that stands in a URL on the topic of streams.
func TestSecretsStayInside(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	clip := filepath.Join(elsewhere, "clip.ts")
	said, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=black:s=192x108:r=25", "-f", "lavfi", "-i", "sine=r=48000", "-t", "10",
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "mp2", clip).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, said)
	}
	a, b := plant(), plant()
	t.Setenv("SECRET_TEST_A", a.written())
	file := filepath.Join(elsewhere, "secret")
	write(t, file, b.written()+"\n", 0o644)
	key := filepath.Join(elsewhere, "pictures.key")
	write(t, key, strings.Repeat("k", 32), 0o604)
	out := &outlet{secrets: []planted{a, b}, literal: plant(), looked: map[string]int{}, leaks: map[string]string{}}
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		out.look("notifications", "of the webhook", body)
	}))
	defer hook.Close()
	origin := talkative(t, clip, a.meant(), b.meant())
	sources := failing(t, origin)
	var streams []map[string]any
	refer := func(id, url string) {
		streams = append(streams, map[string]any{"id": id, "url": fmt.Sprintf(url, "${env:SECRET_TEST_A}", "${file:"+file+"}")})
	}
	refer("works", "http://bob:%s@"+origin+"/works.ts?token=%s")
	for id, s := range sources {
		refer(id, s.url)
	}
	text, err := yaml.Marshal(map[string]any{
		"data_dir": dir, "log": map[string]any{"level": "debug"}, "embedded": map[string]any{"listen": "127.0.0.1:0"}, "console": map[string]any{"listen": "127.0.0.1:0"},
		"pictures": map[string]any{"key_file": key}, "streams": streams,
		"notifier": map[string]any{"receivers": map[string]any{"sink": map[string]any{"type": "webhook", "url": hook.URL}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	configFile := filepath.Join(dir, "framewatch.yaml")
	write(t, configFile, string(text), 0o600)
	config, err := loadConfig(configFile)
	if err != nil {
		t.Fatal(err)
	}
	w := newWatched(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var looking sync.WaitGroup
	looking.Go(func() { out.workers(ctx) })
	w.run(config)
	console := *w.app.console.Load()
	looking.Go(func() {
		if err := out.events(ctx, console); err != nil {
			t.Error(err)
		}
	})
	spec := StreamConfig{ID: "literal", URL: fmt.Sprintf(sources["scheme"].url, out.literal.written(), out.literal.written())}.spec("an older program")
	if err := w.app.publishSpec(ctx, "literal", nil, spec); err != nil {
		t.Fatal(err)
	}
	sources["literal"] = sources["scheme"]
	waitForAll(w, ctx, sources)

	ids := []string{"works"}
	for id := range sources {
		ids = append(ids, id)
	}
	out.console(t, w, ids)
	out.commands(t, configFile, w.app.config.Kafka.Brokers[0])
	out.topics(t, w)
	stop()
	looking.Wait()
	w.stop()
	out.look("log", "", w.log.Bytes())
	out.files(t, dir)
	for _, kind := range []string{"command line", "environment", "events", "notifications", "console", "command", "streams", "features", "health", "defects", "evidence", "notifications topic", "log", "file"} {
		if out.looked[kind] == 0 {
			t.Errorf("there were no %s to look at", kind)
		}
	}
	for where, text := range out.leaks {
		t.Errorf("a secret came out: %s: %s", where, text)
	}
	for _, path := range []string{file, key} {
		if n := strings.Count(w.log.String(), "chmod o-rwx "+path); n != 1 {
			t.Errorf("%d warnings that every user may read %s, want one", n, path)
		}
	}
	if n := strings.Count(w.log.String(), "holds secrets itself"); n != 1 {
		t.Errorf("%d warnings of a literal secret, want one", n)
	}
	t.Logf("looked at %v", out.looked)
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
}

// waitForAll waits until the stream works has pictures and evidence of a defect, and each of the others has failed as it is to.
func waitForAll(w *watched, ctx context.Context, sources map[string]struct{ url, state, reason string }) {
	var missing []string
	failed, pictures := map[string]bool{}, false
	follow(w, ctx, topology.Features, func(id string, f *schemas.Feature) {
		pictures = pictures || id == "works" && f.VideoFrame != nil
		want, fails := sources[id]
		if s := f.StreamSecond; s != nil && fails {
			failed[id] = failed[id] || s.State == want.state && strings.Contains(s.Reason, want.reason) || want.state == "" && s.Playlist != nil
		}
	})
	told := false
	defer func() {
		if w.t.Failed() {
			w.t.Logf("pictures %v, notifications %v, evidence %d, streams that did not fail %q", pictures, told, len(w.evidence), missing)
		}
	}()
	follow(w, ctx, topology.Notifications, func(string, *schemas.Notification) { told = true })
	w.wait("all streams", func() bool {
		missing = missing[:0]
		for id := range sources {
			if !failed[id] {
				missing = append(missing, id)
			}
		}
		return pictures && told && len(missing) == 0 && len(w.evidence) > 0
	})
}

// console looks at all that it answers.
func (o *outlet) console(t *testing.T, w *watched, ids []string) {
	t.Helper()
	paths := []string{"/", "/index.html", "/app.js", "/api/v1/streams", "/api/v1/defects", "/metrics", "/subjects", "/-/ready"}
	for _, id := range ids {
		paths = append(paths, "/api/v1/streams/"+id, "/api/v1/streams/"+id+"/picture")
	}
	for id := range w.evidence {
		paths = append(paths, "/api/v1/defects/"+id+"/clip", "/api/v1/defects/"+id+"/filmstrip")
	}
	for _, path := range paths {
		response, body := w.get(path)
		o.look("console", path, append(fmt.Appendf(nil, "%v\n", response.Header), body...))
	}
}

// commands looks at what commands print.
func (o *outlet) commands(t *testing.T, config, broker string) {
	t.Helper()
	for _, arguments := range [][]string{
		{"streams", "list", "-o", "json"}, {"streams", "list"}, {"evidence", "list"}, {"config", "show"}, {"streams", "probe", "http://bob:${env:SECRET_TEST_A}@127.0.0.1:9/?token=${env:SECRET_TEST_A}"},
	} {
		_, stdout, stderr := command(t, append(arguments, "-c", config, "--brokers", broker)...)
		o.look("command", strings.Join(arguments[:2], " "), []byte(stdout+stderr))
	}
}

// topics looks at every record there is.
func (o *outlet) topics(t *testing.T, w *watched) {
	t.Helper()
	kafka := w.app.config.Kafka
	for _, s := range topology.Topics() {
		kind := s.Name
		if kind == "notifications" {
			kind = "notifications topic"
		}
		source := replay.Source{Cluster: replay.Cluster{Brokers: kafka.Brokers}, Topic: kafka.Prefix + s.Name}
		err := replay.Read(t.Context(), source, replay.Range{}, func(r replay.Record) error {
			o.look(kind, "key "+string(r.Key), append(r.Key, r.Value...))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// files looks at the names and the content of what is kept in dir.
func (o *outlet) files(t *testing.T, dir string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dir, path))
		o.look("file", path, append([]byte(path+"\n"), content...))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
