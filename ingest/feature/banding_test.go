package feature_test

import (
	"math"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/ingest/media"
)

// bandingOf is the index of a picture, in 1/256.
func bandingOf(f *media.Frame) int32 { return *measure(f).Sampled.Banding }

// 320x180 at 10 bits, so that codes are luma and blocks of 4x4 samples, windows of 8x8. Two codes meet in the middle, where blocks meet too
// in all scales but the last. There are 80 columns of blocks, so 79 of windows, of which one has both codes, in equal parts: half its
// samples have p q / (p + q) / n = 1/4 of the weight, and so has the other half. In the other scales it is one of 39, of 19 and of 9. The
// last has 5 columns of blocks, the middle is that of the third, and two of 4 columns of windows have 48 samples of one code and 16 of the
// other: 48 * 16 / 64 / 64 = 3/16 of the weight. Means are of three fifths:
// weight * (16/79/4 + 8/39/4 + 4/19/4 + 2/9/4 + 1/2*3/16) / 0.6 = weight * 0.50642, in 1/256 weight * 129.643.
func TestBandingOfOneStep(t *testing.T) {
	for _, c := range []struct {
		name        string
		left, right int
		rng         string
		want        int32
	}{
		{name: "no step", left: 240, right: 240},
		{name: "1 code", left: 160, right: 161, want: 130},
		{name: "2 codes", left: 160, right: 162, want: 259},
		{name: "3 codes", left: 160, right: 163, want: 389},
		{name: "4 codes", left: 244, right: 240, want: 519},
		{name: "5 codes weigh no more than 4", left: 240, right: 245, want: 519},
		{name: "6 codes", left: 240, right: 246, want: 648},
		{name: "8 codes", left: 240, right: 248, want: 778},
		{name: "9 codes are none of it", left: 240, right: 249},
		// A step of 4 is seen up to 64 + 4*126 - 1 = 567.
		{name: "both sides seen", left: 563, right: 567, want: 519},
		{name: "the darker side seen", left: 564, right: 568, want: 259},
		{name: "too bright", left: 568, right: 572},
		// Of full range up to 4*126*1020/876 - 1 = 585.
		{name: "full range, both sides seen", left: 581, right: 585, rng: "full", want: 519},
		{name: "full range, too bright", left: 586, right: 590, rng: "full"},
	} {
		format := media.VideoFormat{Width: 320, Height: 180, Depth: 10, Range: c.rng}
		got := bandingOf(drawAs(format, 3, func(x, _ int) int { return choose(x < 160, c.left, c.right) }))
		if got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

// A step of 4 codes, of weight 4, between rows 89 and 90. The first scale has rows 88 and 90 of these: in two of 44 rows of windows three even
// rows of 4 are on one side, 3/16. The next has 90 rows, 45 below the step: in two of 21 there are 3 and 7 of 8 on one side, 15/64 and
// 7/64. The third has 45 rows, 23 below: 7 and 3 of 8 in two of 10. The fourth has 23, 12 below, where blocks meet: 1/4 in one of 4. The
// last has 12, 6 below: 2 and 6 of 8 in both there are, 3/16, which is then the mean of three fifths, too. 4 times
// (16*2/44*3/16 + 8/21*22/64 + 4/10*22/64 + 2/4*1/4) / 0.6 + 3/16 is 4.28211, in 1/256 1096.2.
func TestBandingBetweenRows(t *testing.T) {
	format := media.VideoFormat{Width: 320, Height: 180, Depth: 10}
	if got := bandingOf(drawAs(format, 0, func(_, y int) int { return choose(y < 90, 240, 244) })); got != 1096 {
		t.Errorf("got %d, want 1096", got)
	}
}

func TestBandingNeedsAPicture(t *testing.T) {
	for _, c := range []struct {
		width, height int
		want          bool
	}{
		{320, 180, true}, {180, 320, true}, {319, 180, false}, {320, 179, false}, {64, 36, false},
		{10800, 180, true}, {10920, 180, false}, // blocks of 90 and of 91
	} {
		got := measure(draw(c.width, c.height, flat(50))).Sampled
		if got == nil || (got.Banding != nil) != c.want || (got.BandingVersion != nil) != c.want {
			t.Errorf("%dx%d: got %s, want banding: %v", c.width, c.height, describe(got), c.want)
		}
	}
}

// The kernel equals the definition in the schema, written out plainly below: any size, depth and range, of pictures that are smooth enough.
func TestBandingEqualsDefinition(t *testing.T) {
	seen := 0
	rapid.Check(t, func(t *rapid.T) {
		format := media.VideoFormat{
			Width:  rapid.OneOf(rapid.IntRange(320, 400), rapid.IntRange(590, 740)).Draw(t, "width"),
			Height: rapid.IntRange(180, 210).Draw(t, "height"),
			Depth:  rapid.SampledFrom([]int{8, 9, 10, 12, 16}).Draw(t, "depth"),
			Range:  rapid.SampledFrom([]string{"limited", "full"}).Draw(t, "range"),
		}
		if rapid.Bool().Draw(t, "upright") {
			format.Width, format.Height = format.Height, format.Width
		}
		f := ramp(rapid.Uint64().Draw(t, "seed"), format, rapid.IntRange(0, 40).Draw(t, "padding"))
		got, want := bandingOf(f), defineBanding(f)
		if got != want {
			t.Errorf("got %d, want %d", got, want)
		}
		seen += b2i(want > 0)
	})
	if seen < 20 {
		t.Errorf("only %d pictures have banding: they show nothing", seen)
	}
}

// What is bright, near or far apart, dithered or noisy reads as it looks.
func TestBandingOfGradients(t *testing.T) {
	const width, height = 640, 360
	random := rand.New(rand.NewPCG(1, 2))
	levels := func(x, _ int) float64 { return 40 + 30*float64(x)/width } // a level in 21 columns
	whole := func(luma func(x, y int) float64) int32 {
		return bandingOf(draw(width, height, func(x, y int) int { return int(luma(x, y)) }))
	}
	dithered := func(by float64) int32 {
		return whole(func(x, y int) float64 { return levels(x, y) + by*(random.Float64()-0.5) })
	}
	within := func(share float64) int32 {
		return whole(func(x, y int) float64 {
			if float64(y) < share*height {
				return levels(x, y)
			}
			return float64(16 + random.IntN(200))
		})
	}
	for _, c := range []struct {
		name string
		from []int32 // falling
	}{
		{"dither of 0, 1/4, 1/2 and 1 level", []int32{dithered(0), dithered(0.25), dithered(0.5), dithered(1)}},
		{"over all of the picture, a half, a quarter, none", []int32{within(1), within(0.5), within(0.25), within(0)}},
		{"dark, in between, bright", []int32{
			whole(levels), whole(func(x, y int) float64 { return levels(x, y) + 80 }), whole(func(x, y int) float64 { return levels(x, y) + 150 }),
		}},
		{"steps of two levels, of one, of a quarter", []int32{
			whole(func(x, y int) float64 { return 2 * math.Floor(levels(x, y)/2) }), whole(levels),
			bandingOf(drawAs(media.VideoFormat{Width: width, Height: height, Depth: 10}, 0, func(x, y int) int { return int(4 * levels(x, y)) })),
		}},
	} {
		for i, index := range c.from[1:] {
			if index >= c.from[i] {
				t.Errorf("%s: got %v, want them falling", c.name, c.from)
			}
		}
	}
	if whole, dithered := whole(levels), dithered(1); whole < 15*256 || dithered > 2*256 {
		t.Errorf("a gradient is %d, dithered %d; want at least 15 and at most 2 times 256", whole, dithered)
	}
	for name, luma := range map[string]func(x, y int) float64{
		"flat":    func(int, int) float64 { return 60 },
		"noise":   func(int, int) float64 { return 40 + 4*random.Float64() },
		"texture": func(x, y int) float64 { return 100 + 30*math.Sin(float64(x)/3)*math.Cos(float64(y)/5) },
		"a slope": func(x, y int) float64 { return float64(16 + (x+y)%220) },
	} {
		if got := whole(luma); got != 0 {
			t.Errorf("%s: got %d, want 0", name, got)
		}
	}
}

// The same slow gradient through x264: coarsely, and finely with grain. And film: none in bright fur and grass, some in a dark fade.
func TestBandingOfClips(t *testing.T) {
	const bunny, sintel = "../../testdata/clips/bbb_720p25_h264_aac51.mp4", "../../testdata/clips/sintel_trailer_720p24_h264_aac.mp4"
	const gradient = "-f lavfi -i color=size=640x360:rate=5:duration=1,format=gray,geq=lum=40+30*hypot(X-99-9*T\\,Y-50)/640,format=yuv420p"
	for _, c := range []struct {
		name, input, filter, encoder string
		width, height, frames        int
		least, most                  float64
	}{
		{"gradient, coarse", gradient, "null", "-c:v libx264 -crf 40", 640, 360, 5, 8, 30},
		{"gradient with grain, fine", gradient, "noise=all_seed=1:alls=12:allf=t", "-c:v libx264 -crf 18", 640, 360, 5, 0, 1},
		{"bunny", "-i " + bunny, "fps=1", "-c:v rawvideo", 1280, 720, 4, 0, 1},
		{"fade", "-ss 1.3 -t 0.4 -i " + sintel, "null", "-c:v rawvideo", 1280, 720, 4, 8, 30},
	} {
		clip := t.TempDir() + "/clip.nut"
		arguments := "-v error " + c.input + " -an -vf " + c.filter + " " + c.encoder + " -threads 1 -pix_fmt yuv420p " + clip
		if out, err := exec.Command("ffmpeg", strings.Fields(arguments)...).CombinedOutput(); err != nil {
			t.Fatalf("%s: ffmpeg encode: %v\n%s", c.name, err, out)
		}
		raw := decode(t, clip, "null", c.frames)
		for i := range c.frames {
			if got := float64(bandingOf(luma(raw, c.width, c.height, i))) / 256; got < c.least || got > c.most {
				t.Errorf("%s, picture %d: got %.2f, want %v to %v", c.name, i, got, c.least, c.most)
			}
		}
	}
}

// Nothing is left of one picture in the next, be it larger or smaller.
func TestBandingForgets(t *testing.T) {
	first := ramp(5, media.VideoFormat{Width: 700, Height: 400, Depth: 8}, 0)
	for _, size := range [][2]int{{320, 180}, {700, 400}, {900, 240}} {
		second := ramp(9, media.VideoFormat{Width: size[0], Height: size[1], Depth: 8}, 0)
		got := sampledOf(nil, []int64{0, 1_000_000, 2_000_000}, first, second, first)
		for i, f := range []*media.Frame{first, second, first} {
			if want := defineBanding(f); *got[i].Banding != want || want == 0 {
				t.Errorf("%dx%d, picture %d: got %d, want %d", size[0], size[1], i, *got[i].Banding, want)
			}
		}
	}
}

// ramp is a slow gradient in some direction, from a level to one that is near or far, with little noise or none here and there.
func ramp(seed uint64, format media.VideoFormat, padding int) *media.Frame {
	random := rand.New(rand.NewPCG(seed, 0))
	whole := float64(int(1)<<format.Depth - 1)
	from, to := random.Float64()*whole*0.6, random.Float64()*whole*0.3
	angle := 2 * math.Pi * random.Float64()
	across, down := math.Cos(angle)/float64(format.Width), math.Sin(angle)/float64(format.Height)
	rare, coarse := random.IntN(200), 1<<random.IntN(format.Depth-6)
	return drawAs(format, padding, func(x, y int) int {
		v := from + to*math.Abs(float64(x)*across+float64(y)*down)
		if random.IntN(1000) < rare {
			v += whole / 256
		}
		return min(int(v)/coarse*coarse, int(whole))
	})
}

// defineBanding is the index from its definition.
func defineBanding(f *media.Frame) int32 {
	codes := bandingCodes(f)
	height, width := len(codes), len(codes[0])
	block := max(4, max(width, height)/120)
	smooth := smoothCodes(codes)
	index := 0.0
	for s := range 5 {
		var scale [][]int // rows that are left out are nil
		for y := 0; y < height; y += 1 << s {
			var row []int
			for x := 0; x < width && (s > 0 || y%2 == 0); x += 1 << s {
				row = append(row, smooth[y][x])
			}
			scale = append(scale, row)
		}
		var contrasts []int
		for top := 0; top+2*block <= len(scale)/block*block; top += block {
			for left := 0; left+2*block <= len(scale[0])/block*block; left += block {
				contrasts = append(contrasts, windowContrasts(scale[top:top+2*block], left, 2*block, f.Format.Range == "full")...)
			}
		}
		if most := len(contrasts) * 3 / 5; most > 0 {
			slices.Sort(contrasts)
			sum := 0
			for _, c := range contrasts[len(contrasts)-most:] {
				sum += c
			}
			index += math.Exp2(float64(4-s)) * float64(sum) / float64(most) / 1024
		}
	}
	return rounded(256 * index)
}

func bandingCodes(f *media.Frame) [][]int {
	rows := samplesOf(f)
	codes := make([][]int, len(rows))
	for y, row := range rows {
		below := rows[min(y+1, len(rows)-1)]
		for x, v := range row {
			right := min(x+1, len(row)-1)
			switch {
			case f.Format.Depth == 8:
				v += row[right] + below[x] + below[right]
			case f.Format.Depth == 9:
				v *= 2
			default:
				v >>= f.Format.Depth - 10
			}
			codes[y] = append(codes[y], v)
		}
	}
	return codes
}

// samplesOf is luma with all its bits.
func samplesOf(f *media.Frame) [][]int {
	deep := *f
	deep.Format.Depth = 8 // samples shifts by what is beyond
	if f.Format.Depth == 8 {
		return samples(&deep)
	}
	rows := make([][]int, f.Y.Height)
	for y := range rows {
		for x := range f.Y.Width {
			at := y*f.Y.Stride + 2*x
			rows[y] = append(rows[y], int(f.Y.Data[at])|int(f.Y.Data[at+1])<<8)
		}
	}
	return rows
}

// smoothCodes are the codes of smooth samples, -1 of the others.
func smoothCodes(codes [][]int) [][]int {
	height, width := len(codes), len(codes[0])
	even := make([][]int, height)
	for y := range height {
		for x, code := range codes[y] {
			even[y] = append(even[y], b2i(code == codes[y][min(x+1, width-1)] && code == codes[min(y+1, height-1)][x]))
		}
	}
	out := make([][]int, height)
	for y := range height {
		for x := range width {
			n := 0
			for _, row := range even[max(0, y-3):min(y+4, height)] {
				for _, e := range row[max(0, x-3):min(x+4, width)] {
					n += e
				}
			}
			out[y] = append(out[y], choose(n >= 22, codes[y][x], -1))
		}
	}
	return out
}

// windowContrasts gives the contrast of each sample of a window, in 1/1024.
func windowContrasts(rows [][]int, left, width int, full bool) []int {
	counts, all := map[int]int{}, 0
	for _, row := range rows {
		if row == nil {
			continue
		}
		for _, v := range row[left : left+width] {
			counts[v]++
			all++
		}
	}
	out := make([]int, all)
	at := 0
	for v, p := range counts {
		best := 0
		for d, weight := range []int{1, 2, 3, 4, 4, 5, 5, 6} {
			d++
			limit := choose(full, 126*d*1020/876, 64+126*d)
			for _, other := range []int{v - d, v + d} {
				if q := counts[other]; v >= 0 && other >= 0 && v < limit && q > 0 {
					best = max(best, 1024*weight*p*q/((p+q)*all))
				}
			}
		}
		for range p {
			out[at] = best
			at++
		}
	}
	return out
}
