package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/framewatch/framewatch/ingest/evidence"
	"github.com/framewatch/framewatch/ingest/sandbox"
	"github.com/framewatch/framewatch/ingest/source"
)

// try is one connection to the source with one worker process.
type try struct {
	stream *stream
	at     location
	watch  *watch
	// file is nil unless the source is one with MPEG-TS.
	file *fileMonitor
	// recent is what the worker is fed when the stream is suspected of crashing it, else nil.
	recent *recent
	// network is what the worker has said of the network last.
	network string
}

// direct lets the worker open the source itself: a file, which can be looped, or a live source, which comes as it happens.
func (t *try) direct(ctx context.Context, scheme source.Scheme) outcome {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	j, err := admit(ctx, t.stream.config.Policy, job{Path: t.at.url, Mode: t.mode(scheme), Loop: t.stream.spec.Loop && scheme.Paced})
	if err != nil {
		return failed(err)
	}
	defer j.opened.Close()
	t.file = openMonitor(&j, t.stream.status.transport)
	defer t.file.Close()
	p, err := t.launch(ctx, j)
	if err != nil {
		return unstarted(err)
	}
	return t.listen(ctx, cancel, p)
}

// fetched feeds the worker with what Fetch brings. The worker is started by the first byte, so that a source that is down costs none,
// and is heard out when the source has ended: what it still has to present is presented.
func (t *try) fetched(ctx context.Context, scheme source.Scheme) outcome {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f := newFeed(func(j job) (*process, error) {
		j.Mode = t.mode(scheme)
		return t.launch(ctx, j)
	})
	if t.stream.backoff.Suspect() {
		t.recent = &recent{}
		f.recent = t.recent
	}
	request := source.Request{URL: t.at.url, Access: t.stream.config.Policy, Loop: t.stream.spec.Loop, Position: t.stream.position}
	fetched := make(chan error, 1)
	go func() {
		err := source.Fetch(ctx, request, monitored{f, t.stream.status.transport}, t.stream.status.meter)
		f.Close()
		fetched <- err
	}()
	p, ok := <-f.started
	if !ok {
		return f.outcome(<-fetched)
	}
	o := t.listen(ctx, cancel, p)
	select {
	case err := <-fetched:
		if o.over && f.broken == nil {
			fetched := f.outcome(err)
			fetched.refused = o.refused
			return fetched
		}
	default:
		cancel(nil)
		<-fetched
	}
	// The worker ended first: it died, or could make nothing of the data.
	o.over = false
	return o
}

// mode is how the worker must present: segments come ahead of their time, a plain HTTP stream as it happens until it shows otherwise.
func (t *try) mode(scheme source.Scheme) mode {
	if _, segmented := t.stream.status.meter.Playlist(); segmented || scheme.Paced {
		return paced
	}
	return live
}

func (t *try) launch(ctx context.Context, j job) (*process, error) {
	j.Session, j.Pictures, j.Packets = t.stream.status.Begin(time.Now()), true, t.stream.packets.Wanted()
	j.weights = t.stream.networks.Now()
	p, err := t.stream.launcher.start(ctx, t.stream.config.Executable, j)
	if err == nil {
		t.stream.meters.processors.Begin(p.cmd.Process.Pid)
		t.stream.networks.Begin(p, j.weights)
		t.stream.load.Begin(p.Sample, time.Now())
	}
	return p, err
}

// unstarted is the outcome of a try whose worker could not be started. Without its sandbox it is the machine's or the settings' fault.
func unstarted(err error) outcome {
	var absent sandbox.Absent
	return outcome{state: fault, reason: err.Error(), settings: errors.As(err, &absent)}
}

// listen hears the worker out and says how it ended.
func (t *try) listen(ctx context.Context, cancel context.CancelCauseFunc, p *process) outcome {
	t.watch = newWatch(t.stream.config.StallAfter, p.media == nil)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		t.watch.Run(ctx, cancel)
	}()
	end, err := t.hear(p)
	if err != nil && ctx.Err() == nil {
		cancel(err)
	}
	t.stream.load.End()
	t.stream.networks.End(p)
	died := p.Wait()
	t.stream.meters.processors.End(p.cmd.Process.Pid, p.cmd.ProcessState)
	why := context.Cause(ctx)
	cancel(nil)
	<-watched
	var e stalled
	switch {
	case errors.As(why, &e):
		return outcome{state: e.state, reason: e.reason, hung: e.state == fault}
	case why != nil:
		return outcome{state: fault, reason: why.Error()}
	case end == nil:
		if died == nil {
			died = errors.New("it ended without a word")
		}
		said := p.stderr.String()
		t.stream.log.Error("worker died", "exit", died, "stderr", t.at.Redact(said))
		return outcome{state: fault, reason: fmt.Sprintf("worker died: %v%s", died, t.stream.launcher.hint(said))}
	}
	if end.Unfit {
		return outcome{state: fault, reason: end.Reason, settings: true}
	}
	return outcome{state: down, reason: end.Reason, refused: end.Refused, over: !end.Failed}
}

// hear takes the worker's messages until they end. A message that cannot be true is an error.
func (t *try) hear(p *process) (*ending, error) {
	s := t.stream
	r, g := newReceiver(p.records), newGuard(s.status.session, since(s.status.session))
	var sound levels
	for {
		m, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		switch {
		case m.End != nil:
			if !m.End.Failed {
				t.file.End()
			}
			return m.End, nil
		case m.Place != nil:
			if err := t.file.To(*m.Place); err != nil {
				return nil, err
			}
		case m.Progress != nil:
			p.count(m.Progress)
			m.Progress.Refused = t.at.Reason(m.Progress.Refused)
			if t.recent != nil {
				t.recent.Taken(m.Progress.Taken)
			}
			t.refused(m.Progress.Network)
			t.watch.Progress(*m.Progress, time.Now())
			s.status.Progress(*m.Progress, time.Now(), p.media == nil)
			s.load.Heard(time.Duration(m.Progress.Lag)*time.Microsecond, time.Now())
		case m.Picture != nil:
			if err := g.Picture(m.Picture); err != nil {
				return nil, err
			}
			s.pictures.Add(s.id, evidence.Picture{At: g.session + m.Picture.At, JPEG: m.Picture.JPEG, Levels: sound.Take()})
		case m.Codings != nil:
			s.packets.Begin(s.id, m.Codings.Body, m.Codings.Video)
		case m.Packet != nil:
			if err := g.Packet(m.Packet); err != nil {
				return nil, err
			}
			s.packets.Add(s.id, m.Packet.kept(g.session))
		case m.Feature != nil:
			if err := g.Record(m.Feature); err != nil {
				return nil, err
			}
			if m.Feature.AudioBlock != nil {
				sound.Add(m.Feature.AudioBlock)
			}
			if now := time.Now(); m.Feature.Inventory == nil {
				t.watch.Media(now)
				s.status.Media(m.Feature, now, p.file)
			} else {
				m.Feature.Inventory.Programmes = t.file.Programmes(s.status.transport)
			}
			s.send(m.Feature)
		}
	}
}
