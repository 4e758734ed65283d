package kafka

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kprom"
)

// within are the buckets of what should take less than a second, s.
var within = []float64{.005, .01, .025, .05, .1, .15, .25, .5, .75, 1, 1.5, 2.5, 5, 10, 30, 60}

// meters are what this room counts itself, of a whole cluster.
type meters struct {
	to           prometheus.Registerer
	deadLetters  *prometheus.CounterVec
	published    *prometheus.CounterVec
	publishing   prometheus.Histogram
	readErrors   *prometheus.CounterVec
	certificates *prometheus.GaugeVec
}

// newMeters registers with r, which may be nil.
func newMeters(r prometheus.Registerer) *meters {
	m := &meters{to: r,
		deadLetters: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "framewatch_kafka_dead_letters_total",
			Help: "Records that could not be read and were set aside on the deadletter topic, by the topic that they stood on."}, []string{"topic"}),
		published: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "framewatch_kafka_live_records_total",
			Help: "Measurements handed to the log by the live path, by outcome: written, dropped (too much waited already) or failed (after all retries)."}, []string{"outcome"}),
		publishing: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "framewatch_kafka_live_write_seconds",
			Help: "From handing a measurement to the live path to its standing on the log, retries among it.", Buckets: within}),
		readErrors: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "framewatch_kafka_poll_errors_total",
			Help: "Errors of reading from the log that the client gets over, by topic."}, []string{"topic"}),
		certificates: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "framewatch_kafka_certificate_expiry_timestamp_seconds",
			Help: "When the certificate expires that was read or shown last: the client's own, the first authority's of those trusted, the first broker's of those that are connected, or were within the last hour."}, []string{"certificate"}),
	}
	register(r, m.deadLetters, m.published, m.publishing, m.readErrors, m.certificates)
	return m
}

// expires tells when a certificate expires; zero: there is none. m may be nil.
func (m *meters) expires(of string, at time.Time) {
	switch {
	case m == nil:
	case at.IsZero():
		m.certificates.DeleteLabelValues(of)
	default:
		m.certificates.WithLabelValues(of).Set(float64(at.Unix()))
	}
}

// register gives collectors to a registry, if there is one.
func register(r prometheus.Registerer, collectors ...prometheus.Collector) {
	if r != nil {
		r.MustRegister(collectors...)
	}
}

// Live tells what became of a record of the live path.
func (m *meters) Live(r *kgo.Record, err error) {
	switch {
	case err == nil:
		m.published.WithLabelValues("written").Inc()
		m.publishing.Observe(time.Since(r.Timestamp).Seconds())
	case errors.Is(err, kgo.ErrMaxBuffered):
		m.published.WithLabelValues("dropped").Inc()
	default:
		m.published.WithLabelValues("failed").Inc()
	}
}

// clientMeters counts what all clients of a cluster do, by kprom: connections, bytes, errors and throttling by broker, and records, batches and bytes by topic. Only the
// client that produces has its buffers told, under names that are taken once.
type clientMeters struct {
	kgo.HookBrokerConnect
	kgo.HookBrokerDisconnect
	kgo.HookBrokerWrite
	kgo.HookBrokerRead
	kgo.HookBrokerE2E
	kgo.HookBrokerThrottle
	kgo.HookProduceBatchWritten
	kgo.HookFetchBatchRead
}

// newClientMeters are the hooks of the client that produces, and of all others; none without a registry.
func newClientMeters(r prometheus.Registerer) (producing, others []kgo.Opt) {
	if r == nil {
		return nil, nil
	}
	m := kprom.NewMetrics("framewatch_kafka", kprom.Registerer(r), kprom.NativeBucketFactor(1), kprom.Histograms(kprom.RequestThrottled),
		kprom.FetchAndProduceDetail(kprom.ByTopic, kprom.Batches, kprom.Records, kprom.CompressedBytes, kprom.UncompressedBytes, kprom.ConsistentNaming))
	return []kgo.Opt{kgo.WithHooks(m)}, []kgo.Opt{kgo.WithHooks(&clientMeters{m, m, m, m, m, m, m, m})}
}

// foldMeters are what one stage that folds counts. All members of the stage in this process share them.
type foldMeters struct {
	records      prometheus.Counter
	batches      prometheus.Counter
	transactions *prometheus.CounterVec
	committing   prometheus.Histogram
	delay        prometheus.Histogram
	rebuilds     prometheus.Histogram
	restarts     prometheus.Counter
	moves        *prometheus.CounterVec
	work         *work
	behind       *behind
}

