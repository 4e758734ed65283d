package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// asProgram makes the test binary be the program, so that the tests' processes need no other build.
const asProgram = "FRAMEWATCH_AS_PROGRAM"

// instance is where the tests' configuration finds the name of a process.
const instance = "FRAMEWATCH_INSTANCE"

const partitions = 4

func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == ingest.WorkerArg:
		os.Exit(ingest.Worker())
	case os.Getenv(asStruck) != "":
		os.Exit(struckDetector(os.Getenv(asStruck)))
	case os.Getenv(asProgram) != "":
		if call := os.Getenv(lackingCall); call != "" {
			lack(call)
		}
		main()
	}
	os.Exit(kafkatest.Main(m))
}

// The demos' lengths: every kind of fault once, and twice.
const (
	oneRound  = 62 * time.Second
	twoRounds = 90 * time.Second
)

// separate is every target in a process of its own, and two detectors.
var separate = []string{"ingest", "detector", "detector", "notifier", "console"}

// TestDeployments plays the demo's streams against every way of deploying and wants the same of each: every fault found and told, and
// nothing else.
func TestDeployments(t *testing.T) {
	for _, d := range []struct {
		name    string
		targets []string
		brokers func(testing.TB) []string
	}{
		{"one process", []string{"all"}, nil},
		{"processes on an embedded broker", append([]string{"broker"}, separate...), nil},
		{"processes on Apache Kafka", separate, func(t testing.TB) []string { return kafkatest.Real(t) }},
	} {
		t.Run(d.name, func(t *testing.T) {
			var brokers []string
			if d.brokers != nil {
				brokers = d.brokers(t)
			}
			s := newSite(t, brokers, lab.DemoConfig{Length: oneRound})
			for _, target := range d.targets {
				s.start(target)
			}
			s.play(func(time.Time) {})
			s.wantAllFound()
		})
	}
}

// TestDetectorsKilled kills each of two detectors in the middle of a fault. What they told must be what one that was never killed would have
// told of the same features, byte for byte.
func TestDetectorsKilled(t *testing.T) {
	s := newSite(t, kafkatest.Real(t), lab.DemoConfig{Length: twoRounds})
	for _, target := range []string{"ingest", "notifier"} {
		s.start(target)
	}
	detectors := []*process{s.start("detector"), s.start("detector")}
	kills := 0
	s.play(func(now time.Time) {
		if kills < 4 && s.inFault(now) > kills*2 {
			victim := kills % 2
			s.kill(detectors[victim])
			detectors[victim] = s.start("detector")
			kills++
		}
	})
	s.wantAllFound()
	s.stop()
	if kills < 4 {
		t.Errorf("%d detectors were killed, want 4", kills)
	}
	s.wantReplayEqual()
}

// TestEdgeKilled kills all workers and then their supervisor, each in the middle of the faults over MPEG-TS and again of those over HLS, which a
// client presents later. The same faults must be found, with their onset within two seconds, and no two defects of one kind may overlap in a
// stream.
func TestEdgeKilled(t *testing.T) {
	s := newFaultyEdge(t)
	edge := s.startAs("edge", "ingest")
	workers := func() { s.killWorkers(edge) }
	supervisor := func() { s.kill(edge); edge = s.startAs("edge", "ingest") }
	s.strike(2*time.Second, workers, workers, supervisor, supervisor)
}

// TestEdgesRestarted restarts each of two edges as a rolling upgrade does, at the same moments, and wants the same: a stream that moves is away for longer than one whose worker is started
// again, and what an HLS client shows first is its own choice, so the onset has four seconds.
func TestEdgesRestarted(t *testing.T) {
	s := newFaultyEdge(t)
	edges := []*process{s.start("ingest"), s.start("ingest")}
	restart := func(i int) func() {
		return func() { s.end(edges[i]); edges[i] = s.start("ingest") }
	}
	s.strike(4*time.Second, restart(0), restart(1), restart(0), restart(1))
}

// newFaultyEdge is a site whose streams have two rounds of faults, 15 s and 42 s after their start, without an edge.
func newFaultyEdge(t *testing.T) *site {
	s := newSite(t, kafkatest.Real(t), lab.DemoConfig{Length: 78 * time.Second, Plans: everywhere([]int64{8, 22})})
	for _, target := range []string{"detector", "notifier"} {
		s.start(target)
	}
	return s
}

