package detector

import (
	"slices"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// flaps remembers when defects have come to their own end, of each kind and part of each stream: what comes and goes too often is held open as one
// defect. It is restored from the last events of the defects, and outlives the streams.
type flaps struct {
	ends map[place][]int64 // in order
	// swept is the log's time when what is too old was last dropped.
	swept int64
}

// place is what a defect is of.
type place struct{ stream, kind, part string }

// sweepEvery is how often, by the log's time, places are forgotten of which nothing has ended for as long: far longer than FlapWindow may be.
const sweepEvery = 24 * time.Hour

// add notes the end of a defect at t.
func (f *flaps) add(p place, t int64) {
	if f.ends == nil {
		f.ends = map[place][]int64{}
	}
	ends := f.ends[p]
	i, _ := slices.BinarySearch(ends, t)
	ends = slices.Insert(ends, i, t)
	f.ends[p] = ends[max(0, len(ends)-rule.MaxFlaps):]
}

// restore notes what the last event of a defect tells.
func (f *flaps) restore(e *schemas.DefectEvent) {
	if e.State == "closed" && e.Reason == resolved {
		f.add(place{e.Stream, e.Kind, e.Part}, e.Detected)
	}
}

// count is how many have ended from since to t.
func (f *flaps) count(p place, since, t int64) (n int) {
	for _, end := range f.ends[p] {
		if end >= since && end <= t {
			n++
		}
	}
	return n
}

// sweep forgets what is too old, now and then.
func (f *flaps) sweep(now int64) {
	old := now - sweepEvery.Microseconds()
	if f.swept > old {
		return
	}
	f.swept = now
	for p, ends := range f.ends {
		if ends[len(ends)-1] < old {
			delete(f.ends, p)
		}
	}
}
