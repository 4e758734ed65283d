package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/framewatch/framewatch/ingest/access"
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
	// cipher is how the beginning says that samples are encrypted, when guarded.
	cipher  cipherScheme
	guarded bool
	ruler   ruler
	// beside tells that it is the sound of pictures that another rendition brings, which go on without it; doubt that a segment was not
	// where the list says.
	beside bool
	doubt  func()
	dates  dates
	// join tells to begin where pictures do whose list has so much rest, and which begin at a date, zero when that is not known; bound is shared by
	// the renditions of one decoder.
	join  bool
	rest  time.Duration
	begin time.Time
	bound *bound
	// tags are those about cues, announced what waits for the next segment that is to be had.
	tags      tags
	announced announcement
	// late is the sequence of the last segment that was asked for in vain when it was due.
	late int64
	// spare holds the two buffers that segments are read into in turn.
	spare chan []byte
}

func newRendition(f *fetcher, at *place, w io.Writer, discontinuity func()) *rendition {
	r := &rendition{fetcher: f, place: at, w: w, discontinuity: discontinuity, doubt: func() {}, bound: &bound{}, window: window{changed: make(chan struct{})}, spare: make(chan []byte, 2)}
	r.bound.Store(unbound)
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
		p.announcement.tell(r.w)
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
	announcement
}

// fetch gets one segment after the other and hands them to ready. A segment that fails is passed over.
func (r *rendition) fetch(ctx context.Context, ready chan<- piece) error {
	broken := false // whether what comes next does not go on; of the beginning Fetch tells
	var last error  // of a segment
	for failures := 0; ; {
		s, missed, err := r.window.next(ctx, r.place)
		if err == io.EOF && last != nil && !r.begun && !r.beside {
			return last
		}
		if err == io.EOF {
			return r.finish()
		}
		if err != nil {
			return err
		}
		r.meter.update(func(state *PlaylistState) { state.Missed += missed })
		restarted := r.begun && s.next <= r.place.sequence
		r.place.sequence = s.sequence
		if s.era >= r.bound.Load() {
			return ErrReopen
		}
		broken = broken || s.discontinuity || missed > 0 || restarted
		r.announced.add(missed > 0, r.tags.due(r.window.last().tags, s))
		if !s.gap {
			err = r.hand(ctx, s, broken, ready)
		}
		if err != nil && r.await(ctx, s, err) {
			continue
		}
		broken = s.gap || err != nil
		var sealed encrypted
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == ErrReopen:
			r.bound.lower(s.era)
			return err
		case errors.As(err, &sealed), errors.As(err, new(access.Denied)):
			return err
		case err == nil:
			failures = 0
		default:
			r.meter.update(func(state *PlaylistState) { state.SegmentErrors++ })
			r.doubt()
			if failures++; failures >= maxFailures && !r.beside {
				return fmt.Errorf("%d segments in a row failed, the last one with: %w", failures, err)
			}
			last = fmt.Errorf("no segment was to be had, the last one failed with: %w", err)
		}
		r.place.sequence = s.next
	}
}

// await tells whether to ask for a segment again that is not there, after it has waited: until it is due, and then as long as it lasts
// itself, since a server's clock and its encoder need not agree to the last moment.
func (r *rendition) await(ctx context.Context, s segment, err error) bool {
	if s.due.IsZero() || statusOf(err) != http.StatusNotFound || time.Since(s.due) > max(s.duration, time.Second) {
		return false
	}
	if time.Since(s.due) >= 0 && r.late != s.sequence {
		r.late = s.sequence
		r.meter.update(func(state *PlaylistState) { state.Late++ })
	}
	r.doubt()
	return sleep(ctx, max(time.Until(s.due), min(max(s.duration/4, 250*time.Millisecond), 2*time.Second)))
}

// finish is the end of a finished list.
func (r *rendition) finish() error {
	list := r.window.last()
	switch {
	case list.follows > 0:
		r.place.sequence = max(r.place.sequence, list.follows)
		return ErrReopen
	case !r.request.Loop:
		return nil
	}
	*r.place = place{}
	if r.from.url != "" || list.closed {
		return ErrReopen
	}
	return nil
}
