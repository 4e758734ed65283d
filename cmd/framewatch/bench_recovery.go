package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// recoveryBench is what happened to live streams when one of the two detectors that shared them was killed.
type recoveryBench struct {
	// Streams in real time, of so many pictures a second in all; LagBefore and LagAfter are the 99th percentile of the time from when a record was
	// written until its offset was committed, while two detectors shared them and when one had taken over, seen ten times a second.
	Streams         int     `json:"streams"`
	FramesPerSecond float64 `json:"frames_per_second"`
	LagBefore       float64 `json:"lag_before_seconds"`
	LagAfter        float64 `json:"lag_after_seconds"`
	// Lag is the larger of them.
	Lag float64 `json:"lag_seconds"`
	// Recovery is the time from when the first partition of the dead detector was assigned until the first of them folded its next record, AllFlow
	// until all had. Outage is the time from the kill until no partition was behind by a second any more.
	Recovery float64 `json:"recovery_seconds"`
	AllFlow  float64 `json:"all_flow_seconds"`
	Outage   float64 `json:"outage_seconds"`
	// Partitions of each topic, and how many of them the dead detector had.
	Partitions int32 `json:"partitions"`
	Moved      int   `json:"partitions_moved"`
	// fromKill and toAll are from the kill until the first and all of them folded their next record, seconds.
	fromKill, toAll float64
}

const (
	// sustainedLag is how far behind detectors may be that sustain a load.
	sustainedLag = time.Second
	// settled is for how long they must be before and after the kill for the lag to be measured, joined how long they may take to share the partitions,
	// recovered how long one may take to go on alone.
	settled, joined, recovered = 15 * time.Second, time.Minute, time.Minute
	// day is longer than any bench.
	day = 24 * time.Hour
	// firstLive and mostLive are the numbers of streams that are tried.
	firstLive, mostLive = 500, 5000
)

// errBehind says that the machine does not sustain the load.
var errBehind = errors.New("the detectors fall behind")

// recovery kills one of two detectors at the largest load that they sustain, or at that which was given.
func (b *benchDetector) recovery(ctx context.Context, fleet *lab.Fleet) (best recoveryBench, err error) {
	if b.live > 0 {
		return b.try(ctx, fleet, b.live)
	}
	for n, failed := firstLive, false; ; {
		fmt.Fprintf(b.stderr, "%d live streams on two detectors, one of which is killed\n", n)
		result, err := b.try(ctx, fleet, n)
		switch {
		case err != nil && !errors.Is(err, errBehind):
			return best, err
		case err != nil && best.Streams > 0:
			return best, nil
		case err != nil:
			fmt.Fprintf(b.stderr, "too many: %v\n", err)
			if n, failed = n*3/4, true; n < 10 {
				return best, err
			}
		case failed || n == mostLive:
			return result, nil
		default:
			best, n = result, min(n*7/5, mostLive)
		}
	}
}

// try measures one number of streams with a log of its own.
func (b *benchDetector) try(ctx context.Context, fleet *lab.Fleet, streams int) (result recoveryBench, err error) {
	err = b.withLog(ctx, func(cluster *kafka.Cluster) error {
		if err := addStreams(ctx, cluster, streams); err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		run := &recoveryRun{cluster: cluster, streams: streams, measure: b.live != 0, late: sustainedLag, lags: &lagWatch{waiting: map[int32][]lagMark{}}}
		var work sync.WaitGroup
		defer work.Wait()
		defer cancel()
		for range 2 {
			d, err := b.follow()
			if err != nil {
				return err
			}
			defer stopProcess(d.process)
			run.detectors = append(run.detectors, d)
		}
		work.Go(func() {
			run.broadcast(ctx, time.Now(), func(start int64) iter.Seq2[string, *schemas.Feature] { return fleet.Records(streams, start, day) })
		})
		work.Go(func() { run.watch(ctx) })
		result, err = run.kill(ctx)
		result.Partitions = b.partitions
		return err
	})
	return result, err
}

// addStreams puts the streams on the log, so that the detectors send settings for them.
func addStreams(ctx context.Context, cluster *kafka.Cluster, streams int) error {
	if _, err := cluster.Apply(ctx); err != nil {
		return err
	}
	byPartition := map[int32][]topology.Message{}
	for i := range streams {
		id := lab.StreamID(i)
		p := cluster.Partition(id)
		byPartition[p] = append(byPartition[p], topology.Streams.Message(id, &schemas.StreamSpec{URL: "udp://127.0.0.1:1", Profile: defaultProfile, Origin: "bench"}))
	}
	for p, messages := range byPartition {
		if err := cluster.Publish(ctx, p, messages...); err != nil {
			return err
		}
	}
	return nil
}

// recoveryRun is one number of streams on two detectors.
type recoveryRun struct {
	cluster *kafka.Cluster
	streams int
	// measure says that whatever comes of this number is wanted, not only what is sustained.
	measure bool
	// late is how late the bench itself may send.
	late      time.Duration
	detectors []*followed
	lags      *lagWatch

	mu sync.Mutex
	// failed is why what is measured would say nothing.
	failed   error
	pictures int64
	began    time.Time
}