// strike plays the streams while each of the four acts is done in the middle of half of the streams' faults, and wants the faults found,
// their onset within tolerance.
func (s *site) strike(tolerance time.Duration, acts ...func()) {
	s.t.Helper()
	injected := map[lab.Injected]bool{}
	done := 0
	s.play(func(now time.Time) {
		// Half of the streams' faults have been on for four seconds: longer than any rule waits, for a client that starts slowly too.
		on := s.demo.Injected(now.Add(-4 * time.Second))
		if done < len(acts) && len(on) == (done+1)*len(lab.Clips)/2 {
			for _, in := range on[done*len(lab.Clips)/2:] {
				injected[in] = true // as it is known before clients begin anew
			}
			acts[done]()
			done++
		}
	})
	if done < len(acts) {
		s.t.Fatalf("the edge was struck %d times, want %d: the faults did not come", done, len(acts))
	}
	s.wantFound(injected, tolerance)
}

// everywhere plans a fault for each stream at each of the pieces, all kinds in turn. There are no outages over HLS: when a client began anew what
// it shows before one is its own choice, and so is the outage's start.
func everywhere(pieces []int64) []lab.Plan {
	var plans []lab.Plan
	for r, from := range pieces {
		for i, clip := range lab.Clips {
			fault := lab.Faults[(i+r+3)%len(lab.Faults)]
			if fault.Outage() && clip.Protocol == lab.HLS {
				fault = lab.Faults[0]
			}
			plans = append(plans, lab.Plan{Stream: clip.Name, Fault: fault, From: from, To: from + fault.Pieces(clip.Protocol)})
		}
	}
	return plans
}

// site is one deployment under test with the streams that it watches.
type site struct {
	t       *testing.T
	demo    *lab.Demo
	config  string
	brokers []string
	prefix  string
	// console is the address of the page.
	console string
	length  time.Duration
	// defects are the latest events by id, as a reader of the log saw them.
	mu        sync.Mutex
	defects   map[string]schemas.DefectEvent
	processes []*process
	cluster   *kafka.Cluster
	// program is what the processes run; empty: this binary. stderr gets their logs; nil: the test's own.
	program string
	stderr  io.Writer
}

