package main

import (
	"context"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/framewatch/framewatch/topology"
)

const (
	// scaleInterval is how often the ends of the features topic are asked for.
	scaleInterval = 5 * time.Second
	// rateOver is over how long the rate of records is taken, capacityOver over how long the capacity is.
	rateOver, capacityOver = time.Minute, 5 * time.Minute
	// filled is how much of its capacity a detector is meant to be given: the rest takes what comes in bursts, and what it must catch up with after a move.
	filled = 0.6
	// leastBusy is how long folding must have taken before a capacity is told of it.
	leastBusy = time.Millisecond
	// detectorStage is the stage as its metrics call it.
	detectorStage = "detector"
)

// scaleSample is what stood at one instant: how many records the features topic has ever had, and what this process has folded.
type scaleSample struct {
	at      time.Time
	written int64
	busy    time.Duration
	folded  int64
}

// scale is how many detectors there should be, and why.
type scale struct {
	// Replicas that are desired: a divisor of the partitions, so that each gets as many.
	Replicas int `json:"desired_replicas"`
	// Rate is the records that are written to the features topic a second, over all partitions.
	Rate float64 `json:"records_per_second"`
	// Capacity is the records that one process like this one could fold a second on all its processors.
	Capacity float64 `json:"capacity_records_per_second"`
	// Behind is how old the last committed record is of the partition of this process that is furthest behind, seconds.
	Behind     float64 `json:"behind_seconds"`
	Partitions int32   `json:"partitions"`
}

// scaling measures what scale is made of. The topic's offsets count records: nobody writes to it in transactions, whose markers would count too. It is safe for concurrent use.
type scaling struct {
	partitions int32
	processors int
	behind     func() float64

	mu      sync.Mutex
	samples []scaleSample
	// rate and capacity are the last known; 0: not yet.
	rate, capacity float64
}

// take adds a sample.
func (s *scaling) take(now scaleSample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.samples = append(s.samples, now)
	for len(s.samples) > 1 && now.at.Sub(s.samples[1].at) >= capacityOver {
		s.samples = s.samples[1:]
	}
	since := s.samples[0]
	if busy, folded := now.busy-since.busy, now.folded-since.folded; busy >= leastBusy && folded > 0 {
		s.capacity = float64(folded) / busy.Seconds() * float64(s.processors)
	}
	for _, since = range s.samples {
		if now.at.Sub(since.at) <= rateOver {
			break
		}
	}
	if over := now.at.Sub(since.at); over > 0 {
		s.rate = max(0, float64(now.written-since.written)/over.Seconds())
	}
}

// now is what is known; false: not enough yet.
func (s *scaling) now() (scale, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rate == 0 || s.capacity == 0 {
		return scale{}, false
	}
	return scale{desiredReplicas(s.rate, s.capacity, s.partitions), s.rate, s.capacity, s.behind(), s.partitions}, true
}

// desiredReplicas is how many processes fold a rate when each is given a part of its capacity, rounded up to a divisor of the partitions.
func desiredReplicas(rate, capacity float64, partitions int32) int {
	least := min(math.Ceil(rate/(filled*capacity)), float64(partitions))
	for n := max(1, int(least)); n < int(partitions); n++ {
		if int(partitions)%n == 0 {
			return n
		}
	}
	return int(partitions)
}

// measureScale samples until ctx ends.
func (a *app) measureScale(ctx context.Context) error {
	_, _, processors := a.cluster.Work(detectorStage)
	s := &scaling{partitions: a.cluster.Partitions(), processors: processors, behind: func() float64 { return a.cluster.Behind(detectorStage) }}
	a.scaling.Store(s)
	a.metrics.MustRegister(s)
	for ctx.Err() == nil {
		if ends, err := a.cluster.Ends(ctx, &topology.Features.Spec); err == nil {
			sample := scaleSample{at: time.Now()}
			for _, end := range ends {
				sample.written += end
			}
			sample.busy, sample.folded, _ = a.cluster.Work(detectorStage)
			s.take(sample)
		}
		select {
		case <-ctx.Done():
		case <-time.After(scaleInterval):
		}
	}
	return nil
}

// getScale answers with the scale, for KEDA's metrics-api scaler and whoever else decides how many detectors there are.
func (a *app) getScale(w http.ResponseWriter, _ *http.Request) {
	if s := a.scaling.Load(); s != nil {
		if now, ok := s.now(); ok {
			writeJSON(w, http.StatusOK, now)
			return
		}
	}
	writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "not known: this process runs no detector, or has not folded enough yet"})
}

var (
	rateDesc = prometheus.NewDesc("framewatch_detector_records_per_second",
		"Records written to the features topic a second, over all its partitions and the last minute; the same from each detector.", nil, nil)
	capacityDesc = prometheus.NewDesc("framewatch_detector_capacity_records_per_second",
		"Records that this process could fold a second on all its processors, by how long folding took in the last five minutes.", nil, nil)
	replicasDesc = prometheus.NewDesc("framewatch_detector_desired_replicas",
		"Detectors that the rate calls for, each filled to 60 % of this one's capacity, rounded up to a divisor of the partitions. Take the largest of all detectors.", nil, nil)
)

// Describe is prometheus.Collector's.
func (s *scaling) Describe(to chan<- *prometheus.Desc) {
	to <- rateDesc
	to <- capacityDesc
	to <- replicasDesc
}

// Collect tells nothing that is not known yet.
func (s *scaling) Collect(to chan<- prometheus.Metric) {
	now, ok := s.now()
	if !ok {
		return
	}
	for desc, value := range map[*prometheus.Desc]float64{rateDesc: now.Rate, capacityDesc: now.Capacity, replicasDesc: float64(now.Replicas)} {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
}
