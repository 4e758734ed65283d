package main

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// runDetector folds features into defects, exactly once, and keeps the log's clock: ticks and settings.
func runDetector(ctx context.Context, a *app, ready func()) error {
	group, ctx := errgroup.WithContext(ctx)
	settings := newSettings()
	streams, profiles, models := make(chan struct{}), make(chan struct{}), make(chan struct{})
	a.findModel = a.modelFinder(ctx)
	gate, owns := a.readiness.of("detector"), newOwnership(settings)
	gate.waitFor("the streams, profiles and models on the log to be read")
	a.watchdog.watch("the detector's folds", owns.folding.check)
	a.metrics.MustRegister(owns.open)
	group.Go(func() error { return a.measureScale(ctx) })
	group.Go(func() error {
		return kafka.Read(ctx, a.cluster, topology.Streams, kafka.ReadOptions{CaughtUp: closer(streams)},
			func(_ context.Context, r topology.Record[schemas.StreamSpec]) error { settings.stream(r); return nil })
	})
	group.Go(func() error {
		return kafka.Read(ctx, a.cluster, topology.Profiles, kafka.ReadOptions{Owner: true, CaughtUp: closer(profiles)},
			func(_ context.Context, r topology.Record[schemas.Profile]) error { settings.profile(r); return nil })
	})
	group.Go(func() error {
		return kafka.Read(ctx, a.cluster, topology.Models, kafka.ReadOptions{Owner: true, CaughtUp: closer(models)}, func(_ context.Context, r topology.Record[schemas.Model]) error {
			if err := settings.model(r); err != nil {
				a.log.Warn("a model on the log cannot be used, keeping the one in force", "model", r.Key, "offset", r.Offset, "error", err)
			}
			return nil
		})
	})
	group.Go(func() error {
		if !wait(ctx, streams, profiles, models) {
			return nil
		}
		if err := a.shipModels(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("the models that come with the program are not all on the log: a later release cannot score by them", "error", err)
		}
		ready()
		gate.until(func() string { return owns.given.missing(time.Now()) })
		return kafka.Run(ctx, a.cluster, a.detecting(owns))
	})
	return group.Wait()
}

// ownership is what a detector's process knows of the partitions that it owns.
type ownership struct {
	settings *settings
	given    *assignment
	folding  *folds
	open     *openDefects
	openings *openings
}

func newOwnership(s *settings) *ownership {
	return &ownership{settings: s, given: &assignment{}, folding: &folds{}, open: newOpenDefects(), openings: &openings{}}
}

// detecting is the detector as a stage that folds.
func (a *app) detecting(h *ownership) kafka.RunOptions[schemas.Feature, schemas.DefectEvent] {
	return kafka.RunOptions[schemas.Feature, schemas.DefectEvent]{
		Stage:    detectorStage,
		Group:    topology.StageNamed("detector").Group,
		Input:    topology.Features,
		Latest:   topology.DefectsLatest,
		Interval: a.config.Detector.Interval,
		Recall:   a.recall,
		New: func(number int32) topology.Processor[schemas.Feature, schemas.DefectEvent] {
			p := newPartition(a, h.folding.begin(number))
			p.number, p.open = number, h.open
			if a.tracing != nil {
				p.openings = h.openings
			}
			h.open.begin(number)
			return p
		},
		Beat: func(p, generation int32, now time.Time) []topology.Message {
			return h.settings.beat(p, generation, now)
		},
		Owns: func(partitions []int32) {
			h.given.owns(partitions, time.Now())
			h.folding.keep(partitions)
			h.open.keep(partitions)
		},
		At: a.attend(h.given, h.open.rebuilt, h.openings),
	}
}

// attend tells an assignment and rebuilt of the partitions that are rebuilt, has the openings that are committed traced, and tells a.at of every moment.
func (a *app) attend(given *assignment, rebuilt func(partition int32), openings *openings) func(int32, kafka.Moment) {
	return func(partition int32, m kafka.Moment) {
		if a.at != nil {
			a.at(partition, m)
		}
		switch m {
		case kafka.Rebuilt:
			openings.take(partition) // told before
			given.working(partition)
			rebuilt(partition)
		case kafka.Committed:
			for _, f := range openings.take(partition) {
				a.tracing.opened(f, partition, time.Now())
			}
		}
	}
}

