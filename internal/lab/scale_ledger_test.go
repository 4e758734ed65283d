package lab_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
)

// Of five faults one had begun before, one begins too late to be judged, one is missed, two are found; one of those is told twice.
func TestScaleLedgerCounts(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	fault := func(stream, kind string, from float64, optional bool) lab.Injected {
		return lab.Injected{Stream: stream, Kind: kind, Start: at(from), End: at(from + 7), Optional: optional}
	}
	l := lab.NewScaleLedger()
	l.Expect([]lab.Injected{
		fault("a", "black", -2, true), fault("a", "black", 10, false), fault("b", "freeze", 10, false), fault("c", "silence", 10, false), fault("c", "black", 55, false),
	})
	event := func(id, stream, kind string, revision int32, onset float64) *schemas.DefectEvent {
		return &schemas.DefectEvent{ID: id, Revision: revision, State: "opened", Stream: stream, Kind: kind, Onset: at(onset).UnixMicro(), End: at(onset + 1).UnixMicro()}
	}
	l.Told("2", at(13.6)) // the webhook may be there before we have read the event
	l.Event(event("1", "a", "black", 1, 0), at(1))
	l.Event(event("2", "a", "black", 1, 10), at(13.5))
	l.Event(event("3", "b", "freeze", 1, 10), at(14))
	l.Event(event("3", "b", "freeze", 2, 10), at(15))
	l.Event(event("3", "b", "freeze", 2, 10), at(15))
	l.Event(event("4", "b", "click", 1, 30), at(31))
	l.Event(event("5", "c", "black", 1, 55), at(58))
	if l.Settled(at(60)) {
		t.Error("settled, though one is missed and one not told")
	}
	l.Told("3", at(14.5))
	l.Told("3", at(16))
	got := l.Defects(at(60))
	want := lab.ScaleDefects{Expected: 3, Found: 2, Unexpected: map[string]int{"click": 1}, Events: 6, Doubled: 1, Told: 2, ToldTwice: 1,
		// Two values: 3.5 and 4 s to the event, less 1 and 2 s that black and freeze wait, 3.6 and 4.5 s to the webhook; the median of two is the later here.
		Event: lab.Percentiles{P50: 4, P99: 4}, Beyond: lab.Percentiles{P50: 2.5, P99: 2.5}, Webhook: lab.Percentiles{P50: 4.5, P99: 4.5}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if once := (lab.ScaleDefects{Expected: 2, Found: 2, Told: 2}); !once.Exact() {
		t.Errorf("not exact: %+v", once)
	}
	for _, wrong := range []lab.ScaleDefects{{Expected: 2, Found: 1, Told: 1}, {Expected: 2, Found: 2, Told: 1}, {Expected: 2, Found: 2, Told: 2, ToldTwice: 1}, {Expected: 2, Found: 2, Told: 2, Doubled: 1}} {
		if wrong.Exact() {
			t.Errorf("exact: %+v", wrong)
		}
	}
}
