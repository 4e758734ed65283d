package console_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// pipeline is an installation of two edges, two detectors and two notifiers; one edge sheds load, and partition 3 has no detector and is behind.
func pipeline(now time.Time) console.Pipeline {
	process := func(id, config string) *console.Process {
		return &console.Process{ID: id, Version: "v1.4.0-6036a32f75ea", Config: config, Started: now.Add(-26 * time.Hour).UnixMicro()}
	}
	seconds := func(s float64) *float64 { return &s }
	return console.Pipeline{
		Partitions: 4, Self: *process("c", "8f3a11c2"),
		Stages: []console.PipelineStage{
			{Name: "ingest", Members: []console.PipelineMember{{ID: "m1", Host: "10.2.0.11", Process: process("e1", "8f3a11c2"), Partitions: []int32{0, 1}}, {ID: "m2", Host: "10.2.0.12", Process: process("e2", "8f3a11c2"), Partitions: []int32{2, 3}}}},
			{Name: "detector", Members: []console.PipelineMember{{ID: "m3", Host: "10.2.0.21", Instance: "detector-0", Process: process("d1", "8f3a11c2"), Partitions: []int32{0, 1}}, {ID: "m4", Host: "10.2.0.22", Instance: "detector-1", Process: process("d2", "77aa0102"), Partitions: []int32{2}}}},
			{Name: "notifier", Members: []console.PipelineMember{{ID: "m5", Host: "10.2.0.31", Process: process("n1", "8f3a11c2"), Partitions: []int32{0}}, {ID: "m6", Host: "10.2.0.32", Partitions: []int32{}}}},
		},
		Lags:   []console.PartitionLag{{Partition: 0, Detector: seconds(0.12)}, {Partition: 1, Detector: seconds(0.08)}, {Partition: 2, Detector: seconds(0)}, {Partition: 3, Detector: seconds(48)}},
		Edges:  []console.Edge{{URL: "http://edge-1:8090", Streams: 22, States: map[string]int{"up": 21, "down": 1}, Decoded: 525, Analysed: 525, Bytes: 9e6, MediaSeconds: 21, Timed: 21}, {URL: "http://edge-2:8090", Streams: 20, States: map[string]int{"up": 20}, Decoded: 250, Analysed: 250, Passed: 248, Bytes: 8e6, MediaSeconds: 10.2, Timed: 20, Thinned: 20, MostThinned: 2}},
		Delays: []console.Delay{{Name: "detected", Count: 41, P50: seconds(2.2), P99: seconds(10.4)}, {Name: "written", Count: 41, P50: seconds(0.14), P99: seconds(0.42)}, {Name: "delivered", Count: 0}},
	}
}

