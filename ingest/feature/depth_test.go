package feature_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// shade makes a picture of 4:2:0 from what its planes have at each point of theirs, in levels of 8 bits.
func shade(format media.VideoFormat, y, u, v func(x, y int) float64) *media.Frame {
	plane := func(width, height int, level func(x, y int) float64) media.Plane {
		size := format
		size.Width, size.Height = width, height
		return drawAs(size, 0, func(x, y int) int { return int(math.Floor(level(x, y)*float64(int(1)<<(format.Depth-8)) + 0.5)) }).Y
	}
	w, h := (format.Width+1)/2, (format.Height+1)/2
	return &media.Frame{Format: format, Y: plane(format.Width, format.Height, y), U: plane(w, h, u), V: plane(w, h, v)}
}

// A picture of 8 bits and the same with noise in further bits give the same record, all groups of it: samples are cut off to 8 bits. Only
// hash.exact is of all bits, and sampled is made for finer steps.
func TestDepthsAgree(t *testing.T) {
	for _, depth := range []int{10, 12, 16} {
		random := rand.New(rand.NewPCG(1, 2))
		// below are bits that rounding to nearest does not raise.
		below := func(deeper int) float64 {
			if deeper == 8 {
				return 0
			}
			return float64(random.IntN(1<<(deeper-8))) / float64(int(1)<<(deeper-8))
		}
		scene := func(depth, i int) *media.Frame {
			format := media.VideoFormat{Width: 332, Height: 110, Depth: depth, Range: "limited", Matrix: "bt709"}
			return shade(format,
				func(x, y int) float64 { return float64(16+(x*x+y*7+i*3)%220) + below(depth) },
				func(x, y int) float64 { return float64(60+(x+i)%140) + below(depth) },
				func(x, y int) float64 { return float64(255-(y*3+i)%200) + below(depth) })
		}
		got, want := measure(scene(depth, 0), scene(depth, 1), scene(depth, 2)), measure(scene(8, 0), scene(8, 1), scene(8, 2))
		got.Hash.Exact, want.Hash.Exact = [8]byte{}, [8]byte{}
		got.Sampled, want.Sampled = nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d bits:\n got %s\nwant %s", depth, describe(got), describe(want))
		}
	}
}

// One scene coded at 8 bits and at 10, each rounded to nearest. Cut off to 8 bits a sample of 10 is the other or one less; what that makes of
// each figure at most is told beside it. Squares of 40 levels with a texture of 10 lie over a ramp, rise by 20 from row 48 on and by 6 on
// every second stretch of 16 columns, and get brighter with each picture.
func TestDepthsOfOneSceneAgree(t *testing.T) {
	scene := func(depth, i int) *media.Frame {
		format := media.VideoFormat{Width: 160, Height: 112, Depth: depth, Range: "limited", Matrix: "bt709"}
		return shade(format,
			func(x, y int) float64 {
				return 40 + 40*float64((x/8+y/8)%2) + 10*float64((x+y)%2) + 20*float64(y/48) + 6*float64(x/16%2) + 0.3*float64(x) + 0.13*float64(y) + 9.3*float64(i)
			},
			func(x, y int) float64 { return 100 + 0.13*float64(x) - 0.07*float64(y) },
			func(x, y int) float64 { return 170 + 0.21*float64(x) + 0.11*float64(i) })
	}
	bounds := map[string]float64{
		"luma.mean": 256, "luma.min": 1, "luma.max": 1, "chroma.u_mean": 256, "chroma.v_mean": 256, "grid.mean": 1,
		// Samples that lie on the level: of the scene's some hundred, never 3 % on one.
		"luma.cdf": 0.03 * 65535,
		// The deviation of what is 0 or 1 is at most a half.
		"luma.std": 128, "chroma.u_std": 128, "chroma.v_std": 128,
		// The diagonal of a level, and rounded.
		"chroma.saturation_mean": 363, "chroma.saturation_p90": 2,
		// Distances of 50 levels turn by less than 2 degrees of a sector's 45: 255 * 2/45.
		"chroma.hue": 11,
		// Differences are a level apart, their logarithm is one step for those of 9.3, in either half of a byte.
		"difference": 4097, "grid.difference": 17, "detail.ti": 65,
		// Sobel's masks weigh up to 4 in each direction, Laplace's 4 one way or the other, of deviations of 40 and more; Immerkaer's 8, times .2089.
		"detail.si": 64 * 5.66, "detail.laplacian_full": 2 * 256 * 0.1375, "detail.laplacian_half": 2 * 256 * 0.1375, "detail.noise": 256 * 1.68,
		// Three samples weigh 2 at most one way; of gamma one, twice, on half of the rows.
		"field.alpha0": 512, "field.alpha1": 512, "field.delta": 512, "field.gamma0": 256, "field.gamma1": 256,
		// Steps of 40 on the grid and 10 beside it by one each: log2(41/40) + log2(10/9).
		"block.h8": 64 * 0.19, "block.v8": 64 * 0.19, "block.h16": 64 * 0.19, "block.v16": 64 * 0.19,
		// A step, and the mean of two.
		"macroblock.row_max": 128, "macroblock.row_std": 64, "macroblock.edge_max": 2, "macroblock.difference_max": 2,
		// A level of each component moves R', G' and B' by .0117, .0075 and .0129 at most, light by 2.28 times as much.
		"flash.luminance_mean": 65535 * 0.02, "flash.red_mean": 64 * 320 * 2.28 * (0.0117 + 0.0075 + 0.0129),
		// Cells whose red comes or goes with the bound of saturation.
		"flash.red_changed": 2304 * 0.05,
		// Of all bits.
		"hash.exact": 255,
	}
	eight, ten := figures(t, measure(scene(8, 0), scene(8, 1), scene(8, 2))), figures(t, measure(scene(10, 0), scene(10, 1), scene(10, 2)))
	if len(eight) < 300 || len(eight) != len(ten) {
		t.Errorf("%d figures at 8 bits, %d at 10", len(eight), len(ten))
	}
	for name, want := range eight {
		prefix, within := name, 0.0 // what has no bound is the same
		for ; prefix != ""; prefix = prefix[:max(0, strings.LastIndex(prefix, "."))] {
			if bound, ok := bounds[prefix]; ok {
				within = bound
				break
			}
		}
		if got, ok := ten[name]; !ok || math.Abs(got-want) > within {
			t.Errorf("%s is %v at 8 bits and %v at 10, which may differ by %.4g", name, want, got, within)
		}
	}
}

// figures are the numbers of a record by name; those of arrays have their place at the end.
func figures(t failing, r *schemas.VideoFrame) map[string]float64 {
	t.Helper()
	var tree map[string]any
	if err := json.Unmarshal([]byte(describe(r)), &tree); err != nil {
		t.Fatal(err)
	}
	delete(tree, "sampled") // which is made for finer steps
	out := map[string]float64{}
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case float64:
			out[strings.TrimPrefix(name, ".")] = v
		case []any:
			for i, x := range v {
				walk(fmt.Sprintf("%s.%d", name, i), x)
			}
		case map[string]any:
			for key, x := range v {
				walk(name+"."+key, x)
			}
		}
	}
	walk("", tree)
	return out
}
