package source

import (
	"context"
	"io"
	"sync"
	"time"
)

// window is the playlist as it was last seen, shared between who reloads it and who walks it.
type window struct {
	mu       sync.Mutex
	playlist *playlist
	err      error
	// changed is closed and made anew whenever the other fields are set.
	changed chan struct{}
}

func (w *window) set(p *playlist) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.playlist = p
	w.wake()
}

// end lets next return err once all that is listed has been walked.
func (w *window) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
	w.wake()
}

func (w *window) wake() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// next waits for the segment at position and tells how many were missed before it. io.EOF: the playlist is finished and walked.
func (w *window) next(ctx context.Context, at *Position) (s segment, missed int64, err error) {
	for {
		w.mu.Lock()
		p, failed, changed := w.playlist, w.err, w.changed
		w.mu.Unlock()
		index, missed := p.index(at)
		switch {
		case index < len(p.segments):
			at.started = true
			return p.segments[index], missed, nil
		case p.ended:
			return segment{}, 0, io.EOF
		case failed != nil:
			return segment{}, 0, failed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return segment{}, 0, ctx.Err()
		}
	}
}

// index is where the segment at position stands, the list's length when it is not listed yet, and how many segments before it left
// the list unseen. A list that lies wholly behind the position by more than its own length is a restarted stream: it is entered
// anew.
func (p *playlist) index(at *Position) (index int, missed int64) {
	n := int64(len(p.segments))
	offset := at.sequence - p.sequence
	switch {
	case n == 0:
		return 0, 0
	case !at.started, offset > 2*n && !p.ended:
		return p.entry(), 0
	case offset < 0:
		index = p.entry()
		return index, int64(index) - offset
	}
	return int(min(offset, n)), 0
}

// entry is where a client begins: RFC 8216 section 6.3.3 wants a live stream's first segment to start no nearer to the end than three
// target durations.
func (p *playlist) entry() int {
	if p.ended {
		return 0
	}
	var ahead time.Duration
	for i := len(p.segments) - 1; i > 0; i-- {
		if ahead += p.segments[i].duration; ahead >= 3*p.target {
			return i
		}
	}
	return 0
}
