package topology_test

import (
	"os"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/topology"
)

// The README shows what the program does, so it is what the program prints.
func TestREADMEShowsTheTopology(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct{ marker, want, command string }{
		{"topics", topology.Table(), "framewatch topics describe --output markdown"},
		{"stages", "```\n" + topology.Picture() + "```\n", "framewatch topics describe"},
	} {
		opening, closing := "<!-- "+part.marker+" -->\n", "<!-- /"+part.marker+" -->"
		_, rest, found := strings.Cut(string(text), opening)
		got, _, ended := strings.Cut(rest, closing)
		if !found || !ended {
			t.Errorf("README.md has no part between %s and %s. It should hold:\n%s", strings.TrimSpace(opening), closing, part.want)
			continue
		}
		if got != part.want {
			t.Errorf("README.md differs from the topology between %s and %s. It should hold (%s):\n%s", strings.TrimSpace(opening), closing, part.command, part.want)
		}
	}
}

func TestCleanup(t *testing.T) {
	for topic, want := range map[*topology.Spec]string{
		&topology.Streams.Spec: "compact", &topology.Features.Spec: "delete 24 h", &topology.DefectsLatest.Spec: "compact, delete 14 d",
		&topology.Audit.Spec: "delete 365 d, one partition",
	} {
		if got := topology.Cleanup(topic); got != want {
			t.Errorf("%s: %q, want %q", topic.Name, got, want)
		}
	}
}

func TestDescribeNamesEverything(t *testing.T) {
	text := topology.Describe()
	for _, s := range topology.Topics() {
		if !strings.Contains(text, "\n  "+s.Name+" ") {
			t.Errorf("the topic %s is missing in:\n%s", s.Name, text)
		}
	}
	for _, s := range topology.Stages() {
		if !strings.Contains(text, "\n  "+s.Name+" ") {
			t.Errorf("the stage %s is missing in:\n%s", s.Name, text)
		}
	}
}

// Names, keys and partition counts are what everybody relies on, so a slip here is one everywhere.
func TestTopicsHoldTogether(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range topology.Topics() {
		if seen[s.Name] {
			t.Errorf("two topics are named %s", s.Name)
		}
		seen[s.Name] = true
		if s.Schema == "" || s.Doc == "" || s.Key == "" || len(s.Values) == 0 || len(s.WrittenBy) == 0 || s.Compatibility == "" {
			t.Errorf("%s is not told in full: %+v", s.Name, s)
		}
		if s.Delete != (s.Retention > 0) || !s.Delete && !s.Compact {
			t.Errorf("%s: delete %v with a retention of %v, compact %v", s.Name, s.Delete, s.Retention, s.Compact)
		}
	}
	for _, stage := range topology.Stages() {
		for _, s := range append(stage.Reads, stage.Writes...) {
			if !seen[s.Name] {
				t.Errorf("the stage %s names %s, which is not among the topics", stage.Name, s.Name)
			}
		}
	}
}
