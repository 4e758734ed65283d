package source

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/framewatch/framewatch/ingest/media"
)

// dash is an MPD being followed: its pictures, and its sound where that is apart, are a rendition each, and follow keeps their lists. Of the
// pictures the representation of the highest bandwidth is watched, of the sound the main or first.
//
// Periods that go on in one decoder are played as one; before another one Fetch ends with ErrReopen. What is written is never what is
// encrypted: that ends with a reason.
type dash struct {
	*fetcher
	clock serverClock
	p     *presentation
	// address is where to load the MPD from again, answered when that last began and succeeded.
	address  string
	answered time.Time
	// keys are of the periods being played, which were last seen as group.
	keys       map[string]bool
	group      []period
	renditions []*rendition
	// indexes are the segment indexes that were read, by resource.
	indexes map[string][]subsegment
	// longest is the longest segment's duration, grows when time will add one to a list, zero if it will not.
	longest time.Duration
	grows   time.Time
	// doubted tells follow that a segment is not where the MPD says.
	doubted chan struct{}
}

// playDASH follows the MPD that is the text of an answer.
func (f *fetcher) playDASH(ctx context.Context, b *body, text []byte) error {
	d := &dash{fetcher: f, keys: map[string]bool{}, indexes: map[string][]subsegment{}, doubted: make(chan struct{}, 1)}
	if err := d.take(ctx, b, text, time.Now()); err != nil {
		return err
	}
	if err := d.enter(ctx); err != nil {
		return err
	}
	d.attach()
	if err := d.show(ctx, true); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var follower sync.WaitGroup
	defer follower.Wait()
	defer cancel()
	follower.Go(func() { d.follow(ctx) })
	return d.play(ctx)
}

// take understands an answer as the MPD that counts from now on.
func (d *dash) take(ctx context.Context, b *body, text []byte, began time.Time) error {
	m, err := parseMPD(text)
	if err != nil {
		return err
	}
	begin := int64(0)
	if d.p != nil {
		begin = d.p.begin
	}
	p, err := present(b.Request.URL, m, begin)
	if err != nil {
		return err
	}
	d.p, d.answered = p, began
	d.address = b.Request.URL.String()
	if p.location != "" {
		d.address = p.location
	}
	if p.live {
		d.synchronise(ctx, b, began)
	}
	return nil
}

// attach makes the renditions of the periods entered.
func (d *dash) attach() {
	at, tracks := d.request.Position, d.group[0].tracks
	pictures := newRendition(d.fetcher, &at.pictures, d.w, d.discontinuity)
	d.renditions = []*rendition{pictures}
	splitter, splits := d.w.(interface{ Sound() io.Writer })
	if len(tracks) > 1 && splits {
		w := splitter.Sound()
		if s, ok := w.(interface{ Shift(ticks int64) }); ok {
			s.Shift(ticks(d.group[0].origin(1)-d.group[0].origin(0), media.Clock))
		}
		sound := newRendition(d.fetcher, &at.sound, w, func() {})
		sound.beside = true
		d.renditions = append(d.renditions, sound)
	}
	for _, r := range d.renditions {
		r.doubt = func() {
			select {
			case d.doubted <- struct{}{}:
			default:
			}
		}
	}
	d.meter.update(func(s *PlaylistState) {
		s.Variants, s.Bandwidth, s.DemuxedAudio = d.group[0].variants, tracks[0].bandwidth, len(tracks) > len(d.renditions)
	})
}

// play plays the renditions to their ends. The pictures end at the same moment of the presentation as their sound.
func (d *dash) play(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	outcomes := make([]error, len(d.renditions))
	var parties sync.WaitGroup
	for i, r := range d.renditions {
		parties.Go(func() {
			outcomes[i] = r.play(ctx)
			if e, ok := r.w.(interface{ End() }); ok && len(d.renditions) > 1 {
				e.End()
			}
			if outcomes[i] != nil && outcomes[i] != ErrReopen {
				cancel(outcomes[i])
			}
		})
	}
	parties.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return outcomes[0]
}

// enter chooses where to begin, or to go on: the periods to play and the place in each list.
func (d *dash) enter(ctx context.Context) error {
	at := d.request.Position
	groups := d.p.groups()
	var lacking error
	groups = slices.DeleteFunc(groups, func(g []period) bool {
		if len(g[0].tracks) == 0 {
			lacking = g[0].lacking
		}
		return len(g[0].tracks) == 0
	})
	if len(groups) == 0 {
		return lacking
	}
	if at.pictures.started {
		if i := slices.IndexFunc(groups, func(g []period) bool { return g[len(g)-1].end > at.pictures.sequence }); i >= 0 {
			d.adopt(groups[i])
			at.pictures.sequence = max(at.pictures.sequence, groups[i][0].start)
			at.sound.sequence = max(at.sound.sequence, groups[i][0].start)
			return nil
		}
		*at = Position{}
	}
	d.adopt(groups[0])
	if !d.p.live {
		return nil
	}
	for _, g := range slices.Backward(groups) {
		d.adopt(g)
		pictures, _, err := d.list(ctx, 0)
		if err != nil {
			return err
		}
		if n := len(pictures.segments); n > 0 {
			return d.enterAt(ctx, pictures.segments[pictures.entry()].sequence)
		}
	}
	return nil
}

