package check_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// check looks a query over: it parses, what it names exists, and a rate is of what only grows. The labels that its result can have are returned.
func (k known) check(query string) (result []string, err error) {
	e, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return nil, err
	}
	var wrong []string
	complain := func(format string, arguments ...any) { wrong = append(wrong, fmt.Sprintf(format, arguments...)) }
	parser.Inspect(e, func(node parser.Node, path []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			m, err := k.find(n.Name)
			if err != nil {
				complain("%v", err)
				return nil
			}
			if call := grows(path); call != "" && m.kind != "counter" {
				complain("%s of %s, which is a %s", call, n.Name, m.kind)
			}
			result = append(result, m.labels...)
			for _, l := range n.LabelMatchers {
				checkMatcher(n.Name, m, l, complain)
			}
		case *parser.AggregateExpr:
			for _, label := range n.Grouping {
				if !slices.Contains(k.below(n.Expr), label) && !slices.Contains(from, label) {
					complain("nothing under %s by %v has the label %s", n.Op, n.Grouping, label)
				}
			}
		case *parser.BinaryExpr:
			if n.VectorMatching == nil {
				return nil
			}
			for _, label := range n.VectorMatching.MatchingLabels {
				if !slices.Contains(append(k.below(n), from...), label) {
					complain("matched on %s, which nothing has", label)
				}
			}
		}
		return nil
	})
	if len(wrong) > 0 {
		return nil, fmt.Errorf("%s\n\tin %s", strings.Join(wrong, "\n\t"), query)
	}
	if a, ok := e.(*parser.AggregateExpr); ok && !a.Without {
		result = a.Grouping
	}
	return append(result, from...), nil
}

func checkMatcher(name string, m metric, l *labels.Matcher, complain func(string, ...any)) {
	if l.Name == "__name__" {
		return
	}
	if !m.has(l.Name) {
		complain("%s has no label %s", name, l.Name)
		return
	}
	if m.help == "" || slices.Contains(from, l.Name) || slices.Contains([]string{"le", "kind", "severity", "node_id"}, l.Name) {
		return // what is not a few words that its help can name
	}
	for value := range strings.SplitSeq(l.Value, "|") {
		if !m.says(value) {
			complain("the help of %s does not name %s=%q: %s", name, l.Name, value, m.help)
		}
	}
}

// grows is the function over what the path leads to that wants a counter.
func grows(path []parser.Node) string {
	for _, node := range path {
		if call, ok := node.(*parser.Call); ok && slices.Contains([]string{"rate", "irate", "increase"}, call.Func.Name) {
			return call.Func.Name
		}
	}
	return ""
}

// below are the labels of all series that an expression names.
func (k known) below(e parser.Expr) (labels []string) {
	parser.Inspect(e, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			labels = append(labels, k[s.Name].labels...)
		}
		return nil
	})
	return labels
}

// withFigures adds the recorded figures of rules.yml.
func (k known) withFigures(t *testing.T, groups []group) known {
	t.Helper()
	for _, g := range groups {
		for _, r := range g.Rules {
			if r.Record == "" {
				continue
			}
			labels, err := k.check(r.Expr)
			if err != nil {
				t.Errorf("%s: %v", r.Record, err)
			}
			k[r.Record] = metric{kind: "gauge", labels: labels}
		}
	}
	return k
}

func TestRulesNameWhatThereIs(t *testing.T) {
	groups := rules(t)
	k := metrics(t).withFigures(t, groups)
	for _, g := range groups {
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			labels, err := k.check(r.Expr)
			if err != nil {
				t.Errorf("%s: %v", r.Alert, err)
			}
			for what, text := range r.Annotations {
				for _, l := range annotated.FindAllStringSubmatch(text, -1) {
					if !slices.Contains(labels, l[1]) {
						t.Errorf("%s: the %s names the label %s, the result has %v", r.Alert, what, l[1], labels)
					}
				}
			}
		}
	}
}

func TestAQueryOfWhatThereIsNotIsFound(t *testing.T) {
	k := metrics(t).withFigures(t, rules(t))
	for query, want := range map[string]string{
		`framewatch_nonsense`:                                                      "no metric",
		`framewatch_ingest_streams{lamp="red"}`:                                    "no label lamp",
		`framewatch_ingest_streams{state="ill"}`:                                   `does not name state="ill"`,
		`sum by (lamp) (framewatch_ingest_streams)`:                                "has the label lamp",
		`rate(framewatch_ingest_streams[5m])`:                                      "which is a gauge",
		`up and on (lamp) framewatch_build_info`:                                   "which nothing has",
		`framewatch_ingest_streams{`:                                               "unexpected",
		`framewatch_detector_behind_seconds / framewatch:detector_partitions:ownd`: "no figure",
	} {
		if _, err := k.check(query); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", query, err, want)
		}
	}
}

