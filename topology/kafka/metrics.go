package kafka

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meters are what this room counts itself.
type meters struct {
	folded       *prometheus.CounterVec
	transactions *prometheus.CounterVec
	rebuilds     *prometheus.HistogramVec
	behind       *prometheus.GaugeVec
	deadLetters  *prometheus.CounterVec
	certificates *prometheus.GaugeVec
}

// newMeters registers with r, which may be nil.
func newMeters(r prometheus.Registerer) *meters {
	m := &meters{
		folded: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "framewatch_fold_records_total",
			Help: "Input records folded, by group."}, []string{"group"}),
		transactions: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "framewatch_fold_transactions_total",
			Help: "Transactions ended, by group and outcome."}, []string{"group", "outcome"}),
		rebuilds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "framewatch_fold_rebuild_seconds",
			Help: "Time from owning a partition to folding its next record.", Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}}, []string{"group"}),
		behind: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "framewatch_fold_behind_seconds",
			Help: "Age of the last record folded when its cycle ended, by group and partition."}, []string{"group", "partition"}),
		deadLetters: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "framewatch_dead_letters_total",
			Help: "Records that could not be read, by topic."}, []string{"topic"}),
		certificates: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "framewatch_kafka_certificate_expiry_timestamp_seconds",
			Help: "When the certificate expires that was read or shown last: the client's own, the first authority's of those trusted, a broker's."}, []string{"certificate"}),
	}
	if r != nil {
		r.MustRegister(m.folded, m.transactions, m.rebuilds, m.behind, m.deadLetters, m.certificates)
	}
	return m
}

// expires tells when a certificate expires. m may be nil.
func (m *meters) expires(of string, at time.Time) {
	if m != nil {
		m.certificates.WithLabelValues(of).Set(float64(at.Unix()))
	}
}
