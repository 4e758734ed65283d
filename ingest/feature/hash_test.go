package feature_test

import (
	"encoding/binary"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
)

func TestExactHash(t *testing.T) {
	ten := media.VideoFormat{Width: 100, Height: 50, Depth: 10, Range: "limited"}
	texture := func(x, y int) int { return 64 + (x*31+y*17)%800 }
	hash := func(f *media.Frame) [8]byte { return measure(f).Hash.Exact }

	still := hash(drawAs(ten, 0, texture))
	if got := hash(drawAs(ten, 37, texture)); got != still {
		t.Errorf("with longer rows: got %x, want %x", got, still)
	}
	seen := map[[8]byte]string{still: "the picture itself"}
	for name, luma := range map[string]func(x, y int) int{
		"lowest bit of the first pixel": func(x, y int) int { return texture(x, y) ^ b2i(x == 0 && y == 0) },
		"lowest bit of the last pixel":  func(x, y int) int { return texture(x, y) ^ b2i(x == 99 && y == 49) },
		"two rows changed places":       func(x, y int) int { return texture(x, y^b2i(y < 2)) },
		"one column to the right":       func(x, y int) int { return texture(x+1, y) },
		"highest bit of two pixels in one lane": func(x, y int) int {
			return texture(x, y) ^ 512*b2i(y == 3 && (x == 1 || x == 65))
		},
	} {
		got := hash(drawAs(ten, 0, luma))
		if other, ok := seen[got]; ok {
			t.Errorf("%s: same hash as %s", name, other)
		}
		seen[got] = name
	}
}

func TestPerceptualHash(t *testing.T) {
	for _, c := range []struct {
		name string
		f    *media.Frame
		want uint64
	}{
		{"flat", draw(90, 80, flat(50)), 0},
		{"brighter to the right", draw(90, 80, func(x, _ int) int { return 16 + x }), 0xFFFFFFFFFFFFFFFF},
		{"darker to the right", draw(90, 80, func(x, _ int) int { return 200 - x }), 0},
		{"first row of cells only", draw(90, 80, func(x, y int) int { return 16 + x*b2i(y < 10) }), 0xFF00000000000000},
		{"a bright second column", draw(90, 80, func(x, _ int) int { return 50 + b2i(x >= 10 && x < 20) }), 0x8080808080808080},
		{"a bright last cell", draw(9, 8, except(50, map[[2]int]int{{8, 7}: 51})), 1},
		// 10 columns: cells of 1 and, the last, 2 columns. Their sums differ, their means do not.
		{"flat in uneven cells", draw(10, 8, flat(50)), 0},
	} {
		if got := binary.BigEndian.Uint64(measure(c.f).Hash.Perceptual[:]); got != c.want {
			t.Errorf("%s: got %016x, want %016x", c.name, got, c.want)
		}
	}
	if got := measure(draw(8, 8, flat(50))).Hash; got != nil {
		t.Errorf("8 columns: got %v, want null", got)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
