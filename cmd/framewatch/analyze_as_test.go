package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAnalyzeAsAStream judges a clip that is silent for the 5 s that it lasts by what the configuration says of streams.
func TestAnalyzeAsAStream(t *testing.T) {
	const clip = "../../testdata/clips/flower_540p2997_h264_aac.mp4"
	config := filepath.Join(t.TempDir(), "framewatch.yaml")
	text := `
profiles:
  mute: {selector: {sound: none}, rules: {silence: {disabled: true}}}
streams:
  - {id: plain, url: x}
  - {id: selected, url: x, labels: {sound: none}}
  - {id: silent, url: x, expectations: {silent_tracks: [1]}}
  - {id: planned, url: x, expectations: {planned: [{kinds: [silence], weekly: {days: [sun], from: "20:15", to: "20:20", zone: Europe/Berlin}}]}}
`
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		args   []string
		silent bool
	}{
		{"nothing is known of it", []string{"--stream", "plain"}, true},
		{"its labels select a profile", []string{"--stream", "selected"}, false},
		{"its track is silent by design", []string{"--stream", "silent"}, false},
		{"it is planned", []string{"--stream", "planned", "--start", "2026-03-01T19:16:00Z"}, false}, // a Sunday, 20:16 in Berlin
		{"it is planned for another time", []string{"--stream", "planned", "--start", "2026-03-01T20:16:00Z"}, true},
	} {
		code, stdout, stderr := command(t, append([]string{"analyze", "-c", config, "-o", "json", clip}, test.args...)...)
		if !test.silent {
			if code != exitOK || stdout != "" {
				t.Errorf("%s: got code %d, %s%s, want no defect", test.name, code, stdout, stderr)
			}
			continue
		}
		var got found
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitDefects || got.Kind != "silence" || got.Stream != test.args[1] || got.Start > 0.5 || got.End < 4.5 || got.End > 6 {
			t.Errorf("%s: got code %d, %s (%v)%s, want silence from the beginning to the end", test.name, code, stdout, err, stderr)
		}
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--stream", "plan"}, `--stream: "plan" is not in the configuration's streams, did you mean "plain"?`},
		{[]string{"--stream", "planned"}, `stream "planned" has planned times: say when the input began with --start`},
		{[]string{"--start", "yesterday"}, `--start: "yesterday" is no time such as`},
		{[]string{"--stream", "plain", "--profile", "mute"}, "give either --stream or --profile"},
	} {
		code, stdout, stderr := command(t, append([]string{"analyze", "-c", config, clip}, test.args...)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, test.want) {
			t.Errorf("%v: got code %d, %s%s, want code 2 and %q", test.args, code, stdout, stderr, test.want)
		}
	}
}
