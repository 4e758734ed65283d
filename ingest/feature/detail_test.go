package feature_test

import (
	"fmt"
	"math"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

func TestDetail(t *testing.T) {
	limited, full := media.VideoFormat{Width: 8, Height: 8, Depth: 8, Range: "limited"}, media.VideoFormat{Width: 8, Height: 8, Depth: 8, Range: "full"}
	dot := except(100, map[[2]int]int{{4, 4}: 109})
	for _, c := range []struct {
		name  string
		frame *media.Frame
		want  schemas.Detail
	}{
		{"flat", drawAs(limited, 0, flat(100)), schemas.Detail{}},
		// Of 8 inner columns two have a gradient of 4*40: sqrt(160*160/4 - 40*40) = 69.282, times 64. The Laplacian is -40 and 40 there:
		// variance 400, 256*log2(401) = 2213.7. At half the size columns are 100, 100, 120, 140, 140: -20, 0, 20, variance 266.67.
		{"an edge", draw(10, 10, func(x, _ int) int { return choose(x < 5, 100, 140) }),
			schemas.Detail{SI: 4434, LaplacianFull: 2214, LaplacianHalf: 2064}},
		// Of 36 inner samples the four beside the dot have a gradient of 18, the four at its corners one of sqrt(9*9+9*9): squares 1944/36,
		// mean 122.912/36, deviation 6.5072. The Laplacian is 36 and four times -9: variance 45. At half the size the dot is 2.25 on the last
		// of 2x2 inner samples: 9, -2.25, -2.25, 0, variance 21.516. The mask: (4+4*2+4*1)*9/36 = 4, times sqrt(pi/2)/6 = .83555.
		{"a dot", drawAs(limited, 0, dot), schemas.Detail{SI: 416, LaplacianFull: 1414, LaplacianHalf: 1150, Noise: 214}},
		// Times 219/255: 5.5885, variance 33.191 and 15.869 (256*log2(16.869) = 1043.5); .71759 of noise.
		{"a dot in full range", drawAs(full, 0, dot), schemas.Detail{SI: 358, LaplacianFull: 1304, LaplacianHalf: 1044, Noise: 184}},
	} {
		if got := measure(c.frame).Detail; *got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, *got, c.want)
		}
	}
	for _, size := range [][2]int{{5, 8}, {8, 5}} {
		if got := measure(draw(size[0], size[1], flat(50))).Detail; got != nil {
			t.Errorf("%dx%d: got %+v, want null", size[0], size[1], got)
		}
	}
}

func TestTemporalInformation(t *testing.T) {
	for _, c := range []struct {
		name string
		luma func(x, y int) int
		want int32
	}{
		{"still", flat(100), 0},
		{"all brighter alike", flat(130), 0},
		{"half of it brighter by 10: deviation 5", func(x, _ int) int { return choose(x < 4, 100, 110) }, 320},
		{"one sample of 64 darker by 80: sqrt(6400/64 - (80/64)^2) = 9.9216", except(100, map[[2]int]int{{0, 0}: 20}), 635},
	} {
		if got := measure(draw(8, 8, flat(100)), draw(8, 8, c.luma)).Detail.TI; got == nil || *got != c.want {
			t.Errorf("%s: got %s, want %d", c.name, describe(got), c.want)
		}
	}
}

