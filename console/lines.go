package console

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// takePlace takes one of so many places; false: there is none, and it has answered after how many seconds to ask again, and why.
func takePlace(w http.ResponseWriter, places chan struct{}, after, why string) bool {
	select {
	case places <- struct{}{}:
		return true
	default:
		w.Header().Set("Retry-After", after)
		writeError(w, http.StatusServiceUnavailable, why)
		return false
	}
}

// untilClosed is a context that the console's closing ends too. end ends it, and is to be called.
func (c *Console) untilClosed(ctx context.Context) (_ context.Context, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var closing sync.WaitGroup
	closing.Go(func() {
		select {
		case <-c.feed.closed:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() { cancel(); closing.Wait() }
}

// lines is an answer of one JSON object a line, each of which is sent at once. It is safe for concurrent use.
type lines struct {
	mu    sync.Mutex
	w     http.ResponseWriter
	flush *http.ResponseController
	begun bool
}

func newLines(w http.ResponseWriter) *lines {
	return &lines{w: w, flush: http.NewResponseController(w)}
}

func (l *lines) write(line any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.begun {
		l.begun = true
		h := l.w.Header()
		h.Set("Content-Type", "application/x-ndjson")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no")
	}
	_ = l.flush.SetWriteDeadline(time.Now().Add(whatIfWrite))
	if err := json.NewEncoder(l.w).Encode(line); err != nil {
		return err
	}
	return l.flush.Flush()
}
