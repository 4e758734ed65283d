package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/replay"
)

const (
	pricesFile   = "../../deploy/prices.yaml"
	measuredFile = "../../deploy/measured.ndjson"
	costPage     = "../../docs/cost.md"
)

// commandOutput runs a command line that must succeed.
func commandOutput(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := Main(t.Context(), args, &stdout, &stderr); code != exitOK {
		t.Fatalf("%v: exit code %d: %s", args, code, stderr.String())
	}
	return stdout.String()
}

// At the default rate and with what was measured, ours leaves out 95 % of what the other design costs.
func TestCostOfTheStory(t *testing.T) {
	text := commandOutput(t, "cost", "--region-prices", pricesFile, "--measured", measuredFile, "--output", "json")
	var r struct {
		Saving      float64 `json:"saving"`
		Transitions float64 `json:"transitions_per_stream_second"`
		Requests    float64 `json:"requests_per_stream_second"`
		Walls       []wall  `json:"walls"`
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	if r.Saving < 0.95 || r.Saving >= 1 {
		t.Errorf("the saving is %.4f, want 0.95 at least", r.Saving)
	}
	// Four steps each second; a picture and a sound are PUT, both and the picture before are got.
	if math.Abs(r.Transitions-4) > 0.1 || math.Abs(r.Requests-5) > 0.1 {
		t.Errorf("%.3f transitions and %.3f requests, want 4 and 5", r.Transitions, r.Requests)
	}
	if len(r.Walls) == 0 || r.Walls[0].Share >= 1 {
		t.Errorf("the first wall is %+v, want one that stops 5000 streams", r.Walls)
	}
}

// docs/cost.md is what the program prints.
func TestCostPage(t *testing.T) {
	want := commandOutput(t, "cost", "--region-prices", pricesFile, "--measured", measuredFile, "--output", "markdown")
	got, err := os.ReadFile(costPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/cost.md is not what the program prints: framewatch cost --output markdown > docs/cost.md. It should hold:\n%s", want)
	}
}

// evenCosting is figures that can be reckoned in one's head: 100 streams, a month of 1000 hours, so 3.6e8 stream-seconds.
func evenCosting() costing {
	c := costing{streams: 100, oldCPU: 1,
		prices: map[string]float64{"machine_hour": 1, "machine_vcpus": 10, "machine_memory_gib": 10, "broker_hour": 0.5, "broker_vcpus": 2, "disk_gb_month": 1, "cross_zone_gb": 1, "transition": 0.001,
			"express_request": 0.0001, "express_gb_second": 0.01, "function_request": 0.00001, "function_gb_second": 0.002, "function_gb_per_vcpu": 2,
			"object_put": 0.0001, "object_get": 0.00001, "object_gb_month": 2, "object_transfer_gb": 1, "notification": 0.1},
		assumed: map[string]float64{"utilisation": 0.5, "memory_share": 1, "spare_machines": 1, "object_retention_hours": 1, "log_retention_hours": 1, "log_replication": 3,
			"log_fill": 0.5, "broker_least": 3, "broker_mb_per_second": 1e9, "cross_zone_crossings": 2, "defects_per_stream_day": 86.4, "evidence_mb_per_defect": 1024,
			"evidence_retention_days": 10, "express_gb": 0.1, "hours_per_month": 1000}}
	c.measured.Streams, c.measured.Seconds = 2, 30
	c.measured.Old = designBench{Transitions: 4.05, Notifications: 3, Execution: 0.5, Puts: 2, Gets: 3, StoredBytes: gibibyte, MovedBytes: 2 * gibibyte, WorkerMemory: 10,
		CPU: map[string]float64{"convert": 0.1, "detect_video": 0.15, "detect_audio": 0.05, "aggregate": 0.05}}
	c.measured.Ours = designBench{LogBytes: gibibyte, WorkerMemory: 1024, CPU: map[string]float64{"ingest": 0.1, "detector": 0.05, "notifier": 0.05, "broker": 0.1}}
	return c
}

func TestBills(t *testing.T) {
	c := evenCosting()
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	old := c.old()
	near("old compute", old.Compute, 2*1000)                              // 100 * 0.1 vCPU / (10 * 0.5)
	near("old functions", old.Functions, 3.6e8*(0.25*2*0.002+3.001*1e-5)) // 0.001 defects a second
	near("old orchestration", old.Orchestration, 3.6e8*4.001*0.001)       // four steps, and one a defect: 4.05 less 3 / 60 of the bench's faults, and 0.001
	busier := c
	busier.measured.Old.Transitions = 8.05
	near("old orchestration at twice the steps", busier.old().Orchestration, 3.6e8*8.001*0.001)
	near("old requests", old.ObjectRequests, 3.6e8*(2e-4+3e-5))
	near("old storage", old.ObjectStorage, 100*3600*2)
	near("old transfer", old.Transfer, 3.6e8*2)
	near("old notifications", old.Notifications, 3.6e8*0.001*0.1)
	near("express", c.express().Orchestration, 3.6e8*(0.0001+0.3*0.1*0.01)) // 0.25 s are charged as 0.3
	ours := c.ours()
	near("our compute", ours.Compute, 11*1000)            // memory decides: 100 * 1 GiB / 10 GiB, and a spare one
	near("our log", ours.Log, 30*0.5*1000+100*3*3600/0.5) // their CPU decides: 3 copies * 100 * 0.1 vCPU / (2 * 0.5) are 30 brokers
	idle := c
	idle.measured.Ours.CPU = with(c.measured.Ours.CPU, func(cpu map[string]float64) { cpu["broker"] = 0.001 })
	near("our log by what is least", idle.ours().Log, 3*0.5*1000+100*3*3600/0.5)
	near("our transfer", ours.Transfer, 3.6e8*2)
	near("our requests", ours.ObjectRequests, 3.6e8*0.001*2*(1e-4+1e-5))
	near("our storage", ours.ObjectStorage, 100*86.4*10*2)
	near("our notifications", ours.Notifications, 3.6e8*0.001*2*0.1)
	near("the sum", old.total(), old.Compute+old.Functions+old.Orchestration+old.ObjectRequests+old.ObjectStorage+old.Transfer+old.Notifications)
}

// At the break-even price both designs cost the same, and where ours is cheaper than the rest of the other there is none.
func TestBreakEven(t *testing.T) {
	c := evenCosting()
	c.measured.Ours.LogBytes *= 2 // ours is dearer than the other's rest
	b := c.breakEven()
	if b.TransitionPrice == nil || b.Transitions == nil {
		t.Fatal("there is no break-even")
	}
	c.prices = with(c.prices, func(p map[string]float64) { p["transition"] = *b.TransitionPrice })
	if apart := c.old().total()/c.ours().total() - 1; math.Abs(apart) > 1e-9 {
		t.Errorf("at the break-even price the designs are apart by %v", apart)
	}
	rare := c
	rare.measured.Old.CPU = with(c.measured.Old.CPU, func(cpu map[string]float64) { cpu["convert"] = 0 })
	rare.measured.Old.WorkerMemory = 0
	if every := rare.breakEven().EverySeconds; every == nil || math.Abs(*every-rare.old().total()/rare.ours().total()) > 1e-9 {
		t.Errorf("without converters the designs are even at one second in %v, want in %v", every, rare.old().total()/rare.ours().total())
	}
	c.measured.Ours.LogBytes = 1
	if b := c.breakEven(); b.TransitionPrice != nil {
		t.Errorf("the break-even is %v, want none", *b.TransitionPrice)
	}
}

func TestWalls(t *testing.T) {
	limit, atOnce := 400.11, 25.1
	walls := evenCosting().walls([]quota{{Name: "transitions", Of: "transitions", price: price{Value: &limit}}, {Name: "at once", Of: "executions_at_once", price: price{Value: &atOnce}}})
	if len(walls) != 2 || walls[0].Streams != 100 || walls[0].Share != 1 {
		t.Fatalf("walls are %+v, want 100 streams (400.11 / 4.001), all of them", walls)
	}
	if walls[1].Streams != 50 {
		t.Errorf("%v streams are let through, want 50: each has half an execution of 0.5 s at once, of 25", walls[1].Streams)
	}
}

// Another rate of pictures is another bill of the other design, and the same of ours.
func TestRatesChangeTheOtherDesignAlone(t *testing.T) {
	c := evenCosting()
	dearer := c.measured
	dearer.Rate, dearer.Old.Puts, dearer.Ours.LogBytes = lab.FrameRate, 26, 9*gibibyte
	all := c.sensitivities([]baselineBench{dearer})
	if all[1].Ours != all[0].Ours || all[1].Old <= all[0].Old {
		t.Errorf("of every picture: %+v, want ours as in %+v and the other dearer", all[1], all[0])
	}
}

// Both pages assume the same of evidence.
func TestEvidenceIsAssumedOnce(t *testing.T) {
	p, _, err := readPrices(pricesFile, "")
	if err != nil {
		t.Fatal(err)
	}
	s, a := lab.DefaultSizing(), p.Assumed
	if size := *a.EvidenceMBPerDefect.Value * mebibyte; math.Abs(size/s.EvidenceBytes()-1) > 0.01 || *a.EvidenceRetentionDays.Value != s.EvidenceDays || *a.DefectsPerStreamDay.Value != s.Defects {
		t.Errorf("deploy/prices.yaml: %.3g bytes, %v days, %v defects; docs/capacity.md: %.3g, %v, %v", size, *a.EvidenceRetentionDays.Value, *a.DefectsPerStreamDay.Value,
			s.EvidenceBytes(), s.EvidenceDays, s.Defects)
	}
}

// A price that is missing, unfounded or misspelt is an error that names it, never 0.
func TestPricesAreStrict(t *testing.T) {
	sound, err := os.ReadFile(pricesFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, from, to, want string }{
		{"a missing price", "\n      transition: ", "\n      # transition: ", "aws-us-east-1.prices.transition: value is missing"},
		{"a missing value", "{value: 0.000025, source", "{source", "aws-us-east-1.prices.transition: value is missing"},
		{"a misspelt price", "\n      object_put: ", "\n      object_putt: ", "object_putt"},
		{"a negative price", "object_get: {value: 0.0000004", "object_get: {value: -1", "object_get: -1"},
		{"no source", `source: "aws.amazon.com/ebs/pricing, gp3", `, "", "disk_gb_month: source is missing"},
		{"no date", "as_of: 2026-06-17", "as_of: June", "broker_hour: as_of \"June\""},
		{"a divisor of 0", "utilisation: {value: 0.6", "utilisation: {value: 0", "assumed.utilisation: it cannot be 0"},
		{"an unknown wall", "of: function_seconds", "of: functions", "of \"functions\" is none of"},
		{"an unknown default", "default: aws-us-east-1", "default: aws-us-east-2", "aws-us-east-2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			changed := strings.Replace(string(sound), test.from, test.to, 1)
			if changed == string(sound) {
				t.Fatalf("the file has no %q", test.from)
			}
			file := filepath.Join(t.TempDir(), "prices.yaml")
			if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			code := Main(t.Context(), []string{"cost", "--region-prices", file, "--measured", measuredFile}, &stdout, &stderr)
			if code != exitUsage || !strings.Contains(stderr.String(), test.want) {
				t.Errorf("exit code %d, said %q, want %d and %q", code, stderr.String(), exitUsage, test.want)
			}
		})
	}
}

