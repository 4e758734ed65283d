package lab_test

import (
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
)

// zero is when the stories below begin; their times are seconds after it.
var zero = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func after(seconds float64) time.Time {
	return zero.Add(time.Duration(seconds * float64(time.Second)))
}

// story is one event, and when it and its alert came; alert 0: none.
type story struct {
	id, state, stream, kind string
	onset, end, told, alert float64
}

func TestScoreMatchesFaultsAndDefects(t *testing.T) {
	black := lab.Injected{Stream: "one", Kind: "black", Start: after(20), End: after(27.68)}
	for _, c := range []struct {
		name                               string
		events                             []story
		now                                float64
		found, missed, unexpected, waiting int
		ok                                 bool
	}{
		{"found and told", []story{
			{"a", "opened", "one", "black", 20.1, 21.5, 21.6, 21.7},
			{"a", "closed", "one", "black", 20.1, 27.7, 28.3, 28.4}}, 60, 1, 0, 0, 0, true},
		{"found, not told", []story{{"a", "opened", "one", "black", 20.1, 21.5, 21.6, 0}}, 60, 1, 0, 0, 0, false},
		{"missed", nil, 60, 0, 1, 0, 0, false},
		{"too young to be missed", nil, 24, 0, 0, 0, 1, true},
		{"of another kind", []story{{"a", "opened", "one", "freeze", 20.1, 21.5, 21.6, 21.7}}, 60, 0, 1, 1, 0, false},
		{"on another stream", []story{{"a", "opened", "two", "black", 20.1, 21.5, 21.6, 21.7}}, 60, 0, 1, 1, 0, false},
		{"found twice", []story{
			{"a", "opened", "one", "black", 20.1, 21.5, 21.6, 21.7},
			{"a", "closed", "one", "black", 20.1, 23, 23.1, 23.2},
			{"b", "opened", "one", "black", 25, 26, 26.1, 26.2}}, 60, 1, 0, 1, 0, false},
		{"closed long before", []story{
			{"a", "opened", "one", "black", 5, 6, 6.1, 6.2},
			{"a", "closed", "one", "black", 5, 12, 12.1, 12.2}}, 60, 0, 1, 1, 0, false},
		{"begun long after", []story{{"a", "opened", "one", "black", 31, 32, 32.1, 32.2}}, 60, 0, 1, 1, 0, false},
		{"late by what a client needs to start", []story{{"a", "opened", "one", "black", 22.4, 24, 24.1, 24.2}}, 60, 1, 0, 0, 0, true},
		{"taken back", []story{
			{"a", "opened", "one", "black", 20.1, 21.5, 21.6, 21.7},
			{"b", "opened", "one", "freeze", 20.1, 21.5, 21.6, 21.7},
			{"b", "retracted", "one", "freeze", 20.1, 21.5, 21.8, 21.9}}, 60, 1, 0, 0, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			score := lab.NewScore()
			tell(score, c.events)
			r := score.Report([]lab.Injected{black}, after(c.now))
			if len(r.Found) != c.found || len(r.Missed) != c.missed || len(r.Unexpected) != c.unexpected || len(r.Waiting) != c.waiting {
				t.Errorf("found %d, missed %d, unexpected %d, waiting %d, want %d, %d, %d, %d",
					len(r.Found), len(r.Missed), len(r.Unexpected), len(r.Waiting), c.found, c.missed, c.unexpected, c.waiting)
			}
			if r.OK() != c.ok {
				t.Errorf("OK is %t", r.OK())
			}
		})
	}
}

func TestScoreCountsADefectOnce(t *testing.T) {
	score := lab.NewScore()
	tell(score, []story{{"a", "opened", "one", "black", 20.1, 21.5, 21.6, 21.7}})
	r := score.Report([]lab.Injected{
		{Stream: "one", Kind: "black", Start: after(20), End: after(27.68)},
		{Stream: "one", Kind: "black", Start: after(40), End: after(47.68)}}, after(60))
	if len(r.Found) != 1 || len(r.Missed) != 1 {
		t.Errorf("a defect that never closed stands for %d faults, and %d are missed; want one each", len(r.Found), len(r.Missed))
	}
}

func TestScoreTellsDelays(t *testing.T) {
	score := lab.NewScore()
	tell(score, []story{
		{"a", "opened", "one", "black", 20.25, 21.5, 21.75, 22},
		{"a", "updated", "one", "black", 20.25, 25, 25.1, 25.2}})
	f := score.Report([]lab.Injected{{Stream: "one", Kind: "black", Start: after(20), End: after(27.68)}}, after(60)).Found[0]
	// 20.25-20, 21.75-20 and 22-20.
	if f.OnsetError() != 250*time.Millisecond || f.EventDelay() != 1750*time.Millisecond || f.AlertDelay() != 2*time.Second {
		t.Errorf("onset error %s, event after %s, alert after %s, want 250ms, 1.75s, 2s", f.OnsetError(), f.EventDelay(), f.AlertDelay())
	}
}

func TestReportNamesWhatWentWrong(t *testing.T) {
	score := lab.NewScore()
	tell(score, []story{
		{"a", "opened", "one", "black", 20.25, 21.5, 21.75, 22},
		{"b", "opened", "two", "freeze", 30, 31, 32, 33}})
	report := score.Report([]lab.Injected{
		{Stream: "one", Kind: "black", Start: after(20), End: after(27.68)},
		{Stream: "one", Kind: "silence", Start: after(40), End: after(47.68)}}, after(60))
	var b strings.Builder
	if err := report.Write(&b, zero); err != nil {
		t.Fatal(err)
	}
	want := "stream  fault    at       onset error   event after  alert after  \n" +
		"one     black    20.00 s  +0.25 s       1.75 s       2.00 s       \n" +
		"one     silence  40.00 s  MISSED                                  \n" +
		"two     freeze   30.00 s  NOT INJECTED                            \n" +
		"2 injected, 1 found, 1 missed, 1 not injected, 0 too late to judge\n" +
		"p50 and p99 from a fault's start: event after 1.75 s and 1.75 s, which is 0.75 s and 0.75 s beyond the rule's own for; alert after 2.00 s and 2.00 s\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// tell feeds the events and their alerts to the score.
func tell(score *lab.Score, events []story) {
	for _, e := range events {
		ev := &schemas.DefectEvent{ID: e.id, State: e.state, Stream: e.stream, Kind: e.kind,
			Onset: after(e.onset).UnixMicro(), End: after(e.end).UnixMicro()}
		score.Event(ev, after(e.told))
		if e.alert > 0 {
			score.Alert(ev, after(e.alert))
		}
	}
}
