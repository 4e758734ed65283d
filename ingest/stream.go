package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/framewatch/framewatch/ingest/evidence"
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/schemas"
)

// stream is one stream as the supervisor keeps it: one try after another, and a StreamSecond every second beside them.
type stream struct {
	id       string
	spec     *schemas.StreamSpec
	config   Config
	status   *status
	launcher launcher
	// reproductions are those of all streams.
	reproductions *reproductions
	// exposures are those of all streams.
	exposures *Exposures
	pictures  *evidence.Pictures
	packets   *evidence.Packets
	publish   Publish
	log       *slog.Logger
	backoff   backoff
	load      *load
	// networks are those of all streams.
	networks *networks
	// meters are those of all streams.
	meters *meters
	// position is how far a segmented source has been fetched.
	position *source.Position
}

// outcome is how a try ended.
type outcome struct {
	// state is down when the source ended it and fault when our worker or our settings did; reason is for people, without credentials.
	state, reason string
	// refused is what the worker could not decode, and why, when that may be behind it; empty: nothing.
	refused string
	// over tells that there is nothing to try again: the file has ended. again tells to go on at once: nothing is wrong.
	over, again bool
	// settings tells that a fault is in the stream's settings, not in a worker: it is tried again as a source that is down is.
	settings bool
	// hung tells that a fault is a worker's which went on and gave nothing.
	hung bool
	// silent tells that the source was listened to in vain, which costs nobody anything.
	silent bool
	// fed is what the worker was fed, when that is kept.
	fed *recent
	// presented is for how long it had pictures or sound.
	presented time.Duration
}

// Run keeps the stream until ctx is done.
func (s *stream) Run(ctx context.Context) {
	if literals := source.Literals(s.spec.URL); len(literals) > 0 {
		s.log.Warn("the URL holds secrets itself, which stand on the log: write ${file:/path/of/secret} or ${env:NAME} in their place", "secrets", literals)
	}
	seconds := make(chan struct{})
	go func() {
		defer close(seconds)
		s.seconds(ctx)
	}()
	s.tries(ctx)
	<-seconds
}

// seconds publishes a StreamSecond every second, whatever happens to the tries, and logs each change of state.
func (s *stream) seconds(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	last, warned, before := starting, false, time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			second := s.status.Second(now)
			s.meters.Second(second, s.status.Presented(), now.Sub(before))
			before = now
			s.send(&schemas.Feature{StreamSecond: second})
			if d, ok := s.status.meter.Datagrams(); ok && d.Buffer < d.Asked && !warned {
				s.log.Warn("the kernel holds fewer datagrams than it was asked to: raise net.core.rmem_max", "asked", d.Asked, "receive_buffer", d.Buffer)
				warned = true
			}
			if second.State != last {
				s.log.Info("stream is "+second.State, "reason", second.Reason, "reconnects", second.Reconnects, "restarts", second.Restarts)
				last = second.State
			}
		}
	}
}

// tries plays the source again and again.
func (s *stream) tries(ctx context.Context) {
	for ctx.Err() == nil {
		o := s.try(ctx)
		if ctx.Err() != nil {
			return
		}
		if o.again {
			continue
		}
		s.position.Rejoin()
		s.status.Trouble(o.state, o.reason)
		wait := s.wait(o)
		s.log.Debug("try ended", "state", o.state, "reason", o.reason, "presented", o.presented, "retry_in", wait)
		if o.over {
			<-ctx.Done()
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		s.meters.Ended(o)
		s.status.Retried(o.state == fault && !o.settings, time.Now())
	}
}

// wait is how long to wait after a try.
func (s *stream) wait(o outcome) time.Duration {
	s.backoff.Presented(o.presented)
	if o.silent {
		return spread(firstRetry)
	}
	if o.state != fault || o.settings {
		return s.backoff.Down()
	}
	s.position = &source.Position{} // What the worker had stored is lost.
	wait, quarantined := s.backoff.Crash(time.Now())
	if quarantined {
		s.meters.quarantines.Inc()
		s.status.Trouble(fault, fmt.Sprintf("in quarantine for %d s after %d crashes: %s", int(wait.Seconds()), crashesMost, o.reason))
		s.log.Error("stream is in quarantine", "for", wait, "crashes", crashesMost, "reason", o.reason, "reproduction", s.reproduce(o))
	}
	return wait
}

// reproduce keeps what the worker was fed that crashed last, and tells where. A file is its own reproduction.
func (s *stream) reproduce(o outcome) string {
	switch {
	case o.fed == nil:
		return source.Redact(s.spec.URL)
	case s.reproductions.dir == "":
		return "none: there is no directory for them"
	}
	path, err := s.reproductions.Keep(s.id, time.Now(), o.fed.Bytes())
	if err != nil {
		s.log.Error("reproduction is not kept", "error", err)
	}
	return path
}

// try plays the source once, to its end or until something fails.
func (s *stream) try(ctx context.Context) outcome {
	at, err := resolve(s.spec.URL)
	if err != nil {
		return outcome{state: fault, reason: err.Error(), settings: true}
	}
	for _, file := range at.files {
		s.exposures.Check(s.log, file)
	}
	scheme, err := source.Lookup(at.url)
	if err != nil {
		return outcome{state: fault, reason: at.Reason(err.Error()), settings: true}
	}
	if err := s.config.Policy.Scheme(scheme.Name); err != nil {
		return outcome{state: fault, reason: err.Error(), settings: true}
	}
	t := &try{stream: s, at: at}
	begin := time.Now()
	var o outcome
	if scheme.Direct {
		o = t.direct(ctx, scheme)
	} else {
		o = t.fetched(ctx, scheme)
	}
	o.reason, o.fed = at.Reason(because(o.reason, o.refused)), t.recent
	if last := s.status.Last(); last.After(begin) {
		o.presented = last.Sub(begin)
	}
	return o
}

// send publishes one record; one that gets lost is counted and gone.
func (s *stream) send(f *schemas.Feature) { s.publish(s.id, f, s.status.Dropped) }
