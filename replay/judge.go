package replay

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Disputed is said of a defect where people contradict each other.
const Disputed = "disputed"

// Judged is what people say of the defects of one kind.
type Judged struct {
	Kind string
	// Defects is how many there were, judged or not.
	Defects int
	// Confirmed and False alarms are those that all who judged them say the same of; Disputed those of which people say both.
	Confirmed, False, Disputed int
	// Missed is how many faults people know of that no defect tells of.
	Missed int
	// Onsets are how far the onsets of confirmed defects are from those that people gave, in growing order.
	Onsets []time.Duration
}

// Judged is how many defects have a verdict that is not disputed.
func (j Judged) Judged() int { return j.Confirmed + j.False }

// Precision is the share of the judged defects that are confirmed; NaN when none is judged. What nobody has judged it knows nothing of.
func (j Judged) Precision() float64 { return Accuracy{Hits: j.Confirmed, False: j.False}.Precision() }

// Interval bounds the precision at a confidence of 95 %, as if what was judged had been drawn at random: Wilson's score interval (J. Am. Stat.
// Assoc. 22, 1927). NaN when none is judged.
func (j Judged) Interval() (low, high float64) {
	const z = 1.959964
	n, p := float64(j.Judged()), j.Precision()
	middle, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max((middle-half)/(1+z*z/n), 0), min((middle+half)/(1+z*z/n), 1)
}

// Onset is the p-quantile (nearest rank) of the onset errors; 0 when nobody gave an onset.
func (j Judged) Onset(p float64) time.Duration { return Accuracy{Onsets: j.Onsets}.Onset(p) }

// Judgement is what people say of defects.
type Judgement struct {
	// Kinds that were told of or missed, in order of name.
	Kinds []*Judged
	// Said is what is said of each defect that has a verdict, by id: Confirmed, FalseAlarm or Disputed.
	Said map[string]string
	// Alarms and Disputed are the defects that count as such.
	Alarms, Disputed []Life
	// Missed are the faults that no defect tells of; those of several people that overlap are one.
	Missed []Verdict
	// Aside are verdicts that judge nothing: the defect was retracted, or is not there, or nothing was told in a stretch that is said to be a false
	// alarm.
	Aside []Verdict
}

// vote is what one author says of one defect.
type vote struct {
	real bool
	// named: the verdict is about this defect, which goes before one on a stretch of the stream.
	named bool
	given time.Time
	// onset that the author gave; zero: none.
	onset time.Time
}

// Judge joins verdicts with defects, which are in order of onset, and counts what began within r, in media time.
//
// A verdict that names a defect judges it. One on a stretch of a stream, or whose defect is not there, judges each defect of the same stream and
// kind that it overlaps. A defect may begin up to the tolerance after the stretch, since some are told of by the second; but one that was over when
// the stretch began is never judged by it: the verdict is about something later. A fault that is said to be missed confirms a defect that tells
// of it after all. Of each author one vote counts: a verdict that names the defect before one that does not, then the last given. Where authors
// contradict each other the defect is disputed.
func Judge(lives []Life, verdicts []Verdict, r Range, tolerance time.Duration) *Judgement {
	return join(lives, verdicts, tolerance).judgement(r)
}

// join lets verdicts judge defects, which are in order of onset.
func join(lives []Life, verdicts []Verdict, tolerance time.Duration) *joining {
	j := &joining{lives: lives, index: map[place][]int{}, named: map[string]int{}, votes: make([]map[string]vote, len(lives)), tolerance: tolerance}
	for i, l := range lives {
		j.named[l.ID] = i
		if !l.Retracted {
			at := place{l.Stream, l.Kind}
			j.index[at] = append(j.index[at], i)
		}
	}
	for _, v := range Standing(verdicts) {
		j.take(v)
	}
	return j
}

// place is where verdicts and defects meet.
type place struct{ stream, kind string }

// joining is a join under way.
type joining struct {
	lives     []Life
	index     map[place][]int
	named     map[string]int
	votes     []map[string]vote
	missed    []Verdict
	aside     []Verdict
	tolerance time.Duration
}

