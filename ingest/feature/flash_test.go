package feature_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// flashFormat is 128x72, thus 2x2 samples of luma and one of chroma to a cell.
func flashFormat(rng, transfer string) media.VideoFormat {
	return media.VideoFormat{Width: 128, Height: 72, Depth: 8, Range: rng, Transfer: transfer, Matrix: "bt709"}
}

func TestFlash(t *testing.T) {
	one := func(c yuv) func(x, y int) yuv { return func(int, int) yuv { return c } }
	// part is c in the left so many of 64 columns, and black elsewhere.
	part := func(columns int, c yuv) func(x, y int) yuv {
		return func(x, _ int) yuv {
			if x < columns {
				return c
			}
			return yuv{16, 128, 128}
		}
	}
	black, white := yuv{16, 128, 128}, yuv{235, 128, 128}
	// BT.709 red, of luma 16 + 219*.2126, U 128 - 224*.2126/1.8556, V 128 + 224/2.
	red := yuv{63, 102, 240}
	for _, c := range []struct {
		name                                                       string
		rng, transfer                                              string
		before, now                                                func(x, y int) yuv
		luminance, luminanceChanged, redMean, redChanged, accuracy float64
	}{
		{"black", "limited", "", one(black), one(black), 0, 0, 0, 0, 0},
		{"white comes", "limited", "", one(black), one(white), 1, 1, 0, 0, 1e-4},
		{"white goes", "limited", "", one(white), one(black), 0, -1, 0, 0, 0},
		// Full range 188 of 255 is half the light: ((188/255+.055)/1.055)^2.4 = .5029.
		{"grey of full range", "full", "", one(yuv{0, 128, 128}), one(yuv{188, 128, 128}), 0.5029, 1, 0, 0, 1e-4},
		{"a quarter of the picture", "limited", "", one(black), part(16, white), 0.25, 0.25, 0, 0, 1e-4},
		// More is lost on the right than won on the left.
		{"it moves", "limited", "", part(40, white), func(x, y int) yuv { return part(16, white)(63-x, y) }, 0.25, -0.625, 0, 0, 1e-4},
		// 81 of limited is ((65/219+.055)/1.055)^2.4 = .0717 of light, 82 .0740: .0023 more. 100 is .1216, 101 .1247: .0031 more.
		{"little", "limited", "", one(yuv{81, 128, 128}), one(yuv{82, 128, 128}), 0.0740, 0, 0, 0, 2e-4},
		{"enough", "limited", "", one(yuv{100, 128, 128}), one(yuv{101, 128, 128}), 0.1247, 1, 0, 0, 2e-4},
		// Rounding the colour to whole levels costs a percent.
		{"red comes", "limited", "", one(black), one(red), 0.2126, 1, 320, 1, 0.012},
		{"red goes on half of it", "limited", "", one(red), part(32, red), 0.1063, -0.5, 160, -0.5, 0.012},
		// PQ 0.58 is 202 cd/m2 (BT.2408): limited 143 is .5799, 203 cd/m2 by 1 %. HLG .75 is the same (BT.2408): limited 180 is .7489.
		{"PQ white", "limited", "smpte2084", one(black), one(yuv{143, 128, 128}), 1, 1, 0, 0, 0.012},
		{"PQ brighter than white", "limited", "smpte2084", one(black), one(yuv{200, 128, 128}), 1, 1, 0, 0, 1e-4},
		{"HLG white", "limited", "arib-std-b67", one(black), one(yuv{180, 128, 128}), 1, 1, 0, 0, 0.012},
	} {
		format := flashFormat(c.rng, c.transfer)
		got := measure(paint(format, c.before), paint(format, c.now)).Flash
		for name, pair := range map[string][2]float64{
			"luminance_mean": {float64(got.LuminanceMean) / 65535, c.luminance}, "luminance_changed": {float64(*got.LuminanceChanged) / 2304, c.luminanceChanged},
			"red_mean": {float64(got.RedMean) / 64 / 320, c.redMean / 320}, "red_changed": {float64(*got.RedChanged) / 2304, c.redChanged},
		} {
			if math.Abs(pair[0]-pair[1]) > c.accuracy+1e-9 {
				t.Errorf("%s: %s is %.5f, want %.5f", c.name, name, pair[0], pair[1])
			}
		}
	}
}

