package feature_test

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// 64x48 is 4x3 macroblocks: 3*3 upright borders and 4*2 level ones. A share of n of them is n/17*4096 rounded up, of 12 blocks n/12*4096.
func TestMacroblock(t *testing.T) {
	// block is a macroblock (1,1) of one level in the middle of another.
	block := func(base, level int) func(x, y int) int {
		return func(x, y int) int { return choose(x/16 == 1 && y/16 == 1, level, base) }
	}
	limited, full := media.VideoFormat{Width: 64, Height: 48, Depth: 8, Range: "limited"}, media.VideoFormat{Width: 64, Height: 48, Depth: 8, Range: "full"}
	for _, c := range []struct {
		name          string
		before, frame *media.Frame
		want          schemas.Macroblock
	}{
		// Every column is 2 brighter than the last: all steps are equal, and no excess is above 0. No macroblock is flat.
		{"a ramp", nil, drawAs(limited, 3, func(x, _ int) int { return 20 + 2*x }), schemas.Macroblock{RowArgmax: 1}},
		// Four borders step by 40: 4/17*4096 = 963.8. Both level ones are on a quarter of the width: 10 levels between rows, twice, without
		// deviation.
		{"one block stands out", nil, drawAs(limited, 0, block(100, 140)),
			schemas.Macroblock{RowMax: 640, RowArgmax: 1, EdgeShare: 964, EdgeMax: 40, Flat: 4096}},
		// A step of 8 is not above 8; one of 9 is.
		{"a step of 8", nil, drawAs(limited, 0, block(100, 108)), schemas.Macroblock{RowMax: 128, RowArgmax: 1, EdgeMax: 8, Flat: 4096}},
		{"a step of 9", nil, drawAs(limited, 0, block(100, 91)),
			schemas.Macroblock{RowMax: 144, RowArgmax: 1, EdgeShare: 964, EdgeMax: 9, Flat: 4096}},
		// Of full range 9 are 9*219/255 = 7.7 levels, and 10 are 8.6; over a quarter of the width 1.93*64 = 123.7 and 2.147*64 = 137.4.
		{"a step of 9 of full range", nil, drawAs(full, 0, block(100, 109)), schemas.Macroblock{RowMax: 124, RowArgmax: 1, EdgeMax: 8, Flat: 4096}},
		{"a step of 10 of full range", nil, drawAs(full, 0, block(100, 110)),
			schemas.Macroblock{RowMax: 137, RowArgmax: 1, EdgeShare: 964, EdgeMax: 9, Flat: 4096}},
		// The lower of two rows of macroblocks is 30 brighter: excess 0 and 30 levels, thus deviation 15; 4/17 of the borders.
		{"rows break off", nil, drawAs(limited, 0, func(_, y int) int { return choose(y < 32, 140, 170) }),
			schemas.Macroblock{RowMax: 1920, RowStd: 960, RowArgmax: 2, EdgeShare: 964, EdgeMax: 30, Flat: 4096}},
		// The same step eight rows further up is at no border; the macroblocks that it cuts in two are not flat.
		{"off the grid", nil, drawAs(limited, 0, func(_, y int) int { return choose(y < 24, 140, 170) }),
			schemas.Macroblock{RowArgmax: 1, Flat: 2731}},
		// A step is spread over three columns: 10 before the border, 10 on it and 10 behind: no excess.
		{"a soft edge", nil, drawAs(limited, 0, func(x, _ int) int { return 140 + 10*max(0, min(3, x-30)) }),
			schemas.Macroblock{RowArgmax: 1, Flat: 2048}},
		// Only the difference has the block, and the picture is a ramp.
		{"a block was there before", drawAs(limited, 0, func(x, y int) int { return 20 + 2*x + block(0, 40)(x, y) }),
			drawAs(limited, 0, func(x, _ int) int { return 20 + 2*x }),
			schemas.Macroblock{RowArgmax: 1, DifferenceShare: pointer(964), DifferenceMax: pointer(40)}},
		{"the block stays", drawAs(limited, 0, block(100, 140)), drawAs(limited, 0, block(100, 140)),
			schemas.Macroblock{RowMax: 640, RowArgmax: 1, EdgeShare: 964, EdgeMax: 40, DifferenceShare: pointer(0), DifferenceMax: pointer(0), Flat: 4096}},
	} {
		frames := []*media.Frame{c.frame}
		if c.before != nil {
			frames = []*media.Frame{c.before, c.frame}
		}
		if got := measure(frames...).Macroblock; !reflect.DeepEqual(got, &c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, describe(got), describe(&c.want))
		}
	}
	for _, size := range [][2]int{{31, 48}, {48, 31}} {
		if got := measure(draw(size[0], size[1], flat(50))).Macroblock; got != nil {
			t.Errorf("%dx%d: got %s, want null", size[0], size[1], describe(got))
		}
	}
}

