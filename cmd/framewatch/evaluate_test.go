package main

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// labelledSet is a folder with two clips: in one the picture is black from 3 s to 6 s and a freeze is claimed that is not there, the other is clean.
func labelledSet(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for file, filter := range map[string]string{"black.ts": "drawbox=color=black:t=fill:enable='between(t,3,5.99)'", "clean.ts": "null"} {
		made := exec.Command("ffmpeg", "-v", "error", "-i", "../../testdata/clips/mdn_frog_480p30_h264_aac.mp4", "-t", "8", "-vf", filter+",scale=320:212",
			"-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", filepath.Join(dir, file))
		if said, err := made.CombinedOutput(); err != nil {
			t.Fatalf("ffmpeg: %v: %s", err, said)
		}
	}
	lines := `{"file":"black.ts","source":"tower","labels":[{"kind":"black","level":"3 s","start":3.0,"end":6.0},{"kind":"freeze","start":0.5,"end":1.5}]}` + "\n" +
		`{"file":"clean.ts","source":"frog"}` + "\n"
	if err := os.WriteFile(filepath.Join(dir, "set.ndjson"), []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestEvaluateScoresASet(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := labelledSet(t)
	code, stdout, stderr := command(t, "evaluate", "--set", dir, "--baseline", "-o", "json")
	if code != exitOK {
		t.Fatalf("code %d: %s", code, stderr)
	}
	var r evaluationReport
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	if r.Clips != 2 || strings.Join(r.Sources, " ") != "frog tower" || r.Sequences != nil {
		t.Errorf("got %+v", r)
	}
	for _, judge := range r.Scores[:2] {
		black, freeze := kind(t, judge, "black"), kind(t, judge, "freeze")
		if black.Faults != 1 || black.Found != 1 || black.False != 0 || *black.F1 != 1 || *black.OnsetP50 > 0.05 || black.EndP50 == nil || math.Abs(*black.EndP50) > 2.5 {
			t.Errorf("%s: black is %+v", judge.Judge, black)
		}
		if freeze.Faults != 1 || freeze.Found != 0 || *freeze.F1 != 0 || freeze.Precision != nil {
			t.Errorf("%s: freeze is %+v", judge.Judge, freeze)
		}
		if len(judge.Levels) != 1 || judge.Levels[0].Level != "3 s" || len(judge.Missed) != 1 || judge.Missed[0].Clip != "black.ts" {
			t.Errorf("%s: levels %+v, missed %+v", judge.Judge, judge.Levels, judge.Missed)
		}
		if hours := judge.CleanHours * 3600; hours < 7.9 || hours > 8.2 || judge.CleanAlarms != 0 {
			t.Errorf("%s: %.1f s clean with %d alarms", judge.Judge, hours, judge.CleanAlarms)
		}
	}
	// Three seconds are long enough for FFmpeg's default of two.
	if ffmpeg := kind(t, r.Scores[2], "black"); ffmpeg.Found != 1 || ffmpeg.Faults != 1 || *ffmpeg.OnsetP50 > 0.1 {
		t.Errorf("%s: %+v", r.Scores[2].Judge, ffmpeg)
	}

	t.Run("one half has one clip", func(t *testing.T) {
		code, stdout, stderr := command(t, "evaluate", "--set", dir, "--half", "tune", "-o", "markdown")
		if code != exitOK || !strings.Contains(stdout, "half tune: 1 clips from frog") || strings.Contains(stdout, "| black |") {
			t.Errorf("code %d: %s%s", code, stdout, stderr)
		}
	})
}

// Other rules are compared on the same clips, curves drawn, and reports written; what was measured once is not measured again.
func TestEvaluateComparesAndReports(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	dir, out := labelledSet(t), t.TempDir()
	other, page, text := filepath.Join(out, "other.yaml"), filepath.Join(out, "r.html"), filepath.Join(out, "r.md")
	if err := os.WriteFile(other, []byte("profiles: {default: {rules: {black: {disabled: true}}}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"evaluate", "--set", dir, "--against", other, "--curves", "--report", page, "--report", text, "-o", "json"}
	code, stdout, stderr := command(t, args...)
	if code != exitOK {
		t.Fatalf("code %d: %s", code, stderr)
	}
	var r evaluationReport
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	// black and freeze have a fault each, both in the clip from the tower: it is one of two recordings.
	black := r.Comparison.Kinds[0]
	if black.Kind != "black" || r.Comparison.Units != 2 || black.Before.Found != 1 || black.After.Found != 0 || *black.Recall.Difference != -1 || *black.Recall.High != -1 || black.Precision.Difference != nil {
		t.Errorf("compared is %+v", r.Comparison)
	}
	if len(r.Curves) != 2 || r.Curves[0].Kind != "black" || len(r.Curves[0].Points) != 13 {
		t.Fatalf("curves are %+v", r.Curves)
	}
	if p := r.Curves[0].Points[6]; !p.InForce || p.Raise != 0.98 || p.Found != 1 || *p.Precision != 1 || *p.Recall != 1 {
		t.Errorf("in force is %+v", p)
	}
	html, markdown := read(t, page), read(t, text)
	for _, want := range []string{"<!doctype html>", "<svg class=\"plot\"", "<th scope=\"row\">black</th>", "By the rules of " + other + " instead"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if strings.Contains(html, "<script") || strings.Contains(html, "http://") && !strings.Contains(html, "http://www.w3.org/2000/svg") {
		t.Error("the page is not by itself")
	}
	if !strings.Contains(markdown, "![black](<r-curves-1.svg>)") || !strings.Contains(read(t, filepath.Join(out, "r-curves-1.svg")), "prefers-color-scheme") {
		t.Errorf("the report in Markdown is\n%s", markdown)
	}
	// Rules are tried on the same: with a fault in one of two recordings that one chooses, and what is in force is as good as any.
	page = filepath.Join(out, "tuned.html")
	code, stdout, stderr = command(t, "tune", "--set", dir, "--kinds", "black", "--for", "1s,5s", "--raise", "0.5,0.98", "--report", page)
	if code != exitOK || !strings.Contains(stdout, "# black: nothing that was tried is better: it stays as it is.") || !strings.Contains(stdout, "profiles:\n    default:\n        rules: {}\n") {
		t.Errorf("tuned: code %d, %s%s", code, stdout, stderr)
	}
	if !strings.Contains(read(t, page), "<pre>profiles:") {
		t.Error("the report of the tuning has no profile")
	}
	kept, err := filepath.Glob(filepath.Join(cache, "framewatch", "measured", "*", "*"))
	if err != nil || len(kept) != 2 {
		t.Fatalf("kept are %v, error %v", kept, err)
	}
	// A file of the cache that is damaged is told of: so it is read, and the clip not measured again.
	if err := os.WriteFile(kept[0], []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := command(t, args...); code != exitFailure || !strings.Contains(stderr, "is damaged: remove it") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// kind finds the row of a kind.
func kind(t *testing.T, s scoreReport, name string) kindScore {
	t.Helper()
	for _, k := range s.Kinds {
		if k.name() == name {
			return k
		}
	}
	t.Fatalf("%s: nothing of %s in %+v", s.Judge, name, s.Kinds)
	return kindScore{}
}

func TestEvaluateRefusesWhatItCannotUse(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	set := func(text string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "set.ndjson"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--half", "both"}, exitUsage, `--half: "both" is neither`},
		{[]string{"--kinds", "blak"}, exitUsage, `--kinds: "blak" is unknown, did you mean "black"?`},
		{[]string{"-o", "xml"}, exitUsage, `--output: "xml" is neither json, table nor markdown`},
		{[]string{"--stream", "news"}, exitUsage, "--stream: it is about recorded features"},
		{[]string{"--set", "recorded", "--baseline"}, exitUsage, "--baseline and --half: they are about clips"},
		{[]string{"--report", "r.pdf"}, exitUsage, `--report: r.pdf ends neither in .html nor in .md`},
		{[]string{"--against", filepath.Join(t.TempDir(), "nowhere")}, exitUsage, "--against: open"},
		{[]string{"--clean", "-1"}, exitUsage, `--clean: -1 is not within 0 and 10`},
		{[]string{"--jobs", "0"}, exitUsage, `--jobs: 0 is less than 1`},
		{[]string{"--set", filepath.Join(t.TempDir(), "nowhere")}, exitFailure, "read the set: open"},
		{[]string{"--set", set(`{"file":"../x.ts"}`)}, exitFailure, `line 1: file "../x.ts" is not within the folder`},
		{[]string{"--set", set(`{"file":"x.ts","labels":[{"kind":"blak","start":1,"end":2}]}`)}, exitFailure, `kind "blak" is unknown, did you mean "black"?`},
		{[]string{"--set", set(`{"file":"x.ts","labels":[{"kind":"black","start":2,"end":2}]}`)}, exitFailure, "has no length"},
	} {
		if code, _, stderr := command(t, append([]string{"evaluate"}, test.args...)...); code != test.code || !strings.Contains(stderr, test.want) {
			t.Errorf("%v: code %d, want %d; stderr %q, want %q in it", test.args, code, test.code, stderr, test.want)
		}
	}
}
