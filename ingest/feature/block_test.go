package feature_test

import (
	"math"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

func TestBlock(t *testing.T) {
	// stairs go up and down by step at each line of a grid that begins at phase.
	stairs := func(grid, phase, step int) func(i int) int {
		return func(i int) int { return 100 + step*(((i-phase+grid)/grid)%2) }
	}
	// A strength of 1/64 octave is 64*log2((a + 1/16) / (b + 1/16)).
	for _, c := range []struct {
		name string
		rng  string
		luma func(x, y int) int
		want schemas.Block
	}{
		{"flat", "limited", flat(100), schemas.Block{}},
		// On every line the same: a = b.
		{"stripes", "limited", func(x, _ int) int { return 100 + 10*(x%2) }, schemas.Block{}},
		// Columns step by 3 at every line of the grid and by nothing elsewhere: log2(3.0625/.0625) = 5.6147, times 64 = 359.3.
		{"8 columns", "limited", func(x, _ int) int { return stairs(8, 0, 3)(x) }, schemas.Block{H8: 359, H16: 359}},
		{"8 rows", "limited", func(_, y int) int { return stairs(8, 0, 3)(y) }, schemas.Block{V8: 359, V16: 359}},
		{"8 columns from the third", "limited", func(x, _ int) int { return stairs(8, 3, 3)(x) }, schemas.Block{H8: 359, H16: 359, PhaseH: 3}},
		// Of 96 columns 16, 32, 48, 64, 80 step by 4, and 8, 24, 40, 56, 72, 88 by nothing: 20/11 on the grid of 8, log2(1.88068/.0625) =
		// 4.9113, 314.3; at that of 16 log2(4.0625/.0625) = 6.0224, 385.4.
		{"16 columns", "limited", func(x, _ int) int { return stairs(16, 0, 4)(x) }, schemas.Block{H8: 314, H16: 385}},
		// Of 64 rows 9, 25, 41, 57 step by 4 and 1, 17, 33, 49 by nothing: 2 on the grid of 8, log2(2.0625/.0625) = 5.0444, 322.8.
		{"16 rows from the ninth", "limited", func(_, y int) int { return stairs(16, 9, 4)(y) }, schemas.Block{V8: 323, V16: 385, PhaseV: 9}},
		// 3 of full range are 2.5765 levels: log2(2.6390/.0625) = 5.4000, 345.6.
		{"8 columns of full range", "full", func(x, _ int) int { return stairs(8, 0, 3)(x) }, schemas.Block{H8: 346, H16: 346}},
		// A step of 4 where all others are 2: log2(4.0625/2.0625) = .97797, 62.6.
		{"a grid in a ramp", "limited", func(x, _ int) int { return 20 + 2*x + 2*(x/8) }, schemas.Block{H8: 63, H16: 63}},
	} {
		f := drawAs(media.VideoFormat{Width: 96, Height: 64, Depth: 8, Range: c.rng}, 0, c.luma)
		if got := measure(f).Block; *got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, *got, c.want)
		}
	}
	for _, size := range [][2]int{{31, 64}, {64, 31}} {
		if got := measure(draw(size[0], size[1], flat(50))).Block; got != nil {
			t.Errorf("%dx%d: got %+v, want null", size[0], size[1], got)
		}
	}
}

// defineBlock is the group from its definition.
func defineBlock(rows [][]int, f *media.Frame) *schemas.Block {
	if len(rows) < 32 || len(rows[0]) < 32 {
		return nil
	}
	var across, down []float64
	for x := 1; x < len(rows[0]); x++ {
		sum, n := 0, 0
		for y := 0; y < len(rows); y += 2 {
			sum, n = sum+max(rows[y][x]-rows[y][x-1], rows[y][x-1]-rows[y][x]), n+1
		}
		across = append(across, float64(sum)/float64(n))
	}
	for y := 1; y < len(rows); y++ {
		down = append(down, float64(total(absolute(rows[y:y+1], rows[y-1:y])))/float64(len(rows[y])))
	}
	out := &schemas.Block{}
	out.H8, out.H16, out.PhaseH = defineGrid(across, scaleOf(f))
	out.V8, out.V16, out.PhaseV = defineGrid(down, scaleOf(f))
	return out
}

func defineGrid(steps []float64, scale float64) (by8, by16, phase int32) {
	mean := func(belongs func(line int) bool) float64 {
		sum, n := 0.0, 0.0
		for i, step := range steps {
			if belongs(i + 1) {
				sum, n = sum+step*scale, n+1
			}
		}
		return sum / n
	}
	grid := func(size, at int) float64 { return mean(func(line int) bool { return line%size == at%size }) }
	for at := range int32(8) {
		if grid(8, int(at)) > grid(8, int(phase))+1e-9 {
			phase = at
		}
	}
	if grid(16, int(phase)+8) > grid(16, int(phase))+1e-9 {
		phase += 8
	}
	off := mean(func(line int) bool { return line%8 != int(phase)%8 })
	strength := func(on float64) int32 { return rounded(64 * math.Log2((on+1.0/16)/(off+1.0/16))) }
	return strength(grid(8, int(phase))), strength(grid(16, int(phase))), phase
}
