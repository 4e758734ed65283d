package window

import "math"

// Levels is the number of levels that a Histogram tells apart.
const Levels = 64

// Histogram is a window over small whole figures that answers with how often each occurs.
type Histogram struct {
	// Span is the length of the window in microseconds.
	Span int64

	arrived []arrival // in order of time from head on
	head    int
	counts  [Levels]int32
	// began is the time of the first figure since the window was last empty.
	began int64
}

type arrival struct {
	time  int64
	level uint8
}

// Add puts in the figure at time t, microseconds, and drops those at or before t minus Span. Times do not decrease. A figure outside 0 to
// Levels-1 counts as the nearest within.
func (h *Histogram) Add(t int64, level int) {
	h.Advance(t)
	if h.Len() == 0 {
		h.began = t
	}
	if h.head > 0 && len(h.arrived) == cap(h.arrived) {
		h.arrived = h.arrived[:copy(h.arrived, h.arrived[h.head:])]
		h.head = 0
	}
	kept := uint8(min(max(level, 0), Levels-1))
	h.arrived = append(h.arrived, arrival{t, kept})
	h.counts[kept]++
}

// Advance drops the figures at or before t minus Span.
func (h *Histogram) Advance(t int64) {
	for h.head < len(h.arrived) && h.arrived[h.head].time <= t-h.Span {
		h.counts[h.arrived[h.head].level]--
		h.head++
	}
	if h.head == len(h.arrived) {
		h.arrived, h.head = h.arrived[:0], 0
	}
}

// Reset empties the window.
func (h *Histogram) Reset() { h.arrived, h.head, h.counts = h.arrived[:0], 0, [Levels]int32{} }

// Len is the number of figures in the window.
func (h *Histogram) Len() int { return len(h.arrived) - h.head }

// Full says that figures have come for a whole Span up to t since the window was last empty.
func (h *Histogram) Full(t int64) bool { return h.Len() > 0 && t-h.began >= h.Span }

// Count is how often a level occurs.
func (h *Histogram) Count(level int) int { return int(h.counts[level]) }

// At is the p-quantile, p above 0 up to 1: the smallest level that at least the share p of the figures do not exceed; 0 of an empty window.
func (h *Histogram) At(p float64) int {
	rank, below := int32(math.Ceil(p*float64(h.Len()))), int32(0)
	for level := range &h.counts {
		if below += h.counts[level]; below >= rank {
			return level
		}
	}
	return 0
}
