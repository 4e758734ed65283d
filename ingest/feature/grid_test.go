package feature_test

import (
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
)

// 32x18: cells of 2x2. One cell holds 50, 51, 51, 51, whose mean 50.75 rounds to 51; one holds 50, 50, 50, 51 = 50.25.
func TestGridMean(t *testing.T) {
	g := measure(draw(32, 18, except(50, map[[2]int]int{
		{7, 4}: 51, {6, 5}: 51, {7, 5}: 51, // cell (3,2)
		{31, 17}: 51,                                         // cell (15,8)
		{0, 0}:   235, {1, 0}: 235, {0, 1}: 235, {1, 1}: 235, // cell (0,0)
	}))).Grid
	for i, got := range g.Mean {
		want := byte(50)
		switch i {
		case 0:
			want = 235
		case 2*16 + 3:
			want = 51
		}
		if got != want {
			t.Errorf("cell (%d,%d): got %d, want %d", i%16, i/16, got, want)
		}
	}
}

// Full range 100 is 16 + 100*219/255 = 101.88 on the limited scale.
func TestGridMeanOfFullRange(t *testing.T) {
	f := drawAs(media.VideoFormat{Width: 16, Height: 9, Depth: 8, Range: "full"}, 0, flat(100))
	for i, got := range measure(f).Grid.Mean {
		if got != 102 {
			t.Errorf("cell %d: got %d, want 102", i, got)
		}
	}
}

// 256x144: cells of 16x16 = 256 pixels.
func TestGridDifference(t *testing.T) {
	still := draw(256, 144, flat(20))
	changed := draw(256, 144, func(x, y int) int {
		switch {
		case x == 0 && y == 0:
			return 21 // cell (0,0): 64/256 of 1/64 level, less than 1 counts as 1: nibble 1
		case y < 16 && x >= 16 && x < 32:
			return 19 // cell (1,0): 64/64: nibble 1 + 6
		case y < 16 && x >= 32 && x < 48:
			return 220 // cell (2,0): 200 levels = 12800/64: 2^13 = 8192, nibble 1 + 13
		case x == 255 && y == 143:
			return 32 // cell (15,8): 12 levels of one pixel, 12*64/256 = 3: nibble 1 + 1
		}
		return 20
	})
	g := measure(still, changed).Grid
	var want [72]byte
	want[0], want[1], want[71] = 0x17, 0xE0, 0x02
	if *g.Difference != want {
		t.Errorf("got  %x\nwant %x", *g.Difference, want)
	}
	if g := measure(changed, changed).Grid; *g.Difference != [72]byte{} {
		t.Errorf("between equal pictures: got %x, want zeros", *g.Difference)
	}
}

func TestGridNeedsAPixelACell(t *testing.T) {
	for _, c := range []struct {
		width, height int
		want          bool
	}{{16, 9, true}, {15, 9, false}, {16, 8, false}, {1, 1, false}} {
		if got := measure(draw(c.width, c.height, flat(50))).Grid != nil; got != c.want {
			t.Errorf("%dx%d: grid there: %v, want %v", c.width, c.height, got, c.want)
		}
	}
}