func TestPipeline(t *testing.T) {
	d := deps()
	asked := 0
	var failure error
	now := time.Now()
	p := pipeline(now)
	d.Pipeline = func(context.Context) (console.Pipeline, error) { asked++; return p, failure }
	d.Ready = func() error { return errors.New("still reading the log") }
	c := console.New(console.Defaults(), d)
	h := c.Handler()
	c.Trip("one", 1, now.Add(-400*time.Millisecond).UnixMicro(), now.UnixMicro())
	c.Trip("one", 1, now.Add(-time.Hour).UnixMicro(), now.UnixMicro()) // told again by a detector that took over
	c.Trip("two", 2, now.Add(-61*time.Second).UnixMicro(), now.Add(-time.Minute).UnixMicro())
	c.Trip("gone", 0, now.Add(-61*time.Second).UnixMicro(), now.Add(-time.Minute).UnixMicro()) // is no longer monitored
	c.Stream("two", &schemas.StreamSpec{})
	c.Health("two", health("ok", now.Add(-61*time.Second).UnixMicro()))
	type answer struct {
		Problems []string
		console.Pipeline
	}
	got := decode[answer](t, get(h, "/api/v1/pipeline"))
	if trip := got.Lags[1].Trip; trip == nil || *trip != 0.4 || got.Lags[3].Trip != nil || got.Lags[3].Heard != nil {
		t.Errorf("the lags are %+v", got.Lags)
	}
	want := []string{
		"This console is not ready: still reading the log.", "All stands still: nothing has come of any stream for 61 s", "No detector has partition 3: what its streams tell waits.", "There are detectors with 2 configurations that differ.",
		"The detector is more than 5 s behind in partition 3.", "No canary has come of partition 2 for 25 s", "The edge http://edge-2:8090 sheds load: 20 of its 20 streams are thinned, 0 of them to key pictures.",
	}
	if len(got.Problems) != len(want) {
		t.Fatalf("wrong is %q", got.Problems)
	}
	for i, w := range want {
		if !strings.HasPrefix(got.Problems[i], w) {
			t.Errorf("wrong is %q, want %q", got.Problems[i], w)
		}
	}
	if get(h, "/api/v1/pipeline"); asked != 1 {
		t.Errorf("it was asked for %d times", asked)
	}
	for name, change := range map[string]func(*console.Pipeline){
		"There is no detector: nothing is decided":                 func(p *console.Pipeline) { p.Stages[1].Members = []console.PipelineMember{} },
		"None of the notifiers leads":                              func(p *console.Pipeline) { p.Stages[2].Members[0].Partitions = []int32{} },
		"The edge http://edge-1:8090 has lost 7":                   func(p *console.Pipeline) { p.Edges[0].Dropped = 7 },
		"Of the edge http://edge-1:8090 3 streams are not watched": func(p *console.Pipeline) { p.Edges[0].States["fault"] = 3 },
	} {
		p = pipeline(now)
		change(&p)
		got := decode[answer](t, get(console.New(console.Defaults(), d).Handler(), "/api/v1/pipeline"))
		if !strings.Contains(strings.Join(got.Problems, "\n"), name) {
			t.Errorf("%q is not among %q", name, got.Problems)
		}
	}
	failure = errors.New("the broker at 10.0.0.1 is away")
	if w := get(console.New(console.Defaults(), d).Handler(), "/api/v1/pipeline"); w.Code != http.StatusBadGateway || strings.Contains(w.Body.String(), "10.0.0.1") {
		t.Errorf("a log that is away is answered %d %s", w.Code, w.Body)
	}
}

// TestPipelinePage looks at an installation with something wrong in each part.
func TestPipelinePage(t *testing.T) {
	d := deps()
	now := time.Now()
	p := pipeline(now)
	d.Pipeline = func(context.Context) (console.Pipeline, error) { return p, nil }
	c := console.New(console.Defaults(), d)
	fillWall(c, now.UnixMicro())
	for n := range int32(3) {
		c.Trip("news-hd", n, now.Add(-200*time.Millisecond).UnixMicro(), now.UnixMicro())
	}
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	defer c.Close()

	b := openBrowser(t)
	b.do(chromedp.EmulateViewport(1440, 1250), chromedp.Navigate(server.URL))
	b.waitFor(`document.querySelector(".link").textContent === "Live"`)
	b.do(chromedp.KeyEvent("7"))
	b.waitFor(`document.querySelectorAll(".stage").length === 4`)
	row := func(section string, n int) string {
		return fmt.Sprintf(`[...document.querySelector("#%s ~ * tbody, #%s ~ table tbody").rows[%d].cells].map(c => c.textContent).join("|")`, section, section, n)
	}
	for expression, want := range map[string]string{
		`document.querySelector(".stage dd").textContent`:            "41 of 42 up",
		`[...document.querySelectorAll(".stage dd")][1].textContent`: "0.76 s of media a second",
		`[...document.querySelectorAll(".stage dd")][2].textContent`: "20 at 1 in 2",
		`String(document.querySelectorAll(".problems li").length)`:   "4",
		row("delays", 1): "From there until the event stands on the log|0.14 s|0.42 s|41",
		row("delays", 2): "From there until somebody was first told|there was none|0",
		row("partitions", 3) + `.split("|").slice(0, 5).join("|")`:              "3|10.2.0.12|▲ nobody|▲ 48 s|none yet",
		row("processes", 5) + `.split("|").slice(0, 2).join("|")`:               "10.2.0.32|notifier (waits)",
		`String(document.querySelectorAll("#processes ~ * td.pending").length)`: "2", // the detectors: stages may have files of their own
		row("edges", 1): "http://edge-2:8090|20|20|0|0|250|250|0.51|248|20 at 1 in 2|0|64.0 Mbit/s",
	} {
		if got := b.text(expression); got != want {
			t.Errorf("%s is %q, want %q", expression, got, want)
		}
	}
	b.screenshot("pipeline.png")
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	b.waitFor(`document.documentElement.scrollWidth === 390`)
	b.screenshot("pipeline-phone.png")
	b.expectNoErrors()
}
