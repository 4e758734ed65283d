package replay

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// unit is what is drawn as a whole: a stream, or the clips of one recording.
type unit struct {
	name   string
	length time.Duration
	kinds  map[string]Accuracy
}

// unitOf is the name of a case's unit.
func unitOf(c Case) string { return cmp.Or(c.Source, c.Name) }

// units scores cases unit by unit, in order of name.
func units(cases []Case, tolerance time.Duration) (all []unit) {
	together := map[string][]Case{}
	for _, c := range cases {
		together[unitOf(c)] = append(together[unitOf(c)], c)
	}
	for name, list := range together {
		e := Evaluate(list, tolerance)
		u := unit{name: name, length: e.Length, kinds: map[string]Accuracy{}}
		for _, a := range e.Kinds {
			u.kinds[a.Kind] = e.Kind(a.Kind)
		}
		all = append(all, u)
	}
	slices.SortFunc(all, func(a, b unit) int { return cmp.Compare(a.name, b.name) })
	return all
}

// plus adds what was found of the same kind elsewhere.
func (a Accuracy) plus(b Accuracy) Accuracy {
	a.Labels, a.Hits, a.False, a.Clean, a.Unjudged = a.Labels+b.Labels, a.Hits+b.Hits, a.False+b.False, a.Clean+b.Clean, a.Unjudged+b.Unjudged
	a.Onsets, a.Ends = append(slices.Clip(a.Onsets), b.Onsets...), append(slices.Clip(a.Ends), b.Ends...)
	return a
}

// Comparison is how well two configurations find one kind in the same streams.
type Comparison struct {
	Kind          string
	Before, After Accuracy
	// Units is how many streams, or recordings that clips were made of, were drawn from.
	Units int
	// The differences, After less Before.
	Precision, Recall, F1 Interval
}

// Interval is a difference and the interval in which it lies at a confidence of 95 %; NaN where there is none.
type Interval struct {
	Difference, Low, High float64
	// Draws is in how many of the draws there was a figure on both sides.
	Draws int
}

// Draws is how often Compare draws anew: as many give the ends of a 95 % interval to about a hundredth of its length.
const Draws = 2000

// Compare compares two configurations kind by kind, in order of kind, by a paired bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap,
// 1993, 13.3): as many units as there are are drawn, with replacement, the same for both, Draws times; the interval holds the middle 95 % of
// the differences. The cases of both are of the same streams. The same seed gives the same intervals.
func Compare(before, after []Case, tolerance time.Duration, seed uint64) []Comparison {
	a, b := units(before, tolerance), units(after, tolerance)
	kinds := map[string]bool{}
	for _, list := range [][]unit{a, b} {
		for _, u := range list {
			for kind := range u.kinds {
				kinds[kind] = true
			}
		}
	}
	var all []Comparison
	for kind := range kinds {
		all = append(all, compare(kind, of(a, kind), of(b, kind), seed))
	}
	slices.SortFunc(all, func(a, b Comparison) int { return cmp.Compare(a.Kind, b.Kind) })
	return all
}

// of is the accuracy of one kind in each unit.
func of(all []unit, kind string) []Accuracy {
	out := make([]Accuracy, len(all))
	for i, u := range all {
		out[i] = u.kinds[kind]
	}
	return out
}

// compare draws.
func compare(kind string, before, after []Accuracy, seed uint64) Comparison {
	c := Comparison{Kind: kind, Before: sum(kind, before), After: sum(kind, after), Units: len(before)}
	random := rand.New(rand.NewPCG(seed, 0))
	var precision, recall, f1 []float64
	for range Draws {
		var a, b Accuracy
		for range before {
			i := random.IntN(len(before))
			a, b = counted(a, before[i]), counted(b, after[i])
		}
		precision = append(precision, b.Precision()-a.Precision())
		recall = append(recall, b.Recall()-a.Recall())
		f1 = append(f1, b.F1()-a.F1())
	}
	c.Precision = interval(c.After.Precision()-c.Before.Precision(), precision)
	c.Recall = interval(c.After.Recall()-c.Before.Recall(), recall)
	c.F1 = interval(c.After.F1()-c.Before.F1(), f1)
	return c
}

// sum is the accuracy in all units together.
func sum(kind string, list []Accuracy) Accuracy {
	total := Accuracy{Kind: kind}
	for _, a := range list {
		total = total.plus(a)
	}
	total.sort()
	return total
}

// counted adds the counts alone.
func counted(a, b Accuracy) Accuracy {
	b.Onsets, b.Ends = nil, nil
	return a.plus(b)
}

// interval holds the middle 95 % of the differences that there are, by nearest rank.
func interval(difference float64, drawn []float64) Interval {
	drawn = slices.DeleteFunc(drawn, math.IsNaN)
	out := Interval{Difference: difference, Low: math.NaN(), High: math.NaN(), Draws: len(drawn)}
	if math.IsNaN(difference) || len(drawn) == 0 {
		return out
	}
	slices.Sort(drawn)
	rank := func(p float64) float64 { return drawn[max(int(math.Ceil(p*float64(len(drawn)))), 1)-1] }
	out.Low, out.High = rank(0.025), rank(0.975)
	return out
}
