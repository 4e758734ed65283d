package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/framewatch/framewatch/ingest/evidence"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// watched is a Framewatch in this process that watches one file over and over: seven seconds of moving picture, six of black, five of picture.
type watched struct {
	t    *testing.T
	file string
	app  *app
	log  *bytes.Buffer
	// stop ends it.
	stop func()

	mu       sync.Mutex
	defects  []*schemas.DefectEvent
	evidence map[string]*schemas.Evidence
	seconds  []*schemas.StreamSecond
	changed  chan struct{}
}

// blackAt is where the black of the file begins, and its length, seconds.
const blackAt, blackFor = 7.0, 6

func watch(t *testing.T, store evidence.StoreConfig, changes ...func(*Config)) *watched {
	t.Helper()
	dir := t.TempDir()
	w := newWatched(t)
	w.file = filepath.Join(dir, "stream.ts")
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=18", "-f", "lavfi", "-i", "sine=r=48000:d=18", "-vf",
		fmt.Sprintf("drawbox=c=black:t=fill:enable='between(t,%g,%g)'", blackAt-0.01, blackAt+blackFor-0.01),
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "2", "-c:a", "aac", w.file).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	config := defaultConfig()
	config.DataDir, config.Embedded.Listen, config.Console.Listen = dir, "127.0.0.1:0", "127.0.0.1:0"
	config.Ingest.Evidence.Store = store
	config.Ingest.Access.Directories = []string{dir}
	config.Streams = &[]StreamConfig{{ID: "news", URL: w.file, Loop: true}}
	for _, change := range changes {
		change(&config)
	}
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	w.run(config)
	return w
}

func newWatched(t *testing.T) *watched {
	return &watched{t: t, log: &bytes.Buffer{}, evidence: map[string]*schemas.Evidence{}, changed: make(chan struct{})}
}

// run runs everything until the test ends and follows what comes of it.
func (w *watched) run(config Config) {
	t := w.t
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	started, ended := make(chan *app, 1), make(chan error, 1)
	go func() { ended <- run(ctx, config, []string{allTargets}, w.log, func(a *app) { started <- a }) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(w.stop)
	select {
	case w.app = <-started:
	case err := <-ended:
		t.Fatal(err)
	}
	follow(w, ctx, topology.Defects, func(_ string, ev *schemas.DefectEvent) { w.defects = append(w.defects, ev) })
	follow(w, ctx, topology.Evidence, func(id string, e *schemas.Evidence) { w.evidence[id] = e })
	follow(w, ctx, topology.Features, func(_ string, f *schemas.Feature) {
		if f.StreamSecond != nil {
			w.seconds = append(w.seconds, f.StreamSecond)
		}
	})
}

// follow hands the records of a topic to take, one at a time.
func follow[T any](w *watched, ctx context.Context, topic *topology.Topic[T], take func(string, *T)) {
	go kafka.Read(ctx, w.app.cluster, topic, kafka.ReadOptions{}, func(_ context.Context, r topology.Record[T]) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		take(r.Key, r.Value)
		close(w.changed)
		w.changed = make(chan struct{})
		return nil
	})
}

// wait waits until done; it is called with what was read so far.
func (w *watched) wait(what string, done func() bool) {
	w.t.Helper()
	w.await(w.t, what, done)
}

// await is wait in a test within the test.
func (w *watched) await(t *testing.T, what string, done func() bool) {
	t.Helper()
	guard := time.After(2 * time.Minute)
	for {
		w.mu.Lock()
		ok, changed := done(), w.changed
		w.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-guard:
			t.Fatalf("never came to: %s\n%s", what, w.log)
		}
	}
}

// black waits for the defect that the file has.
func (w *watched) black() (found *schemas.DefectEvent) {
	w.t.Helper()
	w.wait("black is found", func() bool {
		for _, ev := range w.defects {
			if ev.Kind == "black" && ev.State == "opened" {
				found = ev
				return true
			}
		}
		return false
	})
	return found
}

// get asks the console.
func (w *watched) get(path string) (*http.Response, []byte) {
	w.t.Helper()
	response, err := http.Get(*w.app.console.Load() + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response, body
}

// kill kills the workers that have the file open.
func (w *watched) kill() {
	w.t.Helper()
	killed := 0
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == w.file {
			pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
			if pid != os.Getpid() && syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed++
			}
		}
	}
	if killed == 0 {
		w.t.Error("no worker has the file open")
	}
}

