package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// glimpsesSpan is how far back goes what the network usually says, and fewestGlimpses how often it must have said something.
	glimpsesSpan, fewestGlimpses = 10 * time.Second, 4
	// wordFor is how long the network's word on a picture stands: until its word on the next second's, which may come a little later.
	wordFor = 1200 * time.Millisecond
	// perLogit is how finely the histogram tells logits apart, logitZero the level of none.
	perLogit, logitZero = 4, 32
)

// glimpses is what the edge's network says of damage in the pictures that it is shown, about one a second. Two in a row must look damaged: of sound pictures
// it is now and then sure by mistake, but rarely of the next one too.
type glimpses struct {
	// heeded is the version of the network whose word counts, by that whose word it is that was taken last.
	heeded, by int64
	// usual are the logits of the pictures seen lately.
	usual window.Histogram
	// at is the time of the newest, last what was seen in it, score how likely it and the one before are damaged, 0 to 1, and since when they may have been.
	at, since int64
	last      glimpse
	score     float64
	// grew is since when texture has grown, as far as it has.
	grew int64
}

// glimpse is what is seen in one picture: the logit of its worst tiles, the growth of texture, and since when damage may be there.
type glimpse struct {
	worst, grown float64
	since        int64
}

func newGlimpses() glimpses {
	return glimpses{heeded: Networks[DamageNetwork], usual: window.Histogram{Span: glimpsesSpan.Microseconds()}, at: never, grew: never}
}

// take takes a picture, and how much the texture of the last ones has grown. What the decoder knows to be damaged is none of ours, and the first
// picture of a scene has nothing to do with the one before, next to which it was seen.
func (s *glimpses) take(t int64, f *schemas.VideoFrame, grown float64, other bool) {
	switch {
	case grown < seenGrown:
		s.grew = never
	case s.grew == never:
		s.grew = t
	}
	seen := f.Sampled
	if other || seen == nil || seen.Model == nil || len(seen.Tiles) == 0 {
		return
	}
	if by := int64(*seen.Model); by != s.by {
		s.usual.Reset() // what is usual for one is not for another
		s.by, s.at = by, never
	}
	now := glimpse{worstTiles(seen.Tiles), grown, max(s.at, t-wordFor.Microseconds(), min(s.grew, t))}
	s.usual.Add(t, int(math.Floor(perLogit*now.worst))+logitZero)
	s.score = 0
	if t-s.at <= wordFor.Microseconds() && s.usual.Len() >= fewestGlimpses {
		worst := (s.last.worst + now.worst) / 2
		s.score = seenDamage(worst, worst-centre(s.usual.At(0.3)-logitZero, perLogit), max(s.last.grown, grown))
		s.since = s.last.since
	}
	s.at, s.last = t, now
}

// Gates of seenDamage: what the network says of two pictures must be above what it usually says, and texture must have grown, in log2.
const seenAbove, seenGrown = 3.0, 0.75

// seenDamage is how likely two pictures show damage by the mean logit of their worst tiles, what that is above the usual, and the growth of their texture.
func seenDamage(worst, above, grown float64) float64 {
	if above < seenAbove || grown < seenGrown {
		return 0
	}
	return logistic(worst - 1.9)
}

// or is the verdict that stands at t, on what is over by end, else the other. Damage that was not seen in one picture and is in the next began with the
// growth of texture between them.
func (s *glimpses) or(o *Options, t, end int64, other Verdict) Verdict {
	if s.by != s.heeded || t-s.at > wordFor.Microseconds() || s.usual.Len() < fewestGlimpses {
		return other
	}
	return o.verdict(s.score).over(s.since, end)
}

// forget begins anew.
func (s *glimpses) forget() {
	s.usual.Reset()
	s.at, s.grew = never, never
}

// worstTiles is the mean logit of the two tiles that look worst.
func worstTiles(tiles []byte) float64 {
	first, second := byte(0), byte(0)
	for _, p := range tiles {
		switch {
		case p > first:
			first, second = p, first
		case p > second:
			second = p
		}
	}
	return (logits[first] + logits[second]) / 2
}

// logits are those of probabilities in 1/255; the first and the last are of half a step.
var logits = func() (table [256]float64) {
	for i := range table {
		p := max(0.5, min(254.5, float64(i))) / 255
		table[i] = math.Log(p / (1 - p))
	}
	return table
}()
