package window

import "encoding/binary"

// Tally counts for each cell of a grid how many of the pictures in the window reach two levels of a four-bit figure.
type Tally struct {
	// Span is the length of the window in microseconds. Of more than MostPictures it holds the newest.
	Span int64
	// Low and High are the levels, from 1 to 15.
	Low, High byte

	pictures  []picture // in order of time from head on
	head      int
	low, high cellCounts
}

// MostPictures is how many a Tally holds: more than come in a second.
const MostPictures = 255

// picture is the figures of its cells, two a byte, the first in the high nibble.
type picture struct {
	time  int64
	cells [Cells / 2]byte
}

// Add puts in the picture at time t, microseconds, two cells a byte, the first in the high nibble, and drops those at or before t minus Span. Times
// do not decrease.
func (w *Tally) Add(t int64, cells *[Cells / 2]byte) {
	w.Advance(t)
	if w.Len() == MostPictures {
		w.drop()
	}
	if w.head > 0 && len(w.pictures) == cap(w.pictures) {
		w.pictures = w.pictures[:copy(w.pictures, w.pictures[w.head:])]
		w.head = 0
	}
	w.pictures = append(w.pictures, picture{t, *cells})
	low, high := uint64(16-w.Low)*ones, uint64(16-w.High)*ones
	for k := range w.low.first {
		first, second := pairs(cells, k)
		w.low.first[k] += (first + low) >> 4 & ones
		w.low.second[k] += (second + low) >> 4 & ones
		w.high.first[k] += (first + high) >> 4 & ones
		w.high.second[k] += (second + high) >> 4 & ones
	}
}

// Advance drops the pictures at or before t minus Span.
func (w *Tally) Advance(t int64) {
	for w.head < len(w.pictures) && w.pictures[w.head].time <= t-w.Span {
		w.drop()
	}
	if w.head == len(w.pictures) {
		w.pictures, w.head = w.pictures[:0], 0
	}
}

// drop drops the oldest picture.
func (w *Tally) drop() {
	cells := &w.pictures[w.head].cells
	low, high := uint64(16-w.Low)*ones, uint64(16-w.High)*ones
	for k := range w.low.first {
		first, second := pairs(cells, k)
		w.low.first[k] -= (first + low) >> 4 & ones
		w.low.second[k] -= (second + low) >> 4 & ones
		w.high.first[k] -= (first + high) >> 4 & ones
		w.high.second[k] -= (second + high) >> 4 & ones
	}
	w.head++
}

// Reset empties the window.
func (w *Tally) Reset() {
	w.pictures, w.head = w.pictures[:0], 0
	w.low, w.high = cellCounts{}, cellCounts{}
}

// Len is the number of pictures in the window.
func (w *Tally) Len() int { return len(w.pictures) - w.head }

// LowAbove are the cells that reach Low in more than n pictures.
func (w *Tally) LowAbove(n int) CellSet { return w.low.above(n) }

// HighAbove are the cells that reach High in more than n pictures.
func (w *Tally) HighAbove(n int) CellSet { return w.high.above(n) }

// pairs are the figures of 16 cells, the k-th, a byte each: those that come first and second in theirs.
func pairs(cells *[Cells / 2]byte, k int) (first, second uint64) {
	x := binary.LittleEndian.Uint64(cells[8*k:])
	return x >> 4 & (0x0f * ones), x & (0x0f * ones)
}

// cellCounts counts for each cell up to MostPictures, a byte each: the cells that come first in their pairs, and the second ones.
type cellCounts struct{ first, second [Cells / 16]uint64 }

// above are the cells that have more than n.
func (c *cellCounts) above(n int) (more CellSet) {
	if n >= MostPictures {
		return more
	}
	least := leastByte(n + 1)
	for k := range c.first {
		more[k/4] |= pairBits(least.reach(c.first[k]), least.reach(c.second[k])) << (k % 4 * 16)
	}
	return more
}
