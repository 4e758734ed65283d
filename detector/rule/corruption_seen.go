package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// wordFor is how long the network's word on a picture stands: until its word on the next second's, which may come a little later.
	wordFor = 1200 * time.Millisecond
	// leapFor is how long before a sampled picture its damage may have begun: the next one is a second later, and may still show it.
	leapFor = 2 * time.Second
	// leapLeast is how much more texture, in log2, a picture has than each of the leapBefore pictures before it where damage may have begun. Motion
	// makes texture grow too, but by and by.
	leapLeast, leapBefore = 0.8, 4
	// leapTo is the texture that it has at least, log2(1 + 80/64 of a level): in a clear sky a bird that comes is a leap.
	leapTo = 6.34
)

// glimpses is what the edge's network says of damage in the pictures that it is shown, about one a second, next to what the last ones show besides. Damage
// comes at once: where texture has not leapt there is none.
type glimpses struct {
	// heeded is the version of the network whose word counts, by that whose word it is that was taken last.
	heeded, by int64
	// at is the time of the newest; score is how likely it is damaged, 0 to 1, and since when it may be.
	at, since int64
	score     float64
	// rows are the logarithms of the last pictures' texture, picture n at n modulo their number.
	rows [leapBefore]float64
	n    int
	// leapt and first are the times of the last leap and of the first that it follows on, each within leapFor of the one before.
	leapt, first int64
}

func newGlimpses() glimpses {
	return glimpses{heeded: Networks[DamageNetwork], at: never, leapt: never}
}

// follow takes the texture of every picture. The first picture of a scene leaps over nothing, and what the decoder knows to be damaged is none of ours.
func (s *glimpses) follow(t int64, rows float64, other bool) {
	if other {
		s.n = 0
	}
	if s.n > 0 {
		most := s.rows[0]
		for _, before := range s.rows[1:min(s.n, leapBefore)] {
			raise(&most, before)
		}
		if rows >= leapTo && rows-most >= leapLeast {
			if !s.leaps(t) {
				s.first = t
			}
			s.leapt = t
		}
	}
	s.rows[s.n%leapBefore] = rows
	s.n++
}

// leaps tells whether texture has leapt lately.
func (s *glimpses) leaps(t int64) bool { return t-s.leapt <= leapFor.Microseconds() }

// wasSeen tells whether a network was shown a picture.
func wasSeen(f *schemas.VideoFrame) bool {
	return f.Sampled != nil && f.Sampled.Model != nil && len(f.Sampled.Tiles) > 0
}

// take takes the scores of a picture's tiles, and what the last pictures show. Not taken are a picture that the decoder knows to be damaged, and the first
// one of a scene: that has nothing to do with the one before, next to which it was seen.
func (s *glimpses) take(t int64, seen *schemas.Sampled, shown *symptoms) {
	s.by, s.at, s.score = int64(*seen.Model), t, 0
	if s.leaps(t) && shown.usualRows >= textured {
		s.score, s.since = logistic(shown.evidence(worstTiles(seen.Tiles))+raised), max(s.first, t-leapFor.Microseconds())
	}
}

// raised is the logit of the level at which the rule raises by default: there the evidence is even.
var raised = math.Log(0.75 / 0.25)

// or is the verdict that the network's word gives at t, on what is over by end, where that is bad, else the other.
func (s *glimpses) or(o *Options, t, end int64, other Verdict) Verdict {
	if s.by != s.heeded || t-s.at > wordFor.Microseconds() {
		return other
	}
	if v := o.verdict(s.score).over(s.since, end); v.State == Bad {
		return v
	}
	return other
}

// forget begins anew.
func (s *glimpses) forget() { s.at, s.leapt, s.n = never, never, 0 }

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