// A defect opens, its worker is killed at once, and yet the clip of it has its pre-roll, its onset and what came after the crash; it and the
// filmstrip are what the log says, in the bucket and through the console, until they are dropped.
func TestEvidence(t *testing.T) {
	t.Parallel()
	backend := s3mem.New()
	if err := backend.CreateBucket("evidence"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	defer server.Close()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("test"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := watch(t, evidence.StoreConfig{S3: &evidence.S3Config{Endpoint: strings.TrimPrefix(server.URL, "http://"), Insecure: true, PathStyle: true,
		Region: "eu-1", Bucket: "evidence", Prefix: "tv/", AccessKeyFile: key, SecretKeyFile: key}})
	ev := w.black()
	w.kill()
	var e *schemas.Evidence
	w.wait("evidence is told", func() bool { e = w.evidence[ev.ID]; return e != nil })

	if e.Stream != "news" || e.ContentType != "video/mp4" || e.URI != "s3://evidence/tv/"+ev.ID+".mp4" || e.Keep || e.Filmstrip == nil || e.Filmstrip.URI != "s3://evidence/tv/"+ev.ID+".jpg" {
		t.Errorf("told is %+v, filmstrip %+v", e, e.Filmstrip)
	}
	if before := ev.Onset - e.Start; before < 5_000_000 || before > 6_100_000 {
		t.Errorf("the clip begins %d us before the onset, want 5 s and less than a group of a second", before)
	}
	if after := e.End - ev.Onset; after < 4_500_000 || after > 5_500_000 {
		t.Errorf("it ends %d us after the onset, want 5 s", after)
	}
	clip, strip := w.fetch(ev.ID, e)
	w.wantClip(clip, ev, e)
	if sheet, err := jpeg.Decode(bytes.NewReader(strip)); err != nil || sheet.Bounds().Dx() != 3*320 {
		t.Errorf("the filmstrip: %v", err)
	}
	w.wantCommands(ev.ID)
	w.wait("the tombstone", func() bool { e, told := w.evidence[ev.ID]; return told && e == nil })
	w.stop() // what was begun is ended
}

// An edge that is stopped right after a defect has opened stores what it has of the clip, and tells of it, before it ends.
func TestStoppedEdgeStoresWhatItHas(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	w := watch(t, evidence.StoreConfig{Directory: store}, func(c *Config) {
		c.Ingest.Evidence.Clip.After, c.Ingest.Evidence.Finish = time.Minute, 2*time.Minute // this is not about how fast a machine is
	})
	ev := w.black()
	w.mu.Lock()
	opened := len(w.seconds)
	w.mu.Unlock()
	w.wait("the edge to know of it, too", func() bool { return len(w.seconds) >= opened+5 })
	file := filepath.Join(store, ev.ID[:2], ev.ID+".mp4")
	if _, err := os.Stat(file); err == nil {
		t.Fatal("the clip is stored before it has ended: this shows nothing")
	}
	w.stop()
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		t.Errorf("the clip: %v, %v\n%s", info, err, w.log)
	}
	if untold, err := os.ReadDir(filepath.Join(w.app.config.DataDir, "evidence-intents")); err != nil || len(untold) > 0 {
		t.Errorf("stored and not told of on the log: %v, %v", untold, err)
	}
}

// fetch fetches both files through the console, which names them with the defect, and compares them with what the log tells.
func (w *watched) fetch(id string, e *schemas.Evidence) (clip, strip []byte) {
	t := w.t
	t.Helper()
	var shown struct {
		Defects []struct {
			ID       string
			Evidence *struct {
				Clip, Filmstrip string
				Bytes           int64
			}
		}
	}
	found := false
	for guard := time.Now().Add(10 * time.Second); !found && time.Now().Before(guard); {
		_, body := w.get("/api/v1/defects")
		if err := json.Unmarshal(body, &shown); err != nil {
			t.Fatal(err)
		}
		for _, d := range shown.Defects {
			found = found || d.ID == id && d.Evidence != nil && d.Evidence.Clip == "/api/v1/defects/"+id+"/clip" && d.Evidence.Filmstrip == "/api/v1/defects/"+id+"/filmstrip" && d.Evidence.Bytes == e.Bytes
		}
	}
	if !found {
		t.Errorf("the API shows %+v", shown)
	}
	for _, f := range []struct {
		path, kind, as string
		sum            [32]byte
		bytes          int64
		to             *[]byte
	}{
		{"/clip", "video/mp4", `attachment; filename="framewatch-` + id + `.mp4"`, e.SHA256, e.Bytes, &clip},
		{"/filmstrip", "image/jpeg", "", e.Filmstrip.SHA256, e.Filmstrip.Bytes, &strip},
	} {
		response, body := w.get("/api/v1/defects/" + id + f.path)
		h := response.Header
		if response.StatusCode != 200 || h.Get("Content-Type") != f.kind || h.Get("Content-Disposition") != f.as || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %s %v", f.path, response.Status, h)
		}
		if int64(len(body)) != f.bytes || sha256.Sum256(body) != f.sum {
			t.Errorf("%s: %d bytes of %x, told were %d of %x", f.path, len(body), sha256.Sum256(body), f.bytes, f.sum)
		}
		*f.to = body
	}
	return clip, strip
}

var blackStart = regexp.MustCompile(`black_start:([0-9.]+)`)