// One of 2x2 macroblocks has a colour; the others are of noise.
func TestConcealmentColour(t *testing.T) {
	format := func(depth int) media.VideoFormat {
		return media.VideoFormat{Width: 32, Height: 32, Depth: depth, Range: "limited"}
	}
	for _, c := range []struct {
		name   string
		colour yuv
		want   int32
	}{
		{"grey", yuv{128, 128, 128}, 1024},
		{"nearly grey", yuv{126, 130, 127}, 1024},
		{"too dark for it", yuv{125, 128, 128}, 0},
		{"bluish", yuv{128, 131, 128}, 0},
		{"zeros", yuv{0, 0, 0}, 1024},
		{"green of a re-encoded one", yuv{16, 30, 32}, 1024},
		{"grass", yuv{100, 33, 20}, 0},
		{"black", yuv{16, 128, 128}, 0},
	} {
		for _, depth := range []int{8, 10} {
			f := paint(format(depth), func(x, y int) yuv {
				if x/8 == 1 && y/8 == 1 { // samples of chroma
					return c.colour
				}
				return yuv{128 + (x+y)%2, c.colour.u, c.colour.v}
			})
			if got := measure(f).Macroblock; got.Flat != 1024 || got.ConcealmentColour != c.want {
				t.Errorf("%s at %d bits: flat %d, concealment %d; want 1024, %d", c.name, depth, got.Flat, got.ConcealmentColour, c.want)
			}
		}
	}
	if got := measure(draw(32, 32, flat(128))).Macroblock; got.ConcealmentColour != 4096 {
		t.Errorf("without chroma: got %d, want 4096", got.ConcealmentColour)
	}
}

// defineMacroblock is the group from its definition; change is nil on the first picture.
func defineMacroblock(now, change [][]int, f *media.Frame) *schemas.Macroblock {
	columns, rows := len(now[0])/16, len(now)/16
	if columns < 2 || rows < 2 {
		return nil
	}
	out := &schemas.Macroblock{}
	most := math.Inf(-1)
	var all []float64
	for r := 1; r < rows; r++ {
		excess := scaleOf(f) * excessOf(func(i, line int) (int, int) { return now[16*r+line-1][i], now[16*r+line][i] }, 0, len(now[0]), 1)
		all = append(all, excess)
		if excess > most+1e-9 {
			most, out.RowArgmax = excess, int32(r)
		}
	}
	out.RowMax = rounded(64 * most)
	out.RowStd = rounded(64 * deviation(all))
	out.EdgeShare, out.EdgeMax = edges(now, f)
	if change != nil {
		n, most := edges(change, f)
		out.DifferenceShare, out.DifferenceMax = &n, &most
	}
	flat := 0
	for r := range rows {
		for c := range columns {
			equal := true
			for y := 16 * r; y < 16*r+16; y += 2 {
				for x := 16 * c; x < 16*c+16; x++ {
					equal = equal && now[y][x] == now[16*r][16*c]
				}
			}
			flat += b2i(equal)
			if v := now[16*r][16*c]; equal && v >= 126 && v <= 130 {
				out.ConcealmentColour++
			}
		}
	}
	whole := rows * columns
	out.Flat, out.ConcealmentColour = int32((flat*4096+whole-1)/whole), (out.ConcealmentColour*4096+int32(whole)-1)/int32(whole)
	return out
}

// edges gives share and largest excess of the borders of macroblocks.
func edges(rows [][]int, f *media.Frame) (share, most int32) {
	n, above, largest := 0, 0, 0.0
	add := func(excess float64) {
		n++
		above += b2i(excess > 8)
		largest = max(largest, excess)
	}
	for r := range len(rows) / 16 {
		for c := range len(rows[0]) / 16 {
			if c > 0 {
				add(scaleOf(f) * excessOf(func(i, line int) (int, int) { return rows[i][16*c+line-1], rows[i][16*c+line] }, 16*r, 16*r+16, 2))
			}
			if r > 0 {
				add(scaleOf(f) * excessOf(func(i, line int) (int, int) { return rows[16*r+line-1][i], rows[16*r+line][i] }, 16*c, 16*c+16, 1))
			}
		}
	}
	return int32((above*4096 + n - 1) / n), int32(math.Floor(largest + 0.5 + 1e-9))
}

// excessOf is the mean step over a border less the mean of the steps beside it; pair gives the two samples of a step one line before (-1),
// on (0) or after the border (1).
func excessOf(pair func(i, line int) (int, int), from, to, step int) float64 {
	sum, n := 0.0, 0.0
	for i := from; i < to; i += step {
		n++
		for line, weight := range map[int]float64{-1: -0.5, 0: 1, 1: -0.5} {
			a, b := pair(i, line)
			sum += weight * math.Abs(float64(a-b))
		}
	}
	return sum / n
}

func deviation(values []float64) float64 {
	var sum, squares float64
	for _, v := range values {
		sum += v / float64(len(values))
	}
	for _, v := range values {
		squares += (v - sum) * (v - sum) / float64(len(values))
	}
	return math.Sqrt(squares)
}

func pointer(v int32) *int32 { return &v }

// describe writes a group with what its pointers point to.
func describe(group any) string {
	text, _ := json.Marshal(group)
	return string(text)
}
