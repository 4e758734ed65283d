package feature_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
)

// What equals what on 4:2:0 of limited range at 8 bits, clip by clip and picture by picture:
//
//	luma.min, max, mean              signalstats YMIN, YMAX, YAVG
//	luma.cdf                         signalstats YLOW, YHIGH: the same distribution at 10 and 90 percent
//	chroma.u_mean, v_mean            signalstats UAVG, VAVG
//	chroma.saturation_mean           not signalstats SATAVG, which rounds each distance down and looks at all samples: about half a level more
//	difference.previous              signalstats YDIF / 256; scdet's mafd / 100; freezedetect's MAFD of a grey picture. Of colour freezedetect
//	                                 adds the planes of chroma: where these stand still its MAFD is two thirds of ours
//	field                            idet's sums of a grey picture whose columns we all look at, and so its verdicts
//	detail.si, ti                    siti, less its stretch to full range (detail_test.go)
type clip struct {
	name          string
	width, height int
}

func (c clip) path() string { return "../../testdata/clips/" + c.name }

var clips = []clip{
	{"bbb_720p25_h264_aac51.mp4", 1280, 720},
	{"flower_540p2997_h264_aac.mp4", 960, 540},
	{"mdn_frog_480p30_h264_aac.mp4", 720, 480},
	{"mdn_crystal_480p30_vp8_vorbis.webm", 720, 480},
}

// run gives what ffmpeg writes to its standard output.
func run(t *testing.T, arguments string) []byte {
	t.Helper()
	out, err := exec.Command("ffmpeg", append([]string{"-v", "error", "-nostdin"}, strings.Fields(arguments)...)...).Output()
	if err != nil {
		t.Fatalf("ffmpeg %s: %v", arguments, err)
	}
	return out
}

// decode gives the first pictures of a clip, filtered, as 4:2:0 at 8 bits.
func decode(t *testing.T, clip, filter string, frames int) []byte {
	t.Helper()
	return run(t, fmt.Sprintf("-i %s -vf %s -frames:v %d -f rawvideo -pix_fmt yuv420p -", clip, filter, frames))
}

// metadata gives what the filters tell about each of the first pictures of a clip.
func metadata(t *testing.T, clip, filter string, frames int) (out []map[string]string) {
	t.Helper()
	printed := run(t, fmt.Sprintf("-i %s -vf %s,metadata=print:file=- -frames:v %d -f null /dev/null", clip, filter, frames))
	for _, line := range strings.Split(string(printed), "\n") {
		if strings.HasPrefix(line, "frame:") {
			out = append(out, map[string]string{})
		} else if key, value, ok := strings.Cut(line, "="); ok {
			out[len(out)-1][strings.TrimPrefix(key, "lavfi.")] = value
		}
	}
	if len(out) < frames {
		t.Fatalf("ffmpeg tells of %d pictures of %s, want %d", len(out), clip, frames)
	}
	return out[:frames] // one more may have been filtered than was asked for
}

// luma is picture i of what decode gave, without its chroma.
func luma(raw []byte, width, height, i int) *media.Frame {
	return &media.Frame{
		Format: media.VideoFormat{Width: width, Height: height, Depth: 8, Range: "limited"},
		Y:      media.Plane{Data: raw[i*width*height*3/2:][:width*height], Stride: width, Width: width, Height: height},
	}
}

// colour is picture i of what decode gave; width and height are even.
func colour(raw []byte, width, height, i int) *media.Frame {
	f := luma(raw, width, height, i)
	chroma, quarter := raw[i*width*height*3/2:][width*height:], width*height/4
	f.U = media.Plane{Data: chroma[:quarter], Stride: width / 2, Width: width / 2, Height: height / 2}
	f.V = media.Plane{Data: chroma[quarter:][:quarter], Stride: width / 2, Width: width / 2, Height: height / 2}
	return f
}

