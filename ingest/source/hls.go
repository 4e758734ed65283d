package source

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// hls is a rendition whose list is a media playlist.
type hls struct {
	*rendition
	// address of the playlist, known from when it was first loaded.
	address string
	// tried is closed when it was first tried to load it.
	tried chan struct{}
}

// playHLS follows the playlist that is the text of an answer. Of a master playlist the variant of the highest bandwidth that carries both pictures
// and sound is followed. Sound that has a playlist of its own is a rendition beside the pictures, which go on without it.
func (f *fetcher) playHLS(ctx context.Context, b *body, text []byte) error {
	v := variant{url: b.Request.URL.String()}
	at := b.Request.URL
	var variants []variant
	if isMaster(text) {
		var err error
		if variants, err = parseMaster(at, text); err != nil {
			return err
		}
		v = choose(variants)
		f.meter.update(func(s *PlaylistState) { s.Variants, s.Bandwidth = len(variants), v.bandwidth })
		if b, text, err = f.load(ctx, v.url); err != nil {
			return fmt.Errorf("playlist %s: %w", Redact(v.url), err)
		}
		at = b.Request.URL
	}
	p, err := parseMedia(at, text)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var looking sync.WaitGroup
	defer looking.Wait()
	defer cancel()
	if len(variants) > 0 {
		looking.Go(func() { f.lookAround(ctx, variants, v.url, interval(p)) })
	}
	return f.playVariant(ctx, v, at, p)
}

// playVariant plays the playlist that was read from at, and v's sound.
func (f *fetcher) playVariant(ctx context.Context, v variant, at *url.URL, p *playlist) error {
	position := f.request.Position
	pictures := &hls{newRendition(f, &position.pictures, f.w, f.discontinuity), v.url, nil}
	ctx, cancel := context.WithCancel(ctx)
	var parties sync.WaitGroup
	defer parties.Wait()
	defer cancel()
	ended := func() {}
	if w, ok := f.w.(interface{ Sound() io.Writer }); ok && v.sound != "" {
		ended = f.playBeside(ctx, &parties, v.sound, w.Sound(), pictures, p)
	}
	told, _ := f.meter.Playlist()
	pictures.show(p, !told.shows(p))
	parties.Go(func() { pictures.follow(ctx, at, p) })
	err := pictures.play(ctx)
	if err == nil || err == ErrReopen {
		ended()
	}
	return err
}

// playBeside begins with the sound of pictures whose playlist is p. What it returns is called when the pictures have ended, and waits for the
// sound to come as far: to its end, or to where it needs a new decoder too; not for longer than a live playlist is waited for.
func (f *fetcher) playBeside(ctx context.Context, parties *sync.WaitGroup, address string, w io.Writer, pictures *hls, p *playlist) func() {
	p.closed = true // a decoder of both cannot go round
	position := f.request.Position
	discontinuity := func() {}
	if d, ok := w.(interface{ Discontinuity() }); ok {
		discontinuity = d.Discontinuity
	}
	sound := &hls{newRendition(f, &position.sound, &packed{Writer: w}, discontinuity), address, make(chan struct{})}
	sound.beside = true
	// Both end before the first segment of either that needs another decoder.
	sound.bound = pictures.bound
	if !position.sound.started && (position.pictures.started || !p.ended) {
		index, _ := p.index(&position.pictures)
		sound.join = true
		if sound.rest = p.rest(index); index < len(p.segments) {
			sound.begin = p.segments[index].date
		}
	}
	played := make(chan struct{})
	parties.Go(func() {
		defer close(played)
		defer end(w)
		sound.beBeside(ctx, interval(p))
	})
	return func() {
		end(f.w)
		select {
		case <-sound.tried:
		case <-ctx.Done():
		}
		timeout := (<-chan time.Time)(nil)
		switch list := sound.window.last(); {
		case list == nil:
			return
		case !list.ended:
			timer := time.NewTimer(3 * interval(p))
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-played:
		case <-timeout:
		case <-ctx.Done():
		}
	}
}

// beBeside plays sound until it ends or needs a new decoder. When it cannot be followed it tries again, after a target duration.
func (h *hls) beBeside(ctx context.Context, wait time.Duration) {
	tried := sync.OnceFunc(func() { close(h.tried) })
	defer tried()
	for ctx.Err() == nil {
		b, text, err := h.load(ctx, h.address)
		if err == nil {
			var p *playlist
			if p, err = parseMedia(b.Request.URL, text); err == nil {
				h.window.set(p)
				tried()
				if h.playOnce(ctx, b.Request.URL, p) {
					return
				}
				wait = interval(p)
			}
		}
		tried()
		h.meter.update(func(s *PlaylistState) { s.SoundErrors++ })
		if !sleep(ctx, wait) {
			return
		}
	}
}

// playOnce plays the playlist read from at and tells whether there is nothing more to play.
func (h *hls) playOnce(ctx context.Context, at *url.URL, p *playlist) bool {
	p.closed = true
	if h.join && !h.place.started {
		h.enter(p)
	}
	h.show(p, true)
	ctx, cancel := context.WithCancel(ctx)
	var follower sync.WaitGroup
	defer follower.Wait()
	defer cancel()
	follower.Go(func() { h.follow(ctx, at, p) })
	err := h.play(ctx)
	if list := h.window.last(); err == ErrReopen && !list.ended {
		// The pictures get there at about the same time, or never: they may know of no discontinuity.
		time.AfterFunc(3*interval(list), func() { h.bound.Store(0) })
	}
	return err == nil || err == ErrReopen
}

// enter begins with the newest segment that does not begin after the pictures do: by the dates where both playlists tell them, else both end at
// the same moment.
func (h *hls) enter(p *playlist) {
	for i, s := range p.segments {
		late := p.rest(i) < h.rest
		if !h.begin.IsZero() && !s.date.IsZero() {
			late = s.date.After(h.begin.Add(sameMoment))
		}
		if late && i > 0 {
			return
		}
		*h.place = place{started: true, sequence: s.sequence}
	}
}

// sameMoment is how far apart the dates of two playlists may be that tell the same.
const sameMoment = 100 * time.Millisecond

// end tells w that nothing more comes.
func end(w io.Writer) {
	if e, ok := w.(interface{ End() }); ok {
		e.End()
	}
}

// bound is the discontinuity sequence number from which on segments need another decoder than the present one; renditions that share a decoder share it.
type bound struct{ atomic.Int64 }

// unbound is that of a decoder which nothing is known to be too much for.
const unbound = 1<<63 - 1

// lower makes it era unless it is lower.
func (b *bound) lower(era int64) {
	for old := b.Load(); era < old && !b.CompareAndSwap(old, era); old = b.Load() {
	}
}
