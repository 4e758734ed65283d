package lab

import (
	"sync"
	"time"
)

// channel is one live stream: the clip's pieces over and over, with those of the faults where they are planned.
type channel struct {
	clip    Clip
	footage *rendition
	// broken are the renditions of the faults by kind; an outage has none.
	broken map[string]*rendition
	plans  []Plan

	mu       sync.Mutex
	anchors  []anchor
	segments segments
}

// anchor is an instant at which a client began to present, or went on after a pause, the piece that it began with, and the last one that it was given from there on.
type anchor struct {
	piece, last int64
	time        time.Time
}

// presents is when the start of the n-th piece is presented.
func (a anchor) presents(n int64) time.Time { return a.time.Add(duration(n - a.piece)) }

// piece is what is on in the n-th piece of the stream; ok is false during an outage.
func (c *channel) piece(n int64) (p piece, ok bool) {
	plan, on := c.plan(n)
	// The footage runs so that a fault begins when it would start again: a freeze holds the picture seen last.
	since := (n - plan.From) % int64(c.clip.Pieces)
	if since < 0 {
		since += int64(c.clip.Pieces)
	}
	p = c.footage.pieces[since]
	if !on {
		return p, true
	}
	if plan.Fault.Outage() {
		return piece{}, false
	}
	broken := c.broken[plan.Fault.Kind].pieces[n-plan.From]
	if plan.Fault.Picture != nil {
		p.pictures = broken.pictures
	}
	if plan.Fault.Sound != nil {
		p.sounds = broken.sounds
	}
	return p, true
}

// plan is the fault that is on in the n-th piece, or else the next to come, or else the last.
func (c *channel) plan(n int64) (plan Plan, on bool) {
	for _, plan = range c.plans {
		if n < plan.To {
			return plan, n >= plan.From
		}
	}
	return plan, false
}

// delivered notes that a client was given the n-th piece at time now. Clients present in real time from the first piece on; one that
// comes late or again is presented at once, and one behind a hole when all that the client has is over.
func (c *channel) delivered(n int64, now time.Time) {
	const late = 500 * time.Millisecond
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.anchors) > 0 {
		a := &c.anchors[len(c.anchors)-1]
		switch done := a.presents(a.last + 1); {
		case n == a.last+1 && now.Sub(done) <= late:
			a.last = n
			return
		case n > a.last+1 && done.After(now):
			now = done
		}
	}
	c.anchors = append(c.anchors, anchor{n, n, now})
}

// presented is when the client presents the start of the n-th piece. The lock is held and there is an anchor.
func (c *channel) presented(n int64) time.Time {
	a := c.anchors[0]
	for _, later := range c.anchors {
		if later.piece <= n {
			a = later
		}
	}
	return a.presents(n)
}

// starts is when the client presents the start of a fault. An outage stays when it first was, though a client of HLS that joins anew may be given
// what stands in front of it again; any other fault that is presented again counts as of then. The lock is held and there is an anchor.
func (c *channel) starts(p Plan) time.Time {
	if p.Fault.Outage() {
		for _, a := range c.anchors {
			if a.piece < p.From && p.From-1 <= a.last {
				return a.presents(p.From)
			}
		}
	}
	return c.presented(p.From)
}

// injected are the faults whose start has reached the client, or would have but for an outage.
func (c *channel) injected(now time.Time) []Injected {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.anchors) == 0 {
		return nil
	}
	var list []Injected
	for _, p := range c.plans {
		start := c.starts(p)
		if start.After(now) {
			break
		}
		list = append(list, Injected{Stream: c.clip.Name, Kind: p.Fault.Kind, Start: start, End: c.presented(p.To)})
	}
	return list
}
