package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/evidence"
	"github.com/framewatch/framewatch/schemas"
)

// run runs an edge until the test ends and checks that it then ends within 5 s. It sheds nothing, however busy the machine is: that has tests of its own.
// It may read the tests' files, and datagrams.
func run(t *testing.T, config ingest.Config, log *slog.Logger) (*ingest.Ingest, *recorder) {
	t.Helper()
	config.Shedding = "off"
	if config.Access.Directories == nil {
		config.Access.Directories = []string{os.TempDir()}
		config.Access.Schemes = append(config.Access.Schemes, "rtp", "udp")
	}
	r := newRecorder()
	edge := ingest.New(config, r.publish, log)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- edge.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(5 * time.Second):
			t.Error("Run did not end within 5 s")
		}
	})
	return edge, r
}

func TestBrokenWorkers(t *testing.T) {
	for _, c := range []struct{ fake, state, reason string }{
		{"crash", ingest.Fault, "worker died: signal: killed"},
		{"crash", ingest.Fault, "in quarantine for"},
		{"garbage", ingest.Fault, "no message is of kind"},
		{"liar", ingest.Fault, "session"},
		{"hang", ingest.Fault, "has not answered"},
		{"idle", ingest.Down, "no pictures and no sound in the data"},
		// A worker that waits for the network is not to blame for the silence, one that does not even do that is.
		{"waiter", ingest.Down, "nothing has come from the source"},
		{"stuck", ingest.Fault, "the decoder has hung"},
		{"talker", ingest.Fault, "worker died"},
	} {
		t.Run(c.fake+" "+c.reason, func(t *testing.T) {
			t.Parallel()
			config := ingest.Defaults()
			config.Executable, config.StallAfter = worker(t, c.fake), 4*time.Second
			edge, r := run(t, config, quiet())
			edge.Set("s", &schemas.StreamSpec{URL: "srt://127.0.0.1:9"}) // which these workers do not open
			s := r.second(t, "s", c.state, c.reason)
			if c.fake == "crash" && strings.Contains(c.reason, "quarantine") && s.Restarts != 4 {
				t.Errorf("in quarantine after %d restarts, want 4: five crashes", s.Restarts)
			}
		})
	}
}

// What a worker says on its standard error is logged with its death: the end of it, without the stream's secrets.
func TestWorkerStderrIsBoundedAndRedacted(t *testing.T) {
	t.Setenv("EDGE_TEST_SECRET", "hunter2")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hunter2.ts"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	config := ingest.Defaults()
	config.Executable = worker(t, "talker")
	done := make(chan struct{})
	t.Run("edge", func(t *testing.T) {
		edge, r := run(t, config, slog.New(slog.NewTextHandler(&logged, nil)))
		edge.Set("s", &schemas.StreamSpec{URL: dir + "/${env:EDGE_TEST_SECRET}.ts"})
		r.second(t, "s", ingest.Fault, "worker died")
		close(done)
	})
	<-done
	deaths := 0
	for _, line := range strings.Split(logged.String(), "\n") {
		if !strings.Contains(line, "stderr=") {
			continue
		}
		deaths++
		if strings.Contains(line, "hunter2") || !strings.Contains(line, "the end of "+dir+"/[secret].ts") || len(line) > 17_000 || !strings.Contains(line, "stream=s") {
			t.Errorf("logged %d bytes, with the secret: %v: ...%s", len(line), strings.Contains(line, "hunter2"), line[max(0, len(line)-200):])
		}
	}
	if deaths == 0 {
		t.Error("no death was logged")
	}
}

