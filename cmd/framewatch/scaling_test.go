package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/framewatch/framewatch/schemas"
)

func TestDesiredReplicasDivideThePartitions(t *testing.T) {
	for _, test := range []struct {
		rate, capacity float64
		partitions     int32
		want           int
	}{
		{1, 1000, 24, 1}, {600, 1000, 24, 1}, {601, 1000, 24, 2}, {2400, 1000, 24, 4}, {2500, 1000, 24, 6}, {7000, 1000, 24, 12}, {7300, 1000, 24, 24},
		{1e9, 1, 24, 24}, {1200, 1000, 7, 7}, {100, 1000, 7, 1},
	} {
		if got := desiredReplicas(test.rate, test.capacity, test.partitions); got != test.want {
			t.Errorf("%g records/s at %g each, %d partitions: %d replicas, want %d", test.rate, test.capacity, test.partitions, got, test.want)
		}
	}
}

// TestScaleIsMeasured: the rate is that of the last minute, the capacity that of busy time, however little of it there is.
func TestScaleIsMeasured(t *testing.T) {
	begun := time.Unix(1_700_000_000, 0)
	s := &scaling{partitions: 24, processors: 4, behind: func() float64 { return 2.5 }}
	at := func(second int, written int64, busy time.Duration, folded int64) {
		s.take(scaleSample{begun.Add(time.Duration(second) * time.Second), written, busy, folded})
	}
	at(0, 1_000_000, 0, 0)
	if _, ok := s.now(); ok {
		t.Error("one sample tells something")
	}
	written, folded := int64(1_000_000), int64(0)
	for second := 5; second <= 300; second += 5 {
		rate := int64(1000)
		if second > 200 {
			rate = 7000
		}
		written, folded = written+5*rate, folded+5*500
		at(second, written, time.Duration(folded)*time.Millisecond, folded)
	}
	// 1000 records a second of busy time, on each of four processors.
	want := scale{Replicas: 3, Rate: 7000, Capacity: 4000, Behind: 2.5, Partitions: 24}
	if got, ok := s.now(); !ok || got != want {
		t.Errorf("the scale is %+v, want %+v", got, want)
	}
	if len(s.samples) > int(capacityOver/scaleInterval)+1 {
		t.Errorf("%d samples are kept", len(s.samples))
	}
	if n := testutil.CollectAndCount(s); n != 3 {
		t.Errorf("%d metrics are told, want 3", n)
	}

	var a app
	ask := func() (int, string) {
		w := httptest.NewRecorder()
		a.getScale(w, httptest.NewRequest("GET", "/api/v1/scale/detector", nil))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	if status, text := ask(); status != http.StatusServiceUnavailable {
		t.Errorf("without a detector it answers %d %s", status, text)
	}
	a.scaling.Store(s)
	const text = `{"desired_replicas":3,"records_per_second":7000,"capacity_records_per_second":4000,"behind_seconds":2.5,"partitions":24}`
	if status, got := ask(); status != http.StatusOK || got != text {
		t.Errorf("it answers %d %s, want %s", status, got, text)
	}
}

func TestOpenDefectsAreThoseOfOwnedPartitions(t *testing.T) {
	o := newOpenDefects()
	event := func(partition int32, id, state, severity string) {
		o.took(partition, &schemas.DefectEvent{ID: id, Kind: "black", State: state, Severity: severity})
	}
	wants := func(open string) {
		t.Helper()
		text := ""
		if open != "" {
			text = "# HELP framewatch_detector_open_defects Defects that are open in the partitions of this process, by kind and severity.\n# TYPE framewatch_detector_open_defects gauge\n" + open
		}
		if err := testutil.CollectAndCompare(o, strings.NewReader(text), "framewatch_detector_open_defects"); err != nil {
			t.Error(err)
		}
	}
	event(1, "restored", "opened", "warning")
	o.rebuilt(1)
	event(1, "a", "opened", "warning")
	event(1, "a", "updated", "critical")
	event(2, "b", "opened", "warning")
	wants("framewatch_detector_open_defects{kind=\"black\",severity=\"critical\"} 1\nframewatch_detector_open_defects{kind=\"black\",severity=\"warning\"} 2\n")
	if n := testutil.ToFloat64(o.events.WithLabelValues("black", "opened")); n != 1 {
		t.Errorf("%g are told to have opened, want the one that was told after the rebuild", n)
	}
	event(1, "a", "closed", "critical")
	event(1, "restored", "retracted", "warning")
	o.keep([]int32{1})
	wants("")
	event(1, "a", "opened", "info")
	o.begin(1)
	wants("")
	o.took(1, &schemas.DefectEvent{ID: "odd", Kind: "\xff", State: "opened", Severity: strings.Repeat("x", 1000)})
	wants("framewatch_detector_open_defects{kind=\"other\",severity=\"other\"} 1\n")
}
