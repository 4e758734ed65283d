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
