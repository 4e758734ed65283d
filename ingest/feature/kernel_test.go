package feature_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// The kernels equal the definitions of the fields, written out plainly below, bit for bit: any size, stride, depth and range.
func TestKernelsEqualDefinitions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		format := media.VideoFormat{
			Width:  rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(41, 300)).Draw(t, "width"),
			Height: rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(41, 150)).Draw(t, "height"),
			Depth:  rapid.SampledFrom([]int{8, 10, 12, 16}).Draw(t, "depth"),
			Range:  rapid.SampledFrom([]string{"limited", "full", "unknown"}).Draw(t, "range"),
		}
		padding := rapid.IntRange(0, 40).Draw(t, "padding")
		var frames []*media.Frame
		for range 3 {
			frames = append(frames, noise(rapid.Uint64().Draw(t, "seed"), format, padding))
		}
		for n := 1; n <= 3; n++ {
			compare(t, measure(frames[:n]...), define(frames[:n]))
		}
	})
}

// Sizes at which a sum, a remainder of a row or an empty cell might go wrong; extreme levels, so that sums are as large as can be.
func TestSizes(t *testing.T) {
	for _, size := range [][2]int{
		{1, 1}, {1, 2}, {2, 1}, {3, 3}, {15, 9}, {16, 8}, {17, 10}, {31, 7}, {33, 35}, {63, 37}, {127, 129},
		{8192, 5}, {8191, 2}, {16384, 1}, {5, 8192}, {2, 16384}, {1, 12345}, {7, 9287}, {4097, 131}, {131, 700},
	} {
		for _, depth := range []int{8, 16} {
			t.Run(fmt.Sprintf("%dx%d, %d bits", size[0], size[1], depth), func(t *testing.T) {
				format := media.VideoFormat{Width: size[0], Height: size[1], Depth: depth}
				frames := []*media.Frame{
					drawAs(format, 1, flat(0)), drawAs(format, 1, flat(1<<depth-1)), noise(1, format, 1), drawAs(format, 1, flat(0)),
				}
				for n := 2; n <= 4; n++ {
					compare(t, measure(frames[:n]...), define(frames[:n]))
				}
			})
		}
	}
}

// Nothing is left of a larger picture.
func TestSizeChanges(t *testing.T) {
	large, small := media.VideoFormat{Width: 300, Height: 200, Depth: 8}, media.VideoFormat{Width: 70, Height: 50, Depth: 8}
	frames := []*media.Frame{noise(1, large, 0), noise(2, large, 0), noise(3, small, 0), noise(4, small, 0)}
	compare(t, measure(frames[:3]...), define(frames[2:3]))
	compare(t, measure(frames...), define(frames[2:]))
}

// Samples beyond their depth, from a broken decoder, count as the brightest.
func TestSamplesBeyondTheirDepth(t *testing.T) {
	f := drawAs(media.VideoFormat{Width: 40, Height: 20, Depth: 10}, 0, flat(4096)) // 4096/4 ends in 8 zero bits
	if got := measure(f).Luma; got.Min != 255 || got.Max != 255 {
		t.Errorf("got %d to %d, want 255", got.Min, got.Max)
	}
}

func noise(seed uint64, format media.VideoFormat, padding int) *media.Frame {
	random := rand.New(rand.NewPCG(seed, 0))
	contrast := 1 + random.IntN(1<<format.Depth)
	return drawAs(format, padding, func(int, int) int { return random.IntN(contrast) })
}

func compare(t interface{ Errorf(string, ...any) }, got, want *schemas.VideoFrame) {
	for _, group := range []string{"Luma", "Grid", "Difference", "Hash", "Border", "Field", "Detail", "Block", "Macroblock"} {
		g := reflect.ValueOf(got).Elem().FieldByName(group).Interface()
		w := reflect.ValueOf(want).Elem().FieldByName(group).Interface()
		if !reflect.DeepEqual(g, w) {
			t.Errorf("%s:\n got %s\nwant %s", group, describe(g), describe(w))
		}
	}
}

