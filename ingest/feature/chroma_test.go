package feature_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

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

// Planes of noise of any size, subsampling, depth, stride and range give the group of its definition, bit for bit.
func TestChromaEqualsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		format := media.VideoFormat{
			Width: rapid.OneOf(rapid.IntRange(1, 150), rapid.IntRange(505, 520)).Draw(t, "width"), Height: rapid.OneOf(rapid.IntRange(1, 60), rapid.IntRange(289, 1000)).Draw(t, "height"),
			Depth: rapid.SampledFrom([]int{8, 9, 10, 12, 16}).Draw(t, "depth"), Range: rapid.SampledFrom([]string{"limited", "full"}).Draw(t, "range"),
		}
		f := anyColour(t, format)
		if got, want := measure(f).Chroma, defineChroma(f); *got != want {
			t.Errorf("got %+v\nwant %+v", *got, want)
		}
	})
}

// anyColour is noise of a format, with chroma of any subsampling: 4:4:4, 4:2:2, 4:2:0, 4:1:1 or 4:1:0.
func anyColour(t *rapid.T, format media.VideoFormat) *media.Frame {
	seed, padding := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 40).Draw(t, "padding")
	f := noise(seed, format, padding)
	every := rapid.SampledFrom([][2]int{{1, 1}, {2, 1}, {2, 2}, {4, 1}, {4, 4}}).Draw(t, "subsampling")
	format.Width, format.Height = (format.Width+every[0]-1)/every[0], (format.Height+every[1]-1)/every[1]
	f.U, f.V = noise(seed+1, format, 2*padding).Y, noise(seed+2, format, padding/2).Y
	return f
}

// defineChroma is the group from its definition.
func defineChroma(f *media.Frame) (out schemas.Chroma) {
	scale := 1.0
	if f.Format.Range == "full" {
		scale = 224.0 / 255
	}
	us, vs := samples(&media.Frame{Format: f.Format, Y: f.U}), samples(&media.Frame{Format: f.Format, Y: f.V})
	moments := func(rows [][]int) (mean, std int32) {
		var n, sum, squares float64
		for _, row := range rows {
			for _, v := range row {
				n, sum, squares = n+1, sum+float64(v), squares+float64(v*v)
			}
		}
		m := sum / n
		return rounded((128 + (m-128)*scale) * 256), rounded(256 * scale * math.Sqrt(max(0, squares/n-m*m)))
	}
	out.UMean, out.UStd = moments(us)
	out.VMean, out.VStd = moments(vs)

	var distances []int // 1/256 level
	var sectors [8]int
	total := 0
	every, step := 1, 2
	if len(us) > 288 {
		every = len(us) / 72
	}
	if len(us[0]) > 512 {
		step = 4
	}
	for y := 0; y < len(us); y += every {
		for x := 0; x < len(us[y]); x += step {
			u, v := float64(us[y][x]-128), float64(vs[y][x]-128)
			d := int(rounded(256 * math.Hypot(u, v)))
			angle := math.Mod(math.Atan2(v, u)*180/math.Pi+360, 360)
			sectors[int(angle/45+1e-9)%8] += d
			distances, total = append(distances, d), total+d
		}
	}
	out.SaturationMean = rounded(scale * float64(total) / float64(len(distances)))
	slices.Sort(distances)
	level := distances[(len(distances)*90+99)/100-1] / 256
	out.SaturationP90 = rounded(scale * float64(level))
	for i, sum := range sectors {
		out.Hue[i] = byte((255*sum + total/2) / max(total, 1))
	}
	return out
}

func choose(first bool, a, b int) int {
	if first {
		return a
	}
	return b
}
