package ingest_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/sandbox"
	"github.com/framewatch/framewatch/schemas"
)

// deaths are what hostile media can make of a decoder, by what the file that the worker is given consists of.
var deaths = map[string]func(j ingest.Job, s *ingest.Sender){
	"segv":  func(ingest.Job, *ingest.Sender) { syscall.Kill(os.Getpid(), syscall.SIGSEGV); select {} },
	"abort": func(ingest.Job, *ingest.Sender) { syscall.Kill(os.Getpid(), syscall.SIGABRT); select {} },
	// loop is a decoder that never comes back, whose process goes on telling that nothing moves.
	"loop": func(j ingest.Job, s *ingest.Sender) {
		for {
			s.Progress(ingest.Progress{Received: 1000, Taken: 10})
			time.Sleep(50 * time.Millisecond)
		}
	},
	"balloon": func(j ingest.Job, s *ingest.Sender) {
		if err := sandbox.Limit(uint64(j.Memory)); err != nil {
			panic(err)
		}
		for balloon := [][]byte{}; ; {
			piece := make([]byte, 16<<20)
			for i := 0; i < len(piece); i += 4096 {
				piece[i] = 1
			}
			balloon = append(balloon, piece)
		}
	},
}

// mortal does the job that it reads, or dies of it.
func mortal() {
	line, err := readLine(os.Stdin)
	var j ingest.Job
	if err == nil {
		err = json.Unmarshal(line, &j)
	}
	if err != nil {
		panic(err)
	}
	content := make([]byte, 100)
	n, _ := syscall.Pread(ingest.MediaDescriptor, content, 0)
	if die, ok := deaths[string(content[:max(n, 0)])]; ok {
		die(j, ingest.NewSender(os.NewFile(ingest.RecordDescriptor, "records")))
	}
	supervisor := os.Stdin
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	os.Stdin = r
	w.Write(line) // A job is shorter than a pipe.
	go func() {
		io.Copy(w, supervisor)
		w.Close()
	}()
	os.Exit(ingest.Worker())
}

// readLine reads a line and nothing beyond it.
func readLine(r io.Reader) (line []byte, err error) {
	for b := make([]byte, 1); len(line) == 0 || line[len(line)-1] != '\n'; line = append(line, b[0]) {
		if _, err := r.Read(b); err != nil {
			return nil, err
		}
	}
	return line, nil
}

// Whatever a stream's media makes of its worker costs that stream, again and again, and no other.
func TestDeathsCostOneStream(t *testing.T) {
	config := ingest.Defaults()
	config.Executable, config.StallAfter, config.WorkerMemory = worker(t, "mortal"), 4*time.Second, 256<<20
	edge, r := run(t, config, quiet())
	edge.Set("good", &schemas.StreamSpec{URL: clip(t, 1, "clip.ts"), Loop: true})
	good := r.second(t, "good", ingest.Up, "")
	dir := t.TempDir()
	for name := range deaths {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		edge.Set(name, &schemas.StreamSpec{URL: path})
	}
	for name, reason := range map[string]string{
		"segv": "worker died: exit status 2", "abort": "worker died: exit status 2", "loop": "the decoder has hung for 4s",
		"balloon": "worker died: exit status 2: it needed more memory than ingest.worker_memory, 256 MiB",
	} {
		s := r.second(t, name, ingest.Fault, reason)
		if name != "loop" {
			s = r.second(t, name, ingest.Fault, "in quarantine for ")
		}
		if !strings.Contains(s.Reason, reason) {
			t.Errorf("%s: in quarantine with reason %q, want %q in it", name, s.Reason, reason)
		}
	}
	n := len(seconds(r.all("good")))
	of := seconds(r.wait(t, "good", "another second", func(of []published) bool { return len(seconds(of)) > n }))
	for _, s := range of[good.Seq+1:] {
		if v := s.StreamSecond; v.State != ingest.Up || v.Restarts != 0 || v.Session != good.Session {
			t.Errorf("the good stream: %+v", *v)
		}
	}
}

// eater takes its input up to the place that kills it.
func eater(_ ingest.Job, records *os.File) {
	s := ingest.NewSender(records)
	io.CopyN(io.Discard, os.NewFile(ingest.MediaDescriptor, "media"), 3<<20)
	s.Progress(ingest.Progress{Received: 3 << 20, Taken: 3 << 20})
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

// What a worker was fed around the place of its death is kept when the stream goes into quarantine, and the log says where.
func TestReproduction(t *testing.T) {
	content := make([]byte, 8<<20)
	for i := 0; i < len(content); i += 8 {
		binary.BigEndian.PutUint64(content[i:], uint64(i))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(content) }))
	defer server.Close()
	dir := filepath.Join(t.TempDir(), "reproductions")
	var mu sync.Mutex
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(writer(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return logged.Write(b)
	}), nil))
	config := ingest.Defaults()
	config.Executable, config.Reproductions = worker(t, "eater"), dir
	edge, r := run(t, config, log)
	edge.Set("../news/1", &schemas.StreamSpec{URL: server.URL + "/live?token=hunter2"})
	r.second(t, "../news/1", ingest.Fault, "in quarantine for ")
	files := must(filepath.Glob(filepath.Join(dir, "*")))
	if len(files) != 1 || !regexp.MustCompile(`/\d{8}T\d{6}\.\d{6}-_news_1\.bin$`).MatchString(files[0]) {
		t.Fatalf("files %q, want one that is named for the time and the stream", files)
	}
	// The second is told before the line is logged.
	for guard := time.Now().Add(10 * time.Second); ; {
		mu.Lock()
		text := logged.String()
		mu.Unlock()
		if strings.Contains(text, "reproduction="+files[0]) {
			break
		}
		if time.Now().After(guard) || strings.Contains(text, "hunter2") {
			t.Fatalf("the log does not tell of %s, or tells secrets:\n%s", files[0], text)
		}
	}
	kept := must(os.ReadFile(files[0]))
	if len(kept) != 2<<20 {
		t.Fatalf("%d bytes are kept, want 2 MiB", len(kept))
	}
	begin := bytes.Index(content, kept)
	if begin < 0 || begin > 2<<20 || begin+len(kept) < 3<<20 {
		t.Errorf("what is kept is of the input from %d on, want the 2 MiB around 3 MiB", begin)
	}
	if info := must(os.Stat(files[0])); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

// writer is a function that is written to.
type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// There are never more than 20 reproductions, of 2 MiB at most; the newest stay.
func TestReproductionsAreBounded(t *testing.T) {
	dir := t.TempDir()
	r := ingest.NewReproductions(dir)
	long := strings.Repeat("x", 300)
	var last string
	for i := range 25 {
		last = must(r.Keep(long, time.Unix(int64(i), 0), make([]byte, 3<<20)))
	}
	files := must(os.ReadDir(dir))
	if len(files) != 20 || !strings.HasPrefix(files[0].Name(), "19700101T000005.") || files[19].Name() != filepath.Base(last) || len(filepath.Base(last)) > 100 {
		t.Errorf("%d files from %s to %s, want 20 that end with %s", len(files), files[0].Name(), files[len(files)-1].Name(), last)
	}
	for _, f := range files {
		if info := must(f.Info()); info.Size() != 2<<20 {
			t.Errorf("%s has %d bytes", f.Name(), info.Size())
		}
	}
}
