package replay

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
)

// What a tuning may look for.
const (
	BestF1        = "f1"
	BestPrecision = "precision"
	BestRecall    = "recall"
)

// Objective is what a tuning looks for.
type Objective struct {
	// Best is BestF1, BestPrecision or BestRecall.
	Best string
	// Recall is the lowest that is taken, 0 to 1; Alarms the most false alarms per stream and day that are, +Inf: any.
	Recall, Alarms float64
}

// value is what is to be as high as can be; below 0 when there is none.
func (o Objective) value(a Accuracy) float64 {
	x := a.F1()
	switch o.Best {
	case BestPrecision:
		x = a.Precision()
	case BestRecall:
		x = a.Recall()
	}
	if math.IsNaN(x) {
		return -1
	}
	return x
}

// keeps tells whether the bounds are kept in so many stream-days.
func (o Objective) keeps(a Accuracy, days float64) bool {
	recall := a.Recall()
	return (math.IsNaN(recall) || recall >= o.Recall) && float64(a.False) <= o.Alarms*days
}

// Tuning is a search for thresholds: what is chosen is chosen by one part of the streams and reported by the other.
type Tuning struct {
	Kinds     []string
	Objective Objective
	// Rules that are in force, as they travel in a Setting.
	Rules string
	// Train is the share of the streams that thresholds are chosen by, above 0 and below 1; Seed decides which these are.
	Train float64
	Seed  uint64
	// Raise and For, when given, are all that is tried of them.
	Raise []float64
	For   []time.Duration
	// Most candidates that are tried of each kind, the nearest to what is in force first; AtOnce how many go into one call of Try.
	Most, AtOnce int
	Tolerance    time.Duration
	// Try gives what each of the overlays tells of the same streams, in the same order.
	Try func(context.Context, []Overlay) ([][]Case, error)
	// Progress is told after each call of Try; nil: nobody.
	Progress func(*Tuned)
}

// Tuned is what a tuning has come to.
type Tuned struct {
	// Train and Test are the streams, or the recordings that clips were made of, of the two parts; their lengths in stream-days.
	Train, Test         []string
	TrainDays, TestDays float64
	Kinds               []*TunedKind
	// Done of All candidates were tried. Fewer: it was broken off.
	Done, All int
	// Compared is what is in force against all that was chosen, together, on the test part; nil when it was broken off.
	Compared []Comparison
}

// TunedKind is what was tried of one kind.
type TunedKind struct {
	Kind string
	// InForce is the first of the Candidates, and so is Chosen where nothing is better.
	Candidates []*Candidate
	Chosen     *Candidate
	queue      []Level
}

// Candidate is a level that was tried, with how well the kind is found in either part.
type Candidate struct {
	Level
	Train, Test Accuracy
	// Kept tells that it keeps the objective's bounds on the train part.
	Kept bool
}

// InForce is the candidate that changes nothing.
func (k *TunedKind) InForce() *Candidate { return k.Candidates[0] }

// Changed tells whether another level was chosen than the one in force.
func (k *TunedKind) Changed() bool { return k.Chosen != k.InForce() }

// Overlay is all that was chosen.
func (t *Tuned) Overlay() Overlay {
	o := Overlay{Rules: map[string]map[string]any{}}
	for _, k := range t.Kinds {
		if len(k.Candidates) > 0 && k.Changed() {
			o.Rules[k.Kind] = k.changes()
		}
	}
	return o
}

// changes are the options that are not as they were.
func (k *TunedKind) changes() map[string]any {
	was, options := k.InForce().Options(), k.Chosen.Options()
	for name := range options {
		if options[name] == was[name] {
			delete(options, name)
		}
	}
	return options
}

// Run searches: first raise levels and `for` together on a grid around what is in force, then between the levels beside the best, and clear levels.
// When ctx ends it gives what is known so far; it is an error only if that is nothing.
func (t Tuning) Run(ctx context.Context) (*Tuned, error) {
	s := &search{Tuning: t, out: &Tuned{}}
	for _, kind := range t.Kinds {
		level, err := LevelOf(t.Rules, kind)
		if err != nil {
			return nil, err
		}
		s.out.Kinds = append(s.out.Kinds, &TunedKind{Kind: kind, queue: t.grid(kind, level)})
	}
	err := s.all(ctx)
	if err != nil && (ctx.Err() == nil || s.out.Done < len(s.out.Kinds)) {
		return nil, err
	}
	return s.out, nil
}

// search is a tuning under way.
type search struct {
	Tuning
	out *Tuned
	// train tells which units choose.
	train map[string]bool
}

func (s *search) all(ctx context.Context) error {
	if err := s.tryQueued(ctx); err != nil {
		return err
	}
	for _, k := range s.out.Kinds {
		k.queue = s.finer(k)
	}
	if err := s.tryQueued(ctx); err != nil {
		return err
	}
	cases, err := s.Try(ctx, []Overlay{{}, s.out.Overlay()})
	if err != nil {
		return err
	}
	kinds := func(c Comparison) bool { return !slices.Contains(s.Kinds, c.Kind) }
	s.out.Compared = slices.DeleteFunc(Compare(s.only(cases[0]), s.only(cases[1]), s.Tolerance, s.Seed), kinds)
	return nil
}

// only leaves the cases of the test part.
func (s *search) only(cases []Case) []Case {
	return slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return s.train[unitOf(c)] })
}

// queued is one of a kind's candidates to be tried.
type queued struct {
	*TunedKind
	Level
}