// Spatial and temporal information are those of FFmpeg's siti, which stretches to full range before, on every row; on more than 288 rows
// ours come from a sample of them.
func TestDetailAgreesWithFFmpeg(t *testing.T) {
	for _, c := range []struct {
		clip          string
		width, height int
		// within is how much of the larger value they may differ by: the print's two decimals, the stretch rounded to whole levels by FFmpeg,
		// and where not all rows are looked at the sample.
		within float64
	}{
		{"-f lavfi -i testsrc=s=320x240:d=1", 320, 240, 0.004},
		{"-i ../../testdata/clips/bbb_720p25_h264_aac51.mp4", 1280, 720, 0.02},
	} {
		const frames = 5
		command := fmt.Sprintf("ffmpeg -v error %s -frames:v %d -vf format=yuv420p,siti,metadata=print:file=- -f null /dev/null", c.clip, frames)
		printed, err := exec.Command("sh", "-c", command).Output()
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		want := regexp.MustCompile(`siti\.(si|ti)=([\d.]+)`).FindAllSubmatch(printed, -1)
		raw, err := exec.Command("sh", "-c", fmt.Sprintf("ffmpeg -v error %s -frames:v %d -pix_fmt yuv420p -f rawvideo -", c.clip, frames)).Output()
		if err != nil || len(want) < 2*frames {
			t.Fatalf("%s: %v, printed %q", c.clip, err, printed)
		}
		for i := 1; i < frames; i++ {
			got := measure(luma(raw, c.width, c.height, i-1), luma(raw, c.width, c.height, i)).Detail
			for k, v := range []int32{got.SI, *got.TI} {
				theirs, _ := strconv.ParseFloat(string(want[2*i+k][2]), 64)
				ours := float64(v) / 64 * 255 / 219
				if math.Abs(ours-theirs) > c.within*max(ours, theirs)+0.02 {
					t.Errorf("%s, picture %d, %s: got %.3f, want %.3f", c.clip, i, want[2*i+k][1], ours, theirs)
				}
			}
		}
	}
}

// The pictures that VQEG's siti-tools are tested with and that can be drawn. Our domain is their legacy one, code values, but for the
// scale: stretched to full range, squares of 32 samples are FFmpeg's 319.45, which our 64ths can tell as 319.45 times 219/255.
//
// By hand, with d from black to white: 318x238 inner samples have 9 upright edges of two columns and 7 level ones of two rows. On an edge the
// gradient is 4d, in the 9*7*4 samples at a crossing sqrt(8) d. Thus 18*238 + 14*318 - 2*252 = 8232 of the former and 252 of the latter:
// mean (4*8232 + 2.82843*252) / 75684 = .444487 d, mean square (16*8232 + 8*252) / 75684 = 1.766925 d^2, deviation 1.252739 d. For 219
// levels 274.350, times 64 is 17558.4.
func TestDetailOfKnownPictures(t *testing.T) {
	squares := func(size, black, white int) func(x, y int) int {
		return func(x, y int) int { return choose(x/size%2 == y/size%2, white, black) }
	}
	for _, c := range []struct {
		name  string
		depth int
		rng   string
		luma  func(x, y int) int
		si    int32
	}{
		{"black", 8, "limited", flat(16), 0},
		{"white", 8, "limited", flat(235), 0},
		{"squares of a sample", 8, "limited", squares(1, 16, 235), 0}, // both neighbours of each are alike
		{"squares of 32 samples", 8, "limited", squares(32, 16, 235), 17558},
		{"squares of 32 samples, full range", 8, "full", squares(32, 0, 255), 17558},
		{"squares of 32 samples, 10 bits", 10, "limited", squares(32, 64, 940), 17558},
		{"squares of 32 samples, 10 bits, full range", 10, "full", squares(32, 0, 1023), 17558},
	} {
		f := drawAs(media.VideoFormat{Width: 320, Height: 240, Depth: c.depth, Range: c.rng}, 0, c.luma)
		if got := measure(f, f).Detail; got.SI != c.si || got.TI == nil || *got.TI != 0 {
			t.Errorf("%s: got %s, want an SI of %d and a TI of 0", c.name, describe(got), c.si)
		}
	}
}

