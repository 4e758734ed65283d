package main

import (
	"maps"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// openDefects counts the defects that are open in the partitions of this process, and the events that it told. It is safe for concurrent use.
type openDefects struct {
	events *prometheus.CounterVec
	open   *prometheus.Desc
	kinds  []string

	mu sync.Mutex
	// of is, by partition, the state of each open defect by its id.
	of map[int32]map[string]defectLabels
	// live are the partitions that are rebuilt: what they tell is new.
	live map[int32]bool
}

// defectLabels are what open defects are counted by.
type defectLabels struct{ kind, severity string }

func newOpenDefects() *openDefects {
	return &openDefects{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "framewatch_detector_defect_events_total", Help: "Events of defects told, by kind of defect and what it says: opened, updated, closed or retracted."},
			[]string{"kind", "state"}),
		open:  prometheus.NewDesc("framewatch_detector_open_defects", "Defects that are open in the partitions of this process, by kind and severity.", []string{"kind", "severity"}, nil),
		kinds: rule.Catalogue.Names(), of: map[int32]map[string]defectLabels{}, live: map[int32]bool{},
	}
}

// severities and defectStates are those that there are.
var severities, defectStates = []string{"info", "warning", "critical"}, []string{"opened", "updated", "closed", "retracted"}

// among is a word of a list, or other: what stands on the log is not always what we wrote there, and bounds no labels.
func among(word string, list []string) string {
	if slices.Contains(list, word) {
		return word
	}
	return "other"
}

// took takes an event of a partition.
func (o *openDefects) took(partition int32, ev *schemas.DefectEvent) {
	o.mu.Lock()
	defer o.mu.Unlock()
	labels := defectLabels{among(ev.Kind, o.kinds), among(ev.Severity, severities)}
	if o.live[partition] {
		o.events.WithLabelValues(labels.kind, among(ev.State, defectStates)).Inc()
	}
	if ev.State == "closed" || ev.State == "retracted" {
		delete(o.of[partition], ev.ID)
		return
	}
	if o.of[partition] == nil {
		o.of[partition] = map[string]defectLabels{}
	}
	o.of[partition][ev.ID] = labels
}

// begin forgets what was known of a partition, which is about to be rebuilt.
func (o *openDefects) begin(partition int32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.of, partition)
	delete(o.live, partition)
}

// rebuilt tells that a partition is rebuilt.
func (o *openDefects) rebuilt(partition int32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.live[partition] = true
}

// keep forgets all partitions but those.
func (o *openDefects) keep(partitions []int32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	maps.DeleteFunc(o.of, func(p int32, _ map[string]defectLabels) bool { return !slices.Contains(partitions, p) })
	maps.DeleteFunc(o.live, func(p int32, _ bool) bool { return !slices.Contains(partitions, p) })
}

// Describe is prometheus.Collector's.
func (o *openDefects) Describe(to chan<- *prometheus.Desc) { o.events.Describe(to); to <- o.open }

// Collect is prometheus.Collector's.
func (o *openDefects) Collect(to chan<- prometheus.Metric) {
	o.events.Collect(to)
	counts := map[defectLabels]int{}
	o.mu.Lock()
	for _, of := range o.of {
		for _, labels := range of {
			counts[labels]++
		}
	}
	o.mu.Unlock()
	for labels, n := range counts {
		to <- prometheus.MustNewConstMetric(o.open, prometheus.GaugeValue, float64(n), labels.kind, labels.severity)
	}
}
