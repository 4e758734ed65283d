package feature_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// colourFormat is 4:2:0, 40x20: planes of chroma of 20x10, a quarter of whose samples count for saturation and hue.
func colourFormat(depth int, rng string) media.VideoFormat {
	return media.VideoFormat{Width: 40, Height: 20, Depth: depth, Range: rng}
}

func TestChroma(t *testing.T) {
	neutral := schemas.Chroma{UMean: 32768, VMean: 32768}
	one := func(sector int) (hue [8]byte) { hue[sector] = 255; return hue }
	for _, c := range []struct {
		name   string
		format media.VideoFormat
		colour func(x, y int) yuv
		want   schemas.Chroma
	}{
		{"grey", colourFormat(8, "limited"), func(int, int) yuv { return yuv{90, 128, 128} }, neutral},
		{"grey of full range", colourFormat(8, "full"), func(int, int) yuv { return yuv{90, 128, 128} }, neutral},
		// 3-4-5: (+30,-40) is 50 levels from neutral, at atan2(-40,30) = 307 degrees: sector 6.
		{"one colour", colourFormat(8, "limited"), func(int, int) yuv { return yuv{90, 158, 88} },
			schemas.Chroma{UMean: 158 * 256, VMean: 88 * 256, SaturationMean: 50 * 256, SaturationP90: 50, Hue: one(6)}},
		{"the same at 10 bits", colourFormat(10, "limited"), func(int, int) yuv { return yuv{90, 158, 88} },
			schemas.Chroma{UMean: 158 * 256, VMean: 88 * 256, SaturationMean: 50 * 256, SaturationP90: 50, Hue: one(6)}},
		// Times 224/255: U 128 + 30*.87843 = 154.353, times 256 = 39514.4; V 128 - 35.137 = 92.863, 23772.9; 43.922 levels, 11243.9.
		{"the same of full range", colourFormat(8, "full"), func(int, int) yuv { return yuv{90, 158, 88} },
			schemas.Chroma{UMean: 39514, VMean: 23773, SaturationMean: 11244, SaturationP90: 44, Hue: one(6)}},
		// A fifth of the columns (0-3 of 20) is red-ish: U 128 + (0, 1/5 of 50) = 138, deviation 50*sqrt(.2*.8) = 20. Angle 0 is sector 0.
		// Of the sampled columns 0, 2 are coloured out of ten: more than a tenth, so the 90th percentile is theirs.
		{"a fifth is coloured", colourFormat(8, "limited"), func(x, _ int) yuv { return yuv{90, 128 + 50*b2i(x < 4), 128} },
			schemas.Chroma{UMean: 138 * 256, VMean: 32768, UStd: 20 * 256, SaturationMean: 10 * 256, SaturationP90: 50, Hue: one(0)}},
		// A tenth: U 133, deviation 50*.3 = 15; 90 % of the samples are neutral.
		{"a tenth is coloured", colourFormat(8, "limited"), func(x, _ int) yuv { return yuv{90, 128 + 50*b2i(x < 2), 128} },
			schemas.Chroma{UMean: 133 * 256, VMean: 32768, UStd: 15 * 256, SaturationMean: 5 * 256, Hue: one(0)}},
		// Half the rows are 90 levels to one side, half 30 to the other: U is 128 + (90-30)/2, deviation 60.
		// Mean distance (90+30)/2 = 60, and of 255 90/120 = 191.25 and 30/120 = 63.75.
		{"two hues", colourFormat(8, "limited"), func(_, y int) yuv { return yuv{90, choose(y < 5, 218, 98), 128} },
			schemas.Chroma{UMean: 158 * 256, VMean: 32768, UStd: 60 * 256, SaturationMean: 60 * 256, SaturationP90: 90,
				Hue: [8]byte{191, 0, 0, 0, 64}}},
	} {
		if got := measure(paint(c.format, c.colour)).Chroma; *got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, *got, c.want)
		}
	}
}

// Each sector holds the lower of its ends.
func TestHueSectors(t *testing.T) {
	for i, direction := range [][2]int{{40, 0}, {40, 40}, {0, 40}, {-40, 40}, {-40, 0}, {-40, -40}, {0, -40}, {40, -40}} {
		for turn, want := range []int{i, i, (i + 7) % 8} {
			// On the line, 10 degrees further, 10 degrees less.
			angle := []float64{0, 10, -10}[turn] * math.Pi / 180
			u := math.Round(float64(direction[0])*math.Cos(angle) - float64(direction[1])*math.Sin(angle))
			v := math.Round(float64(direction[0])*math.Sin(angle) + float64(direction[1])*math.Cos(angle))
			got := measure(paint(colourFormat(8, "limited"), func(int, int) yuv { return yuv{90, 128 + int(u), 128 + int(v)} })).Chroma
			if got.Hue[want] != 255 {
				t.Errorf("U %+.0f, V %+.0f: got %v, want all in sector %d", u, v, got.Hue, want)
			}
		}
	}
}

func TestChromaOfGreyFormat(t *testing.T) {
	if got := measure(draw(40, 20, flat(90))).Chroma; got != nil {
		t.Errorf("without planes of chroma: got %v, want null", got)
	}
	spoilt := paint(colourFormat(8, "limited"), func(int, int) yuv { return yuv{90, 128, 128} })
	spoilt.V.Height--
	if got := measure(spoilt).Chroma; got != nil {
		t.Errorf("planes of two sizes: got %v, want null", got)
	}
}

// Means, deviations and saturation of random planes of any size equal their definitions.
func TestChromaEqualsDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 60 {
		format := media.VideoFormat{Width: 1 + random.IntN(150), Height: 1 + random.IntN([]int{60, 1600}[random.IntN(2)]), Depth: 8 + 2*random.IntN(2)}
		f := paint(format, func(int, int) yuv { return yuv{90, random.IntN(256), random.IntN(256)} })
		var n, u, uu, v, vv, sampled, saturation float64
		us, vs := samples(&media.Frame{Format: format, Y: f.U}), samples(&media.Frame{Format: format, Y: f.V})
		every := max(1, len(us)/72)
		if len(us) <= 288 {
			every = 1
		}
		for y := range us {
			for x := range us[y] {
				a, b := float64(us[y][x])-128, float64(vs[y][x])-128
				n, u, uu, v, vv = n+1, u+a, uu+a*a, v+b, vv+b*b
				if x%2 == 0 && y%every == 0 {
					sampled, saturation = sampled+1, saturation+math.Sqrt(a*a+b*b)
				}
			}
		}
		got := measure(f).Chroma
		for name, c := range map[string][2]float64{
			"u_mean": {float64(got.UMean), 256 * (128 + u/n)}, "u_std": {float64(got.UStd), 256 * math.Sqrt(uu/n-u/n*u/n)},
			"v_mean": {float64(got.VMean), 256 * (128 + v/n)}, "v_std": {float64(got.VStd), 256 * math.Sqrt(vv/n-v/n*v/n)},
			"saturation_mean": {float64(got.SaturationMean), 256 * saturation / sampled},
		} {
			// Half a step of rounding; for saturation half a step more, of each distance.
			if math.Abs(c[0]-c[1]) > 1.001 {
				t.Errorf("%dx%d, %d bits: %s is %.0f, want %.3f", format.Width, format.Height, format.Depth, name, c[0], c[1])
			}
		}
	}
}

func choose(first bool, a, b int) int {
	if first {
		return a
	}
	return b
}
