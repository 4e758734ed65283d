package receiver_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/notifier/receiver"
)

func TestLogText(t *testing.T) {
	var out bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, nil)))
	defer slog.SetDefault(before)
	for _, test := range []struct{ what, severity, level string }{
		{"opened", "critical", "ERROR"}, {"opened", "warning", "WARN"}, {"opened", "info", "INFO"}, {"repeated", "critical", "ERROR"}, {"acknowledged", "critical", "INFO"},
		{"muted", "critical", "INFO"}, {"closed", "critical", "INFO"}, {"retracted", "critical", "INFO"},
	} {
		out.Reset()
		c := change(test.what)
		c.Event.Severity = test.severity
		if _, err := receiver.NewLog().Tell(t.Context(), message(c)); err != nil {
			t.Fatal(err)
		}
		want := `level=` + test.level + ` msg="defect ` + test.what + `" stream=news-hd kind=black`
		if !strings.Contains(out.String(), want) {
			t.Errorf("the line is %q, want %q in it", out.String(), want)
		}
	}
}

func TestLogJSON(t *testing.T) {
	var out bytes.Buffer
	l := receiver.NewLog()
	l.Format, l.Output = "json", &out
	for range 2 {
		if _, err := l.Tell(t.Context(), message(change(receiver.Opened))); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 3 || lines[0] != lines[1] || !strings.HasPrefix(lines[0], `{"type":"defect.opened","timestamp":"2023-11-14T22:13:22.5Z","data":{"id":"0123`) {
		t.Errorf("two events are %q", lines)
	}
}

func TestLogStorm(t *testing.T) {
	var out bytes.Buffer
	l := receiver.NewLog()
	l.Format, l.Output = "json", &out
	m := storm()
	for range 2 {
		if _, err := l.Tell(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if lines := strings.Count(out.String(), "\n"); lines != 1 || !strings.Contains(out.String(), `"summary":"Storm: 214 defects`) {
		t.Errorf("a storm that is told twice has %d lines, want 1:\n%s", lines, &out)
	}
}

func TestLogFormat(t *testing.T) {
	if _, err := receiver.Catalogue.New("log", []byte("format: xml")); err == nil || !strings.Contains(err.Error(), "xml") {
		t.Errorf("format xml: %v, want an error", err)
	}
}
