package check_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestScalingQueries asks Prometheus what the autoscaler asks it, of detectors to which this and that happens.
func TestScalingQueries(t *testing.T) {
	queries := scalingQueries(t)
	if len(queries) != 2 {
		t.Fatalf("the autoscaler asks %q, want two queries", queries)
	}
	k := metrics(t)
	for _, q := range queries {
		for _, name := range named.FindAllString(q, -1) {
			if _, err := k.find(name); err != nil {
				t.Errorf("%s: %v", q, err)
			}
		}
	}
	const (
		of     = `namespace="framewatch",service="framewatch-metrics"`
		others = `namespace="framewatch",service="another-metrics"`
	)
	type series struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	}
	type sample struct {
		Labels string  `yaml:"labels"`
		Value  float64 `yaml:"value"`
	}
	type expectation struct {
		Expr    string   `yaml:"expr"`
		At      string   `yaml:"eval_time"`
		Samples []sample `yaml:"exp_samples"`
	}
	type situation struct {
		Name     string        `yaml:"name"`
		Interval string        `yaml:"interval"`
		Series   []series      `yaml:"input_series"`
		Expected []expectation `yaml:"promql_expr_test"`
	}
	var tests []situation
	for _, c := range []struct {
		name, behind, committed string
		want                    []float64 // of each query
	}{
		{"all is well", "1x40", "0+10x40", []float64{4, 4}},
		{"late, while much is committed", "1x20 20x20", "0+10x40", []float64{4, 6}},
		{"the brokers are away", "1x20 0+15x20", "0+10x20 200x20", []float64{4, 4}},
	} {
		s := situation{Name: c.name, Interval: "15s", Series: []series{
			{`framewatch_detector_desired_replicas{` + of + `,instance="a"}`, "4x40"},
			{`framewatch_detector_desired_replicas{` + of + `,instance="b"}`, "3x40"},
			{`framewatch_detector_behind_seconds{` + of + `,instance="a",partition="0"}`, "1x40"},
			{`framewatch_detector_behind_seconds{` + of + `,instance="b",partition="7"}`, c.behind},
			{`framewatch_detector_transactions_total{` + of + `,instance="a",outcome="committed"}`, c.committed},
			{`framewatch_detector_transactions_total{` + of + `,instance="a",outcome="aborted"}`, "0+1x40"},
			// Another release's in the same namespace.
			{`framewatch_detector_desired_replicas{` + others + `,instance="c"}`, "12x40"},
			{`framewatch_detector_behind_seconds{` + others + `,instance="c",partition="0"}`, "60x40"},
			{`framewatch_detector_transactions_total{` + others + `,instance="c",outcome="committed"}`, "0+10x40"},
		}}
		for i, q := range queries {
			s.Expected = append(s.Expected, expectation{q, "8m", []sample{{"{}", c.want[i]}}})
		}
		tests = append(tests, s)
	}
	text, err := yaml.Marshal(map[string]any{"tests": tests})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "scaling.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "promtool", "test", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("promtool test rules: %v\n%s", err, out)
	}
}

// named is a metric of ours in a query.
var named = regexp.MustCompile(`framewatch_\w+`)

// scalingQueries are those of the rendered ScaledObject.
func scalingQueries(t *testing.T) (queries []string) {
	t.Helper()
	text, err := os.ReadFile(root + "/deploy/kubernetes/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var object struct {
			Kind string
			Spec struct {
				Triggers []struct {
					Metadata struct{ Query string }
				}
			}
		}
		if err := d.Decode(&object); errors.Is(err, io.EOF) {
			return queries
		} else if err != nil {
			t.Fatal(fmt.Errorf("everything.yaml: %w", err))
		}
		for _, trigger := range object.Spec.Triggers {
			queries = append(queries, trigger.Metadata.Query)
		}
	}
}
