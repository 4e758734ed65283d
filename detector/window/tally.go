package window

// Cells is the number of cells that a Tally counts: those of VideoFrame's grid.
const Cells = 144

// Tally counts for each cell of a grid how many of the pictures in the window reach two levels of a four-bit figure.
type Tally struct {
	// Span is the length of the window in microseconds.
	Span int64
	// Low and High are the levels, from 1 to 15.
	Low, High byte

	pictures  []picture // in order of time from head on
	head      int
	low, high [Cells]int32
}

// picture holds two cells a byte, the first in the high nibble.
type picture struct {
	time  int64
	cells [Cells / 2]byte
}

// Add puts in the picture at time t, microseconds, and drops those at or before t minus Span. Times do not decrease.
func (w *Tally) Add(t int64, cells *[Cells / 2]byte) {
	w.Advance(t)
	if w.head > 0 && len(w.pictures) == cap(w.pictures) {
		w.pictures = w.pictures[:copy(w.pictures, w.pictures[w.head:])]
		w.head = 0
	}
	w.pictures = append(w.pictures, picture{t, *cells})
	w.count(cells, 1)
}

// Advance drops the pictures at or before t minus Span.
func (w *Tally) Advance(t int64) {
	for w.head < len(w.pictures) && w.pictures[w.head].time <= t-w.Span {
		w.count(&w.pictures[w.head].cells, -1)
		w.head++
	}
	if w.head == len(w.pictures) {
		w.pictures, w.head = w.pictures[:0], 0
	}
}

// Reset empties the window.
func (w *Tally) Reset() {
	w.pictures, w.head = w.pictures[:0], 0
	w.low, w.high = [Cells]int32{}, [Cells]int32{}
}

// Len is the number of pictures in the window.
func (w *Tally) Len() int { return len(w.pictures) - w.head }

// Counts are the numbers of pictures in which cell i reaches Low and High.
func (w *Tally) Counts(i int) (low, high int) { return int(w.low[i]), int(w.high[i]) }

func (w *Tally) count(cells *[Cells / 2]byte, n int32) {
	for i, pair := range cells {
		if pair == 0 {
			continue
		}
		w.countCell(2*i, pair>>4, n)
		w.countCell(2*i+1, pair&15, n)
	}
}

func (w *Tally) countCell(i int, level byte, n int32) {
	if level >= w.Low {
		w.low[i] += n
	}
	if level >= w.High {
		w.high[i] += n
	}
}