// What was not measured is not taken for 0, and a result of another bench is told from one that lacks something.
func TestCostRefusesResultsOfOthers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "measured.json")
	if err := os.WriteFile(file, []byte(`{"pictures_per_second": 1, "old": {"puts": 2}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, want, without string }{
		{file, "ours.log_bytes", "old.puts"},
		{"../../docs/capacity.json", "framewatch bench baseline --rate 1 --output json", "old.puts"},
	} {
		var stdout, stderr bytes.Buffer
		code := Main(t.Context(), []string{"cost", "--region-prices", pricesFile, "--measured", c.file}, &stdout, &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), c.want) || strings.Contains(stderr.String(), c.without) {
			t.Errorf("%s: exit code %d, said %q, want %q and nothing of what is there", c.file, code, stderr.String(), c.want)
		}
	}
}

// What both designs used between two looks is told per stream and second.
func TestBaselineFigures(t *testing.T) {
	r := baselineBench{Streams: 2, Seconds: 10}
	r.fill(
		baselineSight{steps: lab.StepsUsage{Seconds: 4, Transitions: 16, Puts: 8, Gets: 12, PutBytes: 100, GetBytes: 200, CPU: map[lab.Step]float64{lab.StepConvert: 1}, Execution: 1},
			targets: map[string]lab.TreeUse{"ingest": {CPU: 3}}, log: 1000, decoded: 100, analysed: 90},
		baselineSight{steps: lab.StepsUsage{Seconds: 24, Transitions: 97, Notifications: 1, Puts: 48, Gets: 72, PutBytes: 2100, GetBytes: 4200, CPU: map[lab.Step]float64{lab.StepConvert: 2}, Execution: 2},
			targets: map[string]lab.TreeUse{"ingest": {CPU: 5}}, log: 3000, decoded: 300, analysed: 190})
	got := []float64{r.TransitionsPerStreamSecond, r.RequestsPerStreamSecond, r.Old.StoredBytes, r.Old.MovedBytes, r.Old.CPU["convert"], r.Old.Execution, r.Ours.CPU["ingest"], r.Ours.LogBytes, r.Ours.Analysed, r.calmTransitions()}
	for i, want := range []float64{81. / 20, 5, 100, 300, 0.05, 0.05, 0.1, 100, 0.5, 4} {
		if math.Abs(got[i]-want) > 1e-9 {
			t.Errorf("figure %d is %v, want %v", i, got[i], want)
		}
	}
	start := time.Unix(1000, 0)
	black := lab.Found{Injected: lab.Injected{Kind: "black", Start: start}, Onset: start.Add(-time.Second), Told: start.Add(2 * time.Second), Alerted: start.Add(3 * time.Second)}
	kinds := foundByKind(lab.Report{Found: []lab.Found{black}, Missed: []lab.Injected{{Kind: "freeze"}}, Unexpected: []lab.Detected{{Defect: replay.Defect{Kind: "silence"}}}})
	want := []kindFound{{"black", 1, 1, 0, 0, 1, 2, 3}, {"freeze", 1, 0, 1, 0, -1, -1, -1}, {"silence", 0, 0, 0, 1, -1, -1, -1}}
	for i := range want {
		if i >= len(kinds) || kinds[i] != want[i] {
			t.Errorf("found is %+v, want %+v", kinds, want)
			break
		}
	}
}