// newSite prepares the streams and the configuration; without brokers an embedded one will listen on a free port.
func newSite(t *testing.T, brokers []string, play lab.DemoConfig) *site {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	play.Clips, play.Cache, play.Seed = "../../testdata/clips", filepath.Join(cache, "framewatch"), 1
	demo, err := lab.NewDemo(t.Context(), play)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	key := filepath.Join(dir, "pictures.key")
	if err := os.WriteFile(key, []byte(strings.Repeat("k", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, demo: demo, config: filepath.Join(dir, "framewatch.yaml"), brokers: brokers, prefix: fmt.Sprintf("e2e%d.", time.Now().UnixNano()), length: play.Length, defects: map[string]schemas.DefectEvent{}}
	embedded, listen := freePort(t), freePort(t)
	s.console = "http://" + listen
	settings := map[string]any{
		"data_dir": dir, "embedded": map[string]any{"listen": embedded}, "log": map[string]any{"level": "warn"},
		"kafka":    map[string]any{"prefix": s.prefix, "partitions": partitions, "instance": "${env:" + instance + ":-}"},
		"console":  map[string]any{"listen": listen},
		"pictures": map[string]any{"key_file": key},
		"notifier": map[string]any{"receivers": map[string]any{"sink": map[string]any{"type": "webhook", "url": demo.WebhookURL()}}},
	}
	var streams []map[string]any
	for id, spec := range demo.Streams() {
		streams = append(streams, map[string]any{"id": id, "url": spec.URL, "labels": spec.Labels})
	}
	settings["streams"] = streams
	if brokers == nil {
		s.brokers = []string{embedded}
	}
	text, err := yaml.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// start runs a target in a process of its own.
func (s *site) start(target string) *process { return s.startAs("", target) }

// startAs runs it under a name that it keeps when it is started again.
func (s *site) startAs(name, target string) *process {
	s.t.Helper()
	arguments := []string{"run", "-c", s.config, "--target", target}
	if target != "all" && target != "broker" {
		arguments = append(arguments, "--brokers", strings.Join(s.brokers, ","))
	}
	p := exec.Command(cmp.Or(s.program, os.Args[0]), arguments...)
	p.Env = append(os.Environ(), asProgram+"=1", instance+"="+name)
	p.Stderr = os.Stderr
	if s.stderr != nil {
		p.Stderr = s.stderr
	}
	p.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.Start(); err != nil {
		s.t.Fatal(err)
	}
	process := &process{Cmd: p, target: target, ended: make(chan struct{})}
	s.processes = append(s.processes, process)
	go func() {
		p.Wait()
		close(process.ended)
	}()
	return process
}

// process is one process of a site.
type process struct {
	*exec.Cmd
	target string
	// ended is closed once the process has.
	ended chan struct{}
	// wanted tells that the test ended it.
	wanted bool
}

// kill ends a process as the kernel would.
func (s *site) kill(p *process) {
	s.t.Helper()
	p.wanted = true
	if err := p.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	<-p.ended
}

// killWorkers kills every child of an edge.
func (s *site) killWorkers(edge *process) {
	s.t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", edge.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	killed := 0
	for _, file := range threads {
		children, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		for _, child := range strings.Fields(string(children)) {
			var pid int
			if _, err := fmt.Sscan(child, &pid); err != nil {
				s.t.Fatal(err)
			}
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed++
			}
		}
	}
	if killed == 0 {
		s.t.Error("the edge has no workers to kill")
	}
}

// stop ends all processes, as an operator would, the broker last. Each has ten seconds, and none may have ended before.
func (s *site) stop() {
	for _, p := range slices.Backward(s.processes) {
		select {
		case <-p.ended:
			if !p.wanted {
				s.t.Errorf("%s ended by itself: %v", p.target, p.ProcessState)
			}
			continue
		default:
		}
		p.wanted = true
		p.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.ended:
			if code := p.ProcessState.ExitCode(); code != exitOK {
				s.t.Errorf("%s ended with code %d on SIGTERM, want 0", p.target, code)
			}
		case <-time.After(10 * time.Second):
			s.t.Errorf("%s did not end within 10 s of SIGTERM", p.target)
			s.kill(p)
		}
	}
}

// play plays the streams to their end while often is called, and notes every event that a reader of the log sees.
func (s *site) play(often func(now time.Time)) {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	defer stop()
	s.begin(ctx)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for now := range tick.C {
		if now.After(s.demo.Start().Add(s.length)) {
			return
		}
		often(now)
	}
}

// begin plays the streams, and notes every event that a reader of the log sees, until ctx ends.
func (s *site) begin(ctx context.Context) {
	s.t.Helper()
	go s.demo.Run(ctx)
	config := kafka.Defaults()
	config.Brokers, config.Prefix, config.Partitions = s.brokers, s.prefix, partitions
	cluster, err := kafka.Dial(ctx, config, schemas.Baked(), slog.Default())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(cluster.Close)
	s.cluster = cluster
	if _, err := cluster.Apply(ctx); err != nil {
		s.t.Fatal(err)
	}
	go kafka.Read(ctx, cluster, topology.Defects, kafka.ReadOptions{}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
		s.demo.Score.Event(r.Value, time.Now())
		s.mu.Lock()
		defer s.mu.Unlock()
		s.defects[r.Value.ID] = *r.Value
		return nil
	})
}

// inFault counts the faults that began more than a second ago; the newest of them is going on.
func (s *site) inFault(now time.Time) int {
	return len(s.demo.Injected(now.Add(-time.Second)))
}

func (s *site) wantAllFound() {
	s.t.Helper()
	report := s.demo.Report(time.Now())
	var text bytes.Buffer
	if err := report.Write(&text, s.demo.Start()); err != nil {
		s.t.Fatal(err)
	}
	s.t.Logf("\n%s", &text)
	if !report.OK() {
		s.t.Errorf("not every fault was found, or more than the faults was")
	}
}

// wantFound wants for each of the faults a defect of its stream and kind with its onset within tolerance of the fault's, no defect of another
// stream or kind, and no two of one stream and kind that overlap.
func (s *site) wantFound(injected map[lab.Injected]bool, tolerance time.Duration) {
	t := s.t
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	type what struct{ stream, kind string }
	found := map[what][]schemas.DefectEvent{}
	for _, e := range s.defects {
		found[what{e.Stream, e.Kind}] = append(found[what{e.Stream, e.Kind}], e)
	}
	wanted := map[what]bool{}
	for in := range injected {
		w := what{in.Stream, in.Kind}
		wanted[w] = true
		nearest := time.Duration(math.MaxInt64)
		for _, e := range found[w] {
			nearest = min(nearest, time.UnixMicro(e.Onset).Sub(in.Start).Abs())
		}
		t.Logf("%-9s %-16s at %6.2f s: nearest onset %.2f s away", in.Stream, in.Kind, in.Start.Sub(s.demo.Start()).Seconds(), nearest.Seconds())
		if nearest > tolerance {
			t.Errorf("%s of %s: no defect has its onset within %v of the fault's", in.Kind, in.Stream, tolerance)
		}
	}
	for w, events := range found {
		if !wanted[w] {
			t.Errorf("%s of %s was found and never injected: %+v", w.kind, w.stream, events)
		}
		slices.SortFunc(events, func(a, b schemas.DefectEvent) int { return cmp.Compare(a.Onset, b.Onset) })
		for i := 1; i < len(events); i++ {
			if events[i].Onset < events[i-1].End {
				t.Errorf("two defects overlap: %+v and %+v", events[i-1], events[i])
			}
		}
	}
}

