package main

import (
	"encoding/json"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

func TestVersionTellsWhichLibrariesAreLoadedAndUnderWhichLicence(t *testing.T) {
	code, stdout, stderr := command(t, "version", "--output", "json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var got made
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	if want := runtime.GOOS + "/" + runtime.GOARCH; got.Platform != want || got.Version != version() || got.Go != runtime.Version() {
		t.Errorf("%s %s for %s, want %s %s for %s", got.Version, got.Go, got.Platform, version(), runtime.Version(), want)
	}
	if !strings.Contains(got.FFmpeg.License, "GPL version") || !strings.Contains(got.FFmpeg.Configuration, "--enable-") {
		t.Errorf("FFmpeg is under %q and configured with %q", got.FFmpeg.License, got.FFmpeg.Configuration)
	}
	number := regexp.MustCompile(`^\d+\.\d+\.\d+`)
	for name, version := range map[string]string{"FFmpeg": got.FFmpeg.Version, "libavcodec": got.FFmpeg.Libraries["libavcodec"], "OpenCV": got.OpenCV.Version} {
		if !number.MatchString(version) {
			t.Errorf("%s is of version %q", name, version)
		}
	}
	if got.OpenCV.License == "" {
		t.Error("OpenCV has no licence")
	}
}
