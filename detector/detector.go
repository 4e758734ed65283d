// Package detector folds feature records into defects: rules judge each record, episodes turn their verdicts into events.
//
// It is a fold over one partition of the log, in the log's order. It has no clock and no side input: time passes by Tick records, what
// is wanted comes by Setting records, and a stream is judged from its first Setting on.
package detector

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// Config of a Partition.
type Config struct {
	// Log is told of Settings that cannot be used; nil: slog.Default.
	Log *slog.Logger
	// Model finds the version of a model that a Setting names; what it gives must be the same whenever it is asked. It may take its time. Nil: there are
	// only those that come with the program.
	Model func(name string, version int64) (*model.Trees, error)
}

// Input is one record of the features topic.
type Input struct {
	// Stream is the record's key: the stream id, empty for Ticks and Settings.
	Stream string
	// Offset of the record.
	Offset int64
	// Feature is read during Fold only.
	Feature *schemas.Feature
}

// Output is what a record has caused: one of Defect and Health is set. They are the receiver's to keep.
type Output struct {
	Stream string
	Defect *schemas.DefectEvent
	Health *schemas.Health
}

// settingInterval is how often the owner of a partition repeats each stream's Setting, with some room.
const settingInterval = 12 * time.Second

// Partition is the state of one partition: a fold over its records. It is called by one goroutine.
//
// Whatever it remembers is either younger than Lookback, or stands in the last event of each defect or in the latest roll-ups. So a new
// Partition that has been given those (Restore, Recalled) and has folded the lookback again goes on exactly as one that never stopped,
// provided that ticks and settings stand within the lookback, as they do while a partition has an owner.
type Partition struct {
	log     *slog.Logger
	clock   clock
	streams []*stream // in order of id, so that what a Tick causes has an order
	byID    map[string]*stream
	// last is the stream of the newest record that was a stream's own: the next is often of the same. Nil: none.
	last    *stream
	restore restore
	flaps   flaps
	errors  errorLog
	// parsed are the rules that were parsed last: most streams have the same.
	parsed ruleset
	models models
}

// New makes the state of a partition of which nothing has been seen.
func New(c Config) *Partition {
	log := c.Log
	if log == nil {
		log = slog.Default()
	}
	return &Partition{log: log, byID: map[string]*stream{}, parsed: defaultRules, models: models{find: c.Model}}
}

// Lookback is how much of the log, in log time, must be folded again before the state is whole: the first Setting comes within its
// interval, from then on rules are exact after the longest window, and runs of verdicts after the longest `for`.
func (*Partition) Lookback() time.Duration {
	return settingInterval + rule.MaxWindow + rule.MaxFor + 3*time.Second
}

// Recall is how much of what was told before the lookback a new Partition must be given by Recalled.
func (*Partition) Recall() time.Duration { return max(recall, errorReach) }

// Restore gives a new Partition the latest event of each defect. Each takes effect when the fold passes the record that caused it.
func (p *Partition) Restore(latest []schemas.DefectEvent) {
	p.restore.add(latest)
	for i := range latest {
		p.flaps.restore(&latest[i])
	}
}

// Recalled gives a new Partition a roll-up that was told in the lookback, or not longer than Recall before it.
func (p *Partition) Recalled(stream string, h *schemas.Health) {
	p.restore.recall(stream, h)
	p.errors.restore(stream, h)
}

// Firing are the defects that are open now, each as its last event would be, in order of stream and onset: what is still going on at the
// end of a file.
func (p *Partition) Firing() []schemas.DefectEvent {
	var all []schemas.DefectEvent
	for _, s := range p.streams {
		s.eachEpisode(func(e *episode) {
			if e.firing() {
				all = append(all, e.current())
			}
		})
	}
	slices.SortStableFunc(all, func(a, b schemas.DefectEvent) int {
		if c := strings.Compare(a.Stream, b.Stream); c != 0 {
			return c
		}
		return int(min(max(a.Onset-b.Onset, -1), 1))
	})
	return all
}

// Err is not nil once the answer which model a Setting names was waited for in vain: what has been told since is by the model before.
func (p *Partition) Err() error { return p.models.gaveUp }

// Fold takes the next record and emits what it has caused.
func (p *Partition) Fold(in Input, emit func(Output)) {
	p.restore.through(in.Offset-1, p)
	p.fold(in, emit)
	p.restore.through(in.Offset, p)
}

func (p *Partition) fold(in Input, emit func(Output)) {
	switch f := in.Feature; {
	case f == nil:
	case f.Tick != nil:
		p.tick(in, emit)
	case f.Setting != nil:
		p.setting(in, emit)
	default:
		if s := p.known(in.Stream); s != nil && s.settled {
			s.take(f, p.clock.now, p.emitter(s, in, emit))
			p.restore.adopt(s, p)
		}
	}
}

// known is the state of a stream; nil when there is none.
func (p *Partition) known(id string) *stream {
	if p.last == nil || p.last.id != id {
		p.last = p.byID[id]
	}
	return p.last
}

func (p *Partition) emitter(s *stream, in Input, emit func(Output)) emitter {
	return emitter{s, in.Offset, emit, &p.restore, &p.flaps, &p.errors}
}

// tick lets time pass for every stream.
func (p *Partition) tick(in Input, emit func(Output)) {
	step, ok := p.clock.advance(in.Feature.Tick)
	if !ok {
		return
	}
	p.flaps.sweep(step.now)
	p.errors.sweep(step.now)
	p.introduce()
	for _, s := range p.streams {
		if s.settled {
			s.tick(in.Feature, step, p.emitter(s, in, emit))
		}
	}
}

// introduce shows each rule that compares streams what it has seen of the other one. Rules look there at ticks only.
func (p *Partition) introduce() {
	for _, s := range p.streams {
		if s.expected.SameAs == "" {
			continue
		}
		for _, j := range s.judges {
			c, ok := j.rule.(rule.Comparing)
			if !ok {
				continue
			}
			c.Meet(p.ruleOf(c.Other(), j.kind))
		}
	}
}

// ruleOf is the rule of a kind at work on a stream; nil when there is none.
func (p *Partition) ruleOf(id, kind string) rule.Rule {
	if s := p.byID[id]; s != nil && s.settled {
		if j := s.judge(kind); j != nil {
			return j.rule
		}
	}
	return nil
}

// setting takes a stream's effective settings.
func (p *Partition) setting(in Input, emit func(Output)) {
	setting := in.Feature.Setting
	s := p.byID[setting.Stream]
	switch {
	case !plausible(setting.Time), s != nil && s.outdated(setting):
	case setting.Removed:
		delete(p.restore.missed, setting.Stream)
		if s != nil {
			s.close(setting.Time, p.emitter(s, in, emit))
			p.remove(s)
		}
	default:
		s = p.stream(setting.Stream)
		first := !s.settled
		s.set(setting, p, p.emitter(s, in, emit))
		if first {
			p.restore.settle(s)
		}
	}
}

// stream finds or makes the state of a stream.
func (p *Partition) stream(id string) *stream {
	if s := p.byID[id]; s != nil {
		return s
	}
	s := newStream(id)
	i, _ := slices.BinarySearchFunc(p.streams, id, func(s *stream, id string) int { return strings.Compare(s.id, id) })
	p.streams = slices.Insert(p.streams, i, s)
	p.byID[id] = s
	return s
}

func (p *Partition) remove(s *stream) {
	delete(p.byID, s.id)
	p.last = nil
	p.streams = slices.DeleteFunc(p.streams, func(other *stream) bool { return other == s })
}