// Colours at which red is just saturated and just not: R of full light, G and B of a light each. 0.8 is 1/(1+.25).
func TestSaturatedRed(t *testing.T) {
	format := flashFormat("full", "")
	for _, c := range []struct {
		other float64 // light of G and of B
		want  float64
	}{{0, 320}, {0.1, 256}, {0.12, 243.2}, {0.13, 0}, {1, 0}} {
		coded := 255 * (1.055*math.Pow(c.other, 1/2.4) - 0.055)
		if c.other < 0.0031308 {
			coded = 0
		}
		luma := 0.2126*255 + 0.7874*coded
		colour := yuv{int(math.Round(luma)), int(math.Round(128 + (coded-luma)/1.8556)), min(255, int(math.Round(128+(255-luma)/1.5748)))}
		got := measure(paint(format, func(int, int) yuv { return colour })).Flash.RedMean / 64
		if math.Abs(float64(got)-c.want) > 6 { // of whole levels
			t.Errorf("G and B of light %.2f: red is %d, want %.1f", c.other, got, c.want)
		}
	}
}

func TestFlashIsNull(t *testing.T) {
	for _, size := range [][2]int{{63, 36}, {64, 35}} {
		if got := measure(draw(size[0], size[1], flat(50))).Flash; got != nil {
			t.Errorf("%dx%d: got %s, want null", size[0], size[1], describe(got))
		}
	}
	got := measure(draw(64, 36, flat(235))).Flash
	if got == nil || got.LuminanceMean != 65535 || got.LuminanceChanged != nil || got.RedChanged != nil {
		t.Errorf("first picture: got %s, want white and no change known", describe(got))
	}
}

// Random planes of any size and depth give the light of their cells, worked out plainly.
func TestFlashEqualsDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 40 {
		format := media.VideoFormat{
			Width: 64 + random.IntN(300), Height: 36 + random.IntN(600), Depth: []int{8, 10}[random.IntN(2)], Range: "limited", Matrix: "bt709",
		}
		f := paint(format, func(x, y int) yuv {
			return yuv{16 + (x*3+y)%60 + random.IntN(100), 118 + random.IntN(20) - x/8, 118 + y/6 + random.IntN(20)}
		})
		luminance, red := defineFlash(f)
		got := measure(f).Flash
		if math.Abs(float64(got.LuminanceMean)/65535-luminance) > 1e-4 || math.Abs(float64(got.RedMean)/64-red) > 0.15 {
			t.Errorf("%dx%d, %d bits: got %+v, want luminance %.5f, red %.3f", format.Width, format.Height, format.Depth, schemas.Flash(*got), luminance, red)
		}
	}
}

// defineFlash gives mean luminance and red of limited BT.709 from the definition, without rounding but of the cells' means to 1/16.
func defineFlash(f *media.Frame) (luminance, red float64) {
	y := samples(f)
	plane := func(p media.Plane) []float64 {
		rows, every := samples(&media.Frame{Format: f.Format, Y: p}), max(1, p.Height/144)
		out := make([]float64, 64*36)
		for i := range out {
			top, bottom := i/64*p.Height/36, (i/64+1)*p.Height/36
			left, right := i%64*p.Width/64, max((i%64+1)*p.Width/64, i%64*p.Width/64+1)
			sum, n := 0, 0
			for y := top; y < max(bottom, top+1); y += every {
				for x := left; x < right; x++ {
					sum, n = sum+rows[y][x], n+1
				}
			}
			out[i] = math.Floor(16*float64(sum)/float64(n)+0.5+1e-9) / 16
		}
		return out
	}
	u, v := plane(f.U), plane(f.V)
	for i, cell := range pooled(y, 64, 36) {
		luma := (math.Floor(cell.over(16)+0.5+1e-9)/16 - 16) / 219
		b, r := luma+1.8556*(u[i]-128)/224, luma+1.5748*(v[i]-128)/224
		g := (luma - 0.2126*r - 0.0722*b) / 0.7152
		light := func(c float64) float64 {
			c = max(0, min(1, c))
			if c <= 0.04045 {
				return c / 12.92
			}
			return math.Pow((c+0.055)/1.055, 2.4)
		}
		r, g, b = light(r), light(g), light(b)
		luminance += (0.2126*r + 0.7152*g + 0.0722*b) / (64 * 36)
		if r > 0 && r/(r+g+b) >= 0.8 {
			red += 320 * (r - g - b) / (64 * 36)
		}
	}
	return luminance, red
}