// take lets one verdict judge what it is about.
func (j *joining) take(v Verdict) {
	if i, there := j.named[v.Defect]; there && v.Defect != "" {
		if j.lives[i].Retracted {
			j.aside = append(j.aside, v)
			return
		}
		cast := vote{real: v.Label != FalseAlarm, named: true, given: v.Given}
		if !v.Start.Equal(j.lives[i].Onset) {
			cast.onset = v.Start
		}
		j.cast(i, v.Author, cast)
		return
	}
	cast := vote{real: v.Label != FalseAlarm, given: v.Given, onset: v.Start}
	found := false
	for _, i := range j.index[place{v.Stream, v.Kind}] {
		if j.lives[i].Onset.After(v.End.Add(j.tolerance)) {
			break
		}
		if !lasts(j.lives[i]).Before(v.Start) {
			j.cast(i, v.Author, cast)
			found, cast.onset = true, time.Time{} // the onset is that of the first
		}
	}
	switch {
	case found:
	case v.Label == FalseAlarm || v.Defect != "":
		j.aside = append(j.aside, v)
	default:
		j.missed = append(j.missed, v)
	}
}

// cast counts a vote unless the author has one that goes before it.
func (j *joining) cast(i int, author string, v vote) {
	if j.votes[i] == nil {
		j.votes[i] = map[string]vote{}
	}
	had, voted := j.votes[i][author]
	if voted && (had.named && !v.named || had.named == v.named && had.given.After(v.given)) {
		return
	}
	j.votes[i][author] = v
}

// judgement counts.
func (j *joining) judgement(r Range) *Judgement {
	out := &Judgement{Said: map[string]string{}}
	kinds := map[string]*Judged{}
	kind := func(name string) *Judged {
		if kinds[name] == nil {
			kinds[name] = &Judged{Kind: name}
			out.Kinds = append(out.Kinds, kinds[name])
		}
		return kinds[name]
	}
	for i, l := range j.lives {
		if r.Holds(l.Onset) && !l.Retracted {
			out.count(kind(l.Kind), l, j.votes[i])
		}
	}
	for _, v := range merged(j.missed) {
		if r.Holds(v.Start) {
			kind(v.Kind).Missed++
			out.Missed = append(out.Missed, v)
		}
	}
	out.Aside = slices.DeleteFunc(j.aside, func(v Verdict) bool { return !r.Holds(v.Start) })
	for _, k := range out.Kinds {
		slices.Sort(k.Onsets)
	}
	slices.SortFunc(out.Kinds, func(a, b *Judged) int { return cmp.Compare(a.Kind, b.Kind) })
	return out
}

// count counts one defect and what was said of it.
func (out *Judgement) count(k *Judged, l Life, votes map[string]vote) {
	k.Defects++
	agreed := 0
	for _, v := range votes {
		if v.real {
			agreed++
		}
	}
	switch {
	case len(votes) == 0:
	case agreed == 0:
		k.False++
		out.Said[l.ID] = FalseAlarm
		out.Alarms = append(out.Alarms, l)
	case agreed < len(votes):
		k.Disputed++
		out.Said[l.ID] = Disputed
		out.Disputed = append(out.Disputed, l)
	default:
		k.Confirmed++
		out.Said[l.ID] = Confirmed
		for _, v := range votes {
			if !v.onset.IsZero() {
				k.Onsets = append(k.Onsets, l.Onset.Sub(v.onset).Abs())
			}
		}
	}
}

// merged are faults of which several people, or one several times, have told, each once. They come in order of their start.
func merged(faults []Verdict) (all []Verdict) {
	open := map[place]int{}
	for _, v := range faults {
		at := place{v.Stream, v.Kind}
		if i, there := open[at]; there && !v.Start.After(all[i].End) {
			if v.End.After(all[i].End) {
				all[i].End = v.End
			}
			continue
		}
		open[at] = len(all)
		all = append(all, v)
	}
	return all
}
