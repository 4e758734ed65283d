package transport

import (
	"math"

	"github.com/framewatch/framewatch/schemas"
)

// cuesMost bounds the cues that are handed out with a second, changesMost those that wait for their time.
const (
	cuesMost    = 16
	changesMost = 32
)

// cues is what the cues say up to now, in stream time.
type cues struct {
	// Of the second: the sections, and the cues in them.
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

// cue takes a cue that came on p.
func (m *Monitor) cue(p *pid, c *cue) {
	q := &m.cues
	if len(q.events) < cuesMost {
		q.events = append(q.events, c.SpliceEvent)
	}
	q.last, q.at, q.any = c.SpliceEvent, m.clock.now, true
	switch {
	case c.Cancelled:
		q.cancel(*c.EventID)
	case c.Out != nil:
		at := m.clock.now + m.ahead(p, c.PTS)
		until := at
		if *c.Out {
			until = math.MaxInt64
			if c.Duration != nil && (c.auto || c.slot > 0) {
				until = at + *c.Duration*300
			}
		}
		q.wait(change{at: at, until: until, slot: c.slot, id: *c.EventID})
	}
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
