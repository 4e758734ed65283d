package notifier

import (
	"encoding/hex"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/framewatch/framewatch/schemas"
)

// meters are our own figures of a term, beside Alertmanager's.
type meters struct {
	attempts attempts
	delay    prometheus.Histogram
	untold   prometheus.Counter
}

func newMeters(t *term) *meters {
	m := &meters{
		attempts: newAttempts(),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "framewatch_notifier_delay_seconds", Help: "From a defect's detection to the end of the attempt that told of its beginning.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300},
		}),
		untold: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "framewatch_notifier_untold_total", Help: "Defects that ended before anybody was told: error_seconds says when there are many.",
		}),
	}
	t.registry.MustRegister(m.attempts, m.delay, m.untold,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "framewatch_notifier_pending_messages", Help: "Messages that have been begun and that their targets have not taken yet."}, func() float64 {
			n, _ := t.pending(time.Now())
			return float64(n)
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "framewatch_notifier_pending_age_seconds", Help: "How long ago the oldest of these was begun; 0: there is none."}, func() float64 {
			_, age := t.pending(time.Now())
			return age.Seconds()
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "framewatch_notifier_open_defects", Help: "Defects that are open as far as the notifier knows."}, func() float64 {
			return float64(t.open())
		}),
		t.n.canaryAge(&t.canary))
	return m
}

// canaryAge is the age of the canary's last defect.
func (n *Notifier) canaryAge(c *canary) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "framewatch_notifier_canary_age_seconds", Help: "How long ago the canary's last defect opened, or since when this notifier leads and has heard of none; 0: none is configured."}, func() float64 {
		if !n.config.Heartbeat.on() {
			return 0
		}
		return c.age(time.Now()).Seconds()
	})
}

// attempts counts tries to send something.
type attempts struct{ *prometheus.CounterVec }

func newAttempts() attempts {
	return attempts{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "framewatch_notifier_attempts_total", Help: "Attempts to send a message, by target, its type and outcome: delivered, retrying or failed (not tried again).",
	}, []string{"target", "type", "outcome"})}
}

// Expect tells of a target's attempts before there is one: what a series begins with is no increase, and the first that fails must be one.
func (a attempts) Expect(target, integration string) {
	for _, outcome := range []string{delivered, retrying, refused} {
		a.WithLabelValues(target, integration, outcome)
	}
}

// Told tells how long it took until somebody was told that a defect began. Its id, which is that of its trace, is the figure's exemplar, unless it is none: Prometheus panics at
// exemplars that it cannot take, and the id comes from the log.
func (m *meters) Told(ev *schemas.DefectEvent, now time.Time) {
	took := now.Sub(time.UnixMicro(ev.Detected)).Seconds()
	if id, err := hex.DecodeString(ev.ID); err != nil || len(id) != 16 {
		m.delay.Observe(took)
		return
	}
	m.delay.(prometheus.ExemplarObserver).ObserveWithExemplar(took, prometheus.Labels{"trace_id": ev.ID})
}

// open is how many defects are open: what is known of those that are over is kept for a while.
func (t *term) open() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, d := range t.defects {
		if d.over.IsZero() && d.end == nil {
			n++
		}
	}
	return n
}

// pending is how many messages wait for their targets to take them, and for how long the oldest has at now.
func (t *term) pending(now time.Time) (n int, age time.Duration) {
	for _, d := range t.desks {
		d.mu.Lock()
		for _, g := range d.groups {
			if g.Pending != nil {
				n++
				age = max(age, now.Sub(g.Pending.Since))
			}
		}
		d.mu.Unlock()
	}
	return n, age
}