// fail keeps the first failure.
func (r *recoveryRun) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = err
	}
}

// failure is the first.
func (r *recoveryRun) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// broadcast plays the records of a fleet, which begin at a time that they are told, in real time: the streams of each tenth of a second evenly over the next.
func (r *recoveryRun) broadcast(ctx context.Context, began time.Time, records func(start int64) iter.Seq2[string, *schemas.Feature]) {
	r.mu.Lock()
	r.began = began
	r.mu.Unlock()
	last, sent := "", 0
	for id, f := range records(began.UnixMicro()) {
		if id != last {
			last = id
			due := began.Add(lab.Turn + lab.Turn*time.Duration(sent)/time.Duration(r.streams))
			sent++
			if wait := time.Until(due); wait > time.Millisecond {
				select {
				case <-ctx.Done():
				case <-time.After(wait):
				}
			} else if wait < -r.late {
				r.fail(fmt.Errorf("%w: the bench itself sends its records too late", errBehind))
			}
			if ctx.Err() != nil {
				return
			}
		}
		if f.VideoFrame != nil {
			r.mu.Lock()
			r.pictures++
			r.mu.Unlock()
		}
		r.cluster.TryPublish(r.cluster.Partition(id), topology.Features.Message(id, f), func(err error) {
			if err != nil && ctx.Err() == nil {
				r.fail(fmt.Errorf("%w: a record cannot be written: %w", errBehind, err))
			}
		})
	}
}

