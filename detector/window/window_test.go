package window_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/detector/window"
)

// TestQuantileEqualsBruteForce compares with sorting everything that a window holds, and Upper with both.
func TestQuantileEqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const span = 1000
		w, u := window.Quantile{Span: span}, window.Upper{Span: span}
		type sample struct {
			time  int64
			value float64
		}
		var all []sample
		now := int64(0)
		for range rapid.IntRange(1, 200).Draw(t, "samples") {
			now += rapid.SampledFrom([]int64{0, 1, 10, 100, 999, 1000, 5000}).Draw(t, "step")
			value := rapid.OneOf(rapid.Float64Range(-10, 10), rapid.SampledFrom([]float64{-1, 0, 1})).Draw(t, "value")
			all = append(all, sample{now, value})
			w.Add(now, value)
			u.Add(now, value)

			var held []float64
			for _, s := range all {
				if s.time > now-span {
					held = append(held, s.value)
				}
			}
			slices.Sort(held)
			if w.Len() != len(held) || u.Len() != len(held) {
				t.Fatalf("at %d: holds %d and %d values, want %d", now, w.Len(), u.Len(), len(held))
			}
			p := rapid.Float64Range(0, 1).Draw(t, "p")
			want := held[0]
			for i, v := range held { // the smallest that at least the share p do not exceed
				if want = v; float64(i+1) >= p*float64(len(held)) {
					break
				}
			}
			if got, upper := w.At(p), u.At(p); got != want || upper != want {
				t.Fatalf("at %d: %v-quantile of %v is %v and %v, want %v", now, p, held, got, upper, want)
			}
			if later := now + 600; w.Full(later) != u.Full(later) {
				t.Fatalf("at %d: full is %v and %v", later, w.Full(later), u.Full(later))
			}
		}
	})
}

func TestQuantileIsFullAfterASpan(t *testing.T) {
	w := window.Quantile{Span: 1000}
	for _, step := range []struct {
		time int64
		full bool
	}{{100, false}, {600, false}, {1100, true}, {1500, true}, {9000, false}, {10_000, false}, {10_500, true}} {
		// Between 1500 and 9000, and between 9000 and 10000, the window runs empty.
		w.Add(step.time, 1)
		if step.time == 10_500 {
			w.Add(10_999, 1)
			w.Add(11_200, 1)
			step.time = 11_200
		}
		if got := w.Full(step.time); got != step.full {
			t.Errorf("at %d: full is %v, want %v", step.time, got, step.full)
		}
	}
	w.Reset()
	if w.Full(20_000) || !math.IsNaN(w.At(0.5)) {
		t.Errorf("an empty window is full or has a median")
	}
}

func TestNotANumberIsInfinitelyLarge(t *testing.T) {
	w := window.Quantile{Span: 10}
	w.Add(0, math.NaN())
	w.Add(1, 3)
	if low, high := w.At(0.5), w.At(1); low != 3 || !math.IsInf(high, 1) {
		t.Errorf("median %v, maximum %v; want 3 and +Inf", low, high)
	}
	w.Advance(11)
	if w.Len() != 0 {
		t.Errorf("%d values are left", w.Len())
	}
}

// TestTallyEqualsBruteForce compares with counting all that the window holds.
func TestTallyEqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const span = 1000
		w := window.Tally{Span: span, Low: 4, High: 6}
		type picture struct {
			time  int64
			cells [72]byte
		}
		var all []picture
		now := int64(0)
		for range rapid.IntRange(1, 60).Draw(t, "pictures") {
			now += rapid.SampledFrom([]int64{0, 40, 333, 1000}).Draw(t, "step")
			p := picture{time: now}
			for range 5 {
				p.cells[rapid.IntRange(0, 71).Draw(t, "cell")] = rapid.Byte().Draw(t, "levels")
			}
			all = append(all, p)
			w.Add(now, &p.cells)
			held, low, high := 0, [144]int{}, [144]int{}
			for _, p := range all {
				if p.time <= now-span {
					continue
				}
				held++
				for i := range 144 {
					level := p.cells[i/2] >> 4
					if i%2 == 1 {
						level = p.cells[i/2] & 15
					}
					if level >= 4 {
						low[i]++
					}
					if level >= 6 {
						high[i]++
					}
				}
			}
			if w.Len() != held {
				t.Fatalf("at %d: holds %d pictures, want %d", now, w.Len(), held)
			}
			for i := range 144 {
				for n := range held + 1 {
					if l, h := in(w.LowAbove(n), i), in(w.HighAbove(n), i); l != (low[i] > n) || h != (high[i] > n) {
						t.Fatalf("at %d: cell %d is above %d: %v and %v, want %d and %d", now, i, n, l, h, low[i], high[i])
					}
				}
			}
		}
	})
}

