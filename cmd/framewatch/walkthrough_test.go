package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/internal/venv"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// TestDataTeamsWay goes the way of deploy/training/README.md in small: record, export, label, tune and train, evaluate, run beside the live detector, compare,
// promote, roll back. The rows that the model is trained on are made up, since real ones take minutes; the script, what it writes and what becomes of it are real.
func TestDataTeamsWay(t *testing.T) {
	const home = "../../deploy/training/corruption/"
	brokers := kafkatest.Embedded(t)
	s := &shadowSite{t: t, app: laidOut(t, brokers, "framewatch."), brokers: brokers, dir: t.TempDir()}

	// Record: two streams with an outage of half a minute each, folded by a live detector.
	log := map[string][]topology.Message{}
	for _, stream := range []string{"news", "sport"} {
		log[stream] = outageSince(stream, "default", time.Now().Add(-115*time.Second))
	}
	s.publish(log, 0, 1000)
	live := s.start("detector", s.configure("live", "{}"), none)
	defer s.kill(live)
	s.await(topology.StageNamed("detector").Group)

	// Export, and label: one outage was right; that of sport was planned, so it is a false alarm.
	export := filepath.Join(s.dir, "features")
	onLog(t, brokers, "export", "features", "--format", "avro", "-o", export)
	for stream, label := range map[string]string{"news": "confirmed", "sport": "false_alarm"} {
		for line := range strings.Lines(onLog(t, brokers, "replay", "--stream", stream)) {
			var ev schemas.DefectEvent
			if err := json.Unmarshal([]byte(line), &ev); err != nil {
				t.Fatal(err)
			}
			if ev.Kind == "no_signal" && ev.Revision == 1 {
				onLog(t, brokers, "verdicts", "add", ev.ID, label, "--by", "ann")
			}
		}
	}
	var report recordedReport
	if err := json.Unmarshal([]byte(onLog(t, brokers, "evaluate", "--set", "recorded", "--kinds", "no_signal", "-o", "json")), &report); err != nil {
		t.Fatal(err)
	}
	if k := report.Kinds[0]; k.Found != 1 || k.False != 1 || k.Faults != 1 {
		t.Errorf("evaluated is %+v, want one right and one false alarm", k)
	}

	// Train, and look at what came of it.
	rows, file, next := filepath.Join(s.dir, "rows.csv"), filepath.Join(s.dir, "corruption.json"), rule.Shipped("corruption").Version+1
	writeText(t, rows, madeRows())
	train := exec.Command(venv.Python(t, home+"requirements.txt"), home+"train.py", rows, "--out", file, "--version", strconv.FormatInt(next, 10), "--trees", "8", "--draws", "20")
	if out, err := train.CombinedOutput(); err != nil {
		t.Fatalf("train: %v\n%s", err, out)
	}
	trees, err := rule.ReadModel([]byte(read(t, file)))
	if err != nil || trees.Version != next {
		t.Fatalf("the trained model has version %d, want %d: %v", trees.Version, next, err)
	}
	onLog(t, brokers, "model", "publish", file, "--by", "ann", "--candidate")
	inForce := func(want int64) {
		t.Helper()
		if versions, now := modelVersions(t, brokers, "corruption"); now != want || !slices.Contains(versions, next) {
			t.Errorf("version %d of %v is in force, want %d", now, versions, want)
		}
	}
	inForce(next - 1)

	// Beside the live detector, rules without no_signal tell of none; the comparison says what people think of that.
	candidate := s.start(shadowTarget, s.configure("strict", "{no_signal: {disabled: true}}"), none)
	defer s.kill(candidate)
	s.await(shadowGroup("strict"))
	waitFor(t, "the candidate's word on both outages", func() bool {
		code, stdout, _ := command(t, "shadow", "diff", "--candidate", "strict", "--from", "1h", "--brokers", brokers[0])
		return code == exitDefects && strings.Contains(stdout, "of the removed 1 were right and 1 false alarms")
	})

	onLog(t, brokers, "model", "promote", modelKey("corruption", next), "--by", "ann")
	inForce(next)
	onLog(t, brokers, "model", "rollback", "corruption", "--by", "ann")
	inForce(next - 1)
}

// madeRows is a table as `model rows` makes it, of ten sources: where the first feature is large, damage is visible.
func madeRows() string {
	random := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	names := rule.DamageFeatures.Names
	fmt.Fprintf(&b, "# features %s\nsource,clip,picture,psnr,flagged,%s\n", rule.DamageFeatures.Fingerprint(), strings.Join(names, ","))
	for _, source := range strings.Split("abcdefnopq", "") {
		for picture := range 200 {
			look := random.Float64()
			psnr := 45.0
			if look > 0.6 {
				psnr = 25
			}
			fmt.Fprintf(&b, "%s,%s: made,%d,%.1f,%t", source, source, 100+picture, psnr, random.IntN(10) == 0)
			for i := range names {
				x := random.Float64()
				if i == 0 {
					x = look
				}
				fmt.Fprintf(&b, ",%.4f", x)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}