// define is the groups of the last of some frames of one format, straight from the fields' definitions.
func define(frames []*media.Frame) *schemas.VideoFrame {
	f := frames[len(frames)-1]
	now := samples(f)
	out := &schemas.VideoFrame{Luma: defineLuma(now, f.Format.Range == "full"), Hash: defineHash(f, now), Border: defineBorder(now, f)}
	out.Detail = defineDetail(now, nil, f)
	out.Block, out.Macroblock = defineBlock(now, f), defineMacroblock(now, nil, f)
	pool := pooled(now, 16, 9)
	if f.Y.Width >= 16 && f.Y.Height >= 9 {
		out.Grid = &schemas.Grid{}
		for i, mean := range pool {
			out.Grid.Mean[i] = byte(math.Floor(16*b2f(f.Format.Range == "full") + mean.over(1)*scaleOf(f) + 0.5 + 1e-9))
		}
	}
	if len(frames) == 1 {
		return out
	}
	previous := samples(frames[len(frames)-2])
	change := absolute(now, previous)
	out.Macroblock = defineMacroblock(now, change, f)
	out.Detail = defineDetail(now, previous, f)
	out.Difference = &schemas.Difference{Previous: mafd(total(change), f), Low: defineLow(pooled(now, 64, 36), pooled(previous, 64, 36), f)}
	if len(frames) > 2 {
		d := mafd(total(absolute(now, samples(frames[len(frames)-3]))), f)
		out.Difference.Previous2 = &d
		out.Field = defineField(samples(frames[len(frames)-3]), previous, now, f)
	}
	if out.Grid != nil {
		out.Grid.Difference = new([72]byte)
		for i, cell := range pooled(change, 16, 9) {
			nibble := 0
			if cell.sum > 0 {
				m := math.Floor(cell.over(64)*scaleOf(f) + 1e-9)
				nibble = min(14, 1+int(math.Floor(math.Log2(max(m, 1)))))
			}
			out.Grid.Difference[i/2] |= byte(nibble << (4 * (1 - i%2)))
		}
	}
	return out
}

// cell is the sum of n samples.
type cell struct{ sum, n int }

func (c cell) over(unit int) float64 { return float64(c.sum*unit) / float64(c.n) }

// samples are the luma of f shifted to 8 bits.
func samples(f *media.Frame) [][]int {
	rows := make([][]int, f.Y.Height)
	for y := range rows {
		for x := range f.Y.Width {
			if f.Format.Depth == 8 {
				rows[y] = append(rows[y], int(f.Y.Data[y*f.Y.Stride+x]))
			} else {
				rows[y] = append(rows[y], int(binary.LittleEndian.Uint16(f.Y.Data[y*f.Y.Stride+2*x:]))>>(f.Format.Depth-8))
			}
		}
	}
	return rows
}

func pooled(rows [][]int, across, down int) []cell {
	cells := make([]cell, across*down)
	h, w := len(rows), len(rows[0])
	for r := range down {
		for c := range across {
			for y := r * h / down; y < (r+1)*h/down; y++ {
				for x := c * w / across; x < (c+1)*w/across; x++ {
					cells[r*across+c].sum += rows[y][x]
					cells[r*across+c].n++
				}
			}
		}
	}
	return cells
}

func absolute(a, b [][]int) [][]int {
	out := make([][]int, len(a))
	for y := range a {
		for x := range a[y] {
			out[y] = append(out[y], max(a[y][x]-b[y][x], b[y][x]-a[y][x]))
		}
	}
	return out
}

func total(rows [][]int) int {
	sum := 0
	for _, c := range pooled(rows, 1, 1) {
		sum += c.sum
	}
	return sum
}

func scaleOf(f *media.Frame) float64 {
	if f.Format.Range == "full" {
		return 219.0 / 255
	}
	return 1
}

func mafd(sad int, f *media.Frame) int32 {
	n := f.Y.Width * f.Y.Height
	if f.Format.Range == "full" {
		return int32((sad*219*4096 + 255*n - 1) / (255 * n))
	}
	return int32((sad*4096 + n - 1) / n)
}

func defineLow(now, before []cell, f *media.Frame) int32 {
	sum, cells := 0, 0
	for i, c := range now {
		if c.n > 0 {
			sum += max(c.sum-before[i].sum, before[i].sum-c.sum) * (1 << 20) / c.n
			cells++
		}
	}
	if f.Format.Range == "full" {
		return int32((sum*219 + 255*256*cells - 1) / (255 * 256 * cells))
	}
	return int32((sum + 256*cells - 1) / (256 * cells))
}

func defineLuma(rows [][]int, full bool) *schemas.Luma {
	out := &schemas.Luma{Min: 255}
	var below [24]int
	var n, sum, squares float64
	for _, row := range rows {
		for _, v := range row {
			n, sum, squares = n+1, sum+float64(v), squares+float64(v*v)
			if full {
				v = int(math.Round(16 + float64(v)*219/255))
			}
			out.Min, out.Max = min(out.Min, int32(v)), max(out.Max, int32(v))
			for i, level := range cdfLevels {
				if v <= level {
					below[i]++
				}
			}
		}
	}
	for i, count := range below {
		binary.BigEndian.PutUint16(out.CDF[2*i:], uint16(count*65535/int(n)))
	}
	mean, std := sum/n, math.Sqrt(max(0, squares/n-sum/n*sum/n))
	if full {
		mean, std = 16+mean*219/255, std*219/255
	}
	out.Mean, out.Std = rounded(mean*256), rounded(std*256)
	return out
}