// A source that is down has its second every second, starts no worker and shows no password.
func TestSourceDown(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := listener.Addr().String()
	listener.Close()
	missing := httptest.NewServer(http.NotFoundHandler())
	defer missing.Close()
	config := ingest.Defaults()
	config.Executable, config.Edge = "/nonexistent", "http://edge:1"
	edge, r := run(t, config, quiet())
	sources := map[string]struct{ url, state, reason string }{
		"refused": {"http://user:hunter2@" + refused + "/live.ts?token=hunter2", ingest.Down, "connection refused"},
		"missing": {missing.URL + "/live.ts", ingest.Down, "404"},
		// What is wrong with the settings is our fault, and no defect of the source.
		"unset":   {"http://${env:EDGE_TEST_UNSET}@host/", ingest.Fault, "${env:EDGE_TEST_UNSET}"},
		"strange": {"gopher://host/", ingest.Fault, "gopher"},
		"empty":   {"", ingest.Fault, "the URL is empty"},
	}
	for id, c := range sources {
		edge.Set(id, &schemas.StreamSpec{URL: c.url})
	}
	for id, c := range sources {
		t.Run(id, func(t *testing.T) {
			of := seconds(r.wait(t, id, "three seconds down", func(of []published) bool { return len(seconds(of)) >= 3 }))[:3]
			for i, s := range of {
				v := s.StreamSecond
				if v.State != c.state || !strings.Contains(v.Reason, c.reason) || strings.Contains(v.Reason, "hunter2") {
					t.Errorf("second %d: state %s, reason %q", i, v.State, v.Reason)
				}
				if v.Seq != int64(i) || v.Session != of[0].StreamSecond.Session || v.Edge != "http://edge:1" {
					t.Errorf("second %d: %+v", i, *v)
				}
				if late := v.At - int64(i+1)*1_000_000; late < -50_000 || late > 500_000 {
					t.Errorf("second %d ends at %d us", i, v.At)
				}
			}
		})
	}
}

// A looped file: paced in real time, without a break that a rule for no signal could see, each round whole, and all of it counted by the seconds;
// killed, it is back at the first try with a newer session.
func TestLoopedFile(t *testing.T) {
	t.Parallel()
	edge, r := run(t, ingest.Defaults(), quiet())
	path := clip(t, 1, "clip.ts")
	edge.Set("s", &schemas.StreamSpec{URL: path, Loop: true})
	var of []published
	var told counted
	r.wait(t, "s", "three rounds, and seconds that count them", func(all []published) bool {
		of, told = all, count(seconds(all))
		f := frames(all)
		return len(f) > 0 && f[len(f)-1].VideoFrame.Epoch >= 3 && told.pictures >= 75 && told.blocks >= 27 && told.bytes > 0
	})
	f := frames(of)
	rounds := map[int32]int{}
	for _, p := range f {
		rounds[p.VideoFrame.Epoch]++
	}
	if rounds[0] != 25 || rounds[1] != 25 || rounds[2] != 25 {
		t.Errorf("%v pictures by round, want 25", rounds)
	}
	if told.pictures > len(f)+1 { // the newest may be counted before it is published
		t.Errorf("the seconds tell of %d pictures, %d were published", told.pictures, len(f))
	}
	for i := 1; i < len(f); i++ {
		a, b := f[i-1].VideoFrame, f[i].VideoFrame
		if step := b.At - a.At; step < 39_000 || step > 2_000_000 || b.Seq != a.Seq+1 {
			t.Errorf("picture %d at %d follows %d at %d", b.Seq, b.At, a.Seq, a.At)
		}
		if (b.Difference == nil) != (b.Epoch != a.Epoch) {
			t.Errorf("picture %d of epoch %d after %d: difference %v", b.Seq, b.Epoch, a.Epoch, b.Difference)
		}
		if early := time.UnixMicro(b.Session + b.At).Sub(f[i].at); early > 5*time.Millisecond {
			t.Errorf("picture %d came %v before its time", b.Seq, early)
		}
	}
	for _, s := range lasting(t, of) {
		if s.Timing != nil || s.Restarts != 0 || s.Reconnects != 0 {
			t.Errorf("second %+v", *s)
		}
	}

	for _, pid := range children(path) {
		if slack := must(os.ReadFile(fmt.Sprintf("/proc/%d/timerslack_ns", pid))); string(slack) != "5000000\n" {
			t.Errorf("worker's sleep may be %s ns longer than asked for, want 5 ms", slack)
		}
		syscall.Kill(pid, syscall.SIGKILL)
	}
	session := f[0].VideoFrame.Session
	r.wait(t, "s", "pictures again", func(of []published) bool { return frames(of)[len(frames(of))-1].VideoFrame.Session > session })
	r.second(t, "s", ingest.Fault, "signal: killed")
	r.wait(t, "s", "up again, after one restart", func(of []published) bool {
		s := seconds(of)[len(seconds(of))-1].StreamSecond
		return s.State == ingest.Up && s.Session > session && s.Restarts == 1
	})

	before := f[0].VideoFrame
	if clip, ok := ingest.PacketsOf(edge).Cut("s", session, session+before.At, session+before.At+1_000_000); !ok || clip.Start > session+before.At || clip.End < session+900_000 {
		t.Errorf("packets from before the crash: %v, of %d to %d us after the session's start", ok, clip.Start-session, clip.End-session)
	}
	response := httptest.NewRecorder()
	edge.Pictures().ServeHTTP(response, httptest.NewRequest(http.MethodGet, fmt.Sprintf("/pictures/s?at=%d", session+before.At+1_500_000), nil))
	at, _ := strconv.ParseInt(response.Header().Get(evidence.InstantHeader), 10, 64)
	if response.Code != 200 || at <= session || at > session+before.At+1_500_000 || !bytes.HasPrefix(response.Body.Bytes(), []byte{0xff, 0xd8}) {
		t.Errorf("a picture from before the crash: %d, at %d, %d bytes", response.Code, at, response.Body.Len())
	}
	if levels := response.Header().Get(evidence.LevelsHeader); !regexp.MustCompile(`^\d+:-\d+\.\d/-\d+\.\d`).MatchString(levels) {
		t.Errorf("the levels of its sound are %q", levels)
	}
}

