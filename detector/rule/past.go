package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// pastSpan is how far back slow changes are looked for.
	pastSpan = 4 * time.Second
	// pastStep is the step of stream time of which the first picture is remembered for it.
	pastStep = 200 * time.Millisecond
)

// past remembers what a picture without movement looked like, to tell a still one from one that changes slowly.
type past struct {
	// seen are the first pictures of their steps, the oldest first. Steps are counted from the time's zero, not from the first picture seen, so
	// that what is seen does not depend on when the looking began.
	seen []look
	// newest is the last picture seen.
	newest look
}

// look is the mean luma of a picture, level, how far it spreads, and the mean of its cells.
type look struct {
	time         int64
	mean, spread float64
	cells        [columns * rows]byte
}

// see remembers a picture, and forgets what is older than pastSpan.
func (p *past) see(t int64, v *schemas.VideoFrame) {
	p.forget(t - pastSpan.Microseconds())
	p.newest = look{t, float64(v.Luma.Mean) / 256, float64(v.Luma.Std) / 256, v.Grid.Mean}
	step := pastStep.Microseconds()
	if n := len(p.seen); n == 0 || t/step > p.seen[n-1].time/step {
		p.seen = append(p.seen, p.newest)
	}
}

// clear forgets all.
func (p *past) clear() { p.seen = p.seen[:0] }

// forget drops what was seen at or before t.
func (p *past) forget(t int64) {
	old := 0
	for old < len(p.seen) && p.seen[old].time <= t {
		old++
	}
	p.seen = p.seen[:copy(p.seen, p.seen[old:])]
}

// changed tells whether a picture differs from the oldest remembered one by drift levels of mean luma, or by two levels in so many cells of
// its middle.
func (p *past) changed(v *schemas.VideoFrame, drift float64, cells int) bool {
	if len(p.seen) == 0 {
		return false
	}
	first := &p.seen[0]
	if drift > 0 && math.Abs(float64(v.Luma.Mean)/256-first.mean) >= drift {
		return true
	}
	return cells > 0 && cellsApart(&v.Grid.Mean, &first.cells, middleCells, 2) >= cells
}

// apart tells whether the remembered pictures lie drift levels of mean luma or of its spread apart, or the oldest and the newest by a level in so many
// cells of the middle; 0: that is not looked at.
func (p *past) apart(drift float64, cells int) bool {
	if len(p.seen) == 0 {
		return false
	}
	// Few lie apart at all: only then are the edges of each looked at.
	if drift > 0 && p.drifted(drift, false) && p.drifted(drift, true) {
		return true
	}
	return cells > 0 && cellsApart(&p.newest.cells, &p.seen[0].cells, middleCells, 1) >= cells
}

// drifted tells whether mean luma or its spread lie so many levels apart; with alike, only of pictures that are as the newest at the edges, where a clock
// may have gone on.
func (p *past) drifted(drift float64, alike bool) bool {
	last := &p.newest
	darkest, brightest, flattest, widest := last.mean, last.mean, last.spread, last.spread
	for i := range p.seen {
		s := &p.seen[i]
		if alike && cellsApart(&s.cells, &last.cells, edgeCells, digit) > 0 {
			continue
		}
		darkest, brightest = min(darkest, s.mean), max(brightest, s.mean)
		flattest, widest = min(flattest, s.spread), max(widest, s.spread)
	}
	return brightest-darkest >= drift || widest-flattest >= drift
}

// digit is how many levels a cell differs by at least where a clock's digit that is seen by CodedDrift has changed in it: 180 of its pixels by 135 levels make
// the whole picture's spread of 40 differ by 0.045.
const digit = 4

// cellsApart is how many of some cells differ by so many levels.
func cellsApart(a, b *[columns * rows]byte, of window.CellSet, levels int) int {
	apart := 0
	for i := range of.Each() {
		if d := int(a[i]) - int(b[i]); d >= levels || d <= -levels {
			apart++
		}
	}
	return apart
}
