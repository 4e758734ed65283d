package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
)

// TestBenchScale plays four streams, two of which fall silent, to processes of the program on an embedded broker. Each silence is found and told once, whatever the machine
// does meanwhile; nothing is left of it in the folder of the log.
func TestBenchScale(t *testing.T) {
	t.Setenv(asProgram, "1")
	clip := filepath.Join(t.TempDir(), "silent.ts")
	said, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=192x108:r=25", "-f", "lavfi", "-i", "sine=r=48000", "-t", "12.2",
		"-af", "volume=0:enable='between(t,4,10)'", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "mp2", clip).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, said)
	}
	records, err := measured(t.Context(), clip)
	if err != nil {
		t.Fatal(err)
	}
	b := benchScale{kind: embeddedBroker, logDir: t.TempDir(), streams: 4, warm: 2 * time.Second, length: 8 * time.Second, extrapolate: []int{5000}, sizing: lab.DefaultSizing(),
		benchRig: benchRig{stderr: t.Output()}}
	b.Detectors = 2
	good := slices.IndexFunc(records, func(f *schemas.Feature) bool { return f.StreamSecond != nil && f.StreamSecond.At > 4_000_000 })
	if b.fleet, err = lab.NewFleet(records[:good]); err != nil {
		t.Fatal(err)
	}
	// Of the second stream the sound goes after 1 s, of the fourth after 7 s, which is too late to be judged.
	if err := b.fleet.Spoil(2, records, []lab.Wrong{{Kind: "silence", From: 4_000_000, To: 10_000_000}}); err != nil {
		t.Fatal(err)
	}
	if err := b.measure(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(b.ScaleReport)
	if err != nil {
		t.Fatal(err)
	}
	var r lab.ScaleReport
	if err := json.Unmarshal(text, &r); err != nil || len(r.Steps) != 1 {
		t.Fatalf("got %s, %v, want one step", text, err)
	}
	step := r.Steps[0]
	if d := step.Defects; !d.Exact() || d.Expected != 1 || d.Webhook.P50 < d.Event.P50-d.Event.P50/2 || d.Event.P50 <= 0 {
		t.Errorf("of one silence: %+v", d)
	}
	var stages []string
	for _, s := range step.Stages {
		stages = append(stages, fmt.Sprintf("%s %d", s.Name, s.Processes))
		if s.Cores <= 0 || s.Memory <= 0 || s.Read <= 0 || s.Written <= 0 || s.StreamsPerCore <= 0 {
			t.Errorf("the stage took nothing: %+v", s)
		}
	}
	if got, want := strings.Join(stages, ", "), "simulator 1, broker 1, detector 2, notifier 1"; got != want {
		t.Errorf("the stages are %s, want %s", got, want)
	}
	if step.Topics[0].Name != lab.FeaturesTopic || step.Topics[0].Bytes <= 0 || step.Records <= step.Pictures {
		t.Errorf("the features took nothing: %+v", step)
	}
	if left, err := os.ReadDir(b.logDir); err != nil || len(left) > 0 {
		t.Errorf("the folder of the log holds %v (%v)", left, err)
	}
	if code, _, stderr := command(t, "bench", "scale", "--detectors", "1"); code != exitUsage || !strings.Contains(stderr, "--kill needs another of the --detectors") {
		t.Errorf("one detector that is killed: code %d, %s", code, stderr)
	}
}