// counted is what seconds tell in all.
type counted struct {
	pictures, blocks int
	bytes            int64
}

func count(seconds []published) (c counted) {
	for _, s := range seconds {
		c.pictures += int(s.StreamSecond.FramesDecoded)
		c.blocks += int(s.StreamSecond.AudioBlocks)
		c.bytes += s.StreamSecond.Bytes
	}
	return c
}

// lasting are the seconds from the first that is up, which must all be up but where this machine was too busy to present anything in time.
func lasting(t *testing.T, of []published) (list []*schemas.StreamSecond) {
	t.Helper()
	for _, s := range seconds(of) {
		v := s.StreamSecond
		if len(list) == 0 && v.State != ingest.Up {
			continue
		}
		busy := strings.HasPrefix(v.Reason, "no pictures and no sound for ") || strings.HasPrefix(v.Reason, "this machine cannot keep up")
		if v.State != ingest.Up && !busy {
			t.Errorf("second %d is %s: %s", v.Seq, v.State, v.Reason)
		}
		list = append(list, v)
	}
	return list
}

// children are the living processes that this one started, those that have the file at path open if there is one.
func children(path string) (pids []int) {
	for _, stat := range must(filepath.Glob("/proc/[0-9]*/stat")) {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // state, parent, ...
		if parent, _ := strconv.Atoi(fields[1]); parent != os.Getpid() || fields[0] == "Z" {
			continue
		}
		open := path == ""
		for _, link := range must(filepath.Glob(filepath.Join(filepath.Dir(stat), "fd", "*"))) {
			target, _ := os.Readlink(link)
			open = open || target == path
		}
		if pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(stat))); open {
			pids = append(pids, pid)
		}
	}
	return pids
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// What cannot be looped into one decoder begins a new worker at each end, at once and not as what has failed.
func TestLoopedHTTP(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "clip.mp4")
	remux(t, clip(t, 2, "clip.ts"), path, "-movflags", "+faststart")
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(path))))
	defer server.Close()
	edge, r := run(t, ingest.Defaults(), quiet())
	edge.Set("s", &schemas.StreamSpec{URL: server.URL + "/clip.mp4", Loop: true})
	of := r.wait(t, "s", "a second round", func(of []published) bool {
		f := frames(of)
		return len(f) > 50 && count(seconds(of)).pictures > 50
	})
	if f := frames(of); f[49].VideoFrame.Seq != 49 || f[50].VideoFrame.Seq != 0 || f[50].VideoFrame.Session <= f[49].VideoFrame.Session {
		t.Errorf("picture 50 is %d of session %d after %d of %d", f[50].VideoFrame.Seq, f[50].VideoFrame.Session, f[49].VideoFrame.Seq, f[49].VideoFrame.Session)
	}
	for _, s := range lasting(t, of) {
		if s.Reconnects != 0 || s.Restarts != 0 {
			t.Errorf("second %+v", *s)
		}
	}
}