// wantReplayEqual runs the detector over the recorded features again and wants what stands in the defects and health topics, byte for byte after
// the schema id, and no revision of a defect twice.
func (s *site) wantReplayEqual() {
	t := s.t
	t.Helper()
	committed, err := s.cluster.Committed(t.Context(), topology.StageNamed("detector").Group, &topology.Features.Spec)
	if err != nil {
		t.Fatal(err)
	}
	events, rolls := 0, 0
	for partition := range s.cluster.Partitions() {
		defects, health := s.replayed(partition, committed[partition])
		live := s.recorded(&topology.Defects.Spec, partition)
		wantOnce(t, partition, live)
		wantSame(t, partition, live, defects, describe)
		rolled := s.recorded(&topology.Health.Spec, partition)
		wantSame(t, partition, rolled, health, describeHealth)
		events += len(live)
		rolls += len(rolled)
	}
	t.Logf("%d events and %d roll-ups equal on replay", events, rolls)
}

// source is one partition of a topic, for the replay.
func (s *site) source(topic *topology.Spec, partition int32) replay.Source {
	return replay.Source{Cluster: replay.Cluster{Brokers: s.brokers}, Topic: s.prefix + topic.Name, Partitions: []int32{partition}}
}

// recorded are the values that stand in a partition, without their headers.
func (s *site) recorded(topic *topology.Spec, partition int32) (values [][]byte) {
	s.t.Helper()
	err := replay.Read(s.t.Context(), s.source(topic, partition), replay.Range{}, func(r replay.Record) error {
		values = append(values, r.Value[5:])
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return values
}

// replayed is what the detector tells of the features of a partition below an offset.
func (s *site) replayed(partition int32, below int64) (defects, health [][]byte) {
	s.t.Helper()
	source, within := s.source(&topology.Features.Spec, partition), replay.Range{ToOffset: below}
	err := replay.Detect(s.t.Context(), source, within, schemas.Baked(), slog.Default(), func(_ int32, o detector.Output) error {
		if o.Defect != nil {
			value, err := schemas.Append(schemas.Baked(), schemas.DefectEvents, nil, o.Defect)
			defects = append(defects, value[5:])
			return err
		}
		value, err := schemas.Append(schemas.Baked(), schemas.Healths, nil, o.Health)
		health = append(health, value[5:])
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return defects, health
}

// wantOnce wants no revision of a defect twice.
func wantOnce(t *testing.T, partition int32, events [][]byte) {
	t.Helper()
	revisions := map[string]bool{}
	for _, value := range events {
		e := headless(schemas.DefectEvents, value)
		key := fmt.Sprintf("%s revision %d", e.ID, e.Revision)
		if revisions[key] {
			t.Errorf("partition %d: %s stands there twice", partition, key)
		}
		revisions[key] = true
	}
}

// wantSame wants what was told live and on replay to be the same, and tells the first difference.
func wantSame(t *testing.T, partition int32, live, again [][]byte, describe func([]byte) string) {
	t.Helper()
	if len(live) != len(again) {
		t.Errorf("partition %d: %d records live, %d on replay", partition, len(live), len(again))
	}
	for i := range min(len(live), len(again)) {
		if !bytes.Equal(live[i], again[i]) {
			t.Errorf("partition %d, record %d: live and replay differ:\n%s\n%s", partition, i, describe(live[i]), describe(again[i]))
			return
		}
	}
}

// describe is an event without its header, for people, and describeHealth a roll-up.
func describe(value []byte) string       { return fmt.Sprintf("%+v", headless(schemas.DefectEvents, value)) }
func describeHealth(value []byte) string { return fmt.Sprintf("%+v", headless(schemas.Healths, value)) }

// headless decodes a value without its header, written under the baked-in schema.
func headless[T any](schema *schemas.Schema[T], value []byte) (v T) {
	header, _ := schemas.Append(schemas.Baked(), schema, nil, &v)
	if err := schemas.Decode(schemas.Baked(), schema, append(header[:5:5], value...), &v); err != nil {
		panic(err) // it was decoded when it was written
	}
	return v
}
