package window

// Sums is a window over rows of figures that answers with the sum of each column.
type Sums struct {
	// Span is the length of the window in microseconds.
	Span int64

	columns []column
	// began is the time of the first row since the window was last empty.
	began int64
}

// Add puts in a row at time t, microseconds, and drops those at or before t minus Span. Times do not decrease. A row of another length than
// the one before begins anew.
func (w *Sums) Add(t int64, figures ...float64) {
	if len(w.columns) != len(figures) {
		w.columns = make([]column, len(figures))
	}
	for i := range w.columns {
		w.columns[i].drop(t - w.Span)
	}
	if w.Len() == 0 {
		w.began = t
	}
	for i := range w.columns {
		w.columns[i].add(t, figures[i])
	}
}

// Reset empties the window.
func (w *Sums) Reset() { w.columns = w.columns[:0] }

// Len is the number of rows in the window.
func (w *Sums) Len() int {
	if len(w.columns) == 0 {
		return 0
	}
	return w.columns[0].len()
}

// Full says that rows have come for a whole Span up to t since the window was last empty, the first of which counts from its time on.
func (w *Sums) Full(t int64) bool { return w.Len() > 0 && t-w.began >= w.Span }

// column is the figures of one column.
type column struct {
	trail
	// sum of those that are whole numbers, which leave no rounding behind when they are dropped; others is how many are not.
	sum    float64
	others int
}

// mostWhole bounds the whole numbers: millions of them have an exact sum.
const mostWhole = 1 << 31

func whole(x float64) bool { return float64(int64(x)) == x && x <= mostWhole && x >= -mostWhole }

func (c *column) add(t int64, figure float64) {
	c.trail.add(t, figure)
	if whole(figure) {
		c.sum += figure
	} else {
		c.others++
	}
}

func (c *column) drop(t int64) {
	for c.head < len(c.figures) && c.figures[c.head].time <= t {
		if figure := c.figures[c.head].value; whole(figure) {
			c.sum -= figure
		} else {
			c.others--
		}
		c.head++
	}
}

// total is the sum of all.
func (c *column) total() float64 {
	if c.others == 0 {
		return c.sum
	}
	return c.trail.sum()
}

// Sum of the i-th column, from 0.
func (w *Sums) Sum(i int) float64 { return w.columns[i].total() }

// First is the time of the oldest row in the window with a figure that is not 0; of the newest row when there is none.
func (w *Sums) First() (t int64) {
	for i := range w.Len() {
		for j := range w.columns {
			c := &w.columns[j]
			if t = c.figures[c.head+i].time; c.figures[c.head+i].value != 0 {
				return t
			}
		}
	}
	return t
}

// Largest of the sums; 0 without a column.
func (w *Sums) Largest() float64 {
	most := 0.0
	for i := range w.columns {
		most = max(most, w.columns[i].total())
	}
	return most
}