func defineBorder(rows [][]int, f *media.Frame) *schemas.Border {
	ends := func(lines []cell, level float64) (first, last int32) {
		first, last = int32(len(lines)), -1
		for i, line := range lines {
			if 16*b2f(f.Format.Range == "full")+line.over(1)*scaleOf(f) > level+1e-9 {
				first, last = min(first, int32(i)), int32(i)
			}
		}
		return first, last
	}
	out := &schemas.Border{}
	across, down := pooled(rows, len(rows[0]), 1), pooled(rows, 1, len(rows))
	out.Top24, out.Bottom24 = ends(down, 24)
	out.Top40, out.Bottom40 = ends(down, 40)
	out.Left24, out.Right24 = ends(across, 24)
	out.Left40, out.Right40 = ends(across, 40)
	return out
}

// defineField is FFmpeg's loop over a picture of luma, on the first 16 of every 64 columns.
func defineField(prev, cur, next [][]int, f *media.Frame) *schemas.Field {
	if len(cur) < 5 {
		return nil
	}
	pixels := 0.0
	comb := func(a, b, c []int) (sum float64) {
		pixels = 0
		for x := range a {
			if x%64 < 16 {
				sum += math.Abs(float64(a[x] + c[x] - 2*b[x]))
				pixels++
			}
		}
		return sum
	}
	var alpha, gamma [2]float64
	var delta float64
	for y := 2; y < len(cur)-2; y++ {
		alpha[y&1] += comb(cur[y-1], prev[y], cur[y+1])
		alpha[(y^1)&1] += comb(cur[y-1], next[y], cur[y+1])
		delta += comb(cur[y-1], cur[y], cur[y+1])
		gamma[(y^1)&1] += comb(cur[y], prev[y], cur[y])
	}
	pixels *= float64(len(cur) - 4)
	unit := func(sum float64) int32 {
		return int32(math.Floor(sum*scaleOf(f)*256/pixels + 0.5 + 1e-9))
	}
	return &schemas.Field{
		Alpha0: unit(alpha[0]), Alpha1: unit(alpha[1]), Delta: unit(delta), Gamma0: unit(gamma[0]), Gamma1: unit(gamma[1]),
	}
}

func defineHash(f *media.Frame, rows [][]int) *schemas.PictureHash {
	if f.Y.Width < 9 || f.Y.Height < 8 {
		return nil
	}
	var perceptual uint64
	cells := pooled(rows, 9, 8)
	for i := range 64 {
		left, right := cells[i/8*9+i%8], cells[i/8*9+i%8+1]
		perceptual = perceptual<<1 | uint64(b2i(left.sum*right.n < right.sum*left.n))
	}
	out := &schemas.PictureHash{}
	binary.BigEndian.PutUint64(out.Perceptual[:], perceptual)
	binary.BigEndian.PutUint64(out.Exact[:], exact(f))
	return out
}

// exact mixes each row, filled up with zeros to whole blocks of 128 bytes, into 32 lanes, and folds these.
func exact(f *media.Frame) uint64 {
	var lanes [32]uint32
	for i := range lanes {
		lanes[i] = uint32(i + 1)
	}
	size := 1
	if f.Format.Depth > 8 {
		size = 2
	}
	for y := range f.Y.Height {
		row := append([]byte(nil), f.Y.Data[y*f.Y.Stride:][:f.Y.Width*size]...)
		for len(row)%128 != 0 {
			row = append(row, 0)
		}
		for i := 0; i < len(row); i += 4 {
			lane := &lanes[i/4%32]
			*lane = bits.RotateLeft32(*lane^binary.LittleEndian.Uint32(row[i:]), 15) * 0x9E3779B1
		}
	}
	var h uint64
	for i := 0; i < 32; i += 2 {
		h ^= uint64(lanes[i])<<32 | uint64(lanes[i+1])
		h = (h ^ h>>33) * 0xFF51AFD7ED558CCD
		h = (h ^ h>>33) * 0xC4CEB9FE1A85EC53
		h ^= h >> 33
	}
	return h
}

func b2f(b bool) float64 { return float64(b2i(b)) }

// rounded is the nearest whole number, halves up although floats may fall just short of them.
func rounded(x float64) int32 { return int32(math.Floor(x + 0.5 + 1e-9)) }