// enterAt begins with the pictures at a moment, and with the sound of then.
func (d *dash) enterAt(ctx context.Context, moment int64) error {
	at := d.request.Position
	at.pictures = place{started: true, sequence: moment}
	if len(d.group[0].tracks) == 1 {
		return nil
	}
	sound, _, err := d.list(ctx, 1)
	if err != nil {
		return err
	}
	for _, s := range sound.segments {
		if s.sequence <= moment || !at.sound.started {
			at.sound = place{started: true, sequence: s.sequence}
		}
	}
	return nil
}

// adopt takes periods as those that are played.
func (d *dash) adopt(group []period) {
	d.group = group
	clear(d.keys)
	for _, p := range group {
		d.keys[p.key] = true
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

// relocate finds the periods that are played in the MPD as it is now. When they are gone, the lists end where they are.
func (d *dash) relocate() bool {
	for _, g := range d.p.groups() {
		if slices.ContainsFunc(g, func(p period) bool { return d.keys[p.key] }) {
			d.adopt(g)
			return true
		}
	}
	for _, r := range d.renditions {
		if list := *r.window.last(); !list.ended {
			list.ended = true
			if n := len(list.segments); n > 0 {
				list.follows = list.segments[n-1].next
			}
			list.follows = max(list.follows, 1)
			r.window.set(&list)
		}
	}
	return false
}

// list is what there is now of a track of the periods being played, and when time adds to that.
func (d *dash) list(ctx context.Context, track int) (*playlist, int64, error) {
	out, grows, now := &playlist{closed: true}, int64(0), d.clock.Now()
	longest := int64(0)
	for i := range d.group {
		p := &d.group[i]
		index, err := d.indexOf(ctx, p.tracks[track])
		if err != nil {
			return nil, 0, err
		}
		t, err := newTimeline(p, p.tracks[track], index)
		if err != nil {
			return nil, 0, err
		}
		l, err := t.list(d.p, now, d.clock.Due)
		if err != nil {
			return nil, 0, err
		}
		if i > 0 && len(l.segments) > 0 && !d.group[i-1].continues(p) {
			l.segments[0].discontinuity = true
		}
		if len(out.segments) == 0 {
			out.sequence = l.first
		}
		out.segments = append(out.segments, l.segments...)
		out.length += int(min(l.count, 1<<30))
		longest = max(longest, l.longest)
		if l.grows > 0 && (grows == 0 || l.grows < grows) {
			grows = l.grows
		}
	}
	out.target = time.Duration(longest) * time.Microsecond
	out.delay = max(time.Duration(d.p.delay)*time.Microsecond, 3*out.target)
	d.close(out, longest)
	return out, grows, nil
}

// close tells whether a list is finished, and what follows.
func (d *dash) close(list *playlist, longest int64) {
	last := d.group[len(d.group)-1]
	next := slices.IndexFunc(d.p.periods, func(p period) bool { return p.start >= last.end && len(p.tracks) > 0 && !d.keys[p.key] })
	if next >= 0 {
		list.follows = d.p.periods[next].start
	}
	if !d.p.live {
		list.ended = true
		return
	}
	n := len(list.segments)
	whole := n > 0 && list.segments[n-1].next >= last.end-shortest
	over := !last.open && (whole || d.clock.Now() >= last.end+longest && d.answered.After(d.clock.Due(last.end)))
	list.ended = over && (next >= 0 || d.p.update < 0)
}

// indexOf is the segment index of r, nil when it has none; it is read once.
func (d *dash) indexOf(ctx context.Context, r *representation) ([]subsegment, error) {
	if !r.indexed {
		return nil, nil
	}
	key := r.base.String() + " " + r.segments.IndexRange
	if index, ok := d.indexes[key]; ok {
		return index, nil
	}
	index, err := d.index(ctx, r)
	if err == nil {
		d.indexes[key] = index
	}
	return index, err
}

// tell tells the meter what changed from one list of the pictures to the next.
func (d *dash) tell(before, now *playlist) {
	target := now.target
	if r := d.group[len(d.group)-1].tracks[0]; d.p.live && r.segments.Timeline != nil {
		target = max(target, time.Duration(d.p.update)*time.Microsecond)
	}
	d.meter.update(func(s *PlaylistState) {
		if before == nil || !now.same(before) {
			if before != nil {
				s.Step = now.sequence - before.sequence
			}
			s.Changed = time.Now()
		}
		s.Target, s.MediaSequence, s.Length, s.Timed = target, now.sequence, now.length, d.p.live
		if s.Skew = nil; d.clock.known {
			skew := d.clock.skew
			s.Skew = &skew
		}
	})
}

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
			if err != nil && d.interval() > 0 && time.Since(d.answered) >= 3*d.interval() {
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
