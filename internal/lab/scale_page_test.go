package lab_test

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/internal/lab"
)

var updateCapacity = flag.Bool("capacity.update", false, "write the parts of docs/capacity.md that are made of docs/capacity.json")

// The page shows what `bench scale` measured last, and what it extrapolates from that.
func TestCapacityPage(t *testing.T) {
	const page = "../../docs/capacity.md"
	text, err := os.ReadFile("../../docs/capacity.json")
	if err != nil {
		t.Fatal(err)
	}
	var r lab.ScaleReport
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		t.Fatalf("docs/capacity.json: %v: measure it anew, make bench-scale", err)
	}
	if got := lab.CostsOf(&r); got != r.Costs {
		t.Errorf("docs/capacity.json has costs that its steps do not come to:\n%+v\n%+v", r.Costs, got)
	}
	s := lab.DefaultSizing()
	was, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	is := string(was)
	for _, part := range []struct{ marker, want string }{
		{"measured", lab.CapacityMeasured(&r)}, {"plans", lab.CapacityTable(&r, s, 200, 5000, 50_000)}, {"worked", lab.CapacityWorked(&r, s, 5000)},
		{"assumptions", "- " + strings.Join(s.Assumptions(), "\n- ") + "\n"},
	} {
		opening, closing := "<!-- "+part.marker+" -->\n", "<!-- /"+part.marker+" -->"
		before, rest, found := strings.Cut(is, opening)
		_, after, ended := strings.Cut(rest, closing)
		if !found || !ended {
			t.Fatalf("%s has no part between %s and %s", page, strings.TrimSpace(opening), closing)
		}
		is = before + opening + part.want + closing + after
	}
	metrics, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile("`framewatch_[a-z_]+`").FindAllString(is, -1) {
		if !strings.Contains(string(metrics), "| "+name+" |") {
			t.Errorf("%s names the metric %s, which docs/metrics.md does not", page, name)
		}
	}
	if is == string(was) {
		return
	}
	if !*updateCapacity {
		t.Fatalf("%s is not what docs/capacity.json gives: go test ./internal/lab -run TestCapacityPage -capacity.update", page)
	}
	if err := os.WriteFile(page, []byte(is), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Two steps make a line: 0.1 cores at 24 partitions, and 0.001 a stream.
func twoSteps() *lab.ScaleReport {
	step := func(streams int) lab.ScaleStep {
		n := float64(streams)
		return lab.ScaleStep{Streams: streams, Sustained: true, Stages: []lab.ScaleStage{
			{Name: lab.SimulatorStage, Cores: 0.0002 * n, Written: 9000}, {Name: lab.BrokerStage, Cores: 0.1 + 0.001*n},
			{Name: lab.DetectorStage, Cores: 0.1 + 0.0005*n, Memory: 200 + n, Read: 8000}, {Name: lab.NotifierStage, Cores: 0.00001 * n},
		}, Topics: []lab.ScaleTopic{{Name: lab.FeaturesTopic, Bytes: 7000}, {Name: "health", Bytes: 30}, {Name: "defects", Bytes: 10}}}
	}
	failed := lab.ScaleStep{Streams: 4000, Stages: []lab.ScaleStage{{Name: lab.BrokerStage, Cores: 99}}}
	return &lab.ScaleReport{Partitions: 24, Streams: 2000, Steps: []lab.ScaleStep{step(1000), step(2000), failed}}
}

func about(got, want float64) bool { return math.Abs(got-want) <= 1e-6*math.Abs(want) }

func TestCostsAreALineThroughWhatWasSustained(t *testing.T) {
	r := twoSteps()
	c := lab.CostsOf(r)
	if !about(c.Broker.Fixed, 0.1) || !about(c.Broker.PerStream, 0.001) || !about(c.DetectorMemory.Fixed, 200) || c.In != 9000 || c.Out != 8000 || c.Features != 7000 || c.Others != 40 {
		t.Errorf("got %+v", c)
	}
	// One step alone: all is by the stream, 2.1 cores for 2000.
	r.Steps = r.Steps[1:]
	if c := lab.CostsOf(r); c.Broker.Fixed != 0 || !about(c.Broker.PerStream, 0.00105) {
		t.Errorf("of one step: %+v", c.Broker)
	}
	r.Steps = nil
	if c := lab.CostsOf(r); c.Broker != (lab.Line{}) {
		t.Errorf("of nothing: %+v", c)
	}
}

// 50,000 streams, by hand.
func TestPlanIsTheArithmeticOfThePage(t *testing.T) {
	s := lab.DefaultSizing()
	edge := lab.EdgeCost{Cores: 0.0998, Memory: 100, Bits: 3e6}
	p := lab.PlanCapacity(50_000, lab.CostsOf(twoSteps()), edge, s)
	// 2 s / (30 s × 0.0005) = 133 streams a partition, for twice the streams: 100,000 / 133 = 750, so 768.
	if p.Partitions != 768 {
		t.Errorf("%d partitions, want 768", p.Partitions)
	}
	for _, v := range []struct {
		name      string
		got, want float64
	}{
		{"edge cores", p.EdgeCores, 50_000 * 0.1},
		{"detector cores", p.DetectorCores, 0.1*32 + 25},
		{"broker cores", p.BrokerCores, 3 * (0.1*32 + 50)},
		{"edges", float64(p.Edges), 521 + 1},        // 5000 / 9.6
		{"detectors", float64(p.Detectors), 24 + 1}, // 28.2 / 1.2
		{"to the brokers", p.LogBits, 3.6e9},
		{"between brokers", p.CopyBits, 7.2e9},
		{"disk", p.Disk, 3 * 7040 * 50_000 * 86_400},
		// 91.2 TB / 2.4 TB = 38.02; cores 159.6 / 9.6 and 10.8 Gb/s / 6 Gb/s are less.
		{"brokers", float64(p.Brokers), 39 + 1},
		{"evidence", p.Evidence, 50_000 * 10 * 30 * 15 * 3e6 / 8},
	} {
		if !about(v.got, v.want) {
			t.Errorf("%s: %v, want %v", v.name, v.got, v.want)
		}
	}
	if p.Bound != "disk" || len(p.Warnings) != 0 {
		t.Errorf("bound by %s, warnings %q", p.Bound, p.Warnings)
	}
	// With detectors of half a core 94 + 1 are few enough; at 0.00002 the notifier would be one core.
	costs := lab.CostsOf(twoSteps())
	costs.Notifier.PerStream = 0.00002
	if p := lab.PlanCapacity(50_000, costs, edge, s); len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "one notifier") {
		t.Errorf("warnings %q, want one of the notifier", p.Warnings)
	}
	// A small site keeps what it must: 24 partitions, two detectors, three brokers for three copies.
	if p := lab.PlanCapacity(10, costs, edge, s); p.Partitions != 24 || p.Detectors != 2 || p.Brokers != 3 || p.Edges != 2 {
		t.Errorf("for 10 streams: %+v", p)
	}
}