// FFmpeg's testsrc has the figures that siti-tools publishes for it in its legacy domain, in both ranges, within half of our 64th.
func TestPublishedDetail(t *testing.T) {
	const width, height, within = 320, 240, 255.0 / 219 / 128
	for rng, want := range map[string]struct {
		si [3]float64
		ti [2]float64
	}{
		"limited": {[3]float64{146.57975, 146.75141, 146.96766}, [2]float64{1.47328, 1.46146}},
		"full":    {[3]float64{146.56553, 146.74346, 146.95025}, [2]float64{1.48200, 1.44300}},
	} {
		command := "ffmpeg -v error -f lavfi -i testsrc=s=320x240 -frames:v 3 -vf scale=in_range=limited:out_range=" + rng +
			" -pix_fmt yuv420p -f rawvideo -"
		raw, err := exec.Command("sh", "-c", command).Output()
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		var frames []*media.Frame
		for i := range 3 {
			f := luma(raw, width, height, i)
			f.Format.Range = rng
			frames = append(frames, f)
			got := measure(frames...).Detail
			if si := float64(got.SI) / 64 * 255 / 219; math.Abs(si-want.si[i]) > within {
				t.Errorf("%s range, picture %d: SI is %.4f, want %.4f within %.4f", rng, i, si, want.si[i], within)
			}
			if i == 0 {
				continue
			}
			if ti := float64(*got.TI) / 64 * 255 / 219; math.Abs(ti-want.ti[i-1]) > within {
				t.Errorf("%s range, picture %d: TI is %.4f, want %.4f within %.4f", rng, i, ti, want.ti[i-1], within)
			}
		}
	}
}

// defineDetail is the group from its definition; previous is nil on the first picture.
func defineDetail(rows, previous [][]int, f *media.Frame) *schemas.Detail {
	h, w := len(rows), len(rows[0])
	if h < 6 || w < 6 {
		return nil
	}
	every := 1
	if h > 288 {
		every = h / 72
	}
	plain := make([][]float64, h)
	half := make([][]float64, h/2)
	for y, row := range rows {
		for x, v := range row {
			plain[y] = append(plain[y], float64(v))
			if y/2 < h/2 && x/2 < w/2 && y%2 == 1 && x%2 == 1 {
				half[y/2] = append(half[y/2], float64(v+row[x-1]+rows[y-1][x]+rows[y-1][x-1])/4)
			}
		}
	}
	// over applies a 3x3 mask to the inner samples of one row in every.
	over := func(rows [][]float64, mask [9]float64) (out []float64) {
		for y := 1; y < len(rows)-1; y += every {
			for x := 1; x < len(rows[y])-1; x++ {
				sum := 0.0
				for i, weight := range mask {
					sum += weight * rows[y+i/3-1][x+i%3-1]
				}
				out = append(out, sum)
			}
		}
		return out
	}
	magnitudes := over(plain, [9]float64{-1, 0, 1, -2, 0, 2, -1, 0, 1})
	var mean, squares, noise float64
	for i, down := range over(plain, [9]float64{-1, -2, -1, 0, 0, 0, 1, 2, 1}) {
		square := magnitudes[i]*magnitudes[i] + down*down
		squares += square
		mean += float64(int(float32(math.Sqrt(square))*64+0.5)) / 64 // in single precision, of which the last bit can decide what .5 becomes
	}
	n := float64(len(magnitudes))
	masked := over(plain, [9]float64{1, -2, 1, -2, 4, -2, 1, -2, 1})
	for _, v := range masked {
		noise += math.Abs(v)
	}
	scale := scaleOf(f)
	laplace := func(rows [][]float64) int32 {
		std := scale * deviation(over(rows, [9]float64{0, -1, 0, -1, 4, -1, 0, -1, 0}))
		return rounded(256 * math.Log2(1+std*std))
	}
	out := &schemas.Detail{
		SI:            rounded(64 * scale * math.Sqrt(max(0, squares/n-mean/n*mean/n))),
		LaplacianFull: laplace(plain), LaplacianHalf: laplace(half),
		Noise: rounded(256 * scale * math.Sqrt(math.Pi/2) / 6 * noise / n),
	}
	if previous != nil {
		var change []float64
		for y := 0; y < h; y += every {
			for x := range w {
				change = append(change, float64(rows[y][x]-previous[y][x]))
			}
		}
		out.TI = pointer(rounded(64 * scale * deviation(change)))
	}
	return out
}