// wantClip reads the clip with FFmpeg's own programs.
func (w *watched) wantClip(clip []byte, ev *schemas.DefectEvent, e *schemas.Evidence) {
	t := w.t
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip.mp4")
	if err := os.WriteFile(path, clip, 0o600); err != nil {
		t.Fatal(err)
	}
	codecs, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", path).Output()
	if got := strings.Join(strings.Fields(string(codecs)), " "); err != nil || got != "h264 aac" {
		t.Errorf("its tracks are %q, %v, want those of the stream", got, err)
	}
	if out, err := exec.Command("ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("decoding: %v: %s", err, out)
	}
	out, err := exec.Command("ffmpeg", "-hide_banner", "-i", path, "-vf", "blackdetect=d=0.5:pix_th=0.05", "-an", "-f", "null", "-").CombinedOutput()
	m := blackStart.FindSubmatch(out)
	if err != nil || m == nil {
		t.Fatalf("FFmpeg finds no black in it: %v: %s", err, out)
	}
	at, _ := strconv.ParseFloat(string(m[1]), 64)
	if want := float64(ev.Onset-e.Start) / 1e6; at < want-0.1 || at > want+0.1 {
		t.Errorf("its black begins at %.3f s, by the log at %.3f s", at, want)
	}
	length, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path).Output()
	d, _ := strconv.ParseFloat(strings.TrimSpace(string(length)), 64)
	if want := float64(e.End-e.Start) / 1e6; err != nil || d < want-0.3 || d > want+0.3 {
		t.Errorf("it is %.3f s long, by the log %.3f s", d, want)
	}
}

// wantCommands lists the evidence, keeps it and drops it.
func (w *watched) wantCommands(id string) {
	t := w.t
	t.Helper()
	brokers := w.app.config.Kafka.Brokers
	list := func() (line map[string]any) {
		for text := range strings.Lines(onLog(t, brokers, "evidence", "list", "-o", "json")) {
			var l map[string]any
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				t.Fatal(err)
			}
			if l["defect"] == id {
				line = l
			}
		}
		return line
	}
	if line := list(); line == nil || line["keep"] != false || line["stream"] != "news" || line["content_type"] != "video/mp4" {
		t.Errorf("listed is %v", line)
	}
	onLog(t, brokers, "evidence", "keep", id)
	if line := list(); line["keep"] != true {
		t.Errorf("kept, listed is %v", line)
	}
	if table := onLog(t, brokers, "evidence", "list"); !strings.Contains(table, id) || !strings.Contains(table, "s3://evidence/tv/") {
		t.Errorf("the table is\n%s", table)
	}
	onLog(t, brokers, "evidence", "drop", id)
	if line := list(); line != nil {
		t.Errorf("dropped, listed is %v", line)
	}
	code, _, stderr := command(t, "evidence", "keep", id, "--brokers", brokers[0])
	if code != exitFailure || !strings.Contains(stderr, "nothing is stored of the defect") {
		t.Errorf("keeping it then: code %d, %s", code, stderr)
	}
}

// A disk that is full costs the evidence, which is counted and told once, and nothing else: no record is lost, no second is silent.
func TestEvidenceWithoutRoom(t *testing.T) {
	t.Parallel()
	disk := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(disk, nil, 0o600); err != nil { // a file where the directory should be takes nothing, whoever we are
		t.Fatal(err)
	}
	w := watch(t, evidence.StoreConfig{Directory: filepath.Join(disk, "evidence")})
	w.black()
	outcomes := ""
	w.wait("it is counted that the defect has none", func() bool {
		_, body := w.get("/metrics")
		outcomes = string(body)
		return regexp.MustCompile(`framewatch_evidence_defects_total\{outcome="failed"\} [1-9]`).MatchString(outcomes)
	})
	if !strings.Contains(outcomes, `framewatch_evidence_defects_total{outcome="stored"} 0`) || strings.Contains(outcomes, "framewatch_evidence_packet_bytes 0\n") {
		t.Errorf("the metrics are\n%s", outcomes)
	}
	seen := 0
	w.wait("pictures after that", func() bool {
		if seen == 0 {
			seen = len(w.seconds)
		}
		return len(w.seconds) > seen+1 && w.seconds[len(w.seconds)-1].FramesDecoded > 0
	})
	w.stop()
	// It may be the picture's combing that is told of first: to the rule interlace the source looks like that.
	named := func(ev *schemas.DefectEvent) bool { return strings.Contains(w.log.String(), "defect="+ev.ID) }
	if log := w.log.String(); strings.Count(log, "evidence cannot be stored") != 1 || !slices.ContainsFunc(w.defects, named) {
		t.Errorf("the log says\n%s", log)
	}
	if len(w.evidence) != 0 {
		t.Errorf("evidence is told: %v", w.evidence)
	}
	for _, s := range w.seconds {
		if s.State == "fault" || s.Dropped != 0 || s.Restarts != 0 {
			t.Errorf("second %+v", *s)
		}
	}
}
