package lab_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
)

func TestStandardClipIsInterlacedLongAndMadeOnce(t *testing.T) {
	cache, encodings := t.TempDir(), 0
	var clip lab.EdgeClip
	for range 2 {
		var err error
		if clip, err = lab.MakeInterlaced(t.Context(), clips, cache, t.TempDir(), func() { encodings++ }); err != nil {
			t.Fatal(err)
		}
	}
	if encodings != 1 {
		t.Errorf("it was encoded %d times", encodings)
	}
	// 2 s of 30 pictures make 60 fields, which are 30 pictures of 40 ms, eight times over.
	if clip.Once != 1200*time.Millisecond {
		t.Errorf("it repeats after %s, want 1.2 s", clip.Once)
	}
	said, err := exec.Command("ffmpeg", "-nostdin", "-i", clip.File, "-vf", "idet,signalstats,metadata=print:key=lavfi.signalstats.YAVG", "-an", "-f", "null", "-").CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, said)
	}
	if got := strings.Count(string(said), "signalstats.YAVG"); got < 8*30-8 || got > 8*30 {
		t.Errorf("it has %d pictures, want 240 but for those at the joints", got)
	}
	counts := regexp.MustCompile(`Multi frame detection: TFF: +(\d+) BFF: +0 Progressive: +0 `).FindSubmatch(said)
	if counts == nil || string(counts[1]) == "0" {
		t.Errorf("FFmpeg does not find top fields first throughout:\n%s", said)
	}
}
