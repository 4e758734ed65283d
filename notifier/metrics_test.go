package notifier

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/framewatch/framewatch/schemas"
)

// TestDelayTakesAnyID: an id that is no trace's is told without one.
func TestDelayTakesAnyID(t *testing.T) {
	m := meters{delay: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "delay_seconds", Buckets: []float64{60}})}
	exemplar := func(id string) string {
		var written dto.Metric
		m.Told(&schemas.DefectEvent{ID: id, Detected: time.Now().UnixMicro()}, time.Now())
		if err := m.delay.Write(&written); err != nil {
			t.Fatal(err)
		}
		if e := written.Histogram.Bucket[0].Exemplar; e != nil {
			return e.Label[0].GetValue()
		}
		return ""
	}
	for _, id := range []string{"", "\xff", strings.Repeat("a", 1000)} {
		if got := exemplar(id); got != "" {
			t.Errorf("%.20q has the exemplar %q", id, got)
		}
	}
	const id = "00112233445566778899aabbccddeeff"
	if got := exemplar(id); got != id {
		t.Errorf("%q has the exemplar %q", id, got)
	}
}

// TestCanaryIsYoungWhereNobodyListened: a notifier that takes over has heard of no defect of the canary, and that is no alarm until it has listened for as long.
func TestCanaryIsYoungWhereNobodyListened(t *testing.T) {
	began := time.UnixMicro(1_700_000_000_000_000)
	c := canary{since: began}
	age := func(after, want time.Duration) {
		t.Helper()
		if got := c.age(began.Add(after)); got != want {
			t.Errorf("%s after the notifier began the canary's last defect is %s ago, want %s", after, got, want)
		}
	}
	age(10*time.Second, 10*time.Second)
	age(200*time.Second, 200*time.Second)
	// One of before that was still on the log does not count against it.
	c.heard(&schemas.DefectEvent{State: "opened", Detected: began.Add(-90 * time.Second).UnixMicro()})
	age(10*time.Second, 10*time.Second)
	c.heard(&schemas.DefectEvent{State: "opened", Detected: began.Add(30 * time.Second).UnixMicro()})
	age(50*time.Second, 20*time.Second)
}
