package lab_test

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/internal/lab"
)

// TestFootageComesAgainWithoutAHole listens to where the footage begins again: the train is loud throughout.
func TestFootageComesAgainWithoutAHole(t *testing.T) {
	samples := lab.Samples(lab.FootageIn(clips), 1, 0.1)
	i := slices.IndexFunc(samples, func(s lab.Sample) bool { return s.Name == "train: clean small" })
	made, err := samples[i].Make(t.Context(), clips, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// The clip is longer than the footage, of less than ten seconds.
	if samples[i].Length().Seconds() < 10.5 {
		t.Fatalf("the clip has %v", samples[i].Length())
	}
	out, err := exec.Command("ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-ss", "5", "-i", made.File, "-vn", "-af", "silencedetect=n=-55dB:d=0.008", "-f", "null", "-").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	if holes := regexp.MustCompile(`silence_start.*`).FindAllString(string(out), -1); len(holes) > 0 {
		t.Errorf("there is silence: %s", strings.Join(holes, "; "))
	}
}
