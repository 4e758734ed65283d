package rule_test

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"testing"

	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/detector/rule"
)

var blank = flag.Bool("blank", false, "write models of today's features that score nothing, as a beginning: train them then, as deploy/training tells")

// TestShippedModels reads each. With -blank, after features have changed, it writes them instead.
func TestShippedModels(t *testing.T) {
	for name, features := range rule.Models {
		if *blank {
			writeBlank(t, name, features)
			continue
		}
		m, err := rule.ReadModel(rule.ShippedFile(name))
		if err != nil {
			t.Fatalf("%v\n(after features have changed: go test ./detector/rule -run TestShippedModels -blank, then train)", err)
		}
		if m.Name != name || m.Version < 1 || rule.ShippedCard(name) == "" {
			t.Errorf("the model %s is %s version %d, with a card of %d bytes", name, m.Name, m.Version, len(rule.ShippedCard(name)))
		}
	}
}

func writeBlank(t *testing.T, name string, features model.Features) {
	t.Helper()
	data, err := json.Marshal(model.File{
		Format: 1, Kind: "trees", Name: name, Version: 1, Features: features.Fingerprint(), Names: features.Names, Base: -9, Calibration: model.Calibration{Slope: 1}, Threshold: 0.5,
		Trees: []model.Tree{{Feature: []int{0}, Threshold: []float64{0}, Left: []int{0}, Right: []int{0}, Value: []float64{0}}},
	})
	if err == nil {
		err = os.WriteFile("models/"+name+".json", append(data, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestScoresEqualThoseOfTraining compares what the trees give with what the script that made them got for rows that they were not trained on.
func TestScoresEqualThoseOfTraining(t *testing.T) {
	data, err := os.ReadFile("testdata/corruption-golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Version int64
		Rows    []struct {
			Features    []float64
			Probability float64
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	m := rule.Shipped("corruption")
	if golden.Version != m.Version || len(golden.Rows) < 100 {
		t.Fatalf("there are %d rows of version %d, and the model is of version %d", len(golden.Rows), golden.Version, m.Version)
	}
	for i, row := range golden.Rows {
		if got := m.Probability(row.Features); math.Abs(got-row.Probability) > 1e-5 {
			t.Errorf("row %d: got %v, want %v", i, got, row.Probability)
		}
	}
}

// BenchmarkShippedModel scores pictures by the shipped model. At most a microsecond is allowed for one.
func BenchmarkShippedModel(b *testing.B) {
	data, err := os.ReadFile("testdata/corruption-golden.json")
	if err != nil {
		b.Fatal(err)
	}
	var golden struct {
		Rows []struct{ Features []float64 }
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		b.Fatal(err)
	}
	m := rule.Shipped("corruption")
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		m.Figure(golden.Rows[n%len(golden.Rows)].Features)
		n++
	}
}
