package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// The flags of the long form, `make faults`.
var (
	faultsFor  = flag.Duration("faults.for", 0, "how long TestFaults goes on drawing faults; 0: each of the short form once")
	faultsSeed = flag.Uint64("faults.seed", 1, "what TestFaults draws from")
)

const (
	faultPartitions = partitions
	faultStreams    = 2 * faultPartitions
	// steadyStream has been away since before the first fault, and stays so.
	steadyStream = "steady"
)

// faultPartition is where a stream lives.
func faultPartition(id string) int32 {
	var number int32
	fmt.Sscanf(id, "stream-%d", &number) // the steady one is in the first
	return number % faultPartitions
}

// TestFaults lets everything happen to two detectors, and to the three brokers of their log, that the table of faults holds, while streams come and
// go, become black and silent, and records stand among theirs that nobody can read. Then what stands on the log is compared with what one detector
// that nothing ever happened to tells of the same features.
func TestFaults(t *testing.T) {
	s := newFaultSite(t)
	t.Logf("seed %d", *faultsSeed)
	if *faultsFor == 0 {
		for _, f := range faults {
			if !f.long {
				s.do(f)
			}
		}
	} else {
		for until := time.Now().Add(*faultsFor); time.Now().Before(until) && !t.Failed(); {
			for _, i := range s.random.Perm(len(faults)) {
				if time.Now().Before(until) && !t.Failed() {
					s.do(faults[i])
				}
			}
		}
	}
	s.finish()
}

// fault is one kind of fault.
type fault struct {
	name string
	// do lets it happen once, and returns when every partition flows again.
	do func(s *faultSite)
	// long ones are not part of the short form.
	long bool
}

// Slots of the detectors: the first keeps its name, so that its partitions wait for it to come back; those of the second go to the first.
const named, nameless = 0, 1

// faults are all of them.
var faults = []fault{
	{name: "SIGKILL after poll", do: killed(named, kafka.Polled, 0)},
	{name: "SIGKILL before produce", do: killed(named, kafka.Folded, 0)},
	{name: "SIGKILL in produce", do: killed(named, kafka.Folded, 3*time.Millisecond)},
	{name: "SIGKILL after produce, before offsets", do: killed(named, kafka.Written, 0)},
	{name: "SIGKILL after offsets, before EndTxn", do: killed(named, kafka.Attached, 0)},
	{name: "SIGKILL in EndTxn", do: killed(named, kafka.Attached, 3*time.Millisecond)},
	{name: "SIGKILL after EndTxn", do: killed(named, kafka.Committed, 0)},
	{name: "SIGKILL of one, the other takes over", do: killed(nameless, kafka.Attached, 0), long: true},
	{name: "SIGKILL of both", do: (*faultSite).killBoth, long: true},
	{name: "SIGSTOP before produce, back after take-over", do: stopped(kafka.Folded), long: true},
	{name: "SIGSTOP before offsets, back after take-over", do: stopped(kafka.Written), long: true},
	{name: "SIGSTOP before EndTxn, back after take-over", do: stopped(kafka.Attached)},
	{name: "members join and leave", do: (*faultSite).storm},
	{name: "SIGHUP with other rules", do: (*faultSite).reload},
	{name: "leader of a partition killed", do: (*faultSite).killLeader, long: true},
	{name: "group's coordinator killed", do: (*faultSite).killGroupCoordinator},
	{name: "transactions' coordinator killed", do: (*faultSite).killTransactionCoordinator, long: true},
	{name: "two of three brokers killed", do: (*faultSite).killTwo, long: true},
	// These last: by then more has happened than is folded again.
	{name: "SIGKILL before the rebuild", do: killed(named, kafka.Fenced, 0)},
	{name: "SIGKILL in the rebuild", do: killed(named, kafka.Restored, 0)},
	{name: "SIGKILL after the rebuild", do: killed(named, kafka.Rebuilt, 0)},
}

// faultSite is two detectors on a log of three brokers, and what happens to them.
type faultSite struct {
	*site
	machines  *kafkatest.Machines
	random    *rand.Rand
	rules     int
	detectors [2]*struck
	feed      *faultFeed
	stopFeed  func()
	watch     *faultWatch
	outcomes  map[string]*outcome
	// current is the fault that happens now.
	current string
}

// outcome is what has been seen of a kind of fault.
type outcome struct {
	times int
	// recovery is the longest time, from the fault, until what then stood on the log was folded in every partition.
	recovery time.Duration
}

