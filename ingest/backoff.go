package ingest

import (
	"math/rand/v2"
	"time"
)

// backoff is how long to wait before the next try. One goroutine.
//
//	source gives nothing: 0.25 s, doubling up to the limit, each spread by a quarter
//	worker crashed:       0.1 s, doubling; the fifth crash within a minute: quarantine, doubling each time up to 16-fold
//
// A stretch of steady presentation forgets both.
type backoff struct {
	// most is the longest wait for a source that is down, quarantine the first for a worker that keeps crashing.
	most, quarantine time.Duration

	failures int
	crashes  []time.Time
	sentence time.Duration
}

const (
	firstRetry   = 250 * time.Millisecond
	crashRetry   = 100 * time.Millisecond
	crashesMost  = 5
	crashWindow  = time.Minute
	sentenceMost = 16
	// steady is how long a stream must have been presented for the source's failures to be forgotten, and steadyWorker for the crashes.
	steady       = 5 * time.Second
	steadyWorker = 5 * time.Minute
)

// Presented tells for how long the try that just ended had pictures or sound.
func (b *backoff) Presented(d time.Duration) {
	if d >= steady {
		b.failures = 0
	}
	if d >= steadyWorker {
		b.crashes, b.sentence = nil, 0
	}
}

// Down is the wait after a try that the source ended.
func (b *backoff) Down() time.Duration {
	wait := min(firstRetry<<min(b.failures, 16), b.most)
	b.failures++
	return spread(wait)
}

// Crash is the wait after a try that our worker ended at now, and whether it is quarantine.
func (b *backoff) Crash(now time.Time) (wait time.Duration, quarantined bool) {
	b.crashes = append(b.crashes, now)
	for now.Sub(b.crashes[0]) > crashWindow {
		b.crashes = b.crashes[1:]
	}
	if n := len(b.crashes); n < crashesMost {
		return spread(crashRetry << (n - 1)), false
	}
	b.crashes = nil
	b.sentence = min(max(2*b.sentence, b.quarantine), sentenceMost*b.quarantine)
	return spread(b.sentence), true
}

// Suspect tells that a worker of this stream has crashed lately.
func (b *backoff) Suspect() bool { return len(b.crashes) > 0 || b.sentence > 0 }

// spread moves d by up to a quarter either way, so that streams that fell together do not come back together.
func spread(d time.Duration) time.Duration {
	return d - d/4 + rand.N(d/2+1)
}
