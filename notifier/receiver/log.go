package receiver

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"
)

// Log tells of defects in the program's own log, or as JSON lines on standard output: a line for each change, or one for a storm.
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

// Tell writes the lines.
func (l *Log) Tell(ctx context.Context, m *Message) (int, error) {
	if m.Digest != nil {
		if !m.left() {
			return 0, nil
		}
		return 0, l.digest(ctx, m)
	}
	for i := range m.Changes {
		c := &m.Changes[i]
		if c.Told {
			continue
		}
		if err := l.change(ctx, m, c); err != nil {
			return 0, err
		}
		c.Told = true
	}
	return 0, nil
}

func (l *Log) change(ctx context.Context, m *Message, c *Change) error {
	if l.Format == "json" {
		return l.write(changePayload(m, c))
	}
	ev := c.Event
	attrs := []slog.Attr{slog.String("stream", ev.Stream), slog.String("kind", ev.Kind), slog.String("part", ev.Part), slog.String("severity", ev.Severity),
		slog.Time("onset", time.UnixMicro(ev.Onset).UTC()), slog.Duration("lasted", time.Duration(ev.End-ev.Onset)*time.Microsecond),
		slog.String("summary", ev.Summary), slog.String("reason", ev.Reason), slog.String("defect", ev.ID), slog.String("message", c.ID)}
	for _, more := range []slog.Attr{slog.String("by", c.By), slog.String("note", c.Note), slog.String("link", m.link(ev.ID))} {
		if more.Value.String() != "" {
			attrs = append(attrs, more)
		}
	}
	if !c.Until.IsZero() {
		attrs = append(attrs, slog.Time("until", c.Until.UTC()))
	}
	if c.Escalation > 0 {
		attrs = append(attrs, slog.Int("escalation", c.Escalation))
	}
	slog.LogAttrs(ctx, level(c), "defect "+c.What, attrs...)
	return nil
}

func (l *Log) digest(ctx context.Context, m *Message) error {
	if l.Format == "json" {
		if err := l.write(digestPayload(m)); err != nil {
			return err
		}
	} else {
		slog.LogAttrs(ctx, level(m.worst()), "defects in a storm", slog.String("summary", storm(m.Digest)), slog.Int("opened", m.Digest.Opened),
			slog.Int("over", m.Digest.Over), slog.Int("streams", m.Digest.Streams), slog.Int("open", m.Open), slog.String("group", m.Group), slog.String("message", m.ID))
	}
	m.told()
	return nil
}

// write adds a line to the output.
func (l *Log) write(payload []byte, err error) error {
	if err != nil {
		return Permanent{err}
	}
	if _, err := l.Output.Write(append(payload, '\n')); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}

// level of a line: an end is news, as is that somebody has taken it up; anything else is as loud as the defect.
func level(c *Change) slog.Level {
	switch {
	case c.Over() || c.What == Acknowledged || c.What == Muted || c.Event.Severity == "info":
		return slog.LevelInfo
	case c.Event.Severity == "critical":
		return slog.LevelError
	default:
		return slog.LevelWarn
	}
}
