package window

// Sums is a window over rows of figures that answers with the sum of each column.
type Sums struct {
	// Span is the length of the window in microseconds.
	Span int64

	columns []trail
	// began is the time of the first row since the window was last empty.
	began int64
}

// Add puts in a row at time t, microseconds, and drops those at or before t minus Span. Times do not decrease. A row of another length than
// the one before begins anew.
func (w *Sums) Add(t int64, figures ...float64) {
	if len(w.columns) != len(figures) {
		w.columns = make([]trail, len(figures))
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

// Sum of the i-th column, from 0.
func (w *Sums) Sum(i int) float64 { return w.columns[i].sum() }

// Largest of the sums; 0 without a column.
func (w *Sums) Largest() float64 {
	most := 0.0
	for i := range w.columns {
		most = max(most, w.columns[i].sum())
	}
	return most
}
