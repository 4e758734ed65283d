package ingest

import "sync"

// lag is how far a worker is behind its work: the least of what its units said since it was last asked, so that only what lasts is told. It is safe for
// concurrent use.
type lag struct {
	// waiting is for how long the oldest data has waited for the decoder, microseconds; nil when that is not known.
	waiting func() int64

	mu    sync.Mutex
	least int64
	any   bool
	// live: data that waits is late.
	live bool
	// asked is when the lag was last told, busy for how long the worker has worked since, in microseconds since session.
	asked, busy int64
}

// Note takes how late one unit was done and how long it was worked on, microseconds.
func (l *lag) Note(late, worked int64, live bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.any || late < l.least {
		l.least = late
	}
	l.any, l.live = true, live
	l.busy += worked
}

// Tell gives the lag since the last call, microseconds, at now. A worker that opens the source itself cannot tell its own slowness from data that comes late but
// by having been busy: half of the time at least.
func (l *lag) Tell(now int64) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	told := max(l.least, 0)
	switch {
	case l.waiting != nil && !l.any && l.live:
		told = l.waiting()
	case !l.any, l.waiting == nil && 2*l.busy < now-l.asked:
		told = 0
	}
	l.least, l.any, l.asked, l.busy = 0, false, now, 0
	return told
}
