// Package window holds statistics over a stretch of stream time. A window forgets what is older than its span, allocates nothing once
// it has grown, and belongs to one goroutine.
package window

import "math"

// Quantile is a window over values that answers with their order statistics.
type Quantile struct {
	// Span is the length of the window in microseconds.
	Span int64

	// arrived holds the values in order of time from head on; sorted holds the same in growing order.
	arrived []sample
	head    int
	sorted  []float64
	// began is the time of the first value since the window was last empty.
	began int64
}

type sample struct {
	time  int64
	value float64
}

// Add puts in the value at time t, microseconds, and drops those at or before t minus Span. Times do not decrease. A value that is no
// number counts as infinitely large.
func (q *Quantile) Add(t int64, value float64) {
	if math.IsNaN(value) {
		value = math.Inf(1)
	}
	// As a rule one goes as one comes: it takes the other's place, and those between move up by one.
	gone := math.NaN()
	if next := q.head + 1; next < len(q.arrived) && q.arrived[q.head].time <= t-q.Span && q.arrived[next].time > t-q.Span {
		gone, q.head = q.arrived[q.head].value, next
	} else if q.Advance(t); q.Len() == 0 {
		q.began = t
	}
	if q.head > 0 && len(q.arrived) == cap(q.arrived) {
		q.arrived = q.arrived[:copy(q.arrived, q.arrived[q.head:])]
		q.head = 0
	}
	q.arrived = append(q.arrived, sample{t, value})
	q.insert(value, gone)
}

// insert puts a value in its place, and takes out one that is gone, if it is a number.
func (q *Quantile) insert(value, gone float64) {
	i := q.place(value)
	if math.IsNaN(gone) {
		q.sorted = append(q.sorted, 0)
		copy(q.sorted[i+1:], q.sorted[i:])
		q.sorted[i] = value
		return
	}
	if j := q.place(gone); j < i {
		i--
		copy(q.sorted[j:i], q.sorted[j+1:])
	} else {
		copy(q.sorted[i+1:j+1], q.sorted[i:])
	}
	q.sorted[i] = value
}

// Advance drops the values at or before t minus Span.
func (q *Quantile) Advance(t int64) {
	for q.head < len(q.arrived) && q.arrived[q.head].time <= t-q.Span {
		i := q.place(q.arrived[q.head].value)
		q.sorted = q.sorted[:i+copy(q.sorted[i:], q.sorted[i+1:])]
		q.head++
	}
	if q.head == len(q.arrived) {
		q.arrived, q.head = q.arrived[:0], 0
	}
}

// place is the index of the first value that is not below v. None of them is no number, so that plain comparisons do.
func (q *Quantile) place(v float64) int {
	// The processor need not guess which half it is: it is one addition or none.
	low, n := 0, len(q.sorted)
	for n > 1 {
		half := n / 2
		if q.sorted[low+half-1] < v {
			low += half
		}
		n -= half
	}
	if n == 1 && q.sorted[low] < v {
		low++
	}
	return low
}

// Reset empties the window.
func (q *Quantile) Reset() { q.arrived, q.head, q.sorted = q.arrived[:0], 0, q.sorted[:0] }

// Len is the number of values in the window.
func (q *Quantile) Len() int { return len(q.sorted) }

// Full says that values have come for a whole Span up to t since the window was last empty.
func (q *Quantile) Full(t int64) bool { return q.Len() > 0 && t-q.began >= q.Span }

// At is the p-quantile, p from 0 to 1: the smallest value that at least the share p of the values do not exceed. An empty window has none: NaN.
func (q *Quantile) At(p float64) float64 {
	if q.Len() == 0 {
		return math.NaN()
	}
	rank := int(math.Ceil(p * float64(q.Len())))
	return q.sorted[min(max(rank, 1), q.Len())-1]
}
