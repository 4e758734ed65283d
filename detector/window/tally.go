package window

// Tally counts for each cell of a grid how many of the pictures in the window reach two levels of a four-bit figure.
type Tally struct {
	// Span is the length of the window in microseconds.
	Span int64
	// Low and High are the levels, from 1 to 15.
	Low, High byte

	pictures  []picture // in order of time from head on
	head      int
	low, high cellCounts
}

// picture is which cells reach the levels.
type picture struct {
	time      int64
	low, high CellSet
}

// Add puts in the picture at time t, microseconds, two cells a byte, the first in the high nibble, and drops those at or before t minus Span. Times
// do not decrease.
func (w *Tally) Add(t int64, cells *[Cells / 2]byte) {
	w.Advance(t)
	if w.head > 0 && len(w.pictures) == cap(w.pictures) {
		w.pictures = w.pictures[:copy(w.pictures, w.pictures[w.head:])]
		w.head = 0
	}
	p := picture{t, nibblesFrom(cells, w.Low), nibblesFrom(cells, w.High)}
	w.pictures = append(w.pictures, p)
	w.low.add(p.low)
	w.high.add(p.high)
}

// Advance drops the pictures at or before t minus Span.
func (w *Tally) Advance(t int64) {
	for w.head < len(w.pictures) && w.pictures[w.head].time <= t-w.Span {
		w.low.remove(w.pictures[w.head].low)
		w.high.remove(w.pictures[w.head].high)
		w.head++
	}
	if w.head == len(w.pictures) {
		w.pictures, w.head = w.pictures[:0], 0
	}
}

// Reset empties the window.
func (w *Tally) Reset() {
	w.pictures, w.head = w.pictures[:0], 0
	w.low.reset()
	w.high.reset()
}

// Len is the number of pictures in the window.
func (w *Tally) Len() int { return len(w.pictures) - w.head }

// LowAbove are the cells that reach Low in more than n pictures.
func (w *Tally) LowAbove(n int) CellSet { return w.low.above(n) }

// HighAbove are the cells that reach High in more than n pictures.
func (w *Tally) HighAbove(n int) CellSet { return w.high.above(n) }
