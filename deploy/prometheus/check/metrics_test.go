package check_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// metric is one that Framewatch has.
type metric struct {
	kind, help string // of one of others nothing is said
	labels     []string
}

// metrics are those of docs/metrics.md by the names of their series, which is written from a run of all targets.
func metrics(t *testing.T) known {
	t.Helper()
	text, err := os.ReadFile(root + "/docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	all := known{}
	for _, row := range tableRow.FindAllStringSubmatch(string(text), -1) {
		name, m := row[1], metric{kind: row[2], help: row[4]}
		if row[3] != "" {
			m.labels = strings.Split(row[3], ", ")
		}
		if m.kind != "histogram" {
			all[name] = m
			continue
		}
		all[name+"_count"] = metric{"counter", m.help, m.labels}
		all[name+"_sum"] = all[name+"_count"]
		all[name+"_bucket"] = metric{"counter", m.help, append(slices.Clone(m.labels), "le")}
	}
	if len(all) < 60 {
		t.Fatalf("docs/metrics.md has %d series: is its table read as it is written?", len(all))
	}
	return all
}

// tableRow is a metric with its type, unit, labels and help.
var tableRow = regexp.MustCompile("(?m)^\\| `(framewatch_[a-z_0-9]+)` \\| (counter|gauge|histogram) \\| [a-z]* \\| ([a-z_, ]*?) ?\\| (.+) \\|$")

// from is what stands on every series by where it was asked for, and what Prometheus itself knows.
var (
	from    = []string{"cluster", "namespace", "service", "job", "instance"}
	outside = map[string]metric{
		"up": {kind: "gauge"}, "ALERTS": {kind: "gauge", labels: []string{"alertname", "alertstate"}},
		// Of every Go program by its client library.
		"go_goroutines": {kind: "gauge"}, "process_cpu_seconds_total": {kind: "counter"}, "process_resident_memory_bytes": {kind: "gauge"},
		"process_open_fds": {kind: "gauge"}, "process_max_fds": {kind: "gauge"}, "process_start_time_seconds": {kind: "gauge"},
	}
)

// known are all series that a query may name; recorded ones have the labels of what they are made of.
type known map[string]metric

func (k known) find(name string) (metric, error) {
	if m, ok := outside[name]; ok {
		return m, nil
	}
	if m, ok := k[name]; ok {
		return m, nil
	}
	return metric{}, fmt.Errorf("%s is no metric of docs/metrics.md and no figure of rules.yml", name)
}

// has tells that series of the metric may have the label.
func (m metric) has(label string) bool {
	return slices.Contains(m.labels, label) || slices.Contains(from, label)
}

// says tells that a value of a label is one of those that the metric's help names.
func (m metric) says(value string) bool {
	return value == "" || strings.Contains(m.help, value)
}
