package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

const (
	// scaleLongest is more than a number of streams is ever played for.
	scaleLongest = 10 * time.Minute
	// scaleSettle is how long what could be judged may take to be found and told.
	scaleSettle = 10 * time.Second
)

// scaleStep is one number of streams on processes and topics of its own.
type scaleStep struct {
	*recoveryRun
	bench     *benchScale
	processes map[string][]*exec.Cmd
	ledger    *lab.ScaleLedger
	// from is when the streams begin.
	from time.Time
	// records that were sent, and those that were read of the two topics whose markers are counted.
	records, health, defects atomic.Int64
}

// step measures a number of streams, or what a kill does to them. What is not sustained is no error.
func (b *benchScale) step(ctx context.Context, streams int, kill bool) (result lab.ScaleStep, recovery *lab.ScaleRecovery, err error) {
	result = lab.ScaleStep{Streams: streams, Stages: []lab.ScaleStage{}, Topics: []lab.ScaleTopic{}}
	if b.dir, err = os.MkdirTemp("", "framewatch-bench-"); err != nil {
		return result, nil, err
	}
	defer os.RemoveAll(b.dir)
	b.number++
	prefix := fmt.Sprintf("scale%d.", b.number)
	s := &scaleStep{bench: b, processes: map[string][]*exec.Cmd{}, ledger: lab.NewScaleLedger()}
	webhook := httptest.NewServer(webhookSink(s.ledger.Told))
	defer webhook.Close()
	if err := b.configure(b.broker.address, prefix, scaleSections(webhook.URL)); err != nil {
		return result, nil, err
	}
	cluster, err := b.dial(ctx)
	if err != nil {
		return result, nil, err
	}
	defer func() { err = errors.Join(err, b.broker.clear(context.WithoutCancel(ctx), prefix)) }()
	defer cluster.Close()
	if _, err := cluster.Apply(ctx); err != nil {
		return result, nil, err
	}
	s.recoveryRun = &recoveryRun{cluster: cluster, streams: streams, measure: true, late: sustainedLag, lags: &lagWatch{waiting: map[int32][]lagMark{}}}
	if b.streams > 0 {
		s.late = scaleSettle // what comes of this number is wanted, however busy the machine is
	}
	defer s.stop()
	if err := s.start(ctx); err != nil {
		return result, nil, err
	}
	// Only now, lest they be missed.
	if err := addStreams(ctx, cluster, streams); err != nil {
		return result, nil, err
	}
	s.from = time.Now()
	s.ledger.Expect(b.fleet.Faults(streams, s.from.UnixMicro(), scaleLongest))
	stop := s.play(ctx)
	defer stop()
	if kill {
		recovery, err = s.recovery(ctx)
	} else {
		err = s.fill(ctx, &result)
	}
	if errors.Is(err, errBehind) {
		result.Sustained, result.Why, err = false, err.Error(), nil
	}
	return result, recovery, err
}

// scaleSections are what the processes are configured with beside what a bench gives them: one webhook, that is told of each defect by itself.
func scaleSections(webhook string) map[string]any {
	return map[string]any{
		"notifier": map[string]any{
			"receivers": map[string]any{"bench": map[string]any{"type": "webhook", "url": webhook}},
			"storm":     map[string]any{"changes": 1 << 30},
		},
		"console": map[string]any{"listen": "127.0.0.1:0"},
	}
}

// start starts the processes and waits until the notifier tells.
func (s *scaleStep) start(ctx context.Context) error {
	for range s.bench.Detectors {
		d, err := s.bench.follow()
		if err != nil {
			return err
		}
		s.detectors = append(s.detectors, d)
		s.processes[lab.DetectorStage] = append(s.processes[lab.DetectorStage], d.process)
	}
	tells := make(chan struct{})
	var once sync.Once
	err := s.run(lab.NotifierStage, func(line []byte) {
		if bytes.Contains(line, []byte("this notifier tells")) {
			once.Do(func() { close(tells) })
		}
	})
	if err == nil && s.bench.console {
		err = s.run(lab.ConsoleStage, func([]byte) {})
	}
	if err != nil {
		return err
	}
	select {
	case <-tells:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(joined):
		return fmt.Errorf("start the notifier: it does not tell within %v; its log stands above", joined)
	}
}

// run starts a target whose log is read.
func (s *scaleStep) run(target string, each func(line []byte)) error {
	process, err := s.bench.benchRig.start(target, &lines{each: func(line []byte) {
		s.bench.complain(line)
		each(line)
	}}, "--brokers", s.bench.broker.address)
	if err == nil {
		s.processes[target] = append(s.processes[target], process)
	}
	return err
}

