package rule

import "time"

const (
	// lastingSpan is how long a bad verdict on one picture stays.
	lastingSpan = 1500 * time.Millisecond
	// untilHeartbeat is the `for` of rules with such verdicts: by then the heartbeat has come that tells whether we lost something ourselves,
	// which makes what is pending unknown.
	untilHeartbeat = 1200 * time.Millisecond
)

// lasting keeps a bad verdict on one picture for a while.
type lasting struct {
	bad   Verdict
	until int64
}

// take is the verdict on a picture at t, or the bad one that still lasts.
func (l *lasting) take(t int64, v Verdict) Verdict {
	switch {
	case v.State == Bad:
		l.bad, l.until = v, t+lastingSpan.Microseconds()
	case t < l.until && l.bad.State == Bad:
		return l.bad
	}
	return v
}
