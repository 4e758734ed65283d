package detector

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// recall is how far before the lookback roll-ups are looked for. It counts only where none stands in the lookback: after a time without ticks.
const recall = 2 * time.Minute

// eachBaseline calls do for each rule that has one.
func (s *stream) eachBaseline(do func(*judge)) {
	for _, j := range s.judges {
		if j.baseline != nil {
			do(j)
		}
	}
}

// learn ends the span of every baseline: it was bad where any part was for some of it, or where a defect is open.
func (s *stream) learn() {
	s.eachBaseline(func(j *judge) {
		bad := false
		for _, e := range j.episodes {
			bad = bad || e.bad > 0 || e.firing()
		}
		j.baseline.Learn(bad)
	})
}

// see takes what the pictures are: with another codec or size what was usual does not count any more.
func (s *stream) see(i *schemas.Inventory) {
	for _, t := range i.Tracks {
		if t.Video == nil {
			continue
		}
		format := fmt.Sprintf("%s %dx%d", t.Codec, t.Video.Width, t.Video.Height)
		if s.format != "" && s.format != format {
			s.eachBaseline(func(j *judge) { *j.baseline = rule.Baseline{} })
		}
		s.format = format
		return
	}
}

// usual is what has been learned; nil when nothing is known.
func (s *stream) usual() *schemas.Usual {
	var known []schemas.Baseline
	s.eachBaseline(func(j *judge) {
		if b := j.baseline; b.Spans > 0 {
			known = append(known, schemas.Baseline{Kind: j.kind, Level: b.Level, Spread: b.Spread, Spans: b.Spans, Bad: b.Bad})
		}
	})
	slices.SortFunc(known, func(a, b schemas.Baseline) int { return strings.Compare(a.Kind, b.Kind) })
	if known == nil && s.format == "" {
		return nil
	}
	return &schemas.Usual{Format: s.format, Baselines: known}
}

// recall goes on with what a roll-up of the stream says is usual.
func (s *stream) recall(u *schemas.Usual) {
	s.eachBaseline(func(j *judge) { *j.baseline = rule.Baseline{} })
	s.format = ""
	if u == nil {
		return
	}
	s.format = u.Format
	for _, b := range u.Baselines {
		if j := s.judge(b.Kind); j != nil && j.baseline != nil {
			*j.baseline = rule.Restored(b.Level, b.Spread, b.Spans, b.Bad)
		}
	}
}
