package replay

import (
	"math"
	"slices"
	"time"
)

// Case is one stream of which all is known that is bad, and what was found in it.
type Case struct {
	// Name of the stream, which its labels and defects have too, and Source of the recording it was made from.
	Name, Source string
	// Length of what was looked at.
	Length time.Duration
	// Labels are all that is bad; none: the stream is clean. When only Some of it is known, a defect elsewhere is neither right nor wrong, unless it is
	// within one of the Sound stretches, in which its kind is known not to be bad.
	Labels []Label
	Some   bool
	Sound  []Label
	// Companions are kinds that a label explains: found beside one they are neither hits nor false alarms.
	Companions []string
	Defects    []Defect
	// Early is how long before a label a defect may begin that stands for it; 0: however long. What is told of all the time tells of no fault, and would
	// be found to tell of each.
	Early time.Duration
}

// Accuracy is how well one kind of defect is found, or one variant or level of it.
type Accuracy struct {
	Kind, Variant, Level string
	// Labels is how many faults there were, Hits how many of them were found.
	Labels, Hits int
	// False is how many defects of the kind were found where there is no fault of it, a fault found twice among them; Clean is how many of these
	// were in clean streams. Both are the kind's, whatever the variant.
	False, Clean int
	// Unjudged is how many were found of which nothing is known.
	Unjudged int
	// Onsets are how far each hit's onset is from the fault's, in growing order.
	Onsets []time.Duration
	// Ends are how much later than the fault each hit's defect ends, negative when it ends before it, in growing order. One that goes on ends where it was seen last.
	Ends []time.Duration
}

// Precision is the share of what was found that was there; NaN when nothing was found.
func (a Accuracy) Precision() float64 { return float64(a.Hits) / float64(a.Hits+a.False) }

// Recall is the share of what was there that was found; NaN when nothing was there.
func (a Accuracy) Recall() float64 { return float64(a.Hits) / float64(a.Labels) }

// F1 is the harmonic mean of precision and recall; NaN when nothing was there and nothing was found.
func (a Accuracy) F1() float64 { return 2 * float64(a.Hits) / float64(a.Labels+a.Hits+a.False) }

// Onset is the p-quantile (nearest rank) of the onset errors; 0 when there is no hit.
func (a Accuracy) Onset(p float64) time.Duration { return quantile(a.Onsets, p) }

// End is the p-quantile (nearest rank) of the end errors; 0 when there is none.
func (a Accuracy) End(p float64) time.Duration { return quantile(a.Ends, p) }

// quantile is that of values in growing order, by nearest rank; 0 of none.
func quantile(all []time.Duration, p float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	return all[max(int(math.Ceil(p*float64(len(all)))), 1)-1]
}

// Evaluation is what was found in cases against what was there.
type Evaluation struct {
	// Kinds are all kinds and variants that were there or were found, Levels the same level by level where they have any; both in order of
	// first appearance.
	Kinds, Levels []*Accuracy
	// Missed are the labels that were not found, Unexpected the false alarms, Unjudged the defects of which nothing is known.
	Missed               []Label
	Unexpected, Unjudged []Defect
	// Length of all cases, and of those that are clean.
	Length, Clean time.Duration
	// CleanAlarms is the number of false alarms in clean cases.
	CleanAlarms int
}

// PerDay is the rate of n false alarms in the clean cases, per stream and day; NaN without clean cases.
func (e *Evaluation) PerDay(n int) float64 { return float64(n) / (e.Clean.Hours() / 24) }

// Rate is that of n in all cases, per stream and day; NaN without any.
func (e *Evaluation) Rate(n int) float64 { return float64(n) / (e.Length.Hours() / 24) }

// Evaluate scores cases. A defect belongs to a label when they are at the same time but for the tolerance.
func Evaluate(cases []Case, tolerance time.Duration) *Evaluation {
	e := &Evaluation{}
	clean := map[string]bool{}
	for _, c := range cases {
		e.Length += c.Length
		if len(c.Labels) == 0 {
			e.Clean += c.Length
			clean[c.Name] = true
		}
		e.score(c, tolerance)
	}
	for _, list := range [][]*Accuracy{e.Kinds, e.Levels} {
		for _, a := range list {
			a.sort()
		}
	}
	for _, d := range e.Unexpected {
		e.alarm(d, clean[d.Stream])
	}
	for _, d := range e.Unjudged {
		for _, a := range e.rows(d.Kind) {
			a.Unjudged++
		}
	}
	return e
}

// score takes one case.
func (e *Evaluation) score(c Case, tolerance time.Duration) {
	matches := match(c.Labels, c.Defects, tolerance, c.Early)
	for i, l := range c.Labels {
		if l.Optional {
			continue
		}
		rows := []*Accuracy{row(&e.Kinds, l.Kind, l.Variant, "")}
		if l.Level != "" {
			rows = append(rows, row(&e.Levels, l.Kind, l.Variant, l.Level))
		}
		for _, a := range rows {
			a.Labels++
			if m := matches[i]; m >= 0 {
				a.Hits++
				if !l.Assumed {
					a.Onsets = append(a.Onsets, c.Defects[m].Onset.Sub(l.Start).Abs())
				}
				if !l.AssumedEnd {
					a.Ends = append(a.Ends, c.Defects[m].End.Sub(l.End))
				}
			}
		}
		if matches[i] < 0 {
			e.Missed = append(e.Missed, l)
		}
	}
	for i, d := range c.Defects {
		switch {
		case slices.Contains(matches, i) || explained(c, matches, d, tolerance):
		case c.Some && !soundIn(c.Sound, d, tolerance):
			e.Unjudged = append(e.Unjudged, d)
		default:
			e.Unexpected = append(e.Unexpected, d)
		}
	}
}

