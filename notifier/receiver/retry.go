package receiver

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// Outcomes of an attempt.
const (
	Delivered = "delivered"
	Retrying  = "retrying"
	Failed    = "failed"
)

// Retry makes attempts with exponential back-off until the target takes the event, refuses it for good, or the event has grown too old.
type Retry struct {
	Receiver
	// First is the wait after the first attempt; it doubles with each further one up to Longest. Each wait is cut by up to half, at
	// random, so that targets that fell together are not asked together.
	First, Longest time.Duration
	// GiveUp is how long after its detection an event is still told. One attempt is always made, so a queue that has grown while the
	// target was away empties at the target's own speed.
	GiveUp time.Duration
	// Attempted is given each attempt when it is over.
	Attempted func(Attempt)
}

// Attempt is one try to tell one target of one event.
type Attempt struct {
	// Number counts from 1.
	Number  int
	Outcome string
	// Status as returned by the receiver.
	Status int
	// Err is nil when delivered.
	Err        error
	Start, End time.Time
}

// longestAway bounds what a target may ask by Retry-After.
const longestAway = time.Hour

// NewRetry wraps r with the waits 1 s, 2 s, 4 s, up to 5 min.
func NewRetry(r Receiver, giveUp time.Duration, attempted func(Attempt)) *Retry {
	return &Retry{Receiver: r, First: time.Second, Longest: 5 * time.Minute, GiveUp: giveUp, Attempted: attempted}
}

// Notify blocks until the event is delivered (nil), ctx has ended (its error) or no further attempt is made (the last error).
func (r *Retry) Notify(ctx context.Context, ev *schemas.DefectEvent, message string) (int, error) {
	deadline := time.UnixMicro(ev.Detected).Add(r.GiveUp)
	wait := r.First
	for n := 1; ; n++ {
		start := time.Now()
		status, err := r.Receiver.Notify(ctx, ev, message)
		if err != nil && ctx.Err() != nil {
			return status, ctx.Err()
		}
		pause := pauseAfter(err, wait)
		outcome := r.outcome(err, time.Now().Add(pause).After(deadline))
		r.Attempted(Attempt{Number: n, Outcome: outcome, Status: status, Err: err, Start: start, End: time.Now()})
		if outcome != Retrying {
			return status, err
		}
		select {
		case <-ctx.Done():
			return status, ctx.Err()
		case <-time.After(pause):
		}
		wait = min(2*wait, r.Longest)
	}
}

func (r *Retry) outcome(err error, late bool) string {
	_, permanent := errors.AsType[Permanent](err)
	switch {
	case err == nil:
		return Delivered
	case permanent || late:
		return Failed
	default:
		return Retrying
	}
}

// pauseAfter is wait less up to half of it at random, but at least as long as the target asked for.
func pauseAfter(err error, wait time.Duration) time.Duration {
	pause := wait - rand.N(wait/2)
	if busy, ok := errors.AsType[Busy](err); ok {
		return max(pause, min(busy.After, longestAway))
	}
	return pause
}
