package feature_test

import (
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
)

// Pictures of 384x216, of which three columns each have one of the levels from 64 to 191: F is zero at each fourth of 512 parts, and falls between, so that it is
// nowhere above that at half the place. In steps of 8 there are 16 levels that count a fiftieth each: 16/50 at j = 64, and at 32 and 96 half of them cancel
// the other half. So it is with 32 levels and with 4.
func TestPosterised(t *testing.T) {
	steps := func(of int) func(x, y int) int { return func(x, _ int) int { return 64 + x/3/of*of } }
	for _, c := range []struct {
		name        string
		depth       int
		luma        func(x, y int) int
		least, most int32
	}{
		{"a ramp of all levels", 8, steps(1), 0, 0},
		{"every second level", 8, steps(2), 0, 0},
		{"steps of 4, 32/50", 8, steps(4), 2621, 2621},
		{"steps of 8, 16/50", 8, steps(8), 1311, 1311},
		{"steps of 32, 4/50", 8, steps(32), 328, 328},
		{"steps of 8 of 10 bits", 10, func(x, y int) int { return 4*steps(8)(x, y) + x%4 }, 1311, 1311},
		{"one level", 8, flat(60), 0, 0},
		{"two levels that count a fiftieth each", 8, func(x, _ int) int { return choose(x < 160, 60, 100) }, 0, 164},
		// Half of the picture is as good as nothing: the other half's 16 levels have 1/32 each.
		{"steps of 8 beside a bar", 8, func(x, y int) int { return choose(y < 108, 16, steps(8)(x, y)) }, 1311, 1311 + 4096/50},
	} {
		got := measure(drawAs(media.VideoFormat{Width: 384, Height: 216, Depth: c.depth}, 0, c.luma)).Sampled.Posterised
		if got == nil || *got < c.least || *got > c.most {
			t.Errorf("%s: got %s, want %d to %d", c.name, describe(got), c.least, c.most)
		}
	}
}

// Of 576 rows each eighth counts.
func TestPosterisedLooksAtSomeRows(t *testing.T) {
	got := measure(draw(384, 576, func(x, y int) int { return choose(y%8 == 0, 64+x/3/8*8, 64+x/3) })).Sampled.Posterised
	if got == nil || *got != 1311 {
		t.Errorf("got %s, want 1311", describe(got))
	}
	if small := measure(draw(300, 180, flat(50))).Sampled; small.Posterised != nil {
		t.Errorf("300x180: got %d, want nothing", *small.Posterised)
	}
}
