package feature_test

import (
	"bytes"
	"image/jpeg"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// anyFormat is what a decoder may hand out, sound or not.
type anyFormat struct {
	// Sizes of luma, of U, and by how much V is wider.
	width, height, uWidth, uHeight uint16
	wider                          int8
	// depth in bits; more than 15 and less than 8 among them.
	depth byte
	// choice picks range, transfer, matrix, primaries, rotation and aspect ratio.
	choice uint64
	// padding is what rows are longer than they need to be; negative is shorter.
	padding int8
	// missing bytes at the end of each plane.
	missing uint16
	seed    uint64
}

// largest is the most samples of a plane that are tried.
const largest = 1 << 20

// frame is number picture of them; free gives its memory back.
func (a anyFormat) frame(t failing, picture uint64) (f *media.Frame, free func()) {
	pick := func(shift int, from ...string) string { return from[a.choice>>shift%uint64(len(from))] }
	f = &media.Frame{Format: media.VideoFormat{
		Width: int(a.width), Height: int(a.height), Depth: int(a.depth), Range: pick(0, "limited", "full", "unknown"),
		Transfer: pick(4, "", "bt709", "smpte2084", "arib-std-b67"), Matrix: pick(8, "", "bt709", "bt2020nc", "smpte170m", "rgb"),
		Primaries: pick(12, "", "bt2020"), PixelFormat: pick(16, "yuv420p", "yuvj420p"),
		Rotation: int(a.choice>>20&3) * 90, SARNum: int(a.choice >> 24 & 255), SARDen: int(a.choice >> 32 & 255),
	}}
	random := rand.New(rand.NewPCG(a.seed, picture))
	planes := []*media.Plane{&f.Y, &f.U, &f.V}
	var memory [3][]byte
	for i, width := range []int{int(a.width), int(a.uWidth), int(a.uWidth) + int(a.wider)} {
		height := int(a.uHeight)
		if i == 0 {
			height = int(a.height)
		}
		*planes[i], memory[i] = a.plane(t, random, width, height)
	}
	return f, func() {
		for _, m := range memory {
			if err := syscall.Munmap(m); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// plane is of noise, of noise of little contrast, of neutral, of zeros or of ones. It ends where memory ends: to read beyond it crashes.
func (a anyFormat) plane(t failing, random *rand.Rand, width, height int) (media.Plane, []byte) {
	height = min(height, largest/max(width, 1))
	size := 1
	if a.depth > 8 {
		size = 2
	}
	p := media.Plane{Width: width, Height: height, Stride: width*size + int(a.padding)}
	n, page := max(0, p.Stride*height-int(a.missing)), syscall.Getpagesize()
	whole := (n + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, whole+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err == nil {
		err = syscall.Mprotect(memory[whole:], syscall.PROT_NONE)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.Data = memory[whole-n : whole]
	kind := random.IntN(5)
	for i := range p.Data {
		switch kind {
		case 0:
			p.Data[i] = byte(random.Uint32())
		case 1:
			p.Data[i] = 100 + byte(random.Uint32()&3)
		case 2:
			p.Data[i] = 128
		case 3:
			p.Data[i] = 255
		}
	}
	return p, memory
}

// ranges are those of the figures.
var ranges = map[string][2]float64{
	"luma.cdf": {0, 255}, "luma.mean": {0, 255 * 256}, "luma.std": {0, 128 * 256}, "luma.min": {0, 255}, "luma.max": {0, 255},
	"chroma.u_mean": {0, 255 * 256}, "chroma.v_mean": {0, 255 * 256}, "chroma.u_std": {0, 128 * 256}, "chroma.v_std": {0, 128 * 256},
	"chroma.saturation_mean": {0, 182 * 256}, "chroma.saturation_p90": {0, 182}, "chroma.hue": {0, 255},
	"grid": {0, 255}, "difference": {0, 255 * 4096}, "hash": {0, 255},
	"detail.si": {0, 64 * 1443}, "detail.ti": {0, 64 * 256}, "detail.laplacian_full": {0, 256 * 21}, "detail.laplacian_half": {0, 256 * 21},
	"detail.noise": {0, 256 * 8 * 256},
	"field":        {0, 510 * 256}, "border": {-1, feature.MaxSize},
	"block.phase_h": {0, 15}, "block.phase_v": {0, 15}, "block": {-64 * 13, 64 * 13},
	"macroblock.row_max": {-255 * 64, 255 * 64}, "macroblock.row_argmax": {0, feature.MaxSize}, "macroblock": {0, 65535},
	"flash.luminance_mean": {0, 65535}, "flash.red_mean": {0, 320 * 64}, "flash": {-64 * 36, 64 * 36}, "sampled": {0, 65535},
}

// try measures three pictures in a row, and one of each as JPEG: nothing crashes, and no figure is out of its range.
func (a anyFormat) try(t failing) {
	t.Helper()
	video := feature.NewVideo()
	defer video.Close()
	var record schemas.VideoFrame
	for i := range uint64(3) {
		f, free := a.frame(t, i)
		video.Measure(f, &record)
		for name, got := range figures(t, &record) {
			prefix := name
			for ; prefix != ""; prefix = prefix[:max(0, strings.LastIndex(prefix, "."))] {
				if r, ok := ranges[prefix]; ok {
					if got < r[0] || got > r[1] {
						t.Errorf("%+v, picture %d: %s is %v, outside of %v", a, i, name, got, r)
					}
					break
				}
			}
			if prefix == "" && strings.Contains(name, ".") {
				t.Errorf("%s has no range", name)
			}
		}
		encoded, err := feature.JPEG(f, 1+int(a.choice>>40&511), 1+int(a.choice>>52)%100)
		if readable := record.Luma != nil; (err == nil) != readable {
			t.Errorf("%+v, picture %d: measured %v, but JPEG says %v", a, i, readable, err)
		} else if readable {
			if _, err := jpeg.DecodeConfig(bytes.NewReader(encoded)); err != nil {
				t.Errorf("%+v, picture %d: JPEG: %v", a, i, err)
			}
		}
		free()
	}
}

// failing is a test or a check of rapid.
type failing interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

func TestAnyPicture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(rapid.Uint16Range(0, 40), rapid.Uint16Range(41, 400), rapid.SampledFrom([]uint16{4096, 8191, 8192, 16384, 16385, 65535}))
		a := anyFormat{
			width: size.Draw(t, "width"), height: size.Draw(t, "height"), depth: rapid.SampledFrom([]byte{8, 8, 9, 10, 12, 16, 0, 7, 17}).Draw(t, "depth"),
			choice: rapid.Uint64().Draw(t, "choice"), seed: rapid.Uint64().Draw(t, "seed"),
			padding: rapid.SampledFrom([]int8{0, 1, 2, 33, 127, -1, -128}).Draw(t, "padding"),
			missing: rapid.SampledFrom([]uint16{0, 0, 0, 1, 40}).Draw(t, "missing"),
		}
		every := rapid.SampledFrom([][2]uint16{{1, 1}, {2, 1}, {2, 2}, {4, 1}, {4, 4}, {1, 2}}).Draw(t, "subsampling")
		a.uWidth, a.uHeight = (a.width-1)/every[0]+1, (a.height-1)/every[1]+1
		if rapid.IntRange(0, 3).Draw(t, "planes that do not belong together") == 0 {
			a.uWidth, a.uHeight, a.wider = size.Draw(t, "u width"), size.Draw(t, "u height"), rapid.SampledFrom([]int8{0, 1, -1}).Draw(t, "wider")
		}
		a.try(t)
	})
}

func FuzzVideo(f *testing.F) {
	for _, a := range []anyFormat{
		{},
		{width: 1, height: 1, uWidth: 1, uHeight: 1, depth: 8},
		{width: 1, height: 1, depth: 16},
		{width: 64, height: 36, uWidth: 32, uHeight: 18, depth: 8},
		{width: 64, height: 36, uWidth: 64, uHeight: 36, depth: 10},    // 4:4:4
		{width: 333, height: 111, uWidth: 167, uHeight: 111, depth: 8}, // 4:2:2
		{width: 333, height: 111, uWidth: 84, uHeight: 111, depth: 12}, // 4:1:1
		{width: 335, height: 113, uWidth: 84, uHeight: 29, depth: 9},   // 4:1:0
		{width: 101, height: 67, uWidth: 51, uHeight: 34, depth: 16, choice: 1 << 40, padding: 7},
		{width: 8192, height: 17, uWidth: 4096, uHeight: 9, depth: 8, padding: 64},
		{width: 8191, height: 40, uWidth: 4096, uHeight: 20, depth: 10},
		{width: 16384, height: 64, uWidth: 8192, uHeight: 32, depth: 8},
		{width: 16385, height: 2, uWidth: 8193, uHeight: 1, depth: 8},
		{width: 4, height: 16384, uWidth: 2, uHeight: 8192, depth: 16},
		{width: 64, height: 36, uWidth: 32, uHeight: 18, wider: 1, depth: 8}, // U and V of two sizes
		{width: 64, height: 36, uWidth: 32, uHeight: 18, wider: -1, depth: 8},
		{width: 64, height: 36, uWidth: 16384, uHeight: 50, depth: 8}, // chroma larger than luma
		{width: 640, height: 360, uWidth: 1, uHeight: 1, depth: 8},    // chroma of a sample
		{width: 640, height: 360, depth: 8},                           // grey
		{width: 64, height: 36, uWidth: 32, uHeight: 18, depth: 8, missing: 1},
		{width: 64, height: 36, uWidth: 32, uHeight: 18, depth: 10, padding: -1},
		{width: 64, height: 36, uWidth: 32, uHeight: 18, depth: 17},
		{width: 720, height: 576, uWidth: 360, uHeight: 288, depth: 8, choice: 0xffff_ffff_ffff_ffff, seed: 3},
	} {
		f.Add(a.width, a.height, a.uWidth, a.uHeight, a.wider, a.depth, a.choice, a.padding, a.missing, a.seed)
	}
	f.Fuzz(func(t *testing.T, width, height, uWidth, uHeight uint16, wider int8, depth byte, choice uint64, padding int8, missing uint16, seed uint64) {
		anyFormat{width, height, uWidth, uHeight, wider, depth, choice, padding, missing, seed}.try(t)
	})
}
