package receiver

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// Log tells of defects in the program's own log, or as JSON lines on standard output.
type Log struct {
	// Format is text (a line of the log) or json (the webhook's payload, one a line, on standard output).
	Format string `yaml:"format"`
	// Output takes the JSON lines.
	Output io.Writer `yaml:"-"`
}

// NewLog is a Log with its defaults: text.
func NewLog() *Log { return &Log{Format: "text", Output: os.Stdout} }

// Validate checks the format.
func (l *Log) Validate() error {
	if l.Format != "text" && l.Format != "json" {
		return fmt.Errorf("format %q is neither text nor json", l.Format)
	}
	return nil
}

// Notify writes one line.
func (l *Log) Notify(ctx context.Context, ev *schemas.DefectEvent, message string) (int, error) {
	if l.Format == "text" {
		slog.LogAttrs(ctx, level(ev), "defect "+ev.State, slog.String("stream", ev.Stream), slog.String("kind", ev.Kind), slog.String("part", ev.Part),
			slog.String("severity", ev.Severity), slog.Time("onset", time.UnixMicro(ev.Onset).UTC()), slog.Duration("lasted", time.Duration(ev.End-ev.Onset)*time.Microsecond),
			slog.String("summary", ev.Summary), slog.String("reason", ev.Reason), slog.String("defect", ev.ID), slog.String("message", message))
		return 0, nil
	}
	line, err := payload(ev)
	if err != nil {
		return 0, Permanent{err}
	}
	if _, err := l.Output.Write(append(line, '\n')); err != nil {
		return 0, fmt.Errorf("write to standard output: %w", err)
	}
	return 0, nil
}

// level of a line: an end is news, a beginning is as loud as the defect.
func level(ev *schemas.DefectEvent) slog.Level {
	switch {
	case ev.State == "closed" || ev.State == "retracted" || ev.Severity == "info":
		return slog.LevelInfo
	case ev.Severity == "critical":
		return slog.LevelError
	default:
		return slog.LevelWarn
	}
}