// soundIn tells whether one of the stretches, all of which are sound, is of the kind of a defect and at its time.
func soundIn(stretches []Label, d Defect, tolerance time.Duration) bool {
	return slices.ContainsFunc(stretches, func(l Label) bool { return l.Kind == d.Kind && overlap(l, d, tolerance) })
}

// explained tells whether a defect that stands for no label is a companion of one, or says of another part of the stream what one that does
// stand for a label says. Where only some is known it may say it again: a person who confirms a stretch confirms all that is told of it.
func explained(c Case, matches []int, d Defect, tolerance time.Duration) bool {
	for i, l := range c.Labels {
		if !overlap(l, d, tolerance) {
			continue
		}
		again := l.Kind == d.Kind && matches[i] >= 0 && (c.Some || c.Defects[matches[i]].Part != d.Part)
		if again || slices.Contains(c.Companions, d.Kind) {
			return true
		}
	}
	return false
}

// alarm counts a false alarm in every row of its kind.
func (e *Evaluation) alarm(d Defect, clean bool) {
	for _, a := range e.rows(d.Kind) {
		a.count(clean)
	}
	if clean {
		e.CleanAlarms++
	}
}

// rows are all of a kind, of which there is at least one.
func (e *Evaluation) rows(kind string) (all []*Accuracy) {
	for _, list := range [][]*Accuracy{e.Kinds, e.Levels} {
		for _, a := range list {
			if a.Kind == kind {
				all = append(all, a)
			}
		}
	}
	if len(all) == 0 {
		all = append(all, row(&e.Kinds, kind, "", ""))
	}
	return all
}

// Kind is the accuracy of a kind, whatever the variant. Its Onsets and Ends are in growing order.
func (e *Evaluation) Kind(name string) Accuracy {
	sum := Accuracy{Kind: name}
	for _, a := range e.Kinds {
		if a.Kind == name {
			sum.Labels, sum.Hits = sum.Labels+a.Labels, sum.Hits+a.Hits
			sum.False, sum.Clean, sum.Unjudged = a.False, a.Clean, a.Unjudged
			sum.Onsets, sum.Ends = append(sum.Onsets, a.Onsets...), append(sum.Ends, a.Ends...)
		}
	}
	sum.sort()
	return sum
}

// sort puts the errors into growing order.
func (a *Accuracy) sort() {
	slices.Sort(a.Onsets)
	slices.Sort(a.Ends)
}

func (a *Accuracy) count(clean bool) {
	a.False++
	if clean {
		a.Clean++
	}
}

// row finds or makes a row of list.
func row(list *[]*Accuracy, kind, variant, level string) *Accuracy {
	for _, a := range *list {
		if a.Kind == kind && a.Variant == variant && a.Level == level {
			return a
		}
	}
	a := &Accuracy{Kind: kind, Variant: variant, Level: level}
	*list = append(*list, a)
	return a
}

// Artefact is a class of faults as a published benchmark names it, and the kinds of defect that say that it is there.
type Artefact struct {
	Name  string
	Kinds []string
}

// Sequences counts whole streams: whether an artefact is in them, and whether it was found anywhere in them.
type Sequences struct {
	Artefact                                                 string
	TruePositive, FalsePositive, FalseNegative, TrueNegative int
}

// Accuracy is the share of streams of which the right thing was said.
func (s Sequences) Accuracy() float64 {
	right := s.TruePositive + s.TrueNegative
	return float64(right) / float64(right+s.FalsePositive+s.FalseNegative)
}

// F1 of the streams with the artefact.
func (s Sequences) F1() float64 {
	return 2 * float64(s.TruePositive) / float64(2*s.TruePositive+s.FalsePositive+s.FalseNegative)
}

// EvaluateSequences scores whole cases, artefact by artefact.
func EvaluateSequences(cases []Case, artefacts []Artefact) []Sequences {
	var all []Sequences
	for _, a := range artefacts {
		s := Sequences{Artefact: a.Name}
		for _, c := range cases {
			there := slices.ContainsFunc(c.Labels, func(l Label) bool { return !l.Optional && slices.Contains(a.Kinds, l.Kind) })
			found := slices.ContainsFunc(c.Defects, func(d Defect) bool { return slices.Contains(a.Kinds, d.Kind) })
			switch {
			case there && found:
				s.TruePositive++
			case there:
				s.FalseNegative++
			case found:
				s.FalsePositive++
			default:
				s.TrueNegative++
			}
		}
		all = append(all, s)
	}
	return all
}
