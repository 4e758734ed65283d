package source

import (
	"context"
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
	indexes map[string]*resourceIndex
	// longest is the longest segment's duration, grows when time will add one to a list, zero if it will not.
	longest time.Duration
	grows   time.Time
	// doubted tells follow that a segment is not where the MPD says.
	doubted chan struct{}
}

// playDASH follows the MPD that is the text of an answer.
func (f *fetcher) playDASH(ctx context.Context, b *body, text []byte) error {
	d := &dash{fetcher: f, keys: map[string]bool{}, indexes: map[string]*resourceIndex{}, doubted: make(chan struct{}, 1)}
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
		end := func() {}
		if e, ok := r.w.(interface{ End() }); ok && len(d.renditions) > 1 {
			end = e.End
		}
		if r.beside {
			// A Write that waits for the pictures ends with them.
			defer context.AfterFunc(ctx, end)()
		}
		parties.Go(func() {
			outcomes[i] = r.play(ctx)
			end()
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
	here := -1
	if at.pictures.started {
		here = slices.IndexFunc(groups, func(g []period) bool { return g[len(g)-1].end > at.pictures.sequence })
	}
	if here < 0 {
		*at = Position{}
	}
	d.adopt(groups[max(here, 0)])
	if here >= 0 {
		start := d.group[0].start
		at.pictures.sequence, at.sound.sequence = max(at.pictures.sequence, start), max(at.sound.sequence, start)
	}
	switch {
	case d.p.live && (here < 0 || at.pictures.rejoin):
		return d.enterLive(ctx, groups)
	case at.pictures.rejoin:
		return d.enterAt(ctx, at.pictures.sequence)
	}
	return nil
}

// enterLive begins as near to the end as a client does that begins, but not before the place of the pictures.
func (d *dash) enterLive(ctx context.Context, groups [][]period) error {
	here, at := d.group, d.request.Position.pictures
	for _, g := range slices.Backward(groups) {
		d.adopt(g)
		pictures, _, err := d.list(ctx, 0)
		if err != nil {
			return err
		}
		if len(pictures.segments) == 0 {
			continue
		}
		moment := pictures.segments[pictures.entry()].sequence
		if at.started && at.sequence >= moment {
			d.adopt(here)
			moment = at.sequence
		}
		return d.enterAt(ctx, moment)
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
		if s.next <= moment {
			at.sound.sequence = s.next
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
