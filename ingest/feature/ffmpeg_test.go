package feature_test

import (
	"math"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
)

// decode gives the first pictures of a clip, filtered, as 4:2:0 at 8 bits.
func decode(t *testing.T, clip, filter string, frames int) []byte {
	t.Helper()
	raw, err := exec.Command("ffmpeg", "-v", "error", "-i", clip, "-vf", filter, "-frames:v", strconv.Itoa(frames),
		"-f", "rawvideo", "-pix_fmt", "yuv420p", "-").Output()
	if err != nil {
		t.Fatalf("ffmpeg decode: %v", err)
	}
	return raw
}

// luma is picture i of what decode gave, without its chroma.
func luma(raw []byte, width, height, i int) *media.Frame {
	return &media.Frame{
		Format: media.VideoFormat{Width: width, Height: height, Depth: 8, Range: "limited"},
		Y:      media.Plane{Data: raw[i*width*height*3/2:][:width*height], Stride: width, Width: width, Height: height},
	}
}

// The difference to the previous picture is FFmpeg's MAFD of luma, as its filter scdet prints it: in percent with three decimals, thus
// within half of the last, and our rounding up to 2^-20.
func TestDifferenceEqualsFFmpeg(t *testing.T) {
	const clip, width, height, frames = "../../testdata/clips/bbb_720p25_h264_aac51.mp4", 1280, 720, 40
	printed, err := exec.Command("ffmpeg", "-v", "error", "-i", clip, "-frames:v", "40",
		"-vf", "scdet,metadata=print:key=lavfi.scd.mafd:file=-", "-f", "null", "-").Output()
	if err != nil {
		t.Fatalf("ffmpeg scdet: %v", err)
	}
	want := regexp.MustCompile(`mafd=([\d.]+)`).FindAllSubmatch(printed, -1)
	raw := decode(t, clip, "null", frames)
	if len(want) < frames {
		t.Fatalf("ffmpeg printed %d figures, want %d", len(want), frames)
	}
	moved := 0
	for i := 1; i < frames; i++ {
		got := 100 * float64(measure(luma(raw, width, height, i-1), luma(raw, width, height, i)).Difference.Previous) / (1 << 20)
		percent, _ := strconv.ParseFloat(string(want[i][1]), 64)
		if math.Abs(got-percent) > 0.0005+0.0001 {
			t.Errorf("picture %d: got %.4f %%, want %.3f %%", i, got, percent)
		}
		moved += b2i(percent > 0.1)
	}
	if moved < frames/2 {
		t.Errorf("only %d pictures move: the clip shows nothing", moved)
	}
}
