package detector

import "time"

const (
	// voidAfter is how long, by ticks, a session must be silent to lose a stream.
	voidAfter = 5 * time.Second
	// outlivedAfter is how far an older session's records must be ahead of the newer one's last for the newer to have lost the stream. It counts
	// where there are no ticks.
	outlivedAfter = 10 * time.Second
)

// owner is the session that a stream's records are taken from: the newest, until it falls silent.
type owner struct {
	held    bool
	session int64
	// heard is the log's time when its last record was folded, instant that record's own; microseconds.
	heard, instant int64
}

// accept tells whether a record of a session is to be taken, and whether its session is another than before.
func (o *owner) accept(session, instant, now int64) (ok, changed bool) {
	older := o.held && session < o.session
	if older && instant-o.instant < outlivedAfter.Microseconds() {
		return false, false
	}
	changed = !o.held || session != o.session
	if changed {
		o.instant = instant
	}
	o.held, o.session, o.heard, o.instant = true, session, now, max(o.instant, instant)
	return true, changed
}

// tick lets a silent session lose the stream.
func (o *owner) tick(step passing) {
	switch {
	case step.away:
		o.heard = step.now
	case o.held && step.now-o.heard >= voidAfter.Microseconds():
		*o = owner{heard: o.heard}
	}
}

// silent is how long no record has been taken, by ticks, in microseconds.
func (o *owner) silent(now int64) int64 { return now - o.heard }
