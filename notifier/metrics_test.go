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
