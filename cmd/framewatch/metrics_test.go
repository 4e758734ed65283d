package main

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"github.com/framewatch/framewatch/docs"
)

var updateMetrics = flag.Bool("update-metrics", false, "have TestMetricsAreDocumented write docs/metrics.md")

const metricsFile = "../../docs/metrics.md"

// metricsIntro stands above the table.
const metricsIntro = `# Metrics

What the processes of Framewatch show at ` + "`/metrics`" + ` of the admin listener (` + "`admin.listen`" + `), and the console of its port as well. Each target shows its own: ` + "`framewatch_ingest_`" + ` and
` + "`framewatch_evidence_`" + ` the edge, ` + "`framewatch_detector_`" + ` and ` + "`framewatch_shadow_`" + ` the folds, ` + "`framewatch_notifier_`" + ` and Alertmanager's own ` + "`alertmanager_`" + ` the notifier that leads,
` + "`framewatch_console_`" + ` the console, and ` + "`framewatch_kafka_`" + ` all of them; beside these there are the usual ` + "`go_`" + `, ` + "`process_`" + ` and ` + "`promhttp_`" + `. No label has as many values as there are
streams: what one stream is like stands on the log. A series goes when what it describes does.

The number of detectors to run is ` + "`max(framewatch_detector_desired_replicas)`" + `; the admin listener of each detector tells it at ` + "`GET /api/v1/scale/detector`" + ` too, as JSON.

This table is written from a running process by ` + "`go test ./cmd/framewatch -run TestMetricsAreDocumented -update-metrics`" + `.

| metric | type | unit | labels | what it tells |
| --- | --- | --- | --- | --- |
`

// unused are those that kprom registers and that it is not asked to fill.
var unused = []string{"framewatch_kafka_read_wait_seconds", "framewatch_kafka_read_time_seconds", "framewatch_kafka_write_wait_seconds", "framewatch_kafka_write_time_seconds",
	"framewatch_kafka_request_duration_e2e_seconds"}

// unlinted are names of kprom's that its makers chose otherwise.
var unlinted = []string{"framewatch_kafka_buffered_fetch_records_total", "framewatch_kafka_buffered_produce_records_total"}

// rare are histograms that a quiet process does not fill.
var rare = []string{"framewatch_kafka_request_throttled_seconds", "framewatch_console_request_seconds"}

