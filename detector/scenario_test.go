package detector_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/schemas"
)

// TestScenarios folds each story of testdata/scenario and compares the events, and the lamps where it tells them.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../testdata/scenario/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string]string{}
			for _, f := range archive.Files {
				parts[f.Name] = string(f.Data)
			}
			log, err := readLog(parts["features"], parts["rules.yaml"])
			if err != nil {
				t.Fatal(err)
			}
			expect(log, func(stream string) string {
				if text, ok := parts["expectations-"+stream+".yaml"]; ok {
					return text
				}
				return parts["expectations.yaml"]
			})
			events, lamps := tellStory(t, detector.New(detector.Config{}), log)
			compare(t, "events", events, parts["events"])
			if want, ok := parts["lamps"]; ok {
				compare(t, "lamps", lamps, want)
			}
		})
	}
}

// expect puts what is expected of each stream into its Settings.
func expect(log []entry, expectations func(stream string) string) {
	for _, e := range log {
		if s := e.Feature.Setting; s != nil {
			if text := expectations(s.Stream); text != "" {
				s.Expectations = &text
			}
		}
	}
}

// tellStory folds the log, as it is read off the topic into memory that is used again, and writes down what it causes, one line each.
func tellStory(t *testing.T, p *detector.Partition, log []entry) (events, lamps []string) {
	contract := schemas.Baked()
	reader := schemas.NewReader(contract, schemas.Features)
	for _, e := range log {
		value, err := schemas.Append(contract, schemas.Features, nil, e.Feature)
		if err == nil {
			e.Feature, err = reader.Read(value)
		}
		if err != nil {
			t.Fatal(err)
		}
		p.Fold(e.Input, func(out detector.Output) {
			switch d, h := out.Defect, out.Health; {
			case d != nil:
				events = append(events, describe(d))
			case h.SpanMS == 0:
				lamps = append(lamps, fmt.Sprintf("%s %s %s", clockTime(h.Time), out.Stream, h.Lamp))
			}
		})
	}
	return events, lamps
}

// describe is an event as the scenarios write it.
func describe(d *schemas.DefectEvent) string {
	kind := d.Kind
	if d.Part != "" {
		kind += "/" + strings.ReplaceAll(d.Part, " ", "-")
	}
	line := fmt.Sprintf("%s %s %s %s %s onset %s end %s", clockTime(d.Detected), d.Stream, kind, d.State, d.Severity, clockTime(d.Onset), clockTime(d.End))
	if d.Reason != "" {
		line += " " + d.Reason
	}
	if d.Flapping != nil {
		line += " flapping"
	}
	if d.DryRun != nil {
		line += " dry"
	}
	return line
}

// clockTime is an instant in seconds since the scenario's start.
func clockTime(us int64) string { return fmt.Sprintf("%.2fs", float64(us-epochStart)/1e6) }

func compare(t *testing.T, what string, got []string, want string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(want) {
		if line, _, _ := strings.Cut(line, "#"); strings.TrimSpace(line) != "" {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
	}
	if g, w := strings.Join(got, "\n"), strings.Join(lines, "\n"); g != w {
		t.Errorf("%s:\ngot\n%s\nwant\n%s", what, g, w)
	}
}
