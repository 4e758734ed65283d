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
	for _, test := range []struct{ state, severity, level string }{
		{"opened", "critical", "ERROR"}, {"opened", "warning", "WARN"}, {"opened", "info", "INFO"}, {"closed", "critical", "INFO"}, {"retracted", "critical", "INFO"},
	} {
		out.Reset()
		ev := opened
		ev.State, ev.Severity = test.state, test.severity
		if _, err := receiver.NewLog().Notify(t.Context(), &ev, "msg_1"); err != nil {
			t.Fatal(err)
		}
		want := `level=` + test.level + ` msg="defect ` + test.state + `" stream=news-hd kind=black`
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
		if _, err := l.Notify(t.Context(), &opened, "msg_1"); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 3 || lines[0] != lines[1] || !strings.HasPrefix(lines[0], `{"type":"defect.opened","timestamp":"2023-11-14T22:13:22.5Z","data":{"id":"0123`) {
		t.Errorf("two events are %q", lines)
	}
}

func TestLogFormat(t *testing.T) {
	if _, err := receiver.Catalogue.New("log", []byte("format: xml")); err == nil || !strings.Contains(err.Error(), "xml") {
		t.Errorf("format xml: %v, want an error", err)
	}
}