var describedAs = regexp.MustCompile(`^Desc\{fqName: ("(?:[^"\\]|\\.)*"), help: ("(?:[^"\\]|\\.)*"), unit: "[^"]*", constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)

// TestMetricsAreDocumented runs everything with a candidate and a stream, and compares what is registered then with the document.
func TestMetricsAreDocumented(t *testing.T) {
	a := withAllMetrics(t)
	var gathered map[string]*dto.MetricFamily
	waitFor(t, "metrics of a detector that works", func() bool {
		families, err := a.metrics.Gather()
		if err != nil {
			t.Fatal(err)
		}
		gathered = map[string]*dto.MetricFamily{}
		for _, f := range families {
			gathered[f.GetName()] = f
		}
		return gathered["framewatch_detector_desired_replicas"] != nil && gathered["framewatch_detector_behind_seconds"] != nil && gathered["framewatch_notifier_open_defects"] != nil &&
			gathered["framewatch_ingest_decode_ratio"].GetMetric()[0].GetHistogram().GetSampleCount() > 0
	})
	var list []docs.Metric
	for _, m := range described(t, a.metrics) {
		f := gathered[m.Name]
		switch {
		case !strings.HasPrefix(m.Name, "framewatch_") || slices.Contains(unused, m.Name):
			continue
		case f != nil:
			m.Type = strings.ToLower(f.GetType().String())
		case slices.Contains(rare, m.Name):
			m.Type = "histogram"
		case strings.HasSuffix(m.Name, "_total"):
			m.Type = "counter"
		default:
			m.Type = "gauge"
		}
		list = append(list, m)
	}
	lintMetrics(t, list)
	if *updateMetrics {
		writeMetrics(t, list)
		return
	}
	if !reflect.DeepEqual(list, docs.Metrics()) {
		known := map[string]docs.Metric{}
		for _, m := range docs.Metrics() {
			known[m.Name] = m
		}
		for _, m := range list {
			if !reflect.DeepEqual(known[m.Name], m) {
				t.Errorf("registered is  %+v\ndocumented is %+v", m, known[m.Name])
			}
			delete(known, m.Name)
		}
		t.Errorf("documented and not registered: %v\nwrite %s anew with -update-metrics", slices.Sorted(maps.Keys(known)), metricsFile)
	}
}

// withAllMetrics runs all targets over a short clip, with a candidate.
func withAllMetrics(t *testing.T) *app {
	dir := t.TempDir()
	clip := filepath.Join(dir, "clip.ts")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=4", "-c:v", "libx264", "-preset", "ultrafast", clip).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	config := defaultConfig()
	config.DataDir, config.Embedded.Listen, config.Console.Listen, config.Admin.Listen = dir, "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	config.Ingest.Access.Directories, config.Ingest.Evidence.Store.Directory = []string{dir}, filepath.Join(dir, "evidence")
	config.Streams = &[]StreamConfig{{ID: "clip", URL: clip, Loop: true}}
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte("profiles: {default: {}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config.Detector.Shadow = ShadowConfig{Name: "candidate", Rules: rules}
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	log, started, ended := &spoken{}, make(chan *app, 1), make(chan error, 1)
	go func() { ended <- run(ctx, config, []string{allTargets}, log, func(a *app) { started <- a }) }()
	t.Cleanup(func() { cancel(); <-ended })
	select {
	case a := <-started:
		return a
	case err := <-ended:
		ended <- err
		t.Fatal(err)
	}
	return nil
}

// described is what a registry's collectors say of themselves, in order of name. Constant labels of one name count as labels.
func described(t *testing.T, r *prometheus.Registry) []docs.Metric {
	descriptions := make(chan *prometheus.Desc)
	go func() {
		defer close(descriptions)
		r.Describe(descriptions)
	}()
	byName := map[string]docs.Metric{}
	for d := range descriptions {
		parts := describedAs.FindStringSubmatch(d.String())
		if parts == nil {
			t.Fatalf("cannot read %s", d)
		}
		var name, help string
		fmt.Sscanf(parts[1], "%q", &name)
		fmt.Sscanf(parts[2], "%q", &help)
		var labels []string
		for label := range strings.SplitSeq(parts[3], ",") {
			labels = append(labels, strings.SplitN(label, "=", 2)[0])
		}
		labels = append(labels, strings.Split(parts[4], ",")...)
		labels = slices.DeleteFunc(labels, func(s string) bool { return s == "" })
		m := docs.Metric{Name: name, Unit: unitOf(name), Help: help}
		if len(labels) > 0 {
			m.Labels = labels
		}
		byName[name] = m
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b docs.Metric) int { return cmp.Compare(a.Name, b.Name) })
}

// unitOf is the unit that a name says.
func unitOf(name string) string {
	base := strings.TrimSuffix(name, "_total")
	for _, unit := range []string{"seconds", "bytes", "ratio"} {
		if strings.HasSuffix(base, "_"+unit) {
			return unit
		}
	}
	if strings.HasSuffix(base, "_share") {
		return "ratio"
	}
	return ""
}

// lintMetrics holds names and texts to Prometheus' conventions.
func lintMetrics(t *testing.T, list []docs.Metric) {
	var families []*dto.MetricFamily
	for _, m := range list {
		kind := dto.MetricType(dto.MetricType_value[strings.ToUpper(m.Type)])
		if !slices.Contains(unlinted, m.Name) {
			families = append(families, &dto.MetricFamily{Name: &m.Name, Help: &m.Help, Type: &kind})
		}
		for _, label := range m.Labels {
			if slices.Contains([]string{"stream", "stream_id", "url", "defect", "id"}, label) {
				t.Errorf("%s has the label %s: there are as many values as streams or defects", m.Name, label)
			}
		}
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// writeMetrics writes the document.
func writeMetrics(t *testing.T, list []docs.Metric) {
	var text bytes.Buffer
	text.WriteString(metricsIntro)
	for _, m := range list {
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s | %s |\n", m.Name, m.Type, m.Unit, strings.Join(m.Labels, ", "), m.Help)
	}
	if err := os.WriteFile(metricsFile, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
