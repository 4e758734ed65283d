package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/internal/lab"
)

func TestBenchEdge(t *testing.T) {
	file := filepath.Join(t.TempDir(), "frog.mp4")
	cut := exec.Command("ffmpeg", "-v", "error", "-i", "../../testdata/clips/mdn_frog_480p30_h264_aac.mp4", "-t", "2", "-c", "copy", file)
	if said, err := cut.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, said)
	}
	quick := []string{"bench", "edge", "--runs", "1", "--stretch", "100ms", "--play", "500ms"}

	t.Run("two files are two objects, measured by our worker on a real log", func(t *testing.T) {
		code, stdout, stderr := command(t, append(quick, "-o", "json", file, file)...)
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		if code != exitOK || len(lines) != 2 || !strings.Contains(stderr, "measuring "+file) {
			t.Fatalf("got code %d, %d lines of stdout and stderr %q, want 2 lines", code, len(lines), stderr)
		}
		for _, line := range lines {
			var b lab.EdgeBench
			if err := json.Unmarshal([]byte(line), &b); err != nil {
				t.Fatal(err)
			}
			// 2 s at 30 pictures a second and 2 streams that show different seconds.
			if b.File != file || b.FramesAnalysed != 60 || b.TopicStreams != 2 {
				t.Errorf("got %+v, want 60 pictures and 2 streams", b)
			}
			// Our worker decodes and does more; its libraries are more than FFmpeg's. A record has hundreds of bytes, and the log adds to them some
			// tens for a batch and a key at most.
			if b.OverDecode < 1 || b.WorkerRSS < b.DecoderRSS || b.BytesPerFrame < 100 || b.TopicBytesPerFrame < 20 || b.TopicBytesPerFrame > b.BytesPerFrame+120 {
				t.Errorf("got %+v", b)
			}
		}
	})
	t.Run("a table has each figure, the filters and a column a file", func(t *testing.T) {
		code, stdout, stderr := command(t, append(quick, file)...)
		if code != exitOK {
			t.Fatalf("got code %d, stderr %q", code, stderr)
		}
		for _, row := range edgeRows {
			if !strings.Contains(stdout, "\n"+row.name+" ") {
				t.Errorf("no row %q in\n%s", row.name, stdout)
			}
		}
		for _, want := range []string{file, lab.Filters.Picture, lab.Coverage.Picture, lab.Coverage.Sound} {
			if !strings.Contains(stdout, want) {
				t.Errorf("no %q in\n%s", want, stdout)
			}
		}
	})
	t.Run("what is no media is an error", func(t *testing.T) {
		code, stdout, stderr := command(t, append(quick, "main_test.go")...)
		if code != exitFailure || stdout != "" || !strings.Contains(stderr, "measure main_test.go") {
			t.Errorf("got code %d, stdout %q, stderr %q", code, stdout, stderr)
		}
	})
}