// dashboard is what this test reads of Grafana's JSON.
type dashboard struct {
	UID, Title, Description string
	Panels                  []panel
	Templating              struct {
		List []struct {
			Name  string
			Query string
		}
	}
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []struct{ Expr, LegendFormat, RefID string }
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Panels                   []panel
}

func TestDashboards(t *testing.T) {
	groups := rules(t)
	k := metrics(t).withFigures(t, groups)
	files, err := filepath.Glob(root + "/deploy/grafana/dashboards/*.json")
	if err != nil || len(files) < 5 {
		t.Fatalf("there are the dashboards %v (%v)", files, err)
	}
	uids := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d dashboard
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if other := uids[d.UID]; other != "" || d.UID == "" || d.UID+".json" != filepath.Base(file) || d.Title == "" || d.Description == "" {
			t.Errorf("%s has the uid %q, which %q has too, the title %q and the description %q", file, d.UID, other, d.Title, d.Description)
		}
		uids[d.UID] = file
		t.Run(d.UID, func(t *testing.T) { d.check(t, k) })
	}
}

func (d *dashboard) check(t *testing.T, k known) {
	variables := map[string]bool{}
	for _, v := range d.Templating.List {
		variables[v.Name] = true
		if ask := labelValues.FindStringSubmatch(v.Query); ask != nil {
			if labels, err := k.check(settle(ask[1])); err != nil || !slices.Contains(labels, ask[2]) {
				t.Errorf("variable %s: %v, labels %v", v.Name, err, labels)
			}
		}
	}
	for _, need := range []string{"datasource", "cluster", "namespace", "service", "job"} {
		if !variables[need] {
			t.Errorf("there is no variable %s", need)
		}
	}
	ids := map[int]bool{}
	var look func(list []panel)
	look = func(list []panel) {
		for _, p := range list {
			if ids[p.ID] || p.ID == 0 {
				t.Errorf("panel %q: the id %d is taken", p.Title, p.ID)
			}
			ids[p.ID] = true
			if p.GridPos.X+p.GridPos.W > 24 {
				t.Errorf("panel %q ends at column %d of 24", p.Title, p.GridPos.X+p.GridPos.W)
			}
			p.check(t, k, variables)
			look(p.Panels)
		}
	}
	look(d.Panels)
}

func (p panel) check(t *testing.T, k known, variables map[string]bool) {
	if p.Type == "row" {
		return
	}
	if p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
		t.Errorf("panel %q lacks a title, a description, a unit or a query", p.Title)
	}
	for _, target := range p.Targets {
		for _, v := range variable.FindAllStringSubmatch(target.Expr, -1) {
			if !variables[v[1]] && !strings.HasPrefix(v[1], "__") {
				t.Errorf("panel %q: there is no variable $%s", p.Title, v[1])
			}
		}
		labels, err := k.check(settle(target.Expr))
		if err != nil {
			t.Errorf("panel %q: %v", p.Title, err)
			continue
		}
		for _, l := range legend.FindAllStringSubmatch(target.LegendFormat, -1) {
			if !slices.Contains(labels, l[1]) {
				t.Errorf("panel %q: its legend names the label %s, its result has %v", p.Title, l[1], labels)
			}
		}
	}
}

var (
	labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
	variable    = regexp.MustCompile(`\$(\w+)`)
	legend      = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)
	annotated   = regexp.MustCompile(`\$labels\.(\w+)`)
)

// settle puts something in the place of Grafana's variables.
func settle(query string) string {
	return variable.ReplaceAllString(strings.ReplaceAll(query, "$__rate_interval", "1m"), "x")
}

// emphasised is the title of a panel as a runbook names it.
var emphasised = regexp.MustCompile(`\*([A-Z][^*\n]+)\*`)

// TestRunbooksNamePanelsThatThereAre looks for the panels that whoever was woken up is sent to.
func TestRunbooksNamePanelsThatThereAre(t *testing.T) {
	titles := map[string]bool{}
	var add func(list []panel)
	add = func(list []panel) {
		for _, p := range list {
			titles[p.Title] = true
			add(p.Panels)
		}
	}
	files, err := filepath.Glob(root + "/deploy/grafana/dashboards/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		var d dashboard
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &d)
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		add(d.Panels)
	}
	pages, err := filepath.Glob(root + "/docs/runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range emphasised.FindAllStringSubmatch(string(text), -1) {
			named++
			if !titles[m[1]] {
				t.Errorf("%s: there is no panel %q", filepath.Base(page), m[1])
			}
		}
	}
	if named < 20 {
		t.Errorf("%d panels are named on %d pages: are they all found?", named, len(pages))
	}
}
