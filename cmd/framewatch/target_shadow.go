package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// ShadowConfig is a candidate that is run beside the live detector: nobody is told of what it finds, and it changes nothing.
type ShadowConfig struct {
	// Name of the candidate; empty: there is none. Under another name it begins at the start of what the log holds, so other rules want another name.
	Name string `yaml:"name"`
	// Rules is a configuration file whose profiles are tried, as by `replay --rules`; empty: those that are in force.
	Rules string `yaml:"rules"`
	// Models are versions of models that are tried, by name, as by `replay --model`; others stay as they are in force.
	Models map[string]int64 `yaml:"models"`
}

var candidateName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

// Validate checks that it is all there.
func (c ShadowConfig) Validate() error {
	switch {
	case c.Name == "" && c.Rules == "" && len(c.Models) == 0:
		return nil
	case !candidateName.MatchString(c.Name):
		return fmt.Errorf("name %.60q: up to 40 lower-case letters, digits, - and _ name a candidate", c.Name)
	case c.Rules == "" && len(c.Models) == 0:
		return errors.New("rules: which file has the candidate's profiles? Or models: which versions are tried?")
	}
	return triedModels(c.Models).check()
}

// shadowGroup is the consumer group of a candidate.
func shadowGroup(candidate string) string { return topology.Shadow.Group + "." + candidate }

// runShadow folds features by a candidate's rules. It writes to its own topic alone: no ticks, no settings, no roll-ups, no dead letters.
func runShadow(ctx context.Context, a *app, ready func()) error {
	candidate := a.config.Detector.Shadow
	rules, err := a.shadowRules(ctx, candidate)
	if err != nil {
		return err
	}
	given, folding := &assignment{}, &folds{}
	a.readiness.of(shadowTarget).until(func() string { return given.missing(time.Now()) })
	a.watchdog.watch("the shadow's folds", folding.check)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		ready()
		source := topology.ShadowSource(a.config.Kafka.Prefix, candidate.Name)
		return kafka.Run(ctx, a.cluster, kafka.RunOptions[schemas.Feature, schemas.DefectEvent]{
			Stage:    shadowTarget,
			Group:    shadowGroup(candidate.Name),
			Input:    topology.Features,
			Interval: a.config.Detector.Interval,
			Aside:    true,
			Owns:     func(partitions []int32) { given.owns(partitions, time.Now()); folding.keep(partitions) },
			At:       a.attend(given, func(int32) {}, &openings{}),
			Recall:   a.recallShadow,
			New: func(number int32) topology.Processor[schemas.Feature, schemas.DefectEvent] {
				return &shadow{detector: detector.New(detector.Config{Log: a.log, Model: a.modelFinder(ctx)}), source: source, change: rules.change, folding: folding.begin(number)}
			},
		})
	})
	return group.Wait()
}

// shadowRules are the rules of a file, laid onto what Settings say, and the models of a candidate. Nothing in them but the file and the log decides, so that a
// candidate that is rebuilt goes on as it was.
type shadowRules struct {
	*otherRules
	models triedModels
}

func (a *app) shadowRules(ctx context.Context, c ShadowConfig) (*shadowRules, error) {
	s := &shadowRules{models: c.Models}
	err := s.models.find(ctx, a)
	if err == nil && c.Rules != "" {
		s.otherRules, err = a.otherRules(ctx, c.Rules)
	}
	if err != nil {
		return nil, fmt.Errorf("detector.shadow: %w", err)
	}
	if s.otherRules != nil {
		s.now = nil // what streams name now is not what they named then
	}
	return s, nil
}

// change lays the rules onto a Setting.
func (s *shadowRules) change(setting *schemas.Setting) {
	if s.otherRules != nil {
		s.otherRules.change(setting)
	}
	s.models.change(setting)
}

// shadow is one partition of a candidate as the log sees it.
type shadow struct {
	detector *detector.Partition
	source   string
	change   func(*schemas.Setting)
	// folding is one more than the offset of the record that is being folded, 0 between two.
	folding *atomic.Int64
	// begun says that it stands on the topic since when the candidate judges; until then below is the offset of the first record that it judges.
	begun bool
	below int64
}

// Err is the detector's.
func (s *shadow) Err() error { return s.detector.Err() }

// Lookback is the detector's.
func (s *shadow) Lookback() time.Duration { return s.detector.Lookback() }

// Restore hands the detector the latest events.
func (s *shadow) Restore(latest []schemas.DefectEvent) { s.detector.Restore(latest) }

// Fold hands the detector one record and puts the defects that it tells of on the candidates' topic.
func (s *shadow) Fold(r topology.Record[schemas.Feature], emit func(topology.Message)) {
	s.folding.Store(r.Offset + 1)
	defer s.folding.Store(0)
	if !s.begun && r.Offset >= s.below && r.Value != nil {
		s.begun = true
		emit(beginning(s.source, r))
	}
	if r.Value != nil && r.Value.Setting != nil {
		s.change(r.Value.Setting)
	}
	s.detector.Fold(detector.Input{Stream: r.Key, Offset: r.Offset, Feature: r.Value}, func(out detector.Output) {
		if out.Defect != nil {
			emit(topology.EventIn(topology.DefectsShadow, s.source, out.Defect))
		}
	})
}

// recallShadow hands a candidate the last event of each defect that it told of, and the live detector's roll-ups: what is usual for a stream is what was
// so for that one.
func (a *app) recallShadow(ctx context.Context, p topology.Processor[schemas.Feature, schemas.DefectEvent], number int32, below int64, since time.Time) error {
	s := p.(*shadow)
	s.below = below
	var latest replay.Latest
	options := kafka.ReadOptions{Partitions: []int32{number}, Bounded: true}
	err := kafka.Read(ctx, a.cluster, topology.DefectsShadow, options, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
		switch {
		case headerOf(r.Headers, topology.SourceHeader) != s.source:
		case r.Value != nil:
			latest.Add(r.Value)
		default:
			s.begun = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	// The record that says so may be older than the topic reaches back; what it has folded before it has judged.
	s.begun = s.begun || !since.IsZero()
	s.Restore(latest.List())
	return a.recallHealth(ctx, s.detector, number, below, since)
}
