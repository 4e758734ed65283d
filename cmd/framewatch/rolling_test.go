package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// The flags of the long form, `make rolling`.
var (
	rollingStreams = flag.Int("rolling.streams", 24, "streams that TestRollingRestart plays, of 25 pictures a second")
	rollingRounds  = flag.Int("rolling.rounds", 1, "how often it restarts each process")
	rollingNamed   = flag.Bool("rolling.named", false, "the detectors keep their names, as those of a StatefulSet do: their partitions wait for them")
	rollingBefore  = flag.String("rolling.before", "", "another version's framewatch, which runs before each process is restarted; empty: the same")
)

// rollingPartitions are as many as three detectors have work with.
const rollingPartitions = 12

// TestRollingRestart restarts every detector, notifier and console in turn while streams with defects are played to real Kafka: what stands on the log is what one detector that
// nothing ever happened to tells of the same features, all of it is told, and the console shows it.
func TestRollingRestart(t *testing.T) {
	s := newRollingSite(t)
	s.settle("the first features")
	for range *rollingRounds {
		for slot := range s.fleet {
			s.restart(slot)
		}
	}
	s.finish()
}

// rollingSite is a deployment of which one process after the other is restarted.
type rollingSite struct {
	*site
	a     *app
	heard *heard
	// fleet are its processes, in the order in which they are restarted.
	fleet []*rolled
	watch *lagWatch
	// records are how many were played since the time began.
	mu      sync.Mutex
	records int
	began   time.Time
	stopped func()
	gaps    map[bool][]time.Duration
}

// rolled is one process, which has a name if it is to keep it.
type rolled struct {
	*process
	target, name string
	flows        *followed
}

