package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/framewatch/framewatch/ingest/access"
	"github.com/framewatch/framewatch/ingest/sandbox"
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/ingest/transport"
	"github.com/framewatch/framewatch/schemas"
)

// MeasureConfig says what to measure offline.
type MeasureConfig struct {
	// URL or path of the input.
	URL string
	// Executable, Sandbox and WorkerMemory are as in Config; their zero values mean its defaults.
	Executable   string
	Sandbox      sandbox.Mode
	WorkerMemory int64
	// Access says what may be read; nil: what a command that a person gives may.
	Access *access.Policy
	// Picture is given a small JPEG of each second of media, which it may keep; nil: none is made.
	Picture func(jpeg []byte)
	// Transport sees what is fetched, before it is decoded; nil: nobody does.
	Transport *transport.Monitor
	// Log takes what is wrong with an input that can be read only in part; nil: slog.Default.
	Log *slog.Logger
}

// measureStall is how long a worker that has data may give nothing before it is ended.
const measureStall = 30 * time.Second

// Measure takes an input to its end as fast as it can be decoded, by the same worker as a running stream's, with session 0 and
// presentation time from 0. out gets each record in order, and after those of each second of media its StreamSecond. The first error of
// out ends it. An input of which nothing can be decoded is an error, one that breaks off is logged.
func Measure(ctx context.Context, c MeasureConfig, out func(*schemas.Feature) error) error {
	at, err := resolve(c.URL)
	if err != nil {
		return err
	}
	if c.Sandbox == "" {
		c.Sandbox = sandbox.BestEffort
	}
	if c.WorkerMemory == 0 {
		c.WorkerMemory = workerMemory
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Access == nil {
		c.Access = access.Personal()
	}
	for _, file := range at.files {
		new(Exposures).Check(c.Log, file)
	}
	m := &measurement{config: c, at: at, out: out, guard: newGuard(0, nil), seconds: seconds{next: secondLength}}
	if err := m.run(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return m.told(err)
	}
	return nil
}

// measurement is one call of Measure.
type measurement struct {
	config  MeasureConfig
	at      location
	out     func(*schemas.Feature) error
	guard   *guard
	watch   *watch
	seconds seconds
	media   bool
	// file is nil unless the input is one with MPEG-TS.
	file *fileMonitor
	// tracks are the input's as they are told when nothing of them can be decoded.
	tracks []string
	// refused is the error of out, which is the caller's own and goes back as it is.
	refused error
}

func (m *measurement) run(parent context.Context) error {
	scheme, err := source.Lookup(m.at.url)
	if err != nil {
		return err
	}
	if err := m.config.Access.Scheme(scheme.Name); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	l := launcher{sandbox: m.config.Sandbox, memory: m.config.WorkerMemory}
	if scheme.Direct {
		j, err := admit(ctx, m.config.Access, job{Path: m.at.url, Mode: offline, Pictures: m.config.Picture != nil})
		if err != nil {
			return err
		}
		defer j.opened.Close()
		m.seconds.transport = transport.New()
		m.file = openMonitor(&j, m.seconds.transport)
		defer m.file.Close()
		p, err := l.start(ctx, m.config.Executable, j)
		if err != nil {
			return err
		}
		return m.conclude(m.hear(ctx, cancel, p))
	}
	f := newFeed(func(j job) (*process, error) {
		j.Mode, j.Pictures = offline, m.config.Picture != nil
		return l.start(ctx, m.config.Executable, j)
	})
	fetched := make(chan error, 1)
	go func() {
		to := io.Writer(f)
		if m.config.Transport != nil {
			to = monitored{f, m.config.Transport}
		}
		err := source.Fetch(ctx, source.Request{URL: m.at.url, Access: m.config.Access}, to, &source.Meter{})
		f.Close()
		fetched <- err
	}()
	p, ok := <-f.started
	if !ok {
		return errors.Join(f.failed, <-fetched)
	}
	end, err := m.hear(ctx, cancel, p)
	cancel(nil)
	if broken := <-fetched; err == nil && f.broken == nil && broken != nil && !errors.Is(broken, source.ErrEnded) && !errors.Is(broken, context.Canceled) {
		end = &ending{Reason: broken.Error(), Failed: true}
	}
	return m.conclude(end, err)
}

// hear takes all that the worker sends.
func (m *measurement) hear(ctx context.Context, cancel context.CancelCauseFunc, p *process) (*ending, error) {
	m.watch = newWatch(measureStall, p.media == nil)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		m.watch.Run(ctx, cancel)
	}()
	end, err := m.messages(p)
	if err != nil {
		cancel(err)
	}
	died := p.Wait()
	why := context.Cause(ctx)
	if why == nil && end == nil {
		if died == nil {
			died = errors.New("it ended without a word")
		}
		why = fmt.Errorf("the worker died at %.1f s: %v: %s", float64(m.guard.furthest)/1e6, died, m.at.Redact(p.stderr.String()))
	}
	cancel(nil)
	<-watched
	return end, why
}

