// Package check_test holds what Prometheus and Grafana are given to what Framewatch measures.
package check_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// group is one of rules.yml.
type group struct {
	Name  string
	Rules []struct {
		Record, Alert, Expr, For string
		Labels, Annotations      map[string]string
	}
}

func rules(t *testing.T) []group {
	t.Helper()
	var file struct{ Groups []group }
	read(t, "rules.yml", &file)
	if len(file.Groups) == 0 {
		t.Fatal("rules.yml has no groups")
	}
	return file.Groups
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile("../" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestPromtool(t *testing.T) {
	for _, arguments := range [][]string{{"check", "config", "prometheus.yml"}, {"check", "rules", "--lint-fatal", "rules.yml"}, {"test", "rules", "rules_test.yml"}} {
		promtool := exec.CommandContext(t.Context(), "promtool", arguments...)
		promtool.Dir = ".."
		if out, err := promtool.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, out)
		}
	}
}

// root is the source tree. This is a module of its own, since Prometheus's parser brings along what the program has no use for.
const root = "../../.."

func TestEveryAlertHasARunbookAndTests(t *testing.T) {
	var tests struct {
		Tests []struct {
			Alerts []struct {
				Name     string `yaml:"alertname"`
				Expected []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	read(t, "rules_test.yml", &tests)
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range tests.Tests {
		for _, a := range test.Alerts {
			fires[a.Name], silent[a.Name] = fires[a.Name] || len(a.Expected) > 0, silent[a.Name] || len(a.Expected) == 0
		}
	}
	pages, err := filepath.Glob(root + "/docs/runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	without := map[string]bool{} // pages that no alert is of
	for _, p := range pages {
		without[strings.TrimSuffix(filepath.Base(p), ".md")] = true
	}
	delete(without, "README")
	for _, g := range rules(t) {
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			if !strings.HasPrefix(r.Alert, "Framewatch") || !slices.Contains([]string{"critical", "warning"}, r.Labels["severity"]) {
				t.Errorf("%s is of severity %q", r.Alert, r.Labels["severity"])
			}
			if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || !strings.HasSuffix(r.Annotations["runbook_url"], "/docs/runbooks/"+r.Alert+".md") {
				t.Errorf("%s is told as %v", r.Alert, r.Annotations)
			}
			if !fires[r.Alert] || !silent[r.Alert] {
				t.Errorf("%s: a test has it fire: %v; a test has it not fire at what looks alike: %v", r.Alert, fires[r.Alert], silent[r.Alert])
			}
			checkRunbook(t, r.Alert, r.Labels["severity"])
			delete(without, r.Alert)
		}
	}
	for page := range without {
		t.Errorf("docs/runbooks/%s.md is of no alert", page)
	}
}

// checkRunbook looks for what somebody who was woken up needs.
func checkRunbook(t *testing.T, alert, severity string) {
	t.Helper()
	text, err := os.ReadFile(root + "/docs/runbooks/" + alert + ".md")
	if err != nil {
		t.Error(err)
		return
	}
	for _, part := range []string{"# " + alert + " (" + severity + ")\n", "\n## What it means\n", "\n## What people feel\n", "\n## See\n", "\n## Do\n", "\n## Do not\n"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s.md lacks %q", alert, strings.TrimSpace(part))
		}
	}
}
