package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSlateIsKnownFromItsFile takes the hashes of a still, and finds it in a smaller and worse encoding; and colour bars without any.
func TestSlateIsKnownFromItsFile(t *testing.T) {
	dir := t.TempDir()
	clip := func(name, source, rate string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		said, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-t", "5", "-c:v", "libx264", "-preset", "ultrafast", "-b:v", rate, "-pix_fmt", "yuv420p", path).CombinedOutput()
		if err != nil {
			t.Fatalf("ffmpeg: %v: %s", err, said)
		}
		return path
	}
	const still = "mandelbrot=s=640x360:r=25:start_scale=0.5,loop=loop=-1:size=1"
	code, stdout, stderr := command(t, "slate", "--name", "back soon", clip("still.mp4", still, "1M"))
	if code != exitOK || !strings.HasPrefix(stdout, "slates:\n    back soon:\n        - ") || strings.Count(stdout, "- ") != 1 {
		t.Fatalf("got code %d, %q, %s", code, stdout, stderr)
	}
	config := filepath.Join(dir, "framewatch.yaml")
	text := "profiles: {default: {rules: {slate: " + strings.NewReplacer("slates:\n", "{slates: {", "    back soon:\n        - ", "back soon: ['", "\n", "']}}").Replace(stdout) + "}}}"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for part, file := range map[string]string{
		"back soon":   clip("small.mp4", still+",scale=192:108", "60k"),
		"colour bars": clip("bars.mp4", "smptehdbars=s=320x180:r=25", "100k"),
	} {
		code, stdout, stderr := command(t, "analyze", "-c", config, "-o", "json", file)
		var got found
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitDefects || got.Kind != "slate" || got.Part != part || got.Start > 0.6 || got.End < 4.9 {
			t.Errorf("%s: got code %d, %s (%v), %s; want a slate from the beginning to the end", part, code, stdout, err, stderr)
		}
	}
	if code, _, stderr := command(t, "slate", clip("grey.mp4", "color=gray:s=320x180:r=25", "100k")); code != exitFailure || !strings.Contains(stderr, "next to no detail") {
		t.Errorf("a picture of one colour: got code %d, %s", code, stderr)
	}
}
