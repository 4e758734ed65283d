package transport

import (
	"math"

	"github.com/framewatch/framewatch/schemas"
)

// comingMost bounds the cues that are ahead of what is presented, cuesMost those that are handed out with a second, changesMost those that wait for their time.
const (
	comingMost  = 64
	cuesMost    = 16
	changesMost = 32
)

// lateMost is how far what is presented may be behind what has come, and earlyMost how far in front of its PCR, in ticks: what is further away is of another
// time base, as on either side of a discontinuity.
const lateMost, earlyMost = 120 * ticksPerSecond, 10 * ticksPerSecond

// cues is what the cues say up to what is presented, in stream time.
type cues struct {
	// late is how far that is behind what has come ahead of its time, as segments do; lateMost until it is known.
	late int64
	// now is up to what stream time they were told of last, -1 before the first.
	now int64
	// coming are the cues that lie between the two, in the order in which they came.
	coming []coming
	// Of the second: the sections that came, and the cues.
	sections int
	events   []schemas.SpliceEvent
	// last is the last cue, at when it came; any tells that there was one.
	last schemas.SpliceEvent
	at   int64
	any  bool
	// waiting are the changes whose time has not come, in the order in which they came.
	waiting []change
	// open is until when each slot is out of the network.
	open [len(slots)]int64
	tags tags
}

// change opens a slot at a time until another, or closes it.
type change struct {
	at, until int64
	slot      int
	id        int64
}

// coming is a cue that came at a time, and when it takes effect.
type coming struct {
	cue
	at, effect int64
}

// cue takes a cue that came on p.
func (m *Monitor) cue(p *pid, c *cue) {
	q := &m.cues
	if len(q.coming) == comingMost {
		q.next()
	}
	q.coming = append(q.coming, coming{*c, m.clock.now, m.clock.now + m.ahead(p, c.PTS)})
}

// next lets the first of the cues that are coming be there.
func (q *cues) next() {
	c := q.coming[0]
	q.coming = append(q.coming[:0], q.coming[1:]...)
	if len(q.events) < cuesMost {
		q.events = append(q.events, c.SpliceEvent)
	}
	q.last, q.at, q.any = c.SpliceEvent, c.at, true
	switch {
	case c.Cancelled:
		q.cancel(*c.EventID)
	case c.Out != nil:
		until := c.effect
		if *c.Out {
			until = math.MaxInt64
			if c.Duration != nil && (c.auto || c.slot > 0) {
				until = c.effect + *c.Duration*300
			}
		}
		q.wait(change{at: c.effect, until: until, slot: c.slot, id: *c.EventID})
	}
}

// presented is the stream time up to which the cues are told of, which only grows: that of what came last, or of what is presented, with the time stamp pts, 90 kHz,
// where the stream comes ahead of its time, or lateMost before what came last as long as that is not known; -1 before there is any.
func (m *Monitor) presented(ahead bool, pts *int64) int64 {
	q := &m.cues
	if ahead && pts != nil && m.clock.source.pid >= 0 {
		if late := difference(m.clock.value, (*pts&ptsMask)*300); -earlyMost <= late && late <= lateMost {
			q.late = max(late, 0)
		}
	}
	late := int64(0)
	if ahead {
		late = q.late
	}
	q.now = max(q.now, m.clock.now-late)
	return q.now
}

// ahead is how long the PCR of the programme that p belongs to takes to reach pts; 0 when that cannot be told or has passed.
func (m *Monitor) ahead(p *pid, pts *int64) int64 {
	if pts == nil {
		return 0
	}
	for _, q := range m.tables.programmes {
		if pcr := m.known(max(q.pcrPID, 0)); pcr != nil && pcr.value >= 0 && q.has(p.number) {
			return max(difference(*pts*300, pcr.value), 0)
		}
	}
	return 0
}

// wait keeps a change until its time. When there are too many the oldest takes place at once.
func (q *cues) wait(c change) {
	if len(q.waiting) == changesMost {
		q.open[q.waiting[0].slot] = q.waiting[0].until
		q.waiting = append(q.waiting[:0], q.waiting[1:]...)
	}
	q.waiting = append(q.waiting, c)
}

// cancel forgets what an event would have done.
func (q *cues) cancel(id int64) {
	kept := q.waiting[:0]
	for _, c := range q.waiting {
		if c.id != id {
			kept = append(kept, c)
		}
	}
	q.waiting = kept
}

// out lets the changes up to now take place, in the order of their times, and tells whether now is out of the network.
func (q *cues) out(now int64) bool {
	for {
		first := -1
		for i, c := range q.waiting {
			if c.at <= now && (first < 0 || c.at < q.waiting[first].at) {
				first = i
			}
		}
		if first < 0 {
			break
		}
		c := q.waiting[first]
		before := q.away(c.at)
		q.open[c.slot] = c.until
		q.waiting = append(q.waiting[:first], q.waiting[first+1:]...)
		if after := q.away(c.at); after != before {
			q.tags.expect(told{at: c.at, here: true, id: &c.id, out: after})
		}
	}
	return q.away(now)
}

// away tells whether a slot is out of the network at a time.
func (q *cues) away(at int64) bool {
	for _, until := range q.open {
		if until > at {
			return true
		}
	}
	return false
}
