package ingest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// watch ends a worker from which nothing comes although it has something to work on.
type watch struct {
	after time.Duration
	// direct workers read the source themselves: what they have received they have taken.
	direct bool

	mu       sync.Mutex
	progress progress
	// media is when the last record came, heard when the worker last told its progress, moved when the decoder was last seen to take data,
	// waited when it was last seen to wait for the source.
	media, heard, moved, waited time.Time
}

// stalled is the cause with which a watch ends a try: the state that the stream is in, and why.
type stalled struct{ state, reason string }

func (e stalled) Error() string { return e.reason }

func newWatch(after time.Duration, direct bool) *watch {
	now := time.Now()
	return &watch{after: after, direct: direct, media: now, heard: now, moved: now}
}

// Media takes that a picture or a stretch of sound came at now.
func (w *watch) Media(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.media = now
}

// Progress takes what the worker told at now.
func (w *watch) Progress(p progress, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.Taken != w.progress.Taken {
		w.moved = now
	}
	if p.Waits != w.progress.Waits {
		w.waited = now
	}
	w.progress, w.heard = p, now
}

// Run looks until ctx is done or the worker is stuck; then it cancels with the reason.
func (w *watch) Run(ctx context.Context, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(min(w.after/4, time.Second))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if err := w.judge(now); err != nil {
				cancel(err)
				return
			}
		}
	}
}

// waitedWithin is how long ago a worker may have asked whether it is to go on for it to be waiting still: it asks ten times a second.
const waitedWithin = 3 * time.Second

// judge tells a worker that hangs, which is our fault, from a source whose data holds nothing. A source that sends nothing is Fetch's to
// tell, or the worker's when libav reads the source itself; here it is told when the worker waits for much longer than its bounds.
func (w *watch) judge(now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case now.Sub(w.media) < w.after:
		return nil
	case now.Sub(w.heard) >= w.after:
		return stalled{fault, fmt.Sprintf("the worker has not answered for %v", w.after)}
	case now.Sub(w.moved) < w.after/2: // The last of what it took may have been seen after the last that it gave.
		return stalled{down, because(fmt.Sprintf("no pictures and no sound in the data for %v", w.after), w.progress.Refused)}
	case w.direct && now.Sub(w.waited) < waitedWithin && now.Sub(w.media) < 2*w.after:
		return nil
	case w.direct && now.Sub(w.waited) < waitedWithin:
		return stalled{down, fmt.Sprintf("nothing has come from the source for %v", 2*w.after)}
	case w.direct || w.progress.Received > w.progress.Taken:
		return stalled{fault, fmt.Sprintf("the decoder has hung for %v", w.after)}
	}
	return nil
}
