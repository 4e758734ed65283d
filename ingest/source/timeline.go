package source

import (
	"errors"
	"fmt"
	"time"
)

const (
	// maxListed is how many segments of a live list are kept: the newest.
	maxListed = 1024
	// maxEarly is how far ahead of the live edge a segment that the MPD lists by its time may be, microseconds: it is the MPD's word against
	// the clock's.
	maxEarly = 10_000_000
	// shortest is the shortest rest of a period that is a segment, microseconds; less is the rounding of its duration.
	shortest = 5_000
)

// run is a row of segments of one duration, in ticks of the representation's timescale; count -1: as many as there is room for.
type run struct{ time, duration, count int64 }

// subsegment is a run of one whose place in the resource an index told.
type subsegment struct {
	run
	part span
}

// timeline is the segments of one representation in one period.
type timeline struct {
	*representation
	period *period
	runs   []run
	// parts are where the segments are in the resource at base, when an index told.
	parts []span
	// clocked tells that time alone makes the list grow; listed that the MPD gives each segment's time.
	clocked bool
}

// newTimeline lays out the segments as the MPD lists them (ISO/IEC 23009-1 section 5.3.9.6).
func newTimeline(p *period, r *representation, index []subsegment) (*timeline, error) {
	t := &timeline{representation: r, period: p}
	each := numeral(r.segments.Duration, 0)
	switch {
	case r.indexed:
		for _, s := range index {
			t.runs, t.parts = append(t.runs, s.run), append(t.parts, s.part)
		}
	case r.segments.Timeline != nil:
		return t, t.listed()
	case each > 0:
		t.clocked = true
		t.runs = []run{{r.offset, min(each, 1<<40), t.most()}}
	case r.media == nil && len(r.segments.URLs) > 0, r.media != nil:
		// No duration: one segment for the whole period.
		length := int64(1 << 40)
		if !p.open {
			length = max(ticks(p.end-p.start, r.timescale), 1)
		}
		t.runs = []run{{r.offset, length, 1}}
	default:
		return nil, errors.New("the MPD lists no segments")
	}
	return t, nil
}

// most is how many segments of one duration the MPD has room for by number, -1 when it does not say.
func (t *timeline) most() int64 {
	if t.media == nil {
		return int64(len(t.segments.URLs))
	}
	if last := numeral(t.segments.EndNumber, -1); last >= 0 {
		return max(last-t.number+1, 0)
	}
	return -1
}

// listed reads a SegmentTimeline.
func (t *timeline) listed() error {
	at := int64(0)
	entries := t.segments.Timeline.S
	for i, s := range entries {
		at = min(max(numeral(s.T, at), 0), 1<<60)
		r := run{at, min(numeral(s.D, 0), 1<<40), numeral(s.R, 0) + 1}
		if r.duration <= 0 {
			return errors.New("the MPD's SegmentTimeline has a segment without a duration")
		}
		if r.count <= 0 && i+1 < len(entries) {
			r.count = max((numeral(entries[i+1].T, at)-at+r.duration-1)/r.duration, 0)
		}
		if r.count <= 0 && i+1 == len(entries) {
			r.count, t.clocked = -1, true
		}
		if r.count > (1<<60-at)/r.duration {
			return errors.New("the MPD's SegmentTimeline has too many segments")
		}
		at += max(r.count, 0) * r.duration
		t.runs = append(t.runs, r)
	}
	return nil
}

// starts is when a time stamp is presented, in the presentation's microseconds.
func (t *timeline) starts(at int64) int64 { return t.period.start + scaled(at-t.offset, t.timescale) }

// reaches is the first segment of r that ends after a moment; as many end before it.
func (t *timeline) reaches(r run, moment int64) int64 {
	return floor(ticks(moment-t.period.start, t.timescale)+t.offset-r.time, r.duration)
}

// listing is the segments of a timeline that there are at some moment.
type listing struct {
	segments []segment
	// count is how many there are, of which segments are the newest; first the number of the oldest; longest the longest duration, in
	// microseconds.
	count, first, longest int64
	// grows is when the next one will be there, 0 when time does not tell.
	grows int64
}

// list tells which segments there are. In a live presentation these are from depth before edge, which is now, to edge, in
// microseconds; due turns when a segment is there into our clock.
func (t *timeline) list(p *presentation, edge int64, due func(int64) time.Time) (out listing, err error) {
	index := int64(0)
	for _, r := range t.runs {
		from, to := t.span(p, r, edge, &out)
		if n := to - from; n > 0 && out.count == 0 {
			out.first = t.number + index + from
			if !t.numbered() {
				out.first = (r.time + from*r.duration) / r.duration
			}
		}
		out.count = min(out.count+max(to-from, 0), 1<<60)
		switch {
		case p.live:
			from = max(from, to-maxListed)
		case to < 0:
			return out, errors.New("the MPD does not say how long it lasts")
		case out.count > maxSegments:
			return out, fmt.Errorf("the MPD lists more than %d segments", maxSegments)
		}
		for i := from; i < to; i++ {
			s, err := t.segment(r, i, index+i)
			if err != nil {
				return out, err
			}
			if p.live {
				s.due = due(s.next)
			}
			out.segments = append(out.segments, s)
			out.longest = max(out.longest, s.duration.Microseconds())
		}
		index = min(index+max(r.count, 0), 1<<60)
		if n := len(out.segments); p.live && n > 2*maxListed {
			out.segments = append(out.segments[:0], out.segments[n-maxListed:]...)
		}
	}
	return out, nil
}

// span is which segments of a run there are: those within the period, and of a live one those that the clock lets be there.
func (t *timeline) span(p *presentation, r run, edge int64, out *listing) (from, to int64) {
	from, to = max(t.reaches(r, t.period.start), 0), r.count
	if ends := max(t.reaches(r, t.period.end-shortest)+1, 0); !t.period.open && (to < 0 || ends < to) {
		to = ends
	}
	if !p.live {
		return from, to
	}
	if !t.clocked || t.segments.Timeline != nil && r.count >= 0 {
		there := max(t.reaches(r, edge+maxEarly), 0)
		return from, min(there, to)
	}
	if there := max(t.reaches(r, edge), 0); to < 0 || there < to {
		if out.grows == 0 {
			out.grows = t.starts(r.time + (there+1)*r.duration)
		}
		to = there
	}
	if p.depth >= 0 {
		// A segment is kept for its own duration and the depth after it is complete (section A.3.2).
		from = max(from, t.reaches(r, edge-p.depth)-1)
	}
	return from, to
}

// segment is number i of a run, the one of this index in the period.
func (t *timeline) segment(r run, i, index int64) (s segment, err error) {
	at := r.time + i*r.duration
	s = segment{sequence: t.starts(at), next: t.starts(at + r.duration), init: t.init, protection: t.protection}
	s.duration = time.Duration(s.next-s.sequence) * time.Microsecond
	if t.parts != nil {
		s.url, s.part = t.base.String(), t.parts[index]
		return s, nil
	}
	s.url, s.part, err = t.address(index, t.number+index, at)
	return s, err
}
