package source

import (
	"context"
	"io"
	"sort"
	"sync"
	"time"
)

// Position is how far a segmented stream has been fetched. The zero value is its start: near the end of a live stream, the first
// segment of a finished one.
type Position struct{ pictures, sound place }

// Rejoin tells that what was fetched did not come to its end in order. The next Fetch goes on with the pictures where they were, but in a live list
// no further behind than a client that begins, and with the sound where the pictures are.
func (p *Position) Rejoin() {
	p.pictures.rejoin = p.pictures.started
	p.sound = place{}
}

// place is how far one list of segments has been fetched.
type place struct {
	started bool
	// rejoin tells that segments of a live list are passed over that a client which begins would not play.
	rejoin bool
	// sequence is the one to fetch next.
	sequence int64
}

// window is the list as it was last seen, shared between who reloads it and who walks it.
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
	w.playlist, w.err = p, nil
	w.wake()
}

// last is the list as it was last seen.
func (w *window) last() *playlist {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.playlist
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

// next waits for the segment at position and tells how many were missed before it. io.EOF: the list is finished and walked.
func (w *window) next(ctx context.Context, at *place) (s segment, missed int64, err error) {
	for {
		w.mu.Lock()
		p, failed, changed := w.playlist, w.err, w.changed
		w.mu.Unlock()
		index, missed := p.index(at)
		switch {
		case index < len(p.segments):
			at.started, at.rejoin = true, false
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
func (p *playlist) index(at *place) (index int, missed int64) {
	n := len(p.segments)
	if n == 0 {
		return 0, 0
	}
	first, end := p.segments[0].sequence, p.segments[n-1].next
	switch {
	case !at.started, at.sequence-end > end-first && !p.ended:
		return p.entry(), 0
	case at.sequence < first:
		index = p.entry()
		return index, int64(index) + (first-at.sequence)/max(p.segments[0].next-first, 1)
	}
	// A segment whose larger part is still to come is due: time stamps do not always meet exactly.
	index = sort.Search(n, func(i int) bool { s := p.segments[i]; return s.sequence+(s.next-s.sequence)/2 >= at.sequence })
	if at.rejoin && !p.ended {
		index = max(index, p.entry())
	}
	return index, 0
}

// rest is how long the segments from index on last.
func (p *playlist) rest(index int) (rest time.Duration) {
	for _, s := range p.segments[index:] {
		rest += s.duration
	}
	return rest
}

// entry is where a client begins: a live stream's first segment starts no nearer to the end than delay.
func (p *playlist) entry() int {
	if p.ended {
		return 0
	}
	var ahead time.Duration
	for i := len(p.segments) - 1; i > 0; i-- {
		if ahead += p.segments[i].duration; ahead >= p.delay {
			return i
		}
	}
	return 0
}