// partition is one partition's detector as the log sees it.
type partition struct {
	detector *detector.Partition
	// source of the events that it tells.
	source string
	// number is the partition's, open where what it tells is counted; nil: nowhere.
	number int32
	open   *openDefects
	// openings is where defects go that open, to be traced, with the record that is being folded; nil: they are not.
	openings *openings
	record   time.Time
	// folding is one more than the offset of the record that is being folded, 0 between two. It is not part of the state, which who looks at it does not keep.
	folding *atomic.Int64
	// emit is where what the detector says goes, by way of output.
	emit   func(topology.Message)
	output func(detector.Output)
}

func newPartition(a *app, folding *atomic.Int64) *partition {
	p := &partition{folding: folding, detector: detector.New(detector.Config{Log: a.log, Model: a.findModel}), source: topology.EventSource(a.config.Kafka.Prefix)}
	p.output = p.say
	return p
}

// Err is the detector's.
func (p *partition) Err() error { return p.detector.Err() }

// Lookback is the detector's.
func (p *partition) Lookback() time.Duration { return p.detector.Lookback() }

// Restore hands the detector the latest events.
func (p *partition) Restore(latest []schemas.DefectEvent) {
	for i := range latest {
		p.count(&latest[i])
	}
	p.detector.Restore(latest)
}

// count counts an event.
func (p *partition) count(ev *schemas.DefectEvent) {
	if p.open != nil {
		p.open.took(p.number, ev)
	}
}

// recall hands the detector the roll-ups of one partition that it told since then, and a little before.
func (a *app) recall(ctx context.Context, p topology.Processor[schemas.Feature, schemas.DefectEvent], number int32, below int64, since time.Time) error {
	return a.recallHealth(ctx, p.(*partition).detector, number, below, since)
}

// recallHealth hands a detector the live one's roll-ups of records below an offset.
func (a *app) recallHealth(ctx context.Context, d *detector.Partition, number int32, below int64, since time.Time) error {
	if since.IsZero() {
		return nil // there is no lookback for them to come before
	}
	options := kafka.ReadOptions{Partitions: []int32{number}, Bounded: true, From: since.Add(-d.Recall())}
	return kafka.Read(ctx, a.cluster, topology.Health, options, func(_ context.Context, r topology.Record[schemas.Health]) error {
		if r.Value != nil && r.Value.Offset < below {
			d.Recalled(r.Key, r.Value)
		}
		return nil
	})
}

// Fold hands the detector one record and puts what it says on its topics.
func (p *partition) Fold(r topology.Record[schemas.Feature], emit func(topology.Message)) {
	p.emit = emit
	p.folding.Store(r.Offset + 1)
	p.record = r.Time
	defer p.folding.Store(0)
	p.detector.Fold(detector.Input{Stream: r.Key, Offset: r.Offset, Feature: r.Value}, p.output)
}

// say puts one output on its topics.
func (p *partition) say(out detector.Output) {
	if out.Defect != nil {
		p.count(out.Defect)
		if p.openings != nil && out.Defect.State == "opened" {
			p.openings.add(p.number, opening{out.Defect, p.record, p.folding.Load() - 1, time.Now()})
		}
		for _, m := range topology.Event(p.source, out.Defect) {
			p.emit(m)
		}
	}
	if out.Health != nil {
		p.emit(topology.Health.Message(out.Stream, out.Health))
	}
}

// closer closes c when called.
func closer(c chan struct{}) func() { return func() { close(c) } }

// wait tells whether all of the channels were closed before ctx ended.
func wait(ctx context.Context, all ...chan struct{}) bool {
	for _, c := range all {
		select {
		case <-c:
		case <-ctx.Done():
			return false
		}
	}
	return true
}