// foldMetersOf are those of a stage, registered when it is asked for the first time.
func (c *Cluster) foldMetersOf(stage string) *foldMeters {
	c.folding.Lock()
	defer c.folding.Unlock()
	if m := c.folds[stage]; m != nil {
		return m
	}
	name := func(what string) string { return "framewatch_" + stage + "_" + what }
	m := &foldMeters{
		records:      prometheus.NewCounter(prometheus.CounterOpts{Name: name("records_total"), Help: "Input records folded, those of rebuilds not among them."}),
		batches:      prometheus.NewCounter(prometheus.CounterOpts{Name: name("batches_total"), Help: "Batches of records folded."}),
		transactions: prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("transactions_total"), Help: "Transactions ended, by outcome: committed or aborted."}, []string{"outcome"}),
		committing:   prometheus.NewHistogram(prometheus.HistogramOpts{Name: name("transaction_seconds"), Help: "From the beginning of a transaction to its end, whatever its outcome.", Buckets: within}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{Name: name("delay_seconds"),
			Help: "Of each transaction, from the writing of the last record that it covers to its commit.", Buckets: within}),
		rebuilds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: name("rebuild_seconds"), Help: "From owning a partition to folding its next record.",
			Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}}),
		restarts: prometheus.NewCounter(prometheus.CounterOpts{Name: name("restarts_total"), Help: "Partitions begun anew after an error, such as an aborted transaction."}),
		moves: prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("partition_moves_total"),
			Help: "Partitions that the group gave to this process or took from it, by direction: given, taken, or lost (without being asked)."}, []string{"direction"}),
		work: newWork(),
	}
	m.behind = newBehind(name("behind_seconds"), name("partitions"))
	busy := prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name("busy_seconds_total"),
		Help: "Time that folding took of processors: while more partitions are folded at once than there are processors, that of all processors."}, func() float64 { busy, _ := m.work.Done(); return busy.Seconds() })
	register(c.meters.to, m.records, m.batches, m.transactions, m.committing, m.delay, m.rebuilds, m.restarts, m.moves, m.behind, busy)
	c.folds[stage] = m
	return m
}

// behind tells, when it is collected, how long ago the last record was written of each partition that is committed, and how many partitions there are. A partition that never gets
// going must not be one of which nothing is told: until something of it is committed, what counts is since when it is owned.
type behind struct {
	seconds, partitions *prometheus.Desc

	mu sync.Mutex
	// committed is, by partition, when the last committed record was written, before that when the partition was taken, Unix nanoseconds.
	committed map[int32]*atomic.Int64
}

func newBehind(seconds, partitions string) *behind {
	return &behind{
		seconds: prometheus.NewDesc(seconds, "Age of the last record of each owned partition whose effect is committed; until there is one, how long the partition has been owned. The log's clock ticks once a second, so up to about 1.5 s is none.",
			[]string{"partition"}, nil),
		partitions: prometheus.NewDesc(partitions, "Partitions that this process owns.", nil, nil), committed: map[int32]*atomic.Int64{},
	}
}

// of is where the time of the last committed record goes of a partition that is taken now.
func (b *behind) of(partition int32, now time.Time) *atomic.Int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := &atomic.Int64{}
	at.Store(now.UnixNano())
	b.committed[partition] = at
	return at
}

// gone forgets a partition.
func (b *behind) gone(partition int32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.committed, partition)
}

// Seconds are those of the partitions that are owned, at now.
func (b *behind) Seconds(now time.Time) (list map[int32]float64, owned int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list = map[int32]float64{}
	for p, at := range b.committed {
		list[p] = max(0, now.Sub(time.Unix(0, at.Load())).Seconds())
	}
	return list, len(b.committed)
}

// Describe is prometheus.Collector's.
func (b *behind) Describe(to chan<- *prometheus.Desc) { to <- b.seconds; to <- b.partitions }

// Collect is prometheus.Collector's.
func (b *behind) Collect(to chan<- prometheus.Metric) {
	list, owned := b.Seconds(time.Now())
	for p, seconds := range list {
		to <- prometheus.MustNewConstMetric(b.seconds, prometheus.GaugeValue, seconds, strconv.Itoa(int(p)))
	}
	to <- prometheus.MustNewConstMetric(b.partitions, prometheus.GaugeValue, float64(owned))
}
