package source

import (
	"context"
	"slices"
	"time"
)

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
	out.target = min(time.Duration(longest)*time.Microsecond, maxTarget*time.Second)
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

// indexOf is what r's segment index lists, nil when it has none; it is read once.
func (d *dash) indexOf(ctx context.Context, r *representation) ([]subsegment, error) {
	if !r.indexed {
		return nil, nil
	}
	key := r.base.String() + " " + r.segments.IndexRange
	index := d.indexes[key]
	if index == nil {
		var err error
		if index, err = d.index(ctx, r); err != nil {
			return nil, err
		}
		d.indexes[key] = index
	}
	index.apply(r)
	return index.segments, nil
}
