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

var updateCapacity = flag.Bool("capacity.update", false, "write what follows from the steps of docs/capacity.json: its costs and plans, and parts of docs/capacity.md")

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
	s := lab.DefaultSizing()
	if got := lab.CostsOf(&r); got != r.Costs && !*updateCapacity {
		t.Errorf("docs/capacity.json has costs that its steps do not come to:\n%+v\n%+v", r.Costs, got)
	} else if got != r.Costs {
		reckonAnew(t, &r, s)
	}
	was, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	is := string(was)
	for _, part := range []struct{ marker, want string }{
		{"measured", lab.CapacityMeasured(&r)}, {"plans", lab.CapacityTable(&r, s, 200, 5000, 50_000)}, {"worked", lab.CapacityWorked(&r, s, 5000)},
		{"assumptions", "- " + strings.Join(s.Assumptions(r.Edge), "\n- ") + "\n"},
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

// reckonAnew writes what follows from the steps.
func reckonAnew(t *testing.T, r *lab.ScaleReport, s lab.Sizing) {
	t.Helper()
	r.Costs, r.Assumptions = lab.CostsOf(r), s.Assumptions(r.Edge)
	for i, p := range r.Plans {
		r.Plans[i] = lab.PlanCapacity(p.Streams, r.Costs, r.Edge, s)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("../../docs/capacity.json", append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Two steps make a line: 0.1 cores at 24 partitions, and 0.001 a stream. Of the larger fewer bytes are a stream's, as copies that are compressed together.
func twoSteps() *lab.ScaleReport {
	step := func(streams int) lab.ScaleStep {
		n := float64(streams)
		return lab.ScaleStep{Streams: streams, Sustained: true, Stages: []lab.ScaleStage{
			{Name: lab.SimulatorStage, Cores: 0.0002 * n, Written: 9e6 / n}, {Name: lab.BrokerStage, Cores: 0.1 + 0.001*n},
			{Name: lab.DetectorStage, Cores: 0.1 + 0.0005*n, Memory: 200 + n, Read: 8e6 / n}, {Name: lab.NotifierStage, Cores: 0.00001 * n},
		}, Topics: []lab.ScaleTopic{{Name: lab.FeaturesTopic, Bytes: 7e6 / n}, {Name: "health", Bytes: 30}, {Name: "defects", Bytes: 10}}}
	}
	failed := lab.ScaleStep{Streams: 4000, Why: "records are folded up to 7.00 s late", Stages: []lab.ScaleStage{{Name: lab.BrokerStage, Cores: 99}}}
	return &lab.ScaleReport{Partitions: 24, Streams: 2000, Steps: []lab.ScaleStep{step(1000), step(2000), failed}}
}

func about(got, want float64) bool { return math.Abs(got-want) <= 1e-6*math.Abs(want) }

func TestCostsAreALineThroughWhatWasSustained(t *testing.T) {
	r := twoSteps()
	c := lab.CostsOf(r)
	if !about(c.Broker.Fixed, 0.1) || !about(c.Broker.PerStream, 0.001) || !about(c.DetectorMemory.Fixed, 200) || c.In != 9000 || c.Out != 8000 || c.Features != 7000 || c.Others != 40 || c.ByteStreams != 1000 {
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
	if limit := s.PartitionStreams(lab.CostsOf(twoSteps())); !about(limit, 80) {
		t.Errorf("a partition may have %v streams, want 80", limit)
	}
	// 2 s / (50 s × 0.0005) = 80 streams a partition, for twice the streams: 100,000 / 80 = 1250, so 1536 at least. 5000 / 9.6 are 521 edges and one to
	// lose, less than half of that; partitions have 32.6 streams, of which an edge has three at most; 133 streams in the fullest are 13.3 of its 16 cores.
	if p.Partitions != 1536 || p.EdgePartitions != 3 {
		t.Errorf("%d partitions, %d an edge, want 1536 and 3", p.Partitions, p.EdgePartitions)
	}
	for _, v := range []struct {
		name      string
		got, want float64
	}{
		{"edge cores", p.EdgeCores, 50_000 * 0.1},
		{"detector cores", p.DetectorCores, 0.1*64 + 25},
		{"broker cores", p.BrokerCores, 3 * (0.1*64 + 50)},
		{"edges", float64(p.Edges), 521 + 1},
		{"streams of the fullest edge", p.EdgeStreams, 97.65625 + math.Sqrt(2*97.65625*math.Log(521))},
		{"detectors", float64(p.Detectors), 27 + 1}, // 31.4 / 1.2
		{"to the brokers", p.LogBits, 3.6e9},
		{"between brokers", p.CopyBits, 7.2e9},
		{"disk", p.Disk, 3 * 7040 * 50_000 * 86_400},
		// 91.2 TB / 2.4 TB = 38.02; cores 169.2 / 9.6, 10 topics × 1536 × 3 / 4000 and 10.8 Gb/s / 6 Gb/s are less.
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
	// At 0.00002 the notifier would be one core.
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

// Edges share partitions by a consumer group: there are at least two for each, and the fullest edge is within its cores also when one is lost.
func TestPlanHasPartitionsForItsEdges(t *testing.T) {
	s, costs := lab.DefaultSizing(), lab.CostsOf(twoSteps())
	for _, streams := range []int{1, 200, 1000, 5000, 20_000} {
		for _, cores := range []float64{0.02, 0.1305, 0.5} {
			edge := lab.EdgeCost{Cores: cores, Memory: 100, Bits: 3e6}
			p := lab.PlanCapacity(streams, costs, edge, s)
			if p.Partitions < 2*p.Edges {
				t.Errorf("%d streams of %v cores: %d edges share %d partitions", streams, cores, p.Edges, p.Partitions)
			}
			if p.EdgePartitions*(p.Edges-1) < p.Partitions || (p.EdgePartitions-1)*(p.Edges-1) >= p.Partitions {
				t.Errorf("%d streams of %v cores: %d edges of at most %d partitions for %d", streams, cores, p.Edges-1, p.EdgePartitions, p.Partitions)
			}
			if busy := p.EdgeStreams * (edge.Cores + costs.Publish.PerStream); busy > s.Cores || len(p.Warnings) > 0 {
				t.Errorf("%d streams of %v cores: the fullest edge needs %.1f cores, warnings %q", streams, cores, busy, p.Warnings)
			}
		}
	}
	// There are no more partitions than 6144: 50,000 streams of 0.5 cores, 8.1 a partition, fill an edge with those of one.
	if p := lab.PlanCapacity(50_000, costs, lab.EdgeCost{Cores: 0.5}, s); len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "edges share 6144 partitions") {
		t.Errorf("streams of 0.5 cores: warnings %q", p.Warnings)
	}
	// However many partitions there are, one stream of 20 cores is too much.
	if p := lab.PlanCapacity(5000, costs, lab.EdgeCost{Cores: 20}, s); len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "more than an edge of 16 cores carries") {
		t.Errorf("streams of 20 cores: warnings %q", p.Warnings)
	}
}

// The words of the page say what the report has, and nothing more.
func TestCapacityWordsFollowFromTheReport(t *testing.T) {
	limited := twoSteps()
	limited.Steps[0].Defects.Expected, limited.Steps[1].Defects.Expected = 3, 4
	free := twoSteps()
	free.Steps = free.Steps[:2]
	free.Recovery, free.Edge.Clip = &lab.ScaleRecovery{Streams: 2000, Moved: 12, FirstKill: 4, AllKill: 5, Outage: 6, Defects: lab.ScaleDefects{Expected: 9, Found: 9, Told: 8}}, "a clip"
	none := &lab.ScaleReport{Steps: limited.Steps[2:]}
	for _, test := range []struct {
		r            *lab.ScaleReport
		says, omits  []string
		assumes, not string
	}{
		{limited, []string{"2000 streams were sustained; 4000 were not: records are folded up to 7.00 s late.", "7 faults could be judged", "a detector does was not measured", "(given, not measured here)"},
			[]string{"At least", "no limit"}, "were given", "one clip"},
		{free, []string{"At least 2000 streams were sustained: no limit was reached. No fault could be judged", "its 12 partitions were folded on after 4.0 s by the first and 5.0 s by all",
			"of 9 faults 9 were found and 8 told", "(measured: a clip)"}, []string{"given", "was not measured"}, "one clip (a clip)", "given"},
		{none, []string{"No number of streams was sustained."}, []string{"no limit", "found once"}, "were given", "one clip"},
	} {
		text, assumed := lab.CapacityMeasured(test.r), strings.Join(lab.DefaultSizing().Assumptions(test.r.Edge), "\n")
		for _, want := range test.says {
			if !strings.Contains(text, want) {
				t.Errorf("it does not say %q:\n%s", want, text)
			}
		}
		for _, wrong := range test.omits {
			if strings.Contains(text, wrong) {
				t.Errorf("it says %q:\n%s", wrong, text)
			}
		}
		if !strings.Contains(assumed, test.assumes) || strings.Contains(assumed, test.not) {
			t.Errorf("it assumes\n%s\nwant %q and not %q", assumed, test.assumes, test.not)
		}
	}
}
