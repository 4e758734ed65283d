package rule

import (
	"math"
	"time"

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
}

// look is the mean luma of a picture, level, and of its cells.
type look struct {
	time  int64
	mean  float64
	cells [columns * rows]byte
}

// see remembers a picture, and forgets what is older than pastSpan.
func (p *past) see(t int64, v *schemas.VideoFrame) {
	p.forget(t - pastSpan.Microseconds())
	step := pastStep.Microseconds()
	if n := len(p.seen); n == 0 || t/step > p.seen[n-1].time/step {
		p.seen = append(p.seen, look{t, float64(v.Luma.Mean) / 256, v.Grid.Mean})
	}
}

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
	if math.Abs(float64(v.Luma.Mean)/256-first.mean) >= drift {
		return true
	}
	changed := 0
	for i := range middleCells.Each() {
		if d := int(v.Grid.Mean[i]) - int(first.cells[i]); d >= 2 || d <= -2 {
			changed++
		}
	}
	return changed >= cells
}
