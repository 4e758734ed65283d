package main

import "github.com/prometheus/client_golang/prometheus"

// reloadMeters tell of the configuration that a process follows.
type reloadMeters struct {
	successful prometheus.Gauge
	at         prometheus.Gauge
	hash       *prometheus.GaugeVec
	waiting    *prometheus.GaugeVec
}

func newReloadMeters(registry prometheus.Registerer) *reloadMeters {
	gauge := func(name, help string) prometheus.GaugeOpts {
		return prometheus.GaugeOpts{Namespace: "framewatch", Subsystem: "config", Name: name, Help: help}
	}
	m := &reloadMeters{
		successful: prometheus.NewGauge(gauge("last_reload_successful", "1 if the configuration file as it was last read was taken, at once or tried again, 0 if what was in force before still is.")),
		at:         prometheus.NewGauge(gauge("last_reload_success_timestamp_seconds", "When the configuration in force was taken, since the Unix epoch.")),
		hash:       prometheus.NewGaugeVec(gauge("hash", "1, with the hash of the configuration in force without its secrets: the same where all processes follow the same file."), []string{"hash"}),
		waiting: prometheus.NewGaugeVec(gauge("restart_needed", "1 for each section, or key of a section, of the configuration file that differs from that of the start and waits for a restart."),
			[]string{"section"}),
	}
	registry.MustRegister(m.successful, m.at, m.hash, m.waiting)
	return m
}

// took tells that a configuration is in force, and which of its sections wait for a restart.
func (m *reloadMeters) took(config Config, waiting []string) {
	m.successful.Set(1)
	m.at.SetToCurrentTime()
	m.hash.Reset()
	m.hash.WithLabelValues(config.hash()).Set(1)
	m.waiting.Reset()
	for _, section := range waiting {
		m.waiting.WithLabelValues(section).Set(1)
	}
}
