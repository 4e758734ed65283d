package lab_test

import (
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
)

func TestLedger(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	opened := func(stream, kind string, onset int) *schemas.DefectEvent {
		return &schemas.DefectEvent{ID: stream + kind, Stream: stream, Kind: kind, State: "opened", Onset: at(onset).UnixMicro(), End: at(onset + 2).UnixMicro()}
	}
	closed := func(ev *schemas.DefectEvent, end int) *schemas.DefectEvent {
		c := *ev
		c.State, c.End = "closed", at(end).UnixMicro()
		return &c
	}
	retracted := func(ev *schemas.DefectEvent) *schemas.DefectEvent {
		c := *ev
		c.State = "retracted"
		return &c
	}
	signal := opened("a", "no_signal", 22)
	flapping := *signal
	flapping.Flapping = new(bool)
	*flapping.Flapping = true
	seconds := func(onset int, part string) *schemas.DefectEvent {
		ev := opened("a", "error_seconds", onset)
		ev.Part = part
		return ev
	}
	for _, c := range []struct {
		name   string
		events []*schemas.DefectEvent
		// beats of stream b are heard every second but from one second to another.
		quiet [2]int
		want  string
	}{
		{"all is well", []*schemas.DefectEvent{signal, closed(signal, 33)}, [2]int{}, ""},
		{"a retracted defect is none", []*schemas.DefectEvent{signal, closed(signal, 33), opened("b", "black", 50), retracted(opened("b", "black", 50))}, [2]int{}, ""},
		{"missed", nil, [2]int{}, "did not appear as no_signal"},
		{"of another stream", []*schemas.DefectEvent{signal, closed(signal, 33), closed(opened("b", "no_signal", 22), 33)}, [2]int{}, "nobody made: no_signal"},
		{"damaged at the edge", []*schemas.DefectEvent{signal, closed(signal, 33), closed(opened("a", "decode_error", 31), 33)}, [2]int{}, ""},
		{"damaged ahead of its time", []*schemas.DefectEvent{signal, closed(signal, 33), closed(opened("b", "true_peak", 38), 39)}, [2]int{}, ""},
		{"damaged before the outage", []*schemas.DefectEvent{signal, closed(signal, 33), closed(opened("a", "true_peak", 18), 19)}, [2]int{}, "nobody made: true_peak"},
		{"an outage that was over before", []*schemas.DefectEvent{closed(opened("a", "no_signal", 18), 19)}, [2]int{}, "did not appear as no_signal"},
		{"damaged without a reason", []*schemas.DefectEvent{signal, closed(signal, 33), closed(opened("a", "decode_error", 55), 56)}, [2]int{}, "nobody made: decode_error"},
		{"of another kind", []*schemas.DefectEvent{signal, closed(signal, 33), opened("a", "freeze", 21)}, [2]int{}, "nobody made: freeze"},
		{"concealed", []*schemas.DefectEvent{signal, closed(signal, 33), closed(opened("b", "freeze", 41), 43)}, [2]int{}, ""},
		{"what no decoder makes", []*schemas.DefectEvent{signal, closed(signal, 33), closed(opened("b", "letterbox", 41), 43)}, [2]int{}, "nobody made: letterbox"},
		{"too early", []*schemas.DefectEvent{closed(opened("a", "no_signal", 10), 33)}, [2]int{}, "nobody made: no_signal"},
		{"too late", []*schemas.DefectEvent{closed(opened("a", "no_signal", 50), 55)}, [2]int{}, "nobody made: no_signal"},
		{"never closed", []*schemas.DefectEvent{signal}, [2]int{}, "nobody made: no_signal"},
		{"held open since it flaps", []*schemas.DefectEvent{&flapping}, [2]int{}, ""},
		{"too many outages", []*schemas.DefectEvent{signal, closed(signal, 33), seconds(31, "no_signal")}, [2]int{}, ""},
		{"too many outages before there was one", []*schemas.DefectEvent{signal, closed(signal, 33), seconds(15, "no_signal")}, [2]int{}, "nobody made: error_seconds"},
		{"too much of what was not done", []*schemas.DefectEvent{signal, closed(signal, 33), seconds(31, "black")}, [2]int{}, "nobody made: error_seconds"},
		{"no heartbeat", []*schemas.DefectEvent{signal, closed(signal, 33)}, [2]int{40, 47}, "stream b was without a heartbeat for 8.0 s"},
		{"no heartbeat at the end", []*schemas.DefectEvent{signal, closed(signal, 33)}, [2]int{70, 81}, "stream b was without a heartbeat for 11.0 s"},
	} {
		l := lab.NewLedger()
		for _, stream := range []string{"a", "b"} {
			l.Added(stream, at(0))
		}
		l.Outage("a", at(20), at(30), 0)
		l.Corruption("b", at(40), at(42))
		for s := 1; s <= 80; s++ {
			l.Beat("a", at(s))
			if s < c.quiet[0] || s >= c.quiet[1] {
				l.Beat("b", at(s))
			}
		}
		for _, ev := range c.events {
			l.Event(ev, at(60))
		}
		r := l.Report(at(80))
		if got := strings.Join(r.Failures, "; "); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: failures are %q, want %q in them", c.name, got, c.want)
		}
		if r.Streams != 2 || r.Outages != 1 {
			t.Errorf("%s: %d streams, %d outages, want 2 and 1", c.name, r.Streams, r.Outages)
		}
	}

	// A stream that is not watched owes no heartbeat.
	l := lab.NewLedger()
	l.Added("a", at(0))
	l.Beat("a", at(1))
	l.Removed("a", at(2))
	l.Added("a", at(20))
	l.Beat("a", at(23))
	if got := l.Report(at(24)).LongestGap; got != (lab.Gap{Stream: "a", Seconds: 3}) {
		t.Errorf("longest gap is %+v, want 3 s of a", got)
	}
}

// Every stream is disturbed in every way in a long soak, and left alone between two disturbances and at both ends.
func TestSoakPlan(t *testing.T) {
	length := 10 * time.Minute
	for line, plan := range lab.PlanSoak(12, length, 5) {
		kinds := map[string]int{}
		end := time.Duration(0)
		for _, d := range plan {
			kinds[d.Kind]++
			if gap := d.At - end; gap < 10*time.Second {
				t.Errorf("stream %d: %s comes %v after what was before", line, d.Kind, gap)
			}
			end = d.At + d.Length
		}
		if len(kinds) != 5 || length-end < 20*time.Second {
			t.Errorf("stream %d: kinds are %v and the last ends %v before the end, want all five and 20 s", line, kinds, length-end)
		}
	}
	short := map[string]int{}
	for _, plan := range lab.PlanSoak(12, time.Minute, 5) {
		for _, d := range plan {
			short[d.Kind]++
		}
	}
	if len(short) != 5 {
		t.Errorf("in a minute there are %v, want every kind", short)
	}
}
