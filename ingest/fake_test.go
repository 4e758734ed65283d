package ingest_test

import (
	"bufio"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

// TestMain lets the test binary be executed again as a worker: the real one, or by the name of a link to it a fake one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ingest.WorkerArg {
		if filepath.Base(os.Args[0]) == "mortal" {
			mortal()
		}
		if fake, ok := fakes[filepath.Base(os.Args[0])]; ok {
			fake(readJob(), os.NewFile(ingest.RecordDescriptor, "records"))
			return
		}
		os.Exit(ingest.Worker())
	}
	if len(os.Args) > 4 && os.Args[1] == lackingArg {
		lacking(os.Args[2], os.Args[3], os.Args[4])
		return
	}
	os.Exit(m.Run())
}

// fakes are workers that do wrong; each is a program of its own by its name.
var fakes = map[string]func(j ingest.Job, records *os.File){
	"crash": func(j ingest.Job, records *os.File) {
		ingest.NewSender(records).Record(frame(j.Session, 0, 0, 0))
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	},
	"hang": func(ingest.Job, *os.File) { select {} },
	"stuck": func(j ingest.Job, records *os.File) {
		for s := ingest.NewSender(records); ; time.Sleep(50 * time.Millisecond) {
			s.Progress(ingest.Progress{})
		}
	},
	"idle": func(j ingest.Job, records *os.File) {
		s := ingest.NewSender(records)
		for n := int64(1); ; n++ {
			s.Progress(ingest.Progress{Received: n, Taken: n})
			time.Sleep(50 * time.Millisecond)
		}
	},
	"waiter": func(j ingest.Job, records *os.File) {
		s := ingest.NewSender(records)
		for n := int64(1); ; n++ {
			s.Progress(ingest.Progress{Waits: n})
			time.Sleep(50 * time.Millisecond)
		}
	},
	"refuser": func(j ingest.Job, records *os.File) {
		s := ingest.NewSender(records)
		for n := int64(1); ; n++ {
			s.Progress(ingest.Progress{Taken: n, Refused: refusal})
			time.Sleep(50 * time.Millisecond)
		}
	},
	"quitter": func(j ingest.Job, records *os.File) {
		ingest.NewSender(records).End(ingest.Ending{Reason: "gone", Failed: true, Refused: refusal})
	},
	"garbage": func(j ingest.Job, records *os.File) {
		records.WriteString("\x00\x01\x02\x03\x04\x05\x06\x07")
		select {}
	},
	"liar": func(j ingest.Job, records *os.File) {
		ingest.NewSender(records).Record(frame(j.Session+1, 0, 0, 0))
		select {}
	},
	"eater": eater,
	"talker": func(j ingest.Job, records *os.File) {
		path, _ := os.Readlink(j.Path)
		os.Stderr.WriteString(strings.Repeat("x", 1<<20) + "\nthe end of " + path + "\n")
	},
}

// refusal is one as long as fits, with the secret of a test.
var refusal = "hunter2\n\x00 " + strings.Repeat("x", 1500)

func readJob() (j ingest.Job) {
	line, err := bufio.NewReader(os.Stdin).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &j)
	}
	if err != nil {
		panic(err)
	}
	return j
}

// worker is the path of this test binary under the name of a fake.
func worker(t *testing.T, fake string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), fake)
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	return link
}

// clip makes a file of moving test picture at 25 a second and a tone, a key picture every half second.
func clip(t *testing.T, seconds int, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
		"-t", strconv.Itoa(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-bf", "0", "-c:a", "mp2", path).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	return path
}

// remux copies a clip's packets into another container or timeline.
func remux(t *testing.T, from, to string, options ...string) {
	t.Helper()
	transcode(t, from, to, append([]string{"-c", "copy"}, options...)...)
}

// transcode makes a clip of another one as the options say.
func transcode(t *testing.T, from, to string, options ...string) {
	t.Helper()
	arguments := append(append([]string{"-v", "error", "-i", from}, options...), to)
	if out, err := exec.Command("ffmpeg", arguments...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
}

// recorder keeps what is published, and when.
type recorder struct {
	mu      sync.Mutex
	changed chan struct{}
	records []published
}

type published struct {
	stream string
	at     time.Time
	*schemas.Feature
}

func newRecorder() *recorder { return &recorder{changed: make(chan struct{})} }

func (r *recorder) publish(stream string, f *schemas.Feature, _ func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, published{stream, time.Now(), f})
	close(r.changed)
	r.changed = make(chan struct{})
}

// all is what was published of a stream so far.
func (r *recorder) all(stream string) (of []published) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.records {
		if p.stream == stream {
			of = append(of, p)
		}
	}
	return of
}

// wait waits until what was published of the stream fulfils done.
func (r *recorder) wait(t *testing.T, stream, what string, done func([]published) bool) []published {
	t.Helper()
	guard := time.After(30 * time.Second)
	for {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		of := r.all(stream)
		if done(of) {
			return of
		}
		select {
		case <-changed:
		case <-guard:
			for _, s := range seconds(of) {
				t.Logf("%+v", *s.StreamSecond)
			}
			t.Fatalf("stream %s: never came to: %s", stream, what)
		}
	}
}

// second waits for a StreamSecond in the state whose reason has the text.
func (r *recorder) second(t *testing.T, stream, state, reason string) *schemas.StreamSecond {
	t.Helper()
	var found *schemas.StreamSecond
	r.wait(t, stream, state+" "+reason, func(of []published) bool {
		for _, s := range seconds(of) {
			if s.StreamSecond.State == state && strings.Contains(s.StreamSecond.Reason, reason) {
				found = s.StreamSecond
			}
		}
		return found != nil
	})
	return found
}

func seconds(of []published) (s []published) {
	for _, p := range of {
		if p.StreamSecond != nil {
			s = append(s, p)
		}
	}
	return s
}

func frames(of []published) (s []published) {
	for _, p := range of {
		if p.VideoFrame != nil {
			s = append(s, p)
		}
	}
	return s
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
