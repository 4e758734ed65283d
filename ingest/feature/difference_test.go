package feature_test

import (
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
)

func TestDifference(t *testing.T) {
	full := media.VideoFormat{Width: 64, Height: 36, Depth: 8, Range: "full"}
	for _, c := range []struct {
		name          string
		a, b          *media.Frame
		previous, low int32
	}{
		{name: "equal", a: draw(64, 36, flat(50)), b: draw(64, 36, flat(50))},
		{
			// 9 / (64*36) / 256 * 2^20 = 16; each pixel is a cell of its own.
			name: "one pixel by 9",
			a:    draw(64, 36, flat(50)), b: draw(64, 36, except(50, map[[2]int]int{{63, 35}: 41})),
			previous: 16, low: 16,
		},
		{
			// 1 / (128*72) / 256 * 2^20 = 0.44, rounded up. The cell's mean changes by 1/4: 0.25 / (64*36) / 256 * 2^20 is the same.
			name: "as little as can be",
			a:    draw(128, 72, flat(50)), b: draw(128, 72, except(50, map[[2]int]int{{5, 5}: 51})),
			previous: 1, low: 1,
		},
		{
			// Two pixels of one cell change places: 20 / (128*72) * 4096 = 8.9, rounded up; the cell's mean stays.
			name: "within a cell",
			a:    draw(128, 72, except(50, map[[2]int]int{{4, 4}: 60})), b: draw(128, 72, except(50, map[[2]int]int{{5, 5}: 60})),
			previous: 9, low: 0,
		},
		{
			// 255 of full range are 219 levels: 219 / (64*36) * 4096 = 389.3, rounded up.
			name: "full range",
			a:    drawAs(full, 0, flat(0)), b: drawAs(full, 0, except(0, map[[2]int]int{{1, 1}: 255})),
			previous: 390, low: 390,
		},
		{
			// 8 rows by 4 columns, one of 32 pixels by 16: 16/32 * 4096 = 2048; every pixel is a cell.
			name: "smaller than the pool",
			a:    draw(4, 8, flat(50)), b: draw(4, 8, except(50, map[[2]int]int{{3, 7}: 66})),
			previous: 2048, low: 2048,
		},
		{
			name: "everything there is",
			a:    draw(1, 1, flat(0)), b: draw(1, 1, flat(255)),
			previous: 255 * 4096, low: 255 * 4096,
		},
	} {
		d := measure(c.a, c.b).Difference
		if d.Previous != c.previous || d.Low != c.low {
			t.Errorf("%s: previous %d, low %d; want %d, %d", c.name, d.Previous, d.Low, c.previous, c.low)
		}
		if d := measure(c.a, c.b, c.a).Difference; d.Previous != c.previous || *d.Previous2 != 0 {
			t.Errorf("%s, there and back: previous %d, previous2 %d; want %d, 0", c.name, d.Previous, *d.Previous2, c.previous)
		}
		if d := measure(c.a, c.b, c.b).Difference; d.Previous != 0 || *d.Previous2 != c.previous {
			t.Errorf("%s, then still: previous %d, previous2 %d; want 0, %d", c.name, d.Previous, *d.Previous2, c.previous)
		}
	}
}
