package source

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"sync"
)

// maxFailures is how many segments in a row may fail before the stream is taken to have broken off.
const maxFailures = 3

// Position is how far an HLS stream has been fetched. The zero value is its start: three target durations before the end of a live
// playlist, the first segment of a finished one.
type Position struct {
	started bool
	// sequence is the media sequence number to fetch next.
	sequence int64
}

// hls is one playlist being followed, by three parties: follow reloads the playlist at its own pace, fetch gets segments, at most one
// ahead, and play writes them.
//
// Of a master playlist the variant of the highest bandwidth that carries both pictures and sound is followed. Sound in a playlist of
// its own (an AUDIO group with a URI) is not fetched: such a stream is watched without sound, and Meter says so.
type hls struct {
	*fetcher
	window window
	keys   keyring
	// begun tells that a segment has been fetched; init is the initialisation section that was written in front of it, from where.
	begun bool
	init  []byte
	from  section
	// spare holds the two buffers that segments are read into in turn.
	spare chan []byte
}

// playHLS follows the playlist whose text was read from at.
func (f *fetcher) playHLS(ctx context.Context, at *url.URL, text []byte) error {
	h := &hls{fetcher: f, window: window{changed: make(chan struct{})}, spare: make(chan []byte, 2)}
	h.spare <- nil
	h.spare <- nil
	if isMaster(text) {
		variants, err := parseMaster(at, text)
		if err != nil {
			return err
		}
		v := choose(variants)
		f.meter.update(func(s *PlaylistState) {
			s.Variants, s.Bandwidth, s.DemuxedAudio = len(variants), v.bandwidth, v.demuxed
		})
		if at, text, err = f.load(ctx, v.url); err != nil {
			return fmt.Errorf("playlist %s: %w", Redact(v.url), err)
		}
	}
	p, err := parseMedia(at, text)
	if err != nil {
		return err
	}
	h.show(p, true)
	ctx, cancel := context.WithCancel(ctx)
	var parties sync.WaitGroup
	defer parties.Wait()
	defer cancel()
	parties.Go(func() { h.follow(ctx, at, p) })
	ready := make(chan piece)
	var fetched error
	parties.Go(func() {
		defer close(ready)
		fetched = h.fetch(ctx, ready)
	})
	for p := range ready {
		if p.discontinuous {
			f.discontinuity()
		}
		if _, err := f.w.Write(p.data); err != nil {
			return err
		}
		h.spare <- p.data
	}
	return fetched
}

// piece is a segment as it is written; discontinuous tells that it does not go on where the one before it ended.
type piece struct {
	data          []byte
	discontinuous bool
}

// fetch gets one segment after the other and hands them to ready. A segment that fails is passed over.
func (h *hls) fetch(ctx context.Context, ready chan<- piece) error {
	position := h.request.Position
	handed := true // whether the segment before was; of the beginning Fetch tells
	for failures := 0; ; {
		s, missed, err := h.window.next(ctx, position)
		if err == io.EOF {
			return h.finish()
		}
		if err != nil {
			return err
		}
		h.meter.update(func(state *PlaylistState) { state.Missed += missed })
		if !s.gap {
			err = h.hand(ctx, s, s.discontinuity || missed > 0 || !handed, ready)
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
			h.meter.update(func(state *PlaylistState) { state.SegmentErrors++ })
			if failures++; failures == maxFailures {
				return fmt.Errorf("%d segments in a row failed, the last one with: %w", failures, err)
			}
		}
		position.sequence = s.sequence + 1
	}
}

// finish is the end of a finished playlist.
func (h *hls) finish() error {
	if !h.request.Loop {
		return nil
	}
	*h.request.Position = Position{}
	if h.from.url != "" {
		return ErrReopen
	}
	return nil
}
