package feature_test

import (
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// Lines alternate between 100 (even) and 140 (odd) in a picture between two others.
func TestField(t *testing.T) {
	comb := draw(20, 16, func(_, y int) int { return 100 + 40*(y%2) })
	low, high := draw(20, 16, flat(100)), draw(20, 16, flat(140))
	for _, c := range []struct {
		name            string
		prev, cur, next *media.Frame
		want            schemas.Field
	}{
		{name: "a flat picture, still", prev: low, cur: low, next: low, want: schemas.Field{}},
		// Every line is 40 from both neighbours: |2*40| = 80 levels.
		{name: "a combed picture, still", prev: comb, cur: comb, next: comb, want: schemas.Field{Alpha0: 80 * 256, Alpha1: 80 * 256, Delta: 80 * 256}},
		// alpha0: even lines with the previous picture's, |140+140-2*100| = 80; odd lines with the next's, |100+100-2*140| = 80.
		// alpha1: odd lines with the previous picture's, |100+100-2*100| = 0; even lines with the next's, |140+140-2*140| = 0.
		// gamma0: odd lines that changed since, 2*40 on half the rows; gamma1: even lines, that did not.
		{name: "odd lines are new", prev: low, cur: comb, next: high,
			want: schemas.Field{Alpha0: 80 * 256, Alpha1: 0, Delta: 80 * 256, Gamma0: 40 * 256}},
		{name: "even lines are new", prev: high, cur: comb, next: low,
			want: schemas.Field{Alpha0: 0, Alpha1: 80 * 256, Delta: 80 * 256, Gamma1: 40 * 256}},
	} {
		if got := measure(c.prev, c.cur, c.next).Field; *got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, *got, c.want)
		}
		if got := measure(c.prev, c.cur).Field; got != nil {
			t.Errorf("%s: two pictures have %+v, want null", c.name, got)
		}
	}
	line := draw(20, 4, flat(100))
	if got := measure(line, line, line).Field; got != nil {
		t.Errorf("four rows: got %+v, want null", got)
	}
}

// FFmpeg's idet, from all columns and planes, comes to the same verdict by the same ratios on a film, woven into fields or not.
func TestFieldAgreesWithFFmpeg(t *testing.T) {
	const clip, width, height, frames = "../../testdata/clips/bbb_720p25_h264_aac51.mp4", 1280, 720, 24
	for _, weave := range []string{"null", "tinterlace=interleave_top", "tinterlace=interleave_bottom"} {
		printed, err := exec.Command("ffmpeg", "-v", "error", "-i", clip, "-frames:v", strconv.Itoa(frames), "-vf",
			weave+",idet,metadata=print:key=lavfi.idet.single.current_frame:file=-", "-f", "null", "-").Output()
		if err != nil {
			t.Fatalf("ffmpeg idet: %v", err)
		}
		want := regexp.MustCompile(`current_frame=(\w+)`).FindAllSubmatch(printed, -1)
		raw := decode(t, clip, weave, frames)
		agree, told := 0, 0
		for i := 2; i < frames && i <= len(want); i++ {
			got := verdict(measure(luma(raw, width, height, i-2), luma(raw, width, height, i-1), luma(raw, width, height, i)).Field)
			if w := string(want[i-1][1]); w != "undetermined" {
				told++
				agree += b2i(got == w)
			}
		}
		if told < 15 || agree < told-1 {
			t.Errorf("%s: of %d verdicts of FFmpeg's %d are ours too", weave, told, agree)
		}
	}
}

// verdict is idet's on a single picture, with its default thresholds.
func verdict(f *schemas.Field) string {
	switch alpha0, alpha1 := float64(f.Alpha0), float64(f.Alpha1); {
	case alpha0 > 1.04*alpha1:
		return "tff"
	case alpha1 > 1.04*alpha0:
		return "bff"
	case alpha1 > 1.5*float64(f.Delta):
		return "progressive"
	}
	return "undetermined"
}
