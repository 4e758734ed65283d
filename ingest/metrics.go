package ingest

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/framewatch/framewatch/schemas"
)

// meters are what this edge counts, of all its streams together: which stream it was stands on the log.
type meters struct {
	frames      *prometheus.CounterVec
	sound       prometheus.Counter
	received    prometheus.Counter
	dropped     prometheus.Counter
	reconnects  prometheus.Counter
	restarts    *prometheus.CounterVec
	quarantines prometheus.Counter
	decoded     prometheus.Histogram
	late        prometheus.Histogram
	lag         prometheus.Gauge
	shed        prometheus.Gauge
	share       prometheus.Gauge
	processors  *processorTime
}

// newMeters registers with r, which may be nil.
func newMeters(r prometheus.Registerer, i *Ingest) *meters {
	m := &meters{
		frames: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "framewatch_ingest_frames_total",
			Help: "Pictures of the streams, by what was done with them: analysed, decoded (and not analysed, to shed load) or passed (not even decoded)."}, []string{"done"}),
		sound:    prometheus.NewCounter(prometheus.CounterOpts{Name: "framewatch_ingest_audio_blocks_total", Help: "Blocks of 100 ms of sound analysed."}),
		received: prometheus.NewCounter(prometheus.CounterOpts{Name: "framewatch_ingest_received_bytes_total", Help: "Bytes that came from the sources."}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{Name: "framewatch_ingest_dropped_records_total",
			Help: "Measurements and datagrams that were lost at this edge: the log was too far behind, or the reader was."}),
		reconnects: prometheus.NewCounter(prometheus.CounterOpts{Name: "framewatch_ingest_reconnects_total", Help: "Sources tried again since they ended or gave nothing."}),
		restarts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "framewatch_ingest_worker_restarts_total",
			Help: "Streams begun anew by our fault, by reason: crashed (the worker died or said what cannot be), hung, or settings (it could not be started as it is configured)."}, []string{"reason"}),
		quarantines: prometheus.NewCounter(prometheus.CounterOpts{Name: "framewatch_ingest_quarantines_total", Help: "Streams put to rest for a while since their workers kept crashing."}),
		decoded: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "framewatch_ingest_decode_ratio",
			Help:    "Of each second of each stream that is up, the seconds of media decoded in it: 1 keeps up, steadily less does not.",
			Buckets: []float64{.1, .25, .5, .75, .9, .95, 1.05, 1.1, 1.25, 1.5, 2, 4}}),
		late: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "framewatch_ingest_heartbeat_late_seconds",
			Help: "How much more than a second passed between two StreamSeconds of a stream.", Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}),
		lag: prometheus.NewGauge(prometheus.GaugeOpts{Name: "framewatch_ingest_lag_seconds",
			Help: "How far at least half of the workers are behind their sources; 0 also where ingest.shedding is off."}),
		shed: prometheus.NewGauge(prometheus.GaugeOpts{Name: "framewatch_ingest_shedding_step",
			Help: "How much this machine sheds: 0 nothing; 1, 2, 3 measure one picture in 2, 4, 8; 4 decodes key pictures only."}),
		share: prometheus.NewGauge(prometheus.GaugeOpts{Name: "framewatch_ingest_load_share",
			Help: "Share of the processors that this process may use which it and its workers have used in the last ten seconds, 0 to 1."}),
		processors: &processorTime{workers: map[int]time.Duration{}},
	}
	for _, reason := range []string{crashed, hung, unusable} {
		m.restarts.WithLabelValues(reason)
	}
	if r != nil {
		r.MustRegister(m.frames, m.sound, m.received, m.dropped, m.reconnects, m.restarts, m.quarantines, m.decoded, m.late, m.lag, m.shed, m.share,
			prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "framewatch_ingest_worker_cpu_seconds_total", Help: "Processor time that the workers have used."},
				func() float64 { return m.processors.Workers().Seconds() }),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "framewatch_ingest_picture_bytes", Help: "What the pictures take that are kept in memory."},
				func() float64 { return float64(i.pictures.Bytes()) }),
			&states{i, prometheus.NewDesc("framewatch_ingest_streams", "Streams of this edge, by state: starting, up, down (the source gives nothing) or fault (ours).", []string{"state"}, nil)})
	}
	return m
}

// The reasons of a restart.
const (
	crashed  = "crashed"
	hung     = "hung"
	unusable = "settings"
)

// Ended counts how a try ended, which is followed by another.
func (m *meters) Ended(o outcome) {
	switch {
	case o.state != fault:
		m.reconnects.Inc()
	case o.settings:
		m.restarts.WithLabelValues(unusable).Inc()
	case o.hung:
		m.restarts.WithLabelValues(hung).Inc()
	default:
		m.restarts.WithLabelValues(crashed).Inc()
	}
}

// Second counts one second of a stream, in which media was decoded for so long and which ended so much later than it was due.
func (m *meters) Second(s *schemas.StreamSecond, media, took time.Duration) {
	m.frames.WithLabelValues("analysed").Add(float64(s.FramesAnalysed))
	m.frames.WithLabelValues("decoded").Add(float64(max(0, s.FramesDecoded-s.FramesAnalysed)))
	if s.FramesPassed != nil {
		m.frames.WithLabelValues("passed").Add(float64(*s.FramesPassed))
	}
	m.sound.Add(float64(s.AudioBlocks))
	m.received.Add(float64(max(0, s.Bytes)))
	m.dropped.Add(float64(s.Dropped))
	m.late.Observe(max(0, took-time.Second).Seconds())
	if s.State == up && took > 0 {
		m.decoded.Observe(media.Seconds() / took.Seconds())
	}
}

// states tells, when it is collected, how many streams are in which state.
type states struct {
	ingest *Ingest
	desc   *prometheus.Desc
}

// Describe is prometheus.Collector's.
func (s *states) Describe(to chan<- *prometheus.Desc) { to <- s.desc }

// Collect is prometheus.Collector's.
func (s *states) Collect(to chan<- prometheus.Metric) {
	counts := map[string]int{starting: 0, up: 0, down: 0, fault: 0}
	s.ingest.mu.Lock()
	for _, k := range s.ingest.streams {
		if k.status != nil {
			counts[k.status.Latest()]++
		}
	}
	s.ingest.mu.Unlock()
	for state, n := range counts {
		to <- prometheus.MustNewConstMetric(s.desc, prometheus.GaugeValue, float64(n), state)
	}
}

// shareOver is over how long the share of the processors is taken.
const shareOver = 10 * time.Second

// shareOf is what of the processors was used in so long.
func shareOf(used, over time.Duration) float64 {
	return used.Seconds() / (over.Seconds() * float64(runtime.GOMAXPROCS(0)))
}
