package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// pastSpan is how far back slow changes are looked for.
	pastSpan = 4 * time.Second
	// pastStep is how far apart the pictures are that are remembered for it.
	pastStep = 200 * time.Millisecond
)

// past remembers what a picture without movement looked like, to tell a still one from one that changes slowly.
type past struct {
	seen []look // at least pastStep apart, the oldest first
}

// look is the mean luma of a picture, level, and of its cells.
type look struct {
	time  int64
	mean  float64
	cells [columns * rows]byte
}

func (p *past) forget() { p.seen = p.seen[:0] }

// changed remembers a picture and tells whether it differs from the oldest remembered one by drift levels of mean luma, or by two levels
// in so many cells of its middle.
func (p *past) changed(t int64, v *schemas.VideoFrame, drift float64, cells int) bool {
	old := 0
	for old < len(p.seen) && p.seen[old].time <= t-pastSpan.Microseconds() {
		old++
	}
	p.seen = p.seen[:copy(p.seen, p.seen[old:])]
	mean := float64(v.Luma.Mean) / 256
	if n := len(p.seen); n == 0 || t-p.seen[n-1].time >= pastStep.Microseconds() {
		p.seen = append(p.seen, look{t, mean, v.Grid.Mean})
	}
	first := &p.seen[0]
	if math.Abs(mean-first.mean) >= drift {
		return true
	}
	changed := 0
	for i, cell := range v.Grid.Mean {
		if d := int(cell) - int(first.cells[i]); (d >= 2 || d <= -2) && inMiddle(i) {
			changed++
		}
	}
	return changed >= cells
}