func (m *measurement) messages(p *process) (*ending, error) {
	r := newReceiver(p.records)
	for {
		message, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			return nil, err
		case message.End != nil:
			return message.End, nil
		case message.Place != nil:
			if err := m.file.To(*message.Place); err != nil {
				return nil, err
			}
		case message.Progress != nil:
			p.count(message.Progress)
			m.watch.Progress(*message.Progress, time.Now())
		case message.Picture != nil && m.config.Picture != nil:
			if err := m.guard.Picture(message.Picture); err != nil {
				return nil, err
			}
			m.config.Picture(message.Picture.JPEG)
		case message.Feature != nil:
			if err := m.record(message.Feature); err != nil {
				return nil, err
			}
		}
	}
}

func (m *measurement) record(f *schemas.Feature) error {
	if err := m.guard.Record(f); err != nil {
		return err
	}
	if i := f.Inventory; i != nil {
		if m.seconds.transport != nil {
			i.Programmes = m.file.Programmes(m.seconds.transport)
		}
		m.tracks = nil
		for _, t := range i.Tracks {
			m.tracks = append(m.tracks, t.Kind+" "+t.Codec)
		}
		return m.give(f)
	}
	m.media = true
	m.watch.Media(time.Now())
	if err := m.seconds.Media(f, m.give); err != nil {
		return err
	}
	return m.give(f)
}

// give hands one record to the caller.
func (m *measurement) give(f *schemas.Feature) error {
	m.refused = m.out(f)
	return m.refused
}

// conclude is what the caller gets for how the worker ended.
func (m *measurement) conclude(end *ending, err error) error {
	switch {
	case err != nil:
		return err
	case !m.media && end.Failed:
		return fmt.Errorf("nothing in it can be decoded: %s", because(end.Reason, end.Refused))
	case !m.media && end.Refused != "":
		return fmt.Errorf("nothing in it can be decoded: %s; its tracks are %s", end.Refused, strings.Join(m.tracks, ", "))
	case !m.media:
		return fmt.Errorf("nothing in it can be decoded: its tracks are %s", strings.Join(m.tracks, ", "))
	case end.Failed:
		m.config.Log.Warn("the input breaks off", "at", fmt.Sprintf("%.3f s", float64(m.seconds.end)/1e6), "reason", m.at.Redact(end.Reason))
	}
	if end.Refused != "" {
		m.config.Log.Warn("not all of the input can be decoded", "reason", m.at.Reason(end.Refused))
	}
	if !end.Failed {
		m.file.End()
	}
	return m.seconds.End(m.give)
}

// told is err as it may be told to people: without secrets, unless it is the caller's own.
func (m *measurement) told(err error) error {
	if m.refused != nil && errors.Is(err, m.refused) {
		return err
	}
	return errors.New(m.at.Reason(err.Error()))
}