// watch looks at the lag until ctx ends.
func (r *recoveryRun) watch(ctx context.Context) {
	for ctx.Err() == nil {
		if err := r.lags.look(ctx, r.cluster); err != nil && ctx.Err() == nil {
			r.fail(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(lagLook):
		}
	}
}

// kill measures what happens to the partitions of a detector that is killed.
func (r *recoveryRun) kill(ctx context.Context) (result recoveryBench, err error) {
	if err := r.wait(ctx, joined, "to share the partitions", r.shared); err != nil {
		return result, err
	}
	if result.LagBefore, err = r.steady(ctx); err != nil {
		return result, err
	}
	t, err := r.strike(ctx)
	if err != nil {
		return result, err
	}
	result.Moved, result.Recovery, result.AllFlow = t.moved, t.first.Sub(t.assigned).Seconds(), t.last.Sub(t.assigned).Seconds()
	result.Outage, result.fromKill, result.toAll = t.over.Sub(t.killed).Seconds(), t.first.Sub(t.killed).Seconds(), t.last.Sub(t.killed).Seconds()
	if result.LagAfter, err = r.steady(ctx); err != nil {
		return result, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	result.Streams, result.FramesPerSecond = r.streams, float64(r.pictures)/time.Since(r.began).Seconds()
	result.Lag = max(result.LagBefore, result.LagAfter)
	return result, nil
}

// shared tells whether each detector has partitions, and none of them is behind.
func (r *recoveryRun) shared() bool {
	for i, d := range r.detectors {
		if len(d.ownedBeside(slices.Delete(slices.Clone(r.detectors), i, i+1)...)) == 0 {
			return false
		}
	}
	return r.lags.behind() < sustainedLag
}

// takeover is what became of the partitions of a detector that was killed.
type takeover struct {
	moved int
	// killed is when; assigned when the first of its partitions was given to another, first when the first of them was folded on, last when all were, over when nothing was
	// behind any more.
	killed, assigned, first, last, over time.Time
}

// strike kills the first detector, and waits until the others have its partitions and nothing is behind.
func (r *recoveryRun) strike(ctx context.Context) (t takeover, err error) {
	dead, alive := r.detectors[0], r.detectors[1:]
	owned := dead.ownedBeside(alive...)
	t.killed = time.Now()
	if err := dead.process.Process.Kill(); err != nil {
		return t, err
	}
	flows := func() (all []flow) {
		for _, d := range alive {
			all = append(all, d.since(t.killed, owned)...)
		}
		return all
	}
	all := func() bool { return len(flows()) >= len(owned) && r.lags.behind() < sustainedLag }
	if err := r.wait(ctx, recovered, "to take over", all); err != nil {
		return t, err
	}
	t.moved, t.over = len(owned), time.Now()
	for _, f := range flows() {
		if began := f.at.Add(-f.after); t.assigned.IsZero() || began.Before(t.assigned) {
			t.assigned = began
		}
		if t.first.IsZero() || f.at.Before(t.first) {
			t.first = f.at
		}
		if f.at.After(t.last) {
			t.last = f.at
		}
	}
	return t, nil
}

// wait waits until done.
func (r *recoveryRun) wait(ctx context.Context, patience time.Duration, what string, done func() bool) error {
	for end := time.Now().Add(patience); !done(); {
		if err := errors.Join(ctx.Err(), r.failure()); err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%w: they take more than %s %s", errBehind, patience, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}

// steady is the lag while nothing happens.
func (r *recoveryRun) steady(ctx context.Context) (float64, error) {
	from := time.Now()
	if err := r.wait(ctx, 2*settled, "", func() bool { return time.Since(from) >= settled }); err != nil {
		return 0, err
	}
	lag := r.lags.percentile(from, 0.99)
	if lag >= sustainedLag && !r.measure {
		return 0, fmt.Errorf("%w: by %.2f s", errBehind, lag.Seconds())
	}
	return lag.Seconds(), nil
}

// followed is a detector's process and what its log says of its partitions.
type followed struct {
	process *exec.Cmd

	mu     sync.Mutex
	flowed map[int32]flow
}

// flow is when a partition folded its first record, and how long after it had been assigned.
type flow struct {
	at    time.Time
	after time.Duration
}

// follow starts a detector whose log is read.
func (r *benchRig) follow() (d *followed, err error) {
	d = &followed{flowed: map[int32]flow{}}
	d.process, err = r.start("detector", &lines{each: func(line []byte) {
		r.complain(line)
		d.read(line)
	}}, "--brokers", r.config.Kafka.Brokers[0])
	return d, err
}

// read takes a line of the log that tells of a partition.
func (d *followed) read(text []byte) {
	var line struct {
		Time      time.Time     `json:"time"`
		Message   string        `json:"msg"`
		Partition int32         `json:"partition"`
		After     time.Duration `json:"after"`
	}
	if json.Unmarshal(text, &line) != nil || line.Message != "partition flows" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flowed[line.Partition] = flow{line.Time, line.After}
}

// flows are the partitions that have been followed so far.
func (d *followed) flows() map[int32]flow {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.flowed)
}

// ownedBeside are the partitions that flow here and not, later, at another detector: one that came first may have had them all.
func (d *followed) ownedBeside(others ...*followed) (owned []int32) {
	theirs := map[int32]flow{}
	for _, other := range others {
		for p, f := range other.flows() {
			if f.at.After(theirs[p].at) {
				theirs[p] = f
			}
		}
	}
	for p, f := range d.flows() {
		if f.at.After(theirs[p].at) {
			owned = append(owned, p)
		}
	}
	return owned
}

// since are the flows of some partitions that began after a time.
func (d *followed) since(t time.Time, partitions []int32) (flows []flow) {
	all := d.flows()
	for _, p := range partitions {
		if f, ok := all[p]; ok && f.at.After(t) {
			flows = append(flows, f)
		}
	}
	return flows
}

// lagLook is the time between two looks at the lag.
const lagLook = 100 * time.Millisecond

// lagWatch compares where the log ends with what is committed.
type lagWatch struct {
	mu sync.Mutex
	// waiting are, for each partition, the ends that were seen and are not committed yet, oldest first.
	waiting map[int32][]lagMark
	seen    []lagSample
}

// lagMark is where a partition ended at a time.
type lagMark struct {
	at  time.Time
	end int64
}

// lagSample is how long after a time all was committed that a partition held by then.
type lagSample struct {
	partition int32
	at        time.Time
	lag       time.Duration
}

// look takes the ends, and then what is committed of those seen before.
func (w *lagWatch) look(ctx context.Context, cluster *kafka.Cluster) error {
	at := time.Now()
	ends, err := cluster.Ends(ctx, &topology.Features.Spec)
	if err != nil {
		return err
	}
	committed, err := cluster.Committed(ctx, topology.StageNamed("detector").Group, &topology.Features.Spec)
	if err != nil {
		return err
	}
	w.note(at, time.Now(), ends, committed)
	return nil
}

// note takes what was seen: the ends of before, and what was committed by now.
func (w *lagWatch) note(at, now time.Time, ends, committed map[int32]int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for p, end := range ends {
		marks := append(w.waiting[p], lagMark{at, end})
		for len(marks) > 0 && committed[p] >= marks[0].end {
			w.seen = append(w.seen, lagSample{p, marks[0].at, now.Sub(marks[0].at)})
			marks = marks[1:]
		}
		w.waiting[p] = marks
	}
}

// behind is how long the oldest of what is not committed has been waiting.
func (w *lagWatch) behind() (most time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) == 0 {
		return time.Hour // nothing has been seen yet
	}
	for _, marks := range w.waiting {
		if len(marks) > 0 {
			most = max(most, time.Since(marks[0].at))
		}
	}
	return most
}

// percentile of the lags since a time.
func (w *lagWatch) percentile(since time.Time, share float64) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	var lags []time.Duration
	for _, s := range w.seen {
		if s.at.After(since) {
			lags = append(lags, s.lag)
		}
	}
	for _, marks := range w.waiting {
		for _, m := range marks {
			if m.at.After(since) {
				lags = append(lags, time.Since(m.at))
			}
		}
	}
	if len(lags) == 0 {
		return time.Hour
	}
	slices.Sort(lags)
	return lags[int(share*float64(len(lags)-1))]
}
