package window

import "math"

// Upper is a window over values that answers with quantiles near the largest. It keeps no order but that of time: a value costs next to nothing, and
// an answer one look at each.
type Upper struct {
	// Span is the length of the window in microseconds.
	Span int64

	values trail
	// began is the time of the first value since the window was last empty.
	began int64
	// largest is the memory of At.
	largest []float64
}

// Add puts in the value at time t, microseconds, and drops those at or before t minus Span. Times do not decrease. A value that is no
// number counts as infinitely large.
func (u *Upper) Add(t int64, value float64) {
	if math.IsNaN(value) {
		value = math.Inf(1)
	}
	u.values.drop(t - u.Span)
	if u.Len() == 0 {
		u.began = t
	}
	u.values.add(t, value)
}

// Reset empties the window.
func (u *Upper) Reset() { u.values.clear() }

// Len is the number of values in the window.
func (u *Upper) Len() int { return u.values.len() }

// Full says that values have come for a whole Span up to t since the window was last empty.
func (u *Upper) Full(t int64) bool { return u.Len() > 0 && t-u.began >= u.Span }

// At is the p-quantile as Quantile's, p near 1. An empty window has none: NaN.
func (u *Upper) At(p float64) float64 {
	n := u.Len()
	if n == 0 {
		return math.NaN()
	}
	rank := min(max(int(math.Ceil(p*float64(n))), 1), n)
	// The so many largest, the largest first.
	wanted, largest := n-rank+1, u.largest[:0]
	for _, s := range u.values.figures[u.values.head:] {
		if len(largest) < wanted {
			largest = append(largest, 0)
		} else if s.value <= largest[wanted-1] {
			continue
		}
		i := len(largest) - 1
		for ; i > 0 && largest[i-1] < s.value; i-- {
			largest[i] = largest[i-1]
		}
		largest[i] = s.value
	}
	u.largest = largest
	return largest[wanted-1]
}
