package feature_test

import (
	"bytes"
	"math"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
)

// The difference to the previous picture is FFmpeg's MAFD of luma, as its filter scdet prints it: in percent with three decimals, thus
// within half of the last, and our rounding up to 2^-20.
func TestDifferenceEqualsFFmpeg(t *testing.T) {
	const clip, width, height = "../../testdata/clips/bbb_720p25_h264_aac51.mp4", 1280, 720
	printed, err := exec.Command("ffmpeg", "-v", "error", "-i", clip, "-frames:v", "40",
		"-vf", "scdet,metadata=print:key=lavfi.scd.mafd:file=-", "-f", "null", "-").Output()
	if err != nil {
		t.Fatalf("ffmpeg scdet: %v", err)
	}
	want := regexp.MustCompile(`mafd=([\d.]+)`).FindAllSubmatch(printed, -1)

	decoder := exec.Command("ffmpeg", "-v", "error", "-i", clip, "-frames:v", "40", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
	raw, err := decoder.Output()
	if err != nil {
		t.Fatalf("ffmpeg decode: %v", err)
	}
	const size = width * height * 3 / 2
	if len(want) < 40 || len(raw) < 40*size || bytes.Equal(raw[:size], raw[39*size:40*size]) {
		t.Fatalf("got %d figures and %d bytes from ffmpeg, want 40 different pictures", len(want), len(raw))
	}
	var frames []*media.Frame
	for i := range 40 {
		frames = append(frames, &media.Frame{
			Format: media.VideoFormat{Width: width, Height: height, Depth: 8, Range: "limited"},
			Y:      media.Plane{Data: raw[i*size:][:width*height], Stride: width, Width: width, Height: height},
		})
	}
	for i := 1; i < 40; i++ {
		got := 100 * float64(measure(frames[i-1:i+1]...).Difference.Previous) / (1 << 20)
		percent, _ := strconv.ParseFloat(string(want[i][1]), 64)
		if math.Abs(got-percent) > 0.0005+0.0001 {
			t.Errorf("picture %d: got %.4f %%, want %.3f %%", i, got, percent)
		}
	}
}
