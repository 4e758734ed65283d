package feature_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/media"
)

// anyPlane is a plane of noise of any size, depth and stride.
func anyPlane(t *rapid.T, widest, highest int) (media.Plane, int) {
	format := media.VideoFormat{
		Width:  rapid.IntRange(1, widest).Draw(t, "width"),
		Height: rapid.IntRange(1, highest).Draw(t, "height"),
		Depth:  rapid.SampledFrom([]int{8, 9, 10, 12, 14, 16}).Draw(t, "depth"),
	}
	return noise(rapid.Uint64().Draw(t, "seed"), format, rapid.IntRange(0, 40).Draw(t, "padding")).Y, format.Depth
}

// stretches are the lines of each of n cells; a cell has at least one.
func stretches(size, n int) (out [][]int) {
	for i := range n {
		begin, end := i*size/n, max((i+1)*size/n, i*size/n+1)
		var lines []int
		for l := begin; l < end; l++ {
			lines = append(lines, l)
		}
		out = append(out, lines)
	}
	return out
}

// The means of chroma equal their definition bit for bit: of each cell one row in n from its first on, n a 144th of the rows.
func TestPoolChromaEqualsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, depth := anyPlane(t, 500, 700)
		rows := samples(&media.Frame{Format: media.VideoFormat{Depth: depth}, Y: p})
		var want []uint16
		for _, down := range stretches(p.Height, 36) {
			for _, across := range stretches(p.Width, 64) {
				sum, n := 0, 0
				for y := 0; y < len(down); y += max(1, p.Height/144) {
					for _, x := range across {
						sum, n = sum+rows[down[y]][x], n+1
					}
				}
				want = append(want, uint16((16*sum+n/2)/n))
			}
		}
		if got := feature.PoolChroma(&p, depth); !slices.Equal(got, want) {
			t.Errorf("got %v\nwant %v", got, want)
		}
	})
}

// Large planes of the largest values, so that sums are as large as can be.
func TestPoolChromaOfLargePlanes(t *testing.T) {
	for _, size := range [][2]int{{8192, 4320}, {16384, 200}, {70, 16384}, {1, 1}} {
		for _, depth := range []int{8, 16} {
			p := drawAs(media.VideoFormat{Width: size[0], Height: size[1], Depth: depth}, 0, flat(1<<depth-1)).Y
			for i, got := range feature.PoolChroma(&p, depth) {
				if got != 255*16 {
					t.Fatalf("%dx%d, %d bits: mean %d is %d, want %d", size[0], size[1], depth, i, got, 255*16)
				}
			}
		}
	}
}

// A thumbnail's samples equal their definition bit for bit: means of all samples of a cell, at 8 bits rounded to nearest, of more bits
// rounded down with what is beyond 8.
func TestShrinkEqualsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, depth := anyPlane(t, 200, 100)
		width, height := rapid.IntRange(1, 120).Draw(t, "to width"), rapid.IntRange(1, 120).Draw(t, "to height")
		sample := func(x, y int) int {
			if depth == 8 {
				return int(p.Data[y*p.Stride+x])
			}
			return int(binary.LittleEndian.Uint16(p.Data[y*p.Stride+2*x:]))
		}
		var want []byte
		for _, down := range stretches(p.Height, height) {
			for _, across := range stretches(p.Width, width) {
				sum := 0
				for _, y := range down {
					for _, x := range across {
						sum += sample(x, y)
					}
				}
				n := len(down) * len(across)
				mean := (sum + n/2) / n
				if depth > 8 {
					mean = sum / n >> (depth - 8)
				}
				want = append(want, byte(mean))
			}
		}
		if got := feature.Shrink(&p, depth, width, height); !bytes.Equal(got, want) {
			t.Errorf("got %v\nwant %v", got, want)
		}
	})
}
