package feature_test

import (
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

func TestBorder(t *testing.T) {
	// boxed is bright from row 12 to 77 and column 20 to 139 of 160x90, within bars of a level.
	boxed := func(bar, bright int) func(x, y int) int {
		return func(x, y int) int {
			if x >= 20 && x < 140 && y >= 12 && y < 78 {
				return bright
			}
			return bar
		}
	}
	inside := schemas.Border{Top24: 12, Bottom24: 77, Left24: 20, Right24: 139, Top40: 12, Bottom40: 77, Left40: 20, Right40: 139}
	whole := schemas.Border{Bottom24: 89, Right24: 159, Bottom40: 89, Right40: 159}
	for _, c := range []struct {
		name string
		rng  string
		luma func(x, y int) int
		want schemas.Border
	}{
		{"bars on all sides", "limited", boxed(16, 200), inside},
		{"no bars", "limited", flat(120), whole},
		{"black: nothing exceeds", "limited", flat(16),
			schemas.Border{Top24: 90, Bottom24: -1, Left24: 160, Right24: -1, Top40: 90, Bottom40: -1, Left40: 160, Right40: -1}},
		{"24 does not exceed 24", "limited", flat(24),
			schemas.Border{Top24: 90, Bottom24: -1, Left24: 160, Right24: -1, Top40: 90, Bottom40: -1, Left40: 160, Right40: -1}},
		// Bars of 30: the whole picture exceeds 24. Of a bright row 120 of 160 pixels are 200: (120*200 + 40*30)/160 = 157.5.
		{"grey bars", "limited", boxed(30, 200),
			schemas.Border{Bottom24: 89, Right24: 159, Top40: 12, Bottom40: 77, Left40: 20, Right40: 139}},
		// Rows of 35 within the bars exceed 24 but not 40: (120*35 + 40*16)/160 = 30.25; columns (66*35 + 24*16)/90 = 29.9.
		{"dim", "limited", boxed(16, 35),
			schemas.Border{Top24: 12, Bottom24: 77, Left24: 20, Right24: 139, Top40: 90, Bottom40: -1, Left40: 160, Right40: -1}},
		// Full range 9 is 16 + 9*219/255 = 23.7 of limited, 10 is 24.6; 27 is 39.2 and 28 is 40.05.
		{"full range 9", "full", flat(9),
			schemas.Border{Top24: 90, Bottom24: -1, Left24: 160, Right24: -1, Top40: 90, Bottom40: -1, Left40: 160, Right40: -1}},
		{"full range 10", "full", flat(10), schemas.Border{Bottom24: 89, Right24: 159, Top40: 90, Bottom40: -1, Left40: 160, Right40: -1}},
		{"full range 27", "full", flat(27), schemas.Border{Bottom24: 89, Right24: 159, Top40: 90, Bottom40: -1, Left40: 160, Right40: -1}},
		{"full range 28", "full", flat(28), whole},
	} {
		f := drawAs(media.VideoFormat{Width: 160, Height: 90, Depth: 8, Range: c.rng}, 0, c.luma)
		if got := measure(f).Border; *got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, *got, c.want)
		}
	}
}
