package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/internal/venv"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// drawnRows writes a table as `model rows` does, of eight sources, in which a picture is damaged where its first two features add up to more than 1.
func drawnRows(t *testing.T) string {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	fmt.Fprintf(&text, "# features %s\nsource,clip,picture,psnr,flagged,%s\n", rule.DamageFeatures.Fingerprint(), strings.Join(rule.DamageFeatures.Names, ","))
	for _, source := range []string{"a", "b", "c", "d", "n", "o", "p", "q"} {
		for picture := range 500 {
			x := make([]float64, len(rule.DamageFeatures.Names))
			for i := range x {
				x[i] = random.Float64()
			}
			alike := 50.0
			if x[0]+x[1] > 1 {
				alike = 20
			}
			fmt.Fprintf(&text, "%s,%q,%d,%.2f,false", source, source+": coded, 1 % lost", picture, alike)
			for _, v := range x {
				if picture%5 == 0 { // not tainted
					text.WriteByte(',')
					continue
				}
				fmt.Fprintf(&text, ",%v", v)
			}
			text.WriteByte('\n')
		}
	}
	file := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// The script makes, of rows, a model that is taken here and gives what the script got; the same rows and seed give the same bytes.
func TestTheTrainingScriptMakesModelsThatAreTaken(t *testing.T) {
	const folder = "../../deploy/training/corruption/"
	python, rows := venv.Python(t, folder+"requirements.txt"), drawnRows(t)
	version := rule.Shipped("corruption").Version + 1
	train := func() (file string) {
		file = filepath.Join(t.TempDir(), "corruption.json")
		script := exec.Command(python, folder+"train.py", rows, "--out", file, "--version", fmt.Sprint(version), "--trees", "20", "--draws", "20")
		script.Env = append(os.Environ(), "OMP_NUM_THREADS=1") // more threads than free cores wait for each other
		out, err := script.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return file
	}
	file := train()
	if string(fileBytes(t, file)) != string(fileBytes(t, train())) {
		t.Error("the same rows give another model the second time")
	}
	m, err := rule.ReadModel(fileBytes(t, file))
	if err != nil {
		t.Fatal(err)
	}
	low, high := make([]float64, len(rule.DamageFeatures.Names)), make([]float64, len(rule.DamageFeatures.Names))
	low[0], low[1], high[0], high[1] = 0.1, 0.1, 0.9, 0.9
	if bad, good := m.Figure(high), m.Figure(low); bad < 0.75 || good > 0.5 {
		t.Errorf("what is damaged has the figure %v, what is not %v", bad, good)
	}
	brokers := kafkatest.Embedded(t)
	onLog(t, brokers, "topics", "apply")
	onLog(t, brokers, "model", "publish", file, "--by", "ada")
	if card := onLog(t, brokers, "model", "show", "corruption"); !strings.Contains(card, "## False defects") || !strings.Contains(card, "Never seen in training: n, o, p, q") {
		t.Errorf("the card is\n%s", card)
	}
}

// TestRowsAreOfPicturesAsTheyAreSeen makes the rows of one clip twice: damage is there after five seconds and not before, and the second time, from the
// cache, is the same.
func TestRowsAreOfPicturesAsTheyAreSeen(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var tables [2]string
	for i := range tables {
		file := filepath.Join(t.TempDir(), "rows.csv")
		code, _, stderr := command(t, "model", "rows", "--clips", "../../testdata/clips", "--sources", "seagull", "--only", "1.5 Mb/s, 1 %", "--out", file)
		if code != exitOK {
			t.Fatal(stderr)
		}
		tables[i] = string(fileBytes(t, file))
	}
	if tables[0] != tables[1] {
		t.Error("the second table is another one")
	}
	lines := strings.Split(strings.TrimSpace(tables[0]), "\n")
	if lines[0] != "# features "+rule.DamageFeatures.Fingerprint() || len(lines) < 380 {
		t.Fatalf("there are %d lines, the first is %q", len(lines), lines[0])
	}
	early, late := 0, 0
	for _, line := range lines[2:] {
		name := strings.LastIndexByte(line, '"')
		cells := strings.Split(line[name+2:], ",")
		var picture int
		var alike float64
		fmt.Sscan(cells[0], &picture)
		fmt.Sscan(cells[1], &alike)
		switch tainted := cells[3] != ""; {
		case picture < 120 && (alike < 100 || tainted):
			early++
		case picture >= 130 && alike < 35 && tainted:
			late++
		}
	}
	if early > 0 || late < 50 {
		t.Errorf("%d pictures are damaged before packets are lost, and %d after, want none and 50 or more", early, late)
	}
}