// FFmpeg prints six digits, here at least three behind the point: half of the last is .0005. Means of ours are in 1/256 level, to nearest, and
// differences in 1/4096, rounded up.
func TestSignalstatsEqualsFFmpeg(t *testing.T) {
	const frames, printed = 12, 0.0005
	for _, c := range clips {
		raw := decode(t, c.path(), "null", frames)
		for i, want := range metadata(t, c.path(), "signalstats", frames) {
			theirs := func(key string) float64 {
				v, err := strconv.ParseFloat(want["signalstats."+key], 64)
				if err != nil {
					t.Fatalf("%s: %s: %v", c.name, key, err)
				}
				return v
			}
			got := measure(colour(raw, c.width, c.height, max(i-1, 0)), colour(raw, c.width, c.height, i))
			for _, f := range []struct {
				key          string
				ours, within float64
			}{
				{"YMIN", float64(got.Luma.Min), 0},
				{"YMAX", float64(got.Luma.Max), 0},
				{"YAVG", float64(got.Luma.Mean) / 256, printed + 1.0/512},
				{"UAVG", float64(got.Chroma.UMean) / 256, printed + 1.0/512},
				{"VAVG", float64(got.Chroma.VMean) / 256, printed + 1.0/512},
				{"YDIF", float64(got.Difference.Previous) / 4096, printed + 1.0/4096},
			} {
				if math.Abs(f.ours-theirs(f.key)) > f.within {
					t.Errorf("%s, picture %d: %s is %.4f, want %.4f within %.4f", c.name, i, f.key, f.ours, theirs(f.key), f.within)
				}
			}
			// Distances rounded down lose half a level; sampling costs as much at most on these clips.
			if ours, want := float64(got.Chroma.SaturationMean)/256, theirs("SATAVG")+0.5; math.Abs(ours-want) > 0.5 {
				t.Errorf("%s, picture %d: saturation is %.3f, want about %.3f", c.name, i, ours, want)
			}
			for k, level := range cdfLevels {
				share := int(binary.BigEndian.Uint16(got.Luma.CDF[2*k:]))
				for key, percent := range map[string]int{"YLOW": 10, "YHIGH": 90} {
					// Shares are rounded down, and FFmpeg's tenth to whole pixels.
					if over := 100*share - 65535*percent; max(over, -over) > 100 && (over > 0) != (theirs(key) <= float64(level)) {
						t.Errorf("%s, picture %d: %.4f of luma is up to %d, %s is %v", c.name, i, float64(share)/65535, level, key, theirs(key))
					}
				}
			}
		}
	}
}

// The difference to the previous picture is FFmpeg's MAFD of luma, as its filter scdet prints it: in percent with three decimals, thus
// within half of the last, and our rounding up to 2^-20.
func TestDifferenceEqualsFFmpeg(t *testing.T) {
	const frames = 40
	c := clips[0]
	raw := decode(t, c.path(), "null", frames)
	moved := 0
	for i, want := range metadata(t, c.path(), "scdet", frames)[1:] {
		got := 100 * float64(measure(luma(raw, c.width, c.height, i), luma(raw, c.width, c.height, i+1)).Difference.Previous) / (1 << 20)
		percent, _ := strconv.ParseFloat(want["scd.mafd"], 64)
		if math.Abs(got-percent) > 0.0005+0.0001 {
			t.Errorf("picture %d: got %.4f %%, want %.3f %%", i+1, got, percent)
		}
		moved += b2i(percent > 0.1)
	}
	if moved < frames/2 {
		t.Errorf("only %d pictures move: the clip shows nothing", moved)
	}
}

// Our difference, rounded up to 2^-20, is the least of that unit at which freezedetect takes the second picture for the first: of grey
// pictures, and of coloured ones with still chroma two thirds of it, since FFmpeg counts the planes of chroma, half as large as that of luma.
func TestDifferenceEqualsFreezedetect(t *testing.T) {
	const first, grey, still = 5, "extractplanes=y", "geq=lum=lum(X\\,Y):cb=128:cr=128:i=nearest"
	for _, c := range []struct {
		clip
		planes string
		share  float64
	}{{clips[0], grey, 1}, {clips[1], grey, 1}, {clips[2], grey, 1}, {clips[3], grey, 1}, {clips[3], still, 2.0 / 3}} {
		raw := decode(t, c.path(), "null", first+2)
		ours := float64(measure(luma(raw, c.width, c.height, first), luma(raw, c.width, c.height, first+1)).Difference.Previous)
		if ours < 100 {
			t.Errorf("%s: the difference is %v of 2^-20: too still to tell anything", c.name, ours)
		}
		for noise, want := range map[float64]bool{c.share * ours: true, c.share * (ours - 1): false} {
			told := run(t, fmt.Sprintf("-i %s -vf select=between(n\\,%d\\,%d),%s,freezedetect=d=0.001:n=%.12f,metadata=print:file=- -frames:v 2 "+
				"-f null /dev/null", c.path(), first, first+1, c.planes, noise/(1<<20)))
			// The time between the two is a freeze to it anyway; what tells is whether the second ends it.
			if got := !strings.Contains(string(told), "freeze_end"); got != want {
				t.Errorf("%s, %s: at %.3f of 2^-20 frozen is %v, want %v; ours is %v", c.name, c.planes, noise, got, want, ours)
			}
		}
	}
}
