package source

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// maxFailures is how many segments in a row may fail before the stream is taken to have broken off.
const maxFailures = 3

// rendition is one list of segments on its way to one writer, by two parties: fetch gets segments, at most one ahead, and play writes
// them. Who follows the list, a third party, puts it into the window.
type rendition struct {
	*fetcher
	place  *place
	window window
	keys   keyring
	w      io.Writer
	// discontinuity tells w that what follows does not go on.
	discontinuity func()
	// begun tells that a segment has been fetched; init is the initialisation section that was written in front of it, from where.
	begun bool
	init  []byte
	from  section
	// spare holds the two buffers that segments are read into in turn.
	spare chan []byte
}

func newRendition(f *fetcher, at *place, w io.Writer, discontinuity func()) *rendition {
	r := &rendition{fetcher: f, place: at, w: w, discontinuity: discontinuity, window: window{changed: make(chan struct{})}, spare: make(chan []byte, 2)}
	r.spare <- nil
	r.spare <- nil
	return r
}

// play writes segments until the list ends or cannot be followed.
func (r *rendition) play(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var parties sync.WaitGroup
	defer parties.Wait()
	defer cancel()
	ready := make(chan piece)
	var fetched error
	parties.Go(func() {
		defer close(ready)
		fetched = r.fetch(ctx, ready)
	})
	for p := range ready {
		if p.discontinuous {
			r.discontinuity()
		}
		if _, err := r.w.Write(p.data); err != nil {
			return err
		}
		r.spare <- p.data
	}
	return fetched
}

// piece is a segment as it is written; discontinuous tells that it does not go on where the one before it ended.
type piece struct {
	data          []byte
	discontinuous bool
}

// fetch gets one segment after the other and hands them to ready. A segment that fails is passed over.
func (r *rendition) fetch(ctx context.Context, ready chan<- piece) error {
	handed := true // whether the segment before was; of the beginning Fetch tells
	for failures := 0; ; {
		s, missed, err := r.window.next(ctx, r.place)
		if err == io.EOF {
			return r.finish()
		}
		if err != nil {
			return err
		}
		r.meter.update(func(state *PlaylistState) { state.Missed += missed })
		if !s.gap {
			err = r.hand(ctx, s, s.discontinuity || missed > 0 || !handed, ready)
		}
		handed = !s.gap && err == nil
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == ErrReopen:
			return err
		case err == nil:
			failures = 0
		default:
			r.meter.update(func(state *PlaylistState) { state.SegmentErrors++ })
			if failures++; failures == maxFailures {
				return fmt.Errorf("%d segments in a row failed, the last one with: %w", failures, err)
			}
		}
		r.place.sequence = s.next
	}
}

// finish is the end of a finished list.
func (r *rendition) finish() error {
	if !r.request.Loop {
		return nil
	}
	*r.place = place{}
	if r.from.url != "" {
		return ErrReopen
	}
	return nil
}
