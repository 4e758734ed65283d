package console_test

import (
	"context"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// wave gives a figure that swings ten times between 0 and 100, 25 times a second, with nothing in its third quarter.
func wave(_ context.Context, _, _ string, from, to int64, close bool, give func(name, unit string, s console.Sample)) error {
	for at := from; at < to; at += 40_000 {
		part := float64(at-from) / float64(to-from)
		if part >= 0.5 && part < 0.75 {
			continue
		}
		x := 50 - 50*math.Cos(20*math.Pi*part)
		give("luma", "level", console.Sample{At: at, Min: x, Max: x})
	}
	return nil
}

// plotted is what a request for a series or a trace is answered.
type plotted struct {
	From, To     int64
	Raise, Clear float64
	Series       []console.Series
}

func TestSeries(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	c.Stream("one", &schemas.StreamSpec{})
	h := c.Handler()
	// 100 s of 2500 pictures in 100 steps of 1 s: each has 25 of them, and a swing lasts ten.
	w := get(h, "/api/v1/streams/one/series?from=1000000000&to=1100000000&points=100")
	answer := decode[plotted](t, w)
	if w.Code != http.StatusOK || len(answer.Series) != 1 {
		t.Fatalf("status %d, %d series, want 200 and 1: %s", w.Code, len(answer.Series), w.Body)
	}
	s := answer.Series[0]
	// The steps 0 to 49 and 75 to 99, and an empty one that keeps the line open.
	if len(s.At) != 76 || s.At[0] != 1_000_000_000 || s.At[50] != 1_050_000_000 || s.Min[50] != nil || s.At[51] != 1_075_000_000 {
		t.Errorf("steps are %v", s.At)
	}
	// In the fifth second the swing is at its top, in the tenth on its way down to 50 - 50 cos(20 pi 0.0996) = 0.03, and no step's extremes are averaged away.
	if *s.Max[5] != 100 || *s.Min[0] != 0 || *s.Min[9] > 0.1 || *s.Min[5] >= *s.Max[5] {
		t.Errorf("the sixth step goes from %v to %v, the tenth from %v", *s.Min[5], *s.Max[5], *s.Min[9])
	}
	for query, want := range map[string]int{
		"from=1&to=1": http.StatusBadRequest, "from=x": http.StatusBadRequest, "from=-1": http.StatusBadRequest, "points=100000": http.StatusBadRequest,
		"from=1&to=90000000000": http.StatusBadRequest, "": http.StatusOK,
	} {
		if w := get(h, "/api/v1/streams/one/series?"+query); w.Code != want {
			t.Errorf("%q is answered %d, want %d: %s", query, w.Code, want, w.Body)
		}
	}
	if w := get(h, "/api/v1/streams/two/series"); w.Code != http.StatusNotFound {
		t.Errorf("an unknown stream is answered %d", w.Code)
	}
}

func TestTrace(t *testing.T) {
	deps := deps()
	c := console.New(console.Defaults(), deps)
	now := time.Now().UnixMicro()
	c.Defect(&schemas.DefectEvent{ID: "d1", Revision: 1, State: "closed", Stream: "one", Kind: "freeze", Onset: now - 60e6, End: now - 50e6, Detected: now - 50e6})
	answer := decode[struct {
		From, To     int64
		Raise, Clear float64
		Series       console.Series
	}](t, get(c.Handler(), "/api/v1/defects/d1/trace"))
	if answer.From != now-70e6 || answer.To != now-40e6 || answer.Raise != 0.98 || answer.Clear != 0.9 || answer.Series.Unit != "share" || answer.Series.Name != "freeze" {
		t.Errorf("it is %+v", answer)
	}
	if !slices.Contains(answer.Series.Min, nil) {
		t.Error("where nothing is known the line is not open")
	}
	if w := get(c.Handler(), "/api/v1/defects/d2/trace"); w.Code != http.StatusNotFound {
		t.Errorf("an unknown defect is answered %d", w.Code)
	}
	deps.Trace = func(context.Context, *schemas.DefectEvent, string, int64, int64, func(console.Sample)) (console.Traced, error) {
		return console.Traced{}, console.Refusal{Reason: "it is gone"}
	}
	gone := console.New(console.Defaults(), deps)
	gone.Defect(&schemas.DefectEvent{ID: "d1", Revision: 1, State: "opened", Stream: "one", Kind: "freeze", Onset: now})
	if w := get(gone.Handler(), "/api/v1/defects/d1/trace"); w.Code != http.StatusBadRequest || decode[struct{ Error string }](t, w).Error != "it is gone" {
		t.Errorf("a refusal is answered %d %s", w.Code, w.Body)
	}
}