// tryQueued tries what is queued of all kinds in turn, so that something is known of each early on.
func (s *search) tryQueued(ctx context.Context) error {
	var list []queued
	for i, more := 0, true; more; i++ {
		more = false
		for _, k := range s.out.Kinds {
			if i < len(k.queue) {
				list, more = append(list, queued{k, k.queue[i]}), true
			}
		}
	}
	s.out.All += len(list)
	for some := range slices.Chunk(list, max(s.AtOnce, 1)) {
		overlays := make([]Overlay, len(some))
		for i, q := range some {
			overlays[i] = q.Level.Overlay(q.Kind)
		}
		cases, err := s.Try(ctx, overlays)
		if err != nil {
			return err
		}
		for i, q := range some {
			if err := s.take(q, units(cases[i], s.Tolerance)); err != nil {
				return err
			}
		}
		if s.out.Done += len(some); s.Progress != nil {
			s.Progress(s.out)
		}
	}
	return nil
}

// take takes what came of one candidate, and chooses it if it is better than those before it.
func (s *search) take(q queued, all []unit) error {
	if s.train == nil {
		if err := s.split(all); err != nil {
			return err
		}
	}
	c := &Candidate{Level: q.Level, Train: Accuracy{Kind: q.Kind}, Test: Accuracy{Kind: q.Kind}}
	for _, u := range all {
		if s.train[u.name] {
			c.Train = c.Train.plus(u.kinds[q.Kind])
		} else {
			c.Test = c.Test.plus(u.kinds[q.Kind])
		}
	}
	c.Train.sort()
	c.Test.sort()
	c.Kept = s.Objective.keeps(c.Train, s.out.TrainDays)
	if q.Candidates = append(q.Candidates, c); q.Chosen == nil || s.better(c, q.Chosen) {
		q.Chosen = c
	}
	return nil
}

// better tells whether a candidate is chosen instead of one before it, which is nearer to what is in force. None is chosen that does not keep the bounds,
// but where nothing does.
func (s *search) better(c, than *Candidate) bool {
	const least = 1e-9
	if c.Kept != than.Kept {
		return c.Kept
	}
	return c.Kept && s.Objective.value(c.Train) > s.Objective.value(than.Train)+least
}

// split parts the units, of which both parts must have some.
func (s *search) split(all []unit) error {
	if len(all) < 2 {
		return fmt.Errorf("tune: there are %d streams (or recordings that clips were made of): one part must choose and another report, so at least 2 are needed", len(all))
	}
	s.train = parted(all, s.Kinds, s.Train, s.Seed)
	for _, u := range all {
		if s.train[u.name] {
			s.out.Train, s.out.TrainDays = append(s.out.Train, u.name), s.out.TrainDays+u.length.Hours()/24
		} else {
			s.out.Test, s.out.TestDays = append(s.out.Test, u.name), s.out.TestDays+u.length.Hours()/24
		}
	}
	for _, kind := range s.Kinds {
		if sum(kind, of(all, kind)).Labels == 0 {
			return fmt.Errorf("tune: no fault is labelled %s: there is nothing to choose by", kind)
		}
	}
	return nil
}

// forSteps are what is tried of `for`.
var forSteps = []time.Duration{0, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second, 5 * time.Second, 10 * time.Second}

// grid is what is tried first, the level in force before all others, then what is nearest to it.
func (t Tuning) grid(kind string, inForce Level) []Level {
	type near struct {
		Level
		far float64
	}
	var all []near
	raises, fors := inForce.Levels(kind), append([]time.Duration{inForce.For}, forSteps...)
	if t.Raise != nil {
		raises = inForce.given(t.Raise)
	}
	if t.For != nil {
		fors = t.For
	}
	for i, l := range raises {
		for _, f := range fors {
			l.For = f
			far := math.Abs(float64(i-slices.Index(raises, inForce))) + 2*math.Abs(math.Log((f.Seconds()+0.1)/(inForce.For.Seconds()+0.1)))
			if l != inForce && l.usable(kind) && f <= rule.MaxFor {
				all = append(all, near{l, far})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b near) int { return int(math.Copysign(1, a.far-b.far)) })
	levels := []Level{inForce}
	for _, n := range all {
		if !slices.Contains(levels, n.Level) && len(levels) < max(t.Most, 1) {
			levels = append(levels, n.Level)
		}
	}
	return levels
}

// given are levels at the raises that are given; clear is as far below as it was.
func (l Level) given(raises []float64) (all []Level) {
	for _, raise := range raises {
		moved := l
		moved.Raise, moved.Clear = raise, rounded(raise-(l.Raise-l.Clear))
		all = append(all, moved)
	}
	return all
}

// finer is what is tried around the best of the grid.
func (s *search) finer(k *TunedKind) (all []Level) {
	best := k.Chosen.Level
	var near []Level
	if s.Raise == nil {
		for _, by := range []float64{-0.125, 0.125, -0.25, 0.25} {
			if l, ok := best.moved(k.Kind, by); ok {
				near = append(near, l)
			}
		}
	}
	same, wider := best, best
	same.Clear, wider.Clear = best.Raise, rounded(best.Raise-2*(best.Raise-best.Clear))
	for _, l := range append(near, same, wider) {
		tried := slices.ContainsFunc(k.Candidates, func(c *Candidate) bool { return c.Level == l })
		if !tried && l.usable(k.Kind) && !slices.Contains(all, l) && len(k.Candidates)+len(all) < s.Most {
			all = append(all, l)
		}
	}
	return all
}
