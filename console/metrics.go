package console

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// meters are what the console counts.
type meters struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// newMeters registers with r, which may be nil.
func newMeters(r prometheus.Registerer, f *feed) *meters {
	m := &meters{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "framewatch_console_requests_total",
			Help: "Requests answered of who was let in, by route and status."}, []string{"route", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "framewatch_console_request_seconds",
			Help: "How long requests took, by route; of those that follow something, until who asked went.", Buckets: []float64{.005, .025, .1, .25, .5, 1, 2.5, 10, 60}}, []string{"route"}),
	}
	if r != nil {
		r.MustRegister(m.requests, m.duration, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "framewatch_console_event_streams",
			Help: "Pages that follow what changes (/api/v1/events)."}, func() float64 { return float64(f.open()) }))
	}
	return m
}

// Count counts what a route serves.
func (m *meters) Count(r route, inner http.Handler) http.Handler {
	label := prometheus.Labels{"route": r.pattern}
	return promhttp.InstrumentHandlerDuration(m.duration.MustCurryWith(label), promhttp.InstrumentHandlerCounter(m.requests.MustCurryWith(label), inner))
}