// newFaultSite starts all of it.
func newFaultSite(t *testing.T) *faultSite {
	t.Helper()
	began := time.Now()
	machines := kafkatest.Brokers(t, 3)
	s := &faultSite{
		site: &site{
			t: t, brokers: machines.Addresses(), prefix: fmt.Sprintf("faults%d.", time.Now().UnixNano()),
			config: filepath.Join(t.TempDir(), "framewatch.yaml"),
		},
		machines: machines, random: rand.New(rand.NewPCG(*faultsSeed, 0)), outcomes: map[string]*outcome{},
	}
	config := defaultConfig()
	config.Kafka.Brokers, config.Kafka.Prefix, config.Kafka.Partitions, config.Log.Level = s.brokers, s.prefix, faultPartitions, "error"
	a, err := newApp(config, io.Discard)
	if err == nil {
		err = a.dial(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	s.cluster = a.cluster
	t.Cleanup(a.cluster.Close)
	if _, err := a.cluster.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.configure()
	s.watch = watchDefects(t, a.cluster)
	for slot := range s.detectors {
		s.begin(slot, none)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.feed = &faultFeed{t: t, cluster: a.cluster, random: rand.New(rand.NewPCG(*faultsSeed, 1))}
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		s.feed.run(ctx, faultStreams)
	}()
	s.stopFeed = func() { stop(); <-fed }
	t.Cleanup(s.stopFeed)
	s.flows("the first features")
	t.Logf("%6.1f s  until the brokers and the detectors were up", time.Since(began).Seconds())
	return s
}

// configure writes the configuration with the next of two sets of rules.
func (s *faultSite) configure() {
	s.t.Helper()
	unlimited := map[string]any{"flaps": 0}
	rules := []map[string]any{
		{"black": unlimited, "silence": unlimited, "no_signal": unlimited},
		{"black": map[string]any{"for": "2500ms", "flaps": 0}, "silence": map[string]any{"for": "1s", "flaps": 2, "flap_window": "1m", "flap_hold": "30s"}, "no_signal": map[string]any{"for": "3s", "flaps": 0}},
	}[s.rules%2]
	s.rules++
	streams := []map[string]any{{"id": steadyStream, "url": "http://127.0.0.1:1/steady.ts", "lane": s.lane(faultPartition(steadyStream))}}
	for i := range faultStreams {
		id := fmt.Sprintf("stream-%05d", i)
		streams = append(streams, map[string]any{"id": id, "url": "http://127.0.0.1:1/" + id + ".ts", "lane": s.lane(faultPartition(id))})
	}
	text, err := yaml.Marshal(map[string]any{
		"log":      map[string]any{"level": cmp.Or(os.Getenv("FRAMEWATCH_TEST_LOG"), "error")},
		"kafka":    map[string]any{"brokers": s.brokers, "prefix": s.prefix, "partitions": faultPartitions, "instance": "${env:" + instance + ":-}"},
		"profiles": map[string]any{defaultProfile: map[string]any{"rules": rules}},
		"streams":  streams,
	})
	if err == nil {
		err = os.WriteFile(s.config, text, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// lane is a lane whose streams live in the partition.
func (s *faultSite) lane(partition int32) string {
	for i := 0; ; i++ {
		if lane := fmt.Sprint("lane", i); s.cluster.Partition(lane) == partition {
			return lane
		}
	}
}

// begin starts the detector of a slot.
func (s *faultSite) begin(slot int, first strike) {
	s.t.Helper()
	name := ""
	if slot == named {
		name = "named"
	}
	d := startStruck(s.t, s.config, name, first)
	s.detectors[slot] = d
	s.t.Cleanup(func() {
		if !isClosed(d.ended) {
			d.cmd.Process.Kill()
			<-d.ended
		}
	})
}

// do lets one fault happen.
func (s *faultSite) do(f fault) {
	s.t.Helper()
	o := s.outcomes[f.name]
	if o == nil {
		o = &outcome{}
		s.outcomes[f.name] = o
	}
	began := time.Now()
	s.current = f.name
	f.do(s)
	for _, d := range s.detectors {
		if isClosed(d.ended) {
			s.t.Fatalf("%s: a detector ended by itself with %v", f.name, d.cmd.ProcessState)
		}
	}
	o.times++
	s.t.Logf("%6.1f s  %s", time.Since(began).Seconds(), f.name)
}

// flows waits until what stands on the log now has been folded in every partition.
func (s *faultSite) flows(after string) {
	s.t.Helper()
	began := time.Now()
	var ends map[int32]int64
	waitFor(s.t, "every partition to flow after "+after, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		var err error
		if ends == nil {
			if ends, err = s.cluster.Ends(ctx, &topology.Features.Spec); err != nil {
				ends = nil
				return false
			}
		}
		committed, err := s.cluster.Committed(ctx, topology.StageNamed("detector").Group, &topology.Features.Spec)
		if err != nil || len(ends) < faultPartitions {
			return false
		}
		for partition, end := range ends {
			// Nothing is owed where only markers stand, and there are none in the features.
			if committed[partition] < end {
				return false
			}
		}
		return true
	})
	if o := s.outcomes[after]; o != nil {
		o.recovery = max(o.recovery, time.Since(began))
	}
}

// killed kills the detector of a slot at a moment, or so long after it at the most, and starts it again.
func killed(slot int, m kafka.Moment, within time.Duration) func(*faultSite) {
	return func(s *faultSite) {
		order := strike{moment: m, signal: syscall.SIGKILL, count: 1 + s.random.IntN(3)}
		if within > 0 {
			order.after = time.Duration(1 + s.random.Int64N(int64(within)))
		}
		switch m {
		case kafka.Fenced, kafka.Restored, kafka.Rebuilt: // it comes there when it begins
			order.count = 1
			s.detectors[slot].signal(syscall.SIGKILL)
			s.detectors[slot].dies()
			s.begin(slot, order)
		default:
			s.detectors[slot].tell(order)
		}
		s.detectors[slot].dies()
		if slot == nameless {
			s.flows(s.current) // by the other
		}
		s.begin(slot, none)
		s.flows(s.current)
	}
}

// killBoth kills both at once, so that for a while nobody is there.
func (s *faultSite) killBoth() {
	for _, d := range s.detectors {
		d.signal(syscall.SIGKILL)
	}
	for slot, d := range s.detectors {
		d.dies()
		s.begin(slot, none)
	}
	s.flows(s.current)
}

// stopped stops a detector at a moment until its partitions have another owner, and lets it go on from there.
func stopped(m kafka.Moment) func(*faultSite) {
	return func(s *faultSite) {
		d := s.detectors[s.random.IntN(2)]
		said := d.spoken()
		d.tell(strike{moment: m, signal: syscall.SIGSTOP, count: 1 + s.random.IntN(3)})
		waitFor(s.t, "a detector to be stopped", func() bool { return len(d.lines(said, "strikes")) > 0 })
		s.flows(s.current)
		said = d.spoken()
		d.signal(syscall.SIGCONT)
		waitFor(s.t, "the one that was stopped to be a member again", func() bool { return len(d.lines(said, "owns")) > 0 })
		s.flows(s.current)
		for _, line := range d.lines(said, "after") {
			if line != "after "+string(kafka.Fenced) {
				s.t.Errorf("a detector that was stopped at %q while another took over went on to %q: it was not fenced", m, line)
			}
		}
	}
}

// storm lets four members join and leave, each while the one before is on its way out.
func (s *faultSite) storm() {
	var leaving sync.WaitGroup
	for range 4 {
		comer := startStruck(s.t, s.config, "", none)
		waitFor(s.t, "a new member to own a partition", func() bool { return len(comer.lines(0, "owns")) > 0 })
		leaving.Go(comer.leaves)
	}
	leaving.Wait()
	s.flows(s.current)
}

// reload changes the rules while defects are open.
func (s *faultSite) reload() {
	before := s.profile()
	s.configure()
	s.detectors[s.random.IntN(2)].signal(syscall.SIGHUP)
	waitFor(s.t, "other rules on the log", func() bool { return s.profile() != before })
	s.flows(s.current)
}

func (s *faultSite) profile() string {
	profiles, err := current(s.t.Context(), s.cluster, topology.Profiles)
	if err != nil {
		s.t.Fatal(err)
	}
	return profiles[defaultProfile].Rules
}

func (s *faultSite) killLeader() {
	s.killBroker(s.machines.Leader(s.prefix+topology.Features.Name, s.random.Int32N(faultPartitions)))
}

func (s *faultSite) killGroupCoordinator() {
	s.killBroker(s.machines.GroupCoordinator(s.group()))
}

func (s *faultSite) killTransactionCoordinator() {
	s.killBroker(s.machines.TransactionCoordinator(fmt.Sprintf("%s-%d", s.group(), s.random.Int32N(faultPartitions))))
}

func (s *faultSite) group() string { return s.prefix + topology.StageNamed("detector").Group }

// killBroker kills a broker, waits until the two others do its work, and starts it again.
func (s *faultSite) killBroker(id int32) {
	s.machines.Kill(id)
	s.flows(s.current)
	s.machines.Start(id)
	s.machines.Whole()
	s.flows(s.current)
}

// killTwo leaves too few brokers to write anything, for as long as the two need to start.
func (s *faultSite) killTwo() {
	order := s.random.Perm(3)
	two := []int32{int32(order[0]) + 1, int32(order[1]) + 1}
	for _, id := range two {
		s.machines.Kill(id)
	}
	for _, id := range two {
		s.machines.Start(id)
	}
	s.machines.Whole()
	s.flows(s.current)
}

// finish ends all and compares.
func (s *faultSite) finish() {
	t := s.t
	t.Helper()
	s.stopFeed()
	s.flows("the last features")
	for _, d := range s.detectors {
		d.leaves()
	}
	s.wantReplayEqual()
	aborted := s.wantOnlyCommittedSeen()
	s.wantLettersOnce()
	s.wantSteady()
	t.Logf("\n%s", s.table())
	t.Logf("%d records, %d of them poison; %d events of %d defects; %d records of aborted transactions in the defects, none seen",
		s.feed.records+s.feed.poison, s.feed.poison, len(s.watch.places), len(s.watch.defects), aborted)
}

// wantOnlyCommittedSeen wants the reader that was there all the time to have seen each committed event once and in order, and no other. It gives how
// many records there were that it must not see.
func (s *faultSite) wantOnlyCommittedSeen() int {
	t := s.t
	t.Helper()
	var committed []kafkatest.Place
	err := kafka.Read(t.Context(), s.cluster, topology.Defects, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
		committed = append(committed, kafkatest.Place{Partition: r.Partition, Offset: r.Offset})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the reader to see all", func() bool { return s.watch.seen() >= len(committed) })
	s.watch.stop()
	uncommitted := kafkatest.Uncommitted(t, s.brokers, s.prefix+topology.Defects.Name)
	times := map[kafkatest.Place]int{}
	last := map[int32]int64{}
	for _, place := range s.watch.places {
		times[place]++
		if uncommitted[place] {
			t.Errorf("a reader of what is committed has seen offset %d of partition %d, which is not", place.Offset, place.Partition)
		}
		if before, ok := last[place.Partition]; ok && place.Offset <= before {
			t.Errorf("partition %d: offset %d was seen after %d", place.Partition, place.Offset, before)
		}
		last[place.Partition] = place.Offset
	}
	for _, place := range committed {
		if times[place] != 1 {
			t.Errorf("offset %d of partition %d was seen %d times, want once", place.Offset, place.Partition, times[place])
		}
	}
	if len(uncommitted) == 0 {
		t.Error("no transaction with a defect in it was aborted: the faults struck nothing")
	}
	return len(uncommitted)
}

// wantLettersOnce wants one dead letter for each record of poison.
func (s *faultSite) wantLettersOnce() {
	t := s.t
	t.Helper()
	letters := map[kafkatest.Place]int{}
	err := kafka.Read(t.Context(), s.cluster, topology.DeadLetter, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.DeadLetter]) error {
		letters[kafkatest.Place{Partition: r.Value.Partition, Offset: r.Value.Offset}]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for place, times := range letters {
		if times != 1 {
			t.Errorf("there are %d dead letters of offset %d of partition %d, want one", times, place.Offset, place.Partition)
		}
	}
	if len(letters) != s.feed.poison || len(letters) == 0 {
		t.Errorf("there are dead letters of %d records, want %d, and some", len(letters), s.feed.poison)
	}
}

// wantSteady wants the defect that was open all the time to be one, open still.
func (s *faultSite) wantSteady() {
	t := s.t
	t.Helper()
	found := 0
	for _, e := range s.watch.defects {
		if e.Stream == steadyStream && e.Kind == "no_signal" {
			found++
			if e.State != "opened" && e.State != "updated" {
				t.Errorf("the defect of the stream that is never there ended: %+v", e)
			}
		}
	}
	if found != 1 {
		t.Errorf("the stream that is never there has %d defects, want one that lasts", found)
	}
}

// table is the faults, how often each was done and how long it took to get over it.
func (s *faultSite) table() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "fault\ttimes\tlongest until all partitions flowed\toutcome")
	for _, f := range faults {
		if o := s.outcomes[f.name]; o != nil {
			fmt.Fprintf(w, "%s\t%d\t%.1f s\t%s\n", f.name, o.times, o.recovery.Seconds(), map[bool]string{false: "as if nothing had happened", true: "see the errors"}[s.t.Failed()])
		}
	}
	w.Flush()
	return text.String()
}

// faultWatch is a reader of committed defects that is there all the time.
type faultWatch struct {
	mu      sync.Mutex
	places  []kafkatest.Place
	defects map[string]schemas.DefectEvent
	stop    func()
}

func watchDefects(t *testing.T, cluster *kafka.Cluster) *faultWatch {
	w := &faultWatch{defects: map[string]schemas.DefectEvent{}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- kafka.Read(ctx, cluster, topology.Defects, kafka.ReadOptions{}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.places = append(w.places, kafkatest.Place{Partition: r.Partition, Offset: r.Offset})
			w.defects[r.Value.ID] = *r.Value
			return nil
		})
	}()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the reader of defects: %v", err)
		}
	})
	t.Cleanup(w.stop)
	return w
}

func (w *faultWatch) seen() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.places)
}
