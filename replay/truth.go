package replay

import (
	"cmp"
	"slices"
	"time"
)

// Truth is what people say of streams, to score by what a detector tells of them.
type Truth struct {
	// Faults are stretches that are bad: what was confirmed, and what was missed. What people dispute is optional.
	Faults []Label
	// Sound are stretches in which a kind is not bad: what was told of them was a false alarm.
	Sound []Label
}

// NewTruth joins verdicts with the defects that were told live, as Judge does, and makes labels of both; the defects are in order of onset. A verdict
// on a defect that is not among them is taken at its word: it says when that was.
func NewTruth(lives []Life, verdicts []Verdict, tolerance time.Duration) *Truth {
	lives = append(slices.Clone(lives), gone(lives, verdicts)...)
	slices.SortStableFunc(lives, func(a, b Life) int { return a.Onset.Compare(b.Onset) })
	j := join(lives, verdicts, tolerance)
	t := &Truth{}
	for i, l := range j.lives {
		if len(j.votes[i]) > 0 {
			t.add(l, j.votes[i])
		}
	}
	for _, v := range merged(j.missed) {
		t.Faults = append(t.Faults, spanOf(v))
	}
	for _, v := range j.aside {
		if v.Defect == "" {
			t.Sound = append(t.Sound, spanOf(v)) // nothing was told live; other rules may
		}
	}
	for _, list := range [][]Label{t.Faults, t.Sound} {
		slices.SortStableFunc(list, func(a, b Label) int {
			return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Kind, b.Kind))
		})
	}
	return t
}

// Of leaves what is wanted.
func (t *Truth) Of(wants func(Label) bool) *Truth {
	unwanted := func(l Label) bool { return !wants(l) }
	return &Truth{Faults: slices.DeleteFunc(slices.Clone(t.Faults), unwanted), Sound: slices.DeleteFunc(slices.Clone(t.Sound), unwanted)}
}

// add makes a label of a defect that people have judged.
func (t *Truth) add(life Life, votes map[string]vote) {
	l := Label{Stream: life.Stream, Kind: life.Kind, Start: life.Onset, End: lasts(life), Assumed: true, AssumedEnd: true}
	agreed, given := 0, time.Time{}
	for _, v := range votes {
		if !v.real {
			continue
		}
		agreed++
		if !v.onset.IsZero() && (given.IsZero() || v.onset.Before(given)) {
			given = v.onset
		}
	}
	if agreed == 0 {
		t.Sound = append(t.Sound, l)
		return
	}
	if !given.IsZero() && given.Before(l.End) {
		l.Start, l.Assumed = given, false
	}
	l.Optional = agreed < len(votes)
	t.Faults = append(t.Faults, l)
}

// spanOf is the stretch that a verdict is about.
func spanOf(v Verdict) Label {
	return Label{Stream: v.Stream, Kind: v.Kind, Start: v.Start, End: v.End}
}

// gone are the defects that verdicts name and that are not among the lives, as far as the verdicts tell of them.
func gone(lives []Life, verdicts []Verdict) (all []Life) {
	known := map[string]bool{}
	for _, l := range lives {
		known[l.ID] = true
	}
	index := map[string]int{}
	for _, v := range Standing(verdicts) {
		if v.Defect == "" || known[v.Defect] {
			continue
		}
		i, there := index[v.Defect]
		if !there {
			index[v.Defect] = len(all)
			all = append(all, Life{Defect: Defect{ID: v.Defect, Stream: v.Stream, Kind: v.Kind, Onset: v.Start, End: v.End}})
			continue
		}
		if v.End.After(all[i].End) {
			all[i].End = v.End
		}
	}
	return all
}