func TestFileEnds(t *testing.T) {
	t.Parallel()
	edge, r := run(t, ingest.Defaults(), quiet())
	edge.Set("s", &schemas.StreamSpec{URL: clip(t, 1, "clip.mp4")})
	s := r.second(t, "s", ingest.Down, "end of file")
	of := r.wait(t, "s", "two more seconds", func(of []published) bool { return seconds(of)[len(seconds(of))-1].StreamSecond.Seq >= s.Seq+2 })
	if n := len(frames(of)); n != 25 {
		t.Errorf("%d pictures, want 25: played once", n)
	}
	if s.Reconnects != 0 || s.Restarts != 0 {
		t.Errorf("tried again: %+v", *s)
	}
}

// A live MPEG-TS over HTTP: instants follow its arrival; when the server ends it the stream comes back by itself.
func TestLiveHTTP(t *testing.T) {
	t.Parallel()
	content := must(os.ReadFile(clip(t, 3, "clip.ts")))
	var sent atomic.Int64 // when the first byte was sent, microseconds since the Unix epoch
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent.CompareAndSwap(0, time.Now().UnixMicro())
		for tick, begin := 0, time.Now(); tick < 75; tick++ { // 3 s in 75 pieces
			time.Sleep(time.Until(begin.Add(time.Duration(tick) * 40 * time.Millisecond)))
			w.Write(content[len(content)*tick/75 : len(content)*(tick+1)/75])
			w.(http.Flusher).Flush()
		}
	}))
	defer server.Close()
	edge, r := run(t, ingest.Defaults(), quiet())
	edge.Set("s", &schemas.StreamSpec{URL: server.URL + "/live"})
	of := r.wait(t, "s", "a second connection", func(of []published) bool {
		f := frames(of)
		return len(f) > 0 && f[len(f)-1].VideoFrame.Session > f[0].VideoFrame.Session
	})
	first := frames(of)[0].VideoFrame.Session
	for _, p := range frames(of) {
		v := p.VideoFrame
		if v.Session != first || v.Seq < 50 {
			continue
		}
		// Picture n was sent 40 n ms after the beginning, give or take what the encoder puts into one piece.
		if off := time.Duration(v.Session+v.At-sent.Load()-v.Seq*40_000) * time.Microsecond; off < -300*time.Millisecond || off > 300*time.Millisecond {
			t.Errorf("picture %d is %v off", v.Seq, off)
		}
		if v.Arrival < -500_000 || v.Arrival > 500_000 {
			t.Errorf("picture %d at %d arrived %d us after", v.Seq, v.At, v.Arrival)
		}
	}
	timed := 0
	for _, p := range seconds(of) {
		v := p.StreamSecond.Timing
		if v == nil || v.SkewMin == nil {
			continue
		}
		timed++
		// Sound and pictures lie side by side in the data: what is ahead is what the encoder puts into one piece.
		if v.PTSJitterMean < 0 || v.PTSJitterMean > v.PTSJitterMax || v.PTSJitterMax > 500_000 || *v.SkewMin < -500_000 || *v.SkewMax < *v.SkewMin || *v.SkewMax > 500_000 {
			t.Errorf("timing %s", text(v))
		}
	}
	if timed == 0 {
		t.Error("no second tells of timing")
	}
	of = r.wait(t, "s", "a second after the reconnection", func(of []published) bool { return seconds(of)[len(seconds(of))-1].StreamSecond.Reconnects > 0 })
	if s := seconds(of)[len(seconds(of))-1].StreamSecond; s.Restarts != 0 {
		t.Errorf("%d restarts: a reconnection is no fault of ours", s.Restarts)
	}
}

