// Package docs holds the documents that programs read, too: the dashboards, the alerts and their tests.
package docs

import (
	_ "embed"
	"strings"
)

//go:embed metrics.md
var metrics string

// Metric is one that a process of Framewatch shows.
type Metric struct {
	// Name, without the _bucket, _sum and _count of a histogram.
	Name string
	// Type is counter, gauge or histogram.
	Type string
	// Unit is seconds, bytes or ratio; empty: a number.
	Unit string
	// Labels that it has, none of them with as many values as there are streams.
	Labels []string
	Help   string
}

// Metrics are those of all targets, in order of name: the table of metrics.md.
func Metrics() (list []Metric) {
	for line := range strings.Lines(metrics) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 5 || !strings.HasPrefix(strings.TrimSpace(cells[0]), "`framewatch_") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		m := Metric{Name: strings.Trim(cells[0], "`"), Type: cells[1], Unit: cells[2], Help: cells[4]}
		if cells[3] != "" {
			m.Labels = strings.Split(cells[3], ", ")
		}
		list = append(list, m)
	}
	return list
}
