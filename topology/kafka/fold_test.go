package kafka_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// sums is a toy stage. Its input is numbers, 1, 2, 3 and so on in each stream (a Tick's time); each fifth gives an event with the sum of the stream's
// last five numbers and the id of the stream's event before. So a number too many, too few or out of order, a window not rebuilt and an
// event not restored all show in what it says.
type sums struct {
	lookback time.Duration
	windows  map[string][]int64
	events   map[string]string
	folded   *atomic.Int64
}

func newSums(int32) topology.Processor[schemas.Feature, schemas.DefectEvent] {
	return &sums{lookback: time.Minute, windows: map[string][]int64{}, events: map[string]string{}, folded: new(atomic.Int64)}
}

func (s *sums) Lookback() time.Duration { return s.lookback }

func (s *sums) Restore(latest []schemas.DefectEvent) {
	for _, e := range latest {
		s.events[e.Stream] = e.ID
	}
}

func (s *sums) Fold(r topology.Record[schemas.Feature], emit func(topology.Message)) {
	if r.Value.Tick == nil {
		return
	}
	s.folded.Add(1)
	n, stream := r.Value.Tick.Time, r.Key
	w := append(s.windows[stream], n)
	s.windows[stream] = w[max(0, len(w)-5):]
	if n%5 != 0 {
		return
	}
	var sum int64
	for _, x := range s.windows[stream] {
		sum += x
	}
	e := &schemas.DefectEvent{ID: fmt.Sprintf("%s-%d", stream, n), Stream: stream, Value: float64(sum), Reason: s.events[stream]}
	s.events[stream] = e.ID
	emit(topology.Defects.Message(stream, e))
	emit(topology.DefectsLatest.Message(stream, e))
}

// stage is the toy stage's options.
func stage() kafka.RunOptions[schemas.Feature, schemas.DefectEvent] {
	return kafka.RunOptions[schemas.Feature, schemas.DefectEvent]{Group: "framewatch.sums", Input: topology.Features, Latest: topology.DefectsLatest,
		New: newSums, Interval: 20 * time.Millisecond}
}

// ledger is what the stage must have said of streams that counted up to last: for the number n the sum n + n-1 + n-2 + n-3 + n-4 = 5n - 10, after the event of n-5.
func ledger(streams []string, last int64) []string {
	var lines []string
	for _, stream := range slices.Sorted(slices.Values(streams)) {
		before := ""
		for n := int64(5); n <= last; n += 5 {
			lines = append(lines, fmt.Sprintf("%s-%d sum %d after %q", stream, n, 5*n-10, before))
			before = fmt.Sprintf("%s-%d", stream, n)
		}
	}
	return lines
}

// said is what stands in the defects topic, stream by stream in the order of the log.
func said(t *testing.T, c *kafka.Cluster) []string {
	t.Helper()
	type event struct{ stream, line string }
	var events []event
	err := kafka.Read(within(t), c, topology.Defects, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
		if want := c.Partition(r.Key); r.Partition != want {
			t.Errorf("%s stands in partition %d, want %d as its input", r.Value.ID, r.Partition, want)
		}
		events = append(events, event{r.Key, fmt.Sprintf("%s sum %.0f after %q", r.Value.ID, r.Value.Value, r.Value.Reason)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.stream, b.stream) })
	var lines []string
	for _, e := range events {
		lines = append(lines, e.line)
	}
	return lines
}

// check waits until everything has been said and compares it with the ledger.
func check(t *testing.T, c *kafka.Cluster, streams []string, last int64) {
	t.Helper()
	want := ledger(streams, last)
	eventually(t, fmt.Sprintf("%d events", len(want)), func() bool { return len(said(t, c)) >= len(want) })
	got := said(t, c)
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("event %d is %s, want %s", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
}

// count publishes the numbers from first to last of each stream.
func count(t *testing.T, c *kafka.Cluster, streams []string, first, last int64) {
	t.Helper()
	for n := first; n <= last; n++ {
		for _, stream := range streams {
			m := topology.Features.Message(stream, &schemas.Feature{Tick: &schemas.Tick{Time: n}})
			if err := c.Publish(within(t), c.Partition(stream), m); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// runs starts a member of the stage; stop ends it and waits.
func runs(t *testing.T, c *kafka.Cluster, options kafka.RunOptions[schemas.Feature, schemas.DefectEvent]) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- kafka.Run(ctx, c, options) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run ended with %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// counters are streams that live in different partitions of four: murmur2 puts some of them together and some apart.
var counters = []string{"one", "two", "three", "four", "five"}