func newRollingSite(t *testing.T) *rollingSite {
	t.Helper()
	dir, brokers, prefix := t.TempDir(), kafkatest.Real(t), fmt.Sprintf("rolling%d.", time.Now().UnixNano())
	s := &rollingSite{
		site:  &site{t: t, config: filepath.Join(dir, "framewatch.yaml"), brokers: brokers, prefix: prefix, console: "http://" + freePort(t), defects: map[string]schemas.DefectEvent{}},
		heard: &heard{ids: map[string]int{}, told: map[string]bool{}}, watch: &lagWatch{waiting: map[int32][]lagMark{}}, gaps: map[bool][]time.Duration{},
	}
	hook := httptest.NewServer(s.heard)
	t.Cleanup(hook.Close)
	s.configure(dir, hook.URL)
	config := defaultConfig()
	config.Kafka.Brokers, config.Kafka.Partitions, config.Kafka.Prefix = brokers, rollingPartitions, prefix
	a, err := newApp(config, io.Discard)
	if err == nil {
		err = a.dial(t.Context())
	}
	if err == nil {
		t.Cleanup(a.cluster.Close)
		err = addStreams(t.Context(), a.cluster, *rollingStreams)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.a, s.cluster = a, a.cluster
	t.Cleanup(s.stop)
	s.program = *rollingBefore
	for i, target := range []string{"detector", "detector", "detector", "notifier", "notifier", "console"} {
		r := &rolled{target: target}
		if *rollingNamed && target == "detector" {
			r.name = fmt.Sprint("detector-", i)
		}
		s.fleet = append(s.fleet, r)
		s.launch(r)
	}
	s.program = ""
	s.play()
	return s
}

// configure writes the configuration. Each change is told by itself.
func (s *rollingSite) configure(dir, hook string) {
	text, err := yaml.Marshal(map[string]any{
		"data_dir": dir, "log": map[string]any{"level": "info", "format": "json"},
		"kafka":   map[string]any{"prefix": s.prefix, "partitions": rollingPartitions, "instance": "${env:" + instance + ":-}"},
		"console": map[string]any{"listen": s.console[len("http://"):]},
		"notifier": map[string]any{"storm": map[string]any{"changes": 100_000}, "receivers": map[string]any{"sink": map[string]any{"type": "webhook", "url": hook}},
			"alertmanager": map[string]any{"route": map[string]any{"receiver": "sink", "group_by": []string{"defect"}, "group_wait": "10ms", "group_interval": "1s"}}},
	})
	if err == nil {
		err = os.WriteFile(s.config, text, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// launch starts the process, and reads from its log which partitions it has.
func (s *rollingSite) launch(r *rolled) {
	r.flows = &followed{flowed: map[int32]flow{}}
	complain := (&benchRig{stderr: os.Stderr}).complain
	s.stderr = &lines{each: func(line []byte) {
		complain(line)
		r.flows.read(line)
	}}
	r.process = s.startAs(r.name, r.target)
}

// play plays faulty footage as live streams until stopped is called, and watches how far the detectors are behind.
func (s *rollingSite) play() {
	s.t.Helper()
	fleet := rollingFleet(s.t)
	ctx, stop := context.WithCancel(s.t.Context())
	s.began = time.Now()
	var playing, watching sync.WaitGroup
	playing.Go(func() { s.broadcast(ctx, fleet) })
	watched, unwatch := context.WithCancel(s.t.Context())
	watching.Go(func() {
		for sleepUntil(watched, time.Now().Add(lagLook)) {
			s.watch.look(watched, s.cluster) // a look that fails is made up for by the next
		}
	})
	s.t.Cleanup(func() { unwatch(); watching.Wait() })
	s.stopped = func() { stop(); playing.Wait() }
	s.t.Cleanup(s.stopped)
}

// rollingFleet is streams of footage in which something is wrong half of the time.
func rollingFleet(t *testing.T) *lab.Fleet {
	t.Helper()
	cache, err := clipCache()
	if err != nil {
		t.Fatal(err)
	}
	spoilt, err := lab.SpoiltClip(t.Context(), "../../testdata/clips", cache, func(what string) { t.Log(what) })
	if err != nil {
		t.Fatal(err)
	}
	records, err := measured(t.Context(), spoilt.File)
	if err != nil {
		t.Fatal(err)
	}
	fleet, err := lab.NewFleet(records)
	if err != nil {
		t.Fatal(err)
	}
	return fleet
}

// broadcast publishes the streams' records when they happen, and returns when all of them stand on the log.
func (s *rollingSite) broadcast(ctx context.Context, fleet *lab.Fleet) {
	pending := make(chan struct{}, 20_000) // bounds what is on its way
	for id, f := range fleet.Records(*rollingStreams, s.began.UnixMicro(), feedLength) {
		if at := s.began.Add(time.Duration(featureTime(f)) * time.Microsecond); time.Until(at) > time.Millisecond && !sleepUntil(ctx, at) || ctx.Err() != nil {
			break
		}
		pending <- struct{}{}
		s.mu.Lock()
		s.records++
		s.mu.Unlock()
		s.cluster.TryPublish(s.cluster.Partition(id), topology.Features.Message(id, f), func(err error) {
			<-pending
			if err != nil {
				s.t.Errorf("publish: %v", err)
			}
		})
	}
	for range cap(pending) {
		pending <- struct{}{}
	}
}

// settle waits until every partition is folded as it comes, again for a while.
func (s *rollingSite) settle(after string) {
	s.t.Helper()
	since := time.Now()
	waitFor(s.t, "the detectors to keep up after "+after, func() bool {
		if s.watch.behind() >= sustainedLag {
			since = time.Now()
		}
		return time.Since(since) > 3*time.Second
	})
}

// restart ends a process as an orchestrator does, starts it again, waits until all is as before, and notes how long each partition was not folded.
func (s *rollingSite) restart(slot int) {
	s.t.Helper()
	r, began := s.fleet[slot], time.Now()
	s.end(r.process)
	ended := time.Since(began)
	s.launch(r)
	switch r.target {
	case "detector":
		waitFor(s.t, "a detector to have partitions again", func() bool { return len(r.flows.flows()) > 0 })
	case "console":
		waitFor(s.t, "the console to be ready", func() bool { return s.ask("/-/ready", nil) })
	}
	s.settle(r.target)
	moved := map[int32]bool{}
	for _, other := range s.fleet {
		for p, f := range other.flows.flows() {
			moved[p] = moved[p] || f.at.After(began)
		}
	}
	for p, gap := range s.watch.longest(began) {
		if r.target == "detector" {
			s.gaps[moved[p]] = append(s.gaps[moved[p]], gap)
		} else {
			s.gaps[false] = append(s.gaps[false], gap)
		}
	}
	s.t.Logf("%s: ended after %.1f s, all as before after %.1f s", r.target, ended.Seconds(), time.Since(began).Seconds())
}

// end ends a process on SIGTERM.
func (s *site) end(p *process) {
	s.t.Helper()
	p.wanted = true
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	waitFor(s.t, p.target+" to end", func() bool { return isClosed(p.ended) })
	if code := p.ProcessState.ExitCode(); code != exitOK {
		s.t.Errorf("%s ended with code %d on SIGTERM, want 0", p.target, code)
	}
}

// ask gets a path of the console, and decodes what it answers unless into is nil.
func (s *rollingSite) ask(path string, into any) bool {
	response, err := http.Get(s.console + path)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK && (into == nil || json.NewDecoder(response.Body).Decode(into) == nil)
}

// finish stops the streams and compares what stands on the log with what was told and what a replay tells.
func (s *rollingSite) finish() {
	t := s.t
	t.Helper()
	s.stopped()
	s.mu.Lock()
	rate := float64(s.records) / time.Since(s.began).Seconds()
	s.mu.Unlock()
	s.flowsToEnd()
	s.wantShown()
	for _, r := range s.fleet {
		if r.target == "detector" {
			s.end(r.process)
		}
	}
	if *rollingBefore == "" {
		s.wantReplayEqual()
	} else {
		s.wantWhole()
	}
	s.wantTold()
	for moved, what := range map[bool]string{true: "moved", false: "not moved"} {
		gaps := s.gaps[moved]
		slices.Sort(gaps)
		if len(gaps) > 0 {
			t.Logf("%d streams, %.0f records a second on three detectors: %d times a partition %s, nothing of it was committed for %.2f s (p50), %.2f s (p99), %.2f s (longest)", *rollingStreams, rate,
				len(gaps), what, gaps[len(gaps)/2].Seconds(), gaps[len(gaps)*99/100].Seconds(), gaps[len(gaps)-1].Seconds())
		}
	}
	if len(s.gaps[true]) == 0 {
		t.Error("no partition moved")
	}
}

// flowsToEnd waits until all that was played is folded. The ticks go on, so there is always more.
func (s *rollingSite) flowsToEnd() {
	ends, err := s.cluster.Ends(s.t.Context(), &topology.Features.Spec)
	if err != nil {
		s.t.Fatal(err)
	}
	waitFor(s.t, "all to be folded", func() bool {
		committed, err := s.cluster.Committed(s.t.Context(), topology.StageNamed("detector").Group, &topology.Features.Spec)
		if err != nil {
			return false
		}
		for p, end := range ends {
			if committed[p] < end {
				return false
			}
		}
		return true
	})
}

// logged are the last events of all defects that stand on the log now.
func (s *rollingSite) logged() map[string]*schemas.DefectEvent {
	s.t.Helper()
	last := map[string]*schemas.DefectEvent{}
	err := kafka.Read(s.t.Context(), s.cluster, topology.Defects, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
		last[r.Value.ID] = r.Value
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return last
}

// wantShown wants the console to show those defects as open that are.
func (s *rollingSite) wantShown() {
	s.t.Helper()
	var shown, open []string
	waitFor(s.t, "the console to show what is open", func() bool {
		var answer struct {
			Defects []struct{ ID string } `json:"defects"`
		}
		if !s.ask("/api/v1/defects?state=open&limit=1000", &answer) {
			return false
		}
		shown, open = nil, nil
		for _, d := range answer.Defects {
			shown = append(shown, d.ID)
		}
		for id, ev := range s.logged() {
			if ev.State == "opened" || ev.State == "updated" {
				open = append(open, id)
			}
		}
		slices.Sort(shown)
		slices.Sort(open)
		return slices.Equal(shown, open)
	})
	s.t.Logf("the console shows the %d defects that are open", len(open))
}

// wantWhole wants each defect to have its revisions, each once and in order, and no two of one kind and part to overlap in a stream: versions whose schemas and rules differ tell
// other bytes, and a replay by one of them others than both.
func (s *rollingSite) wantWhole() {
	t := s.t
	t.Helper()
	last, lives := map[string]*schemas.DefectEvent{}, map[string][]string{}
	err := kafka.Read(t.Context(), s.cluster, topology.Defects, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
		ev, before := r.Value, int32(0)
		if known := last[ev.ID]; known != nil {
			before = known.Revision
		} else {
			what := strings.Join([]string{ev.Stream, ev.Kind, ev.Part}, " ")
			lives[what] = append(lives[what], ev.ID)
		}
		if ev.Revision != before+1 {
			t.Errorf("defect %s (%s of %s): revision %d comes after %d", ev.ID, ev.Kind, ev.Stream, ev.Revision, before)
		}
		last[ev.ID] = ev
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for what, ids := range lives {
		for i, id := range ids[1:] {
			if before := last[ids[i]]; before.State != "closed" && before.State != "retracted" || last[id].Onset < before.End && before.State == "closed" {
				t.Errorf("%s: a defect begins while another is open: %+v, %+v", what, before, last[id])
			}
		}
	}
	t.Logf("%d defects, their revisions whole, none doubled", len(last))
}

// wantTold wants the beginning of every defect to have been told once, and the end of each that ended.
func (s *rollingSite) wantTold() {
	t := s.t
	t.Helper()
	defects := s.logged()
	untold := map[string]bool{}
	err := kafka.Read(t.Context(), s.cluster, topology.Notifications, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.Notification]) error {
		if r.Value.Outcome == "untold" {
			untold[r.Key] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	changes, named := 0, map[string]string{"closed": "defect.closed ", "retracted": "defect.retracted "}
	for _, id := range slices.Sorted(maps.Keys(defects)) {
		if untold[id] {
			continue
		}
		changes++
		s.heard.awaitAll(t, "defect.opened ", []*schemas.DefectEvent{defects[id]})
		if end, ok := named[defects[id].State]; ok {
			changes++
			s.heard.awaitAll(t, end, []*schemas.DefectEvent{defects[id]})
		}
	}
	s.heard.mu.Lock()
	defer s.heard.mu.Unlock()
	again := 0
	for _, n := range s.heard.ids {
		again += n - 1
	}
	if again > 0 {
		t.Errorf("%d messages came again", again)
	}
	t.Logf("%d defects, %d of their beginnings and ends told, each once; %d defects were over before they could be told", len(defects), changes, len(untold))
}

// longest are the longest lags of each partition since a time.
func (w *lagWatch) longest(since time.Time) map[int32]time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	longest := map[int32]time.Duration{}
	for _, s := range w.seen {
		if s.at.Add(s.lag).After(since) {
			longest[s.partition] = max(longest[s.partition], s.lag)
		}
	}
	return longest
}
