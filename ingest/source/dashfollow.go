package source

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/framewatch/framewatch/ingest/access"
)

// follow keeps the lists of a live presentation as the MPD and the clock go on. The MPD is loaded again when minimumUpdatePeriod is over,
// and in doubt; failures are borne until three times that have passed without an answer.
func (d *dash) follow(ctx context.Context) {
	tried := time.Now()
	next := d.scheduled(d.answered, d.interval())
	for d.p.live {
		doubt, ok := d.wait(ctx, next)
		if !ok {
			return
		}
		if again := tried.Add(leastInterval); doubt && (next.IsZero() || again.Before(next)) {
			next = again
		}
		due := !next.IsZero() && !time.Now().Before(next)
		if due {
			tried = time.Now()
			err := d.renew(ctx)
			if err != nil && (errors.As(err, new(access.Denied)) || d.interval() > 0 && time.Since(d.answered) >= 3*d.interval()) {
				d.end(fmt.Errorf("MPD %s: %w", Redact(d.address), err))
				return
			}
			if next = d.scheduled(d.answered, d.interval()); err != nil {
				next = d.scheduled(tried, d.interval()/2)
				continue
			}
		}
		if err := d.show(ctx, due); err != nil {
			d.end(err)
			return
		}
	}
}

// leastInterval is the least time between two loads of an MPD.
const leastInterval = time.Second

// interval is the time between two loads of the MPD; 0: it stays as it is.
func (d *dash) interval() time.Duration {
	switch {
	case d.p.update < 0:
		return 0
	case d.p.update == 0:
		return max(d.longest, leastInterval)
	}
	return max(time.Duration(d.p.update)*time.Microsecond, leastInterval)
}

func (d *dash) scheduled(since time.Time, interval time.Duration) time.Time {
	if interval == 0 {
		return time.Time{}
	}
	return since.Add(interval)
}

// wait waits until it is time to load the MPD, or time has added to a list, or there is doubt; false when ctx ended before.
func (d *dash) wait(ctx context.Context, next time.Time) (doubt, ok bool) {
	if next.IsZero() || !d.grows.IsZero() && d.grows.Before(next) {
		next = d.grows
	}
	var due <-chan time.Time
	if !next.IsZero() {
		timer := time.NewTimer(time.Until(next))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-due:
		return false, true
	case <-d.doubted:
		return true, true
	case <-ctx.Done():
		return false, false
	}
}

// renew loads the MPD again.
func (d *dash) renew(ctx context.Context) error {
	began := time.Now()
	b, text, err := d.load(ctx, d.address)
	if err != nil {
		return err
	}
	return d.take(ctx, b, text, began)
}

// end lets the renditions end with err once all that is listed has been walked.
func (d *dash) end(err error) {
	for _, r := range d.renditions {
		r.window.end(err)
	}
}

// show tells the renditions and the meter what the MPD and the clock say now; fresh: the MPD was just loaded.
func (d *dash) show(ctx context.Context, fresh bool) error {
	if fresh && !d.relocate() {
		return nil
	}
	d.grows, d.longest = time.Time{}, 0
	for i, r := range d.renditions {
		list, grows, err := d.list(ctx, i)
		if err != nil {
			return err
		}
		if grows > 0 {
			if due := d.clock.Due(grows); d.grows.IsZero() || due.Before(d.grows) {
				d.grows = due
			}
		}
		d.longest = max(d.longest, list.target)
		if i == 0 {
			d.tell(r.window.last(), list)
		}
		r.window.set(list)
	}
	return nil
}

// tell tells the meter what changed from one list of the pictures to the next.
func (d *dash) tell(before, now *playlist) {
	target := now.target
	if r := d.group[len(d.group)-1].tracks[0]; d.p.live && r.segments.Timeline != nil {
		target = max(target, min(time.Duration(d.p.update)*time.Microsecond, maxTarget*time.Second))
	}
	d.meter.update(func(s *PlaylistState) {
		if before == nil && !s.shows(now) || before != nil && !now.same(before) {
			if before != nil {
				s.Step = now.sequence - before.sequence
			}
			s.Changed = time.Now()
		}
		s.Target, s.MediaSequence, s.Length, s.Timed = target, now.sequence, now.length, d.p.live
		s.Ended = !d.p.live || now.ended && now.follows == 0
		if s.Skew = nil; d.clock.known {
			skew := d.clock.skew
			s.Skew = &skew
		}
	})
}
