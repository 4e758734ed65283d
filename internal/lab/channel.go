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
	previous int64
	// ended is when what stands in front of an outage had been presented for the first time, by the outage's first piece.
	ended    map[int64]time.Time
	segments segments
}

// anchor is an instant at which a client began to present, or went on after a pause, and the piece that it began with.
type anchor struct {
	piece int64
	time  time.Time
}

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
	if len(c.anchors) == 0 {
		c.anchors = []anchor{{n, now}}
	} else if done := c.presented(c.previous + 1); n != c.previous+1 || now.Sub(done) > late {
		if n > c.previous+1 && done.After(now) {
			now = done
		}
		c.anchors = append(c.anchors, anchor{n, now})
	}
	c.previous = n
	if p, on := c.plan(n + 1); on && p.From == n+1 && p.Fault.Outage() && c.ended[p.From].IsZero() {
		if c.ended == nil {
			c.ended = map[int64]time.Time{}
		}
		c.ended[p.From] = c.presented(p.From)
	}
}

// presented is when the client presents the start of the n-th piece. The lock is held and there is an anchor.
func (c *channel) presented(n int64) time.Time {
	a := c.anchors[0]
	for _, later := range c.anchors {
		if later.piece <= n {
			a = later
		}
	}
	return a.time.Add(duration(n - a.piece))
}

// injected are the faults whose start has reached the client, or would have but for an outage. An outage stays when it first was, though a client
// of HLS that joins anew may be given what stands in front of it again; any other fault that is presented again counts as of then.
func (c *channel) injected(now time.Time) []Injected {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.anchors) == 0 {
		return nil
	}
	var list []Injected
	for _, p := range c.plans {
		start, ok := c.ended[p.From]
		if !ok {
			start = c.presented(p.From)
		}
		if start.After(now) {
			break
		}
		list = append(list, Injected{Stream: c.clip.Name, Kind: p.Fault.Kind, Start: start, End: c.presented(p.To)})
	}
	return list
}
