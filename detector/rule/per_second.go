package rule

import (
	"fmt"
	"math"
	"time"
)

// heldFor is how long a verdict that comes once a second holds.
const heldFor = 1500 * time.Millisecond

// repeated gives with each picture the verdict that came once for a second of them, so that a break shows as soon as with other rules.
type repeated struct {
	verdict Verdict
	at      int64
}

// take is the verdict at t, or when none has come the last one.
func (h *repeated) take(t int64, v Verdict, came bool) Verdict {
	if came {
		h.verdict, h.at = v, t
		return v
	}
	if t-h.at > heldFor.Microseconds() {
		return Verdict{From: t, To: t}
	}
	return h.verdict
}

// pictureParents explain what is wrong with a picture's quality: what is not the programme, and what does not move.
var pictureParents = []string{"no_signal", "black", "black_with_logo", "flat_colour", "slate", "freeze"}

// sampleOffset makes of figures that may be 0 or a little below samples that are not.
const sampleOffset = 16

// larger of two figures, of which either may be no number.
func larger(a, b float64) float64 {
	switch {
	case math.IsNaN(a):
		return b
	case math.IsNaN(b):
		return a
	}
	return max(a, b)
}

// perSecond takes the mean of a figure of pictures over each whole second of stream time. Seconds are counted from the time's zero, not from the
// first picture seen, so that the means do not depend on when the looking began.
type perSecond struct {
	began bool
	epoch int32
	// second is that of the newest picture; whole says that its beginning was seen.
	second int64
	whole  bool
	sum    int64
	// pictures of the second, those of them that count, and of these those whose figure means something.
	pictures, counted, meant int32
}

// fewCount is of how many pictures one must count for a second to be told of.
const fewCount = 5

// add takes a picture with its figure in 1/256, or without one that means anything; it counts or not. told is true with the first picture of a second: mean is that of
// the second before, no number where that is not known whole, where less than one in fewCount of its pictures counts, or where the figure means something in less than half of those.
func (p *perSecond) add(r *Record, figure int32, means, counts bool) (mean float64, told bool) {
	second := r.Time / 1_000_000
	broken := !p.began || r.VideoFrame.Epoch != p.epoch || second > p.second+1
	mean, told = math.NaN(), broken || second > p.second
	if told {
		if !broken && p.whole && fewCount*p.counted >= p.pictures && 2*p.meant >= p.counted {
			mean = float64(p.sum) / float64(p.meant) / 256
		}
		*p = perSecond{began: true, epoch: r.VideoFrame.Epoch, second: second, whole: !broken}
	}
	p.pictures++
	if counts {
		p.counted++
	}
	if means && counts {
		p.sum, p.meant = p.sum+int64(figure), p.meant+1
	}
	return mean, told
}

// before is v said of the second before the newest picture's.
func (p *perSecond) before(v Verdict) Verdict {
	return v.over((p.second-1)*1_000_000, p.second*1_000_000)
}

// mostSeconds bounds how many seconds a verdict may have to be bad for.
const mostSeconds = 14

// lastingSeconds lets verdicts on seconds be bad only from so many in a row on, of all of which they then speak.
type lastingSeconds struct{ bad int }

// take is a verdict on a second, or good just below Raise where it has not been bad for so long; and the second's mean, no number then: it may be the
// beginning of what is not usual.
func (l *lastingSeconds) take(o *Options, v Verdict, mean float64, long time.Duration) (Verdict, float64) {
	if v.State != Bad {
		l.bad = 0
		return v, mean
	}
	l.bad = min(l.bad+1, mostSeconds)
	if time.Duration(l.bad)*time.Second < long {
		v.State, v.Value = Good, math.Nextafter(o.Raise, math.Inf(-1))
		return v, math.NaN()
	}
	v.From = min(v.From, v.To-long.Microseconds())
	return v, mean
}

// fewSeconds is an error when an option is more than lastingSeconds can tell.
func fewSeconds(name string, long time.Duration) error {
	if long < 0 || long > mostSeconds*time.Second {
		return fmt.Errorf("%s %v is not within 0s and %v", name, long, mostSeconds*time.Second)
	}
	return nil
}