// TestTallyHoldsTheNewest: its counts are bytes, so that of pictures without end only so many are counted.
func TestTallyHoldsTheNewest(t *testing.T) {
	w, lit, dark := window.Tally{Span: 1000, Low: 4, High: 6}, [72]byte{0: 0x60}, [72]byte{}
	for range 10 {
		w.Add(0, &lit)
	}
	for range window.MostPictures - 1 {
		w.Add(1, &dark)
	}
	if w.Len() != window.MostPictures || w.HighAbove(1) != (window.CellSet{}) || !in(w.HighAbove(0), 0) {
		t.Errorf("%d pictures, in more than one of them %x, in one %x; want %d, none and cell 0", w.Len(), w.HighAbove(1), w.HighAbove(0), window.MostPictures)
	}
	for range 2 * window.MostPictures {
		w.Add(2, &lit)
	}
	if !in(w.LowAbove(window.MostPictures-1), 0) || in(w.LowAbove(window.MostPictures), 0) {
		t.Errorf("cell 0 is lit in %x of all and in %x of more", w.LowAbove(window.MostPictures-1), w.LowAbove(window.MostPictures))
	}
}

func TestNibblesBelowEqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		figures, n, want := [window.Cells / 2]byte{}, rapid.IntRange(1, 15).Draw(t, "n"), 0
		for i := range figures {
			figures[i] = rapid.Byte().Draw(t, "pair")
			for _, figure := range []byte{figures[i] >> 4, figures[i] & 15} {
				if int(figure) < n {
					want++
				}
			}
		}
		if got := window.NibblesBelow(&figures, n); got != want {
			t.Fatalf("%d of %x are below %d, want %d", got, figures, n, want)
		}
	})
}

// in tells whether a cell is in a set.
func in(s window.CellSet, i int) bool { return slices.Contains(slices.Collect(s.Each()), i) }

func TestCellsFromEqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var figures [window.Cells]byte
		for range 20 {
			figures[rapid.IntRange(0, window.Cells-1).Draw(t, "cell")] = rapid.Byte().Draw(t, "figure")
		}
		n := rapid.IntRange(-1, 257).Draw(t, "n")
		got := window.CellsFrom(&figures, n)
		want := window.CellsOf(func(i int) bool { return int(figures[i]) >= n })
		if got != want || got.Len() != len(slices.Collect(got.Each())) {
			t.Fatalf("cells from %d: %x with %d, want %x", n, got, got.Len(), want)
		}
	})
}

// TestSumsEqualsBruteForce compares with adding up everything that a window holds.
func TestSumsEqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const span = 1000
		w := window.Sums{Span: span}
		var times []int64
		var rows [][2]float64
		now := int64(0)
		for range rapid.IntRange(1, 100).Draw(t, "rows") {
			now += rapid.SampledFrom([]int64{0, 1, 100, 999, 1000, 5000}).Draw(t, "step")
			row := [2]float64{float64(rapid.IntRange(-9, 9).Draw(t, "a")), float64(rapid.IntRange(-9, 9).Draw(t, "b")) / rapid.SampledFrom([]float64{1, 2}).Draw(t, "halves")}
			times, rows = append(times, now), append(rows, row)
			w.Add(now, row[:]...)
			var n int
			var want [2]float64
			for i, at := range times {
				if at > now-span {
					n, want[0], want[1] = n+1, want[0]+rows[i][0], want[1]+rows[i][1]
				}
			}
			if w.Len() != n || w.Sum(0) != want[0] || w.Sum(1) != want[1] || w.Largest() != max(0, want[0], want[1]) {
				t.Fatalf("at %d: %d rows with %v and %v, want %d with %v", now, w.Len(), w.Sum(0), w.Sum(1), n, want)
			}
		}
	})
}

func TestSumsIsFullAfterASpan(t *testing.T) {
	w := window.Sums{Span: 1000}
	for _, step := range []struct {
		time int64
		full bool
	}{{100, false}, {600, false}, {1100, true}, {9000, false}, {9900, false}, {10_000, true}} {
		if w.Add(step.time, 1); w.Full(step.time) != step.full {
			t.Errorf("at %d: full is %v, want %v", step.time, !step.full, step.full)
		}
	}
	w.Add(10_001, 1, 2)
	if w.Len() != 1 || w.Full(10_001) {
		t.Errorf("a row of another length: %d rows, full %v, want one and not full", w.Len(), w.Full(10_001))
	}
}

// TestHistogramEqualsBruteForce compares with sorting everything that a window holds.
func TestHistogramEqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const span = 1000
		w := window.Histogram{Span: span}
		var times []int64
		var levels []int
		now := int64(0)
		for range rapid.IntRange(1, 100).Draw(t, "figures") {
			now += rapid.SampledFrom([]int64{0, 1, 100, 999, 1000, 5000}).Draw(t, "step")
			level := rapid.IntRange(-3, window.Levels+3).Draw(t, "level")
			times, levels = append(times, now), append(levels, min(max(level, 0), window.Levels-1))
			w.Add(now, level)
			var held []int
			count := 0
			for i, at := range times {
				if at > now-span {
					held = append(held, levels[i])
					if levels[i] == levels[len(levels)-1] {
						count++
					}
				}
			}
			slices.Sort(held)
			p := rapid.Float64Range(0.01, 1).Draw(t, "p")
			want := held[max(1, int(math.Ceil(p*float64(len(held)))))-1]
			if w.Len() != len(held) || w.Count(levels[len(levels)-1]) != count || w.At(p) != want {
				t.Fatalf("at %d: %d figures, %d as the last, %v-quantile %d; want %d, %d, %d", now, w.Len(), w.Count(levels[len(levels)-1]), p, w.At(p), len(held), count, want)
			}
		}
	})
}
