package source

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/framewatch/framewatch/ingest/access"
)

// load reads a playlist's text; the answer, closed, tells where it was found after redirects.
func (f *fetcher) load(ctx context.Context, address string) (*body, []byte, error) {
	b, err := f.get(ctx, address, span{})
	if err != nil {
		return nil, nil, err
	}
	defer b.Close()
	text, err := readAll(b, maxPlaylist)
	return b, text, err
}

// follow reloads a live playlist by RFC 8216 section 6.3.4: after a target duration when it has changed, after half of one when it
// has not. Failures are borne until three target durations have passed without an answer.
func (h *hls) follow(ctx context.Context, at *url.URL, p *playlist) {
	answered := time.Now()
	for wait := interval(p); !p.ended; {
		if !sleep(ctx, wait) {
			return
		}
		began := time.Now()
		fresh, err := h.reload(ctx, at)
		if err != nil {
			if errors.As(err, new(access.Denied)) || time.Since(answered) >= 3*interval(p) {
				h.window.end(fmt.Errorf("playlist %s: %w", Redact(at.String()), err))
				return
			}
			wait = interval(p) / 2
			continue
		}
		changed := !fresh.same(p)
		answered, wait, p = began, interval(fresh), fresh
		if !changed {
			wait /= 2
		}
		wait -= time.Since(began)
		h.show(p, changed)
	}
}

func (h *hls) reload(ctx context.Context, at *url.URL) (*playlist, error) {
	b, text, err := h.load(ctx, at.String())
	if err != nil {
		return nil, err
	}
	return parseMedia(b.Request.URL, text)
}

// show tells the others and the meter what the playlist says now.
func (h *hls) show(p *playlist, changed bool) {
	h.window.set(p)
	if h.beside {
		h.meter.update(func(s *PlaylistState) {
			if changed {
				s.SoundChanged = time.Now()
			}
		})
		return
	}
	h.meter.update(func(s *PlaylistState) {
		if changed {
			if !s.Changed.IsZero() {
				s.Step = p.sequence - s.MediaSequence
			}
			s.Changed = time.Now()
		}
		s.Target, s.MediaSequence, s.DiscontinuitySequence, s.Length, s.Ended = p.target, p.sequence, p.discontinuity, p.length, p.ended
	})
}

// interval is the time between two loads of a changing playlist.
func interval(p *playlist) time.Duration { return max(p.target, time.Second) }

// sleep waits for d; false when ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