// stop ends the processes, all at once.
func (s *scaleStep) stop() {
	var all sync.WaitGroup
	for _, processes := range s.processes {
		for _, p := range processes {
			all.Go(func() { stopProcess(p) })
		}
	}
	all.Wait()
}

// play sends the records, looks at the lag and reads what comes of them, until it is stopped.
func (s *scaleStep) play(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() {
		s.broadcast(ctx, s.from, func(start int64) iter.Seq2[string, *schemas.Feature] {
			return countedInto(&s.records, lab.Veterans(s.bench.fleet.Records(s.streams, start, scaleLongest)))
		})
	})
	work.Go(func() { s.watch(ctx) })
	work.Go(func() {
		s.read(ctx, kafka.Read(ctx, s.cluster, topology.Defects, kafka.ReadOptions{}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
			s.defects.Add(1)
			if r.Value != nil {
				s.ledger.Event(r.Value, time.Now())
			}
			return nil
		}))
	})
	work.Go(func() {
		s.read(ctx, kafka.Read(ctx, s.cluster, topology.Health, kafka.ReadOptions{}, func(context.Context, topology.Record[schemas.Health]) error {
			s.health.Add(1)
			return nil
		}))
	})
	return func() {
		cancel()
		work.Wait()
	}
}

// read notes that a topic can no longer be read.
func (s *scaleStep) read(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		s.fail(err)
	}
}

// countedInto counts what is played.
func countedInto(n *atomic.Int64, records iter.Seq2[string, *schemas.Feature]) iter.Seq2[string, *schemas.Feature] {
	return func(yield func(string, *schemas.Feature) bool) {
		for id, f := range records {
			n.Add(1)
			if !yield(id, f) {
				return
			}
		}
	}
}

// fill measures the number of streams.
func (s *scaleStep) fill(ctx context.Context, result *lab.ScaleStep) error {
	if err := s.wait(ctx, joined, "to share the partitions", s.shared); err != nil {
		return err
	}
	if err := s.pass(ctx, time.Until(s.from.Add(s.bench.warm))); err != nil {
		return err
	}
	before, err := s.look(ctx)
	if err != nil {
		return err
	}
	if err := s.pass(ctx, s.bench.length); err != nil {
		return err
	}
	after, err := s.look(ctx)
	if err != nil {
		return err
	}
	result.Lag50, result.Lag99 = s.lags.percentile(before.at, 0.5).Seconds(), s.lags.percentile(before.at, 0.99).Seconds()
	after.since(before, result)
	result.Defects, err = s.judge(ctx, after.at)
	if err != nil {
		return err
	}
	switch d := result.Defects; {
	case result.Lag99 >= sustainedLag.Seconds():
		result.Why = fmt.Sprintf("records are folded up to %.2f s late", result.Lag99)
	case !d.Exact():
		result.Why = fmt.Sprintf("of %d defects %d were found and %d told, %d of them twice; %d events stand twice on the log", d.Expected, d.Found, d.Told, d.ToldTwice, d.Doubled)
	default:
		result.Sustained = true
	}
	return nil
}

// pass lets time pass, unless something fails.
func (s *scaleStep) pass(ctx context.Context, d time.Duration) error {
	from := time.Now()
	return s.wait(ctx, d+time.Minute, "", func() bool { return time.Since(from) >= d })
}

// judge waits for what could be found at a time to be found and told, and counts it.
func (s *scaleStep) judge(ctx context.Context, at time.Time) (lab.ScaleDefects, error) {
	for end := time.Now().Add(scaleSettle); time.Now().Before(end) && !s.ledger.Settled(at); {
		if err := s.pass(ctx, 250*time.Millisecond); err != nil {
			return lab.ScaleDefects{}, err
		}
	}
	return s.ledger.Defects(at), nil
}

// recovery kills a detector.
func (s *scaleStep) recovery(ctx context.Context) (*lab.ScaleRecovery, error) {
	k, err := s.kill(ctx)
	if err != nil {
		return nil, err
	}
	memory, err := lab.UseOf(s.detectors[1].process.Process.Pid)
	if err != nil {
		return nil, err
	}
	defects, err := s.judge(ctx, time.Now())
	return &lab.ScaleRecovery{Streams: s.streams, Moved: k.Moved, FirstKill: k.fromKill, AllKill: k.toAll, First: k.Recovery, All: k.AllFlow, Outage: k.Outage,
		LagBefore: k.LagBefore, LagAfter: k.LagAfter, Memory: float64(memory.Memory) / 1024, Defects: defects}, err
}