func TestSetAndRemove(t *testing.T) {
	t.Parallel()
	edge, r := run(t, ingest.Defaults(), quiet())
	path := clip(t, 1, "clip.ts")
	spec := schemas.StreamSpec{URL: path, Loop: true}
	edge.Set("s", &spec)
	edge.Set("other", &schemas.StreamSpec{URL: path, Loop: true})
	session := r.second(t, "s", ingest.Up, "").Session
	other := r.second(t, "other", ingest.Up, "").Session

	labelled := spec
	labelled.Labels = map[string]string{"a": "b"}
	edge.Set("s", &labelled)
	n := len(seconds(r.all("s")))
	of := seconds(r.wait(t, "s", "another second", func(of []published) bool { return len(seconds(of)) > n }))
	if s := of[n].StreamSecond; s.Session != session {
		t.Errorf("other labels made session %d of %d", s.Session, session)
	}
	changed := spec
	changed.Loop = false
	edge.Set("s", &changed)
	r.wait(t, "s", "a newer session", func(of []published) bool { return seconds(of)[len(seconds(of))-1].StreamSecond.Session > session })

	edge.Remove("s")
	edge.Remove("never there")
	n, m := len(r.all("s")), len(seconds(r.all("other")))
	of = seconds(r.wait(t, "other", "two seconds of the other", func(of []published) bool { return len(seconds(of)) >= m+2 }))
	if late := r.all("s")[n:]; len(late) > 0 {
		t.Errorf("%d records after Remove", len(late))
	}
	if s := of[len(of)-1].StreamSecond; s.Session != other || s.State != ingest.Up {
		t.Errorf("the other stream: %+v", *s)
	}
	response := httptest.NewRecorder()
	edge.Pictures().ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/pictures/s", nil))
	if response.Code != 404 {
		t.Errorf("a picture after Remove: %d", response.Code)
	}
}

// What a publisher loses is counted; the seconds go on.
func TestDropped(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	config := ingest.Defaults()
	config.Access.Directories = []string{os.TempDir()}
	edge := ingest.New(config, func(stream string, f *schemas.Feature, lost func()) {
		if f.StreamSecond == nil {
			go lost() // as a client does that has taken the record and cannot write it
			return
		}
		r.publish(stream, f, lost)
	}, quiet())
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	edge.Set("s", &schemas.StreamSpec{URL: clip(t, 1, "clip.ts"), Loop: true})
	go func() { done <- edge.Run(ctx) }()
	r.wait(t, "s", "a second with at least 20 records dropped", func(of []published) bool {
		return len(of) > 0 && of[len(of)-1].StreamSecond.Dropped >= 20 && of[len(of)-1].StreamSecond.State == ingest.Up
	})
	stop()
	<-done
}

// Run leaves no process, no goroutine and no descriptor behind.
func TestNothingIsLeft(t *testing.T) {
	path := clip(t, 1, "clip.ts")
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(path))))
	defer server.Close()
	descriptors := func() int { return len(must(os.ReadDir("/proc/self/fd"))) }
	client := http.DefaultClient
	before, open := runtime.NumGoroutine(), descriptors()
	t.Run("edge", func(t *testing.T) {
		edge, r := run(t, ingest.Defaults(), quiet())
		for i := range 3 {
			edge.Set(fmt.Sprint("file", i), &schemas.StreamSpec{URL: path, Loop: true})
			edge.Set(fmt.Sprint("http", i), &schemas.StreamSpec{URL: server.URL + "/clip.ts", Loop: true})
		}
		for i := range 3 {
			r.second(t, fmt.Sprint("file", i), ingest.Up, "")
			r.second(t, fmt.Sprint("http", i), ingest.Up, "")
		}
	})
	client.CloseIdleConnections()
	server.CloseClientConnections()
	if left := children(""); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	for guard := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before || descriptors() > open; runtime.Gosched() {
		if time.Now().After(guard) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines after %d, %d descriptors after %d\n%s", runtime.NumGoroutine(), before, descriptors(), open, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
