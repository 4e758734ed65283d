package source

import (
	"context"
	"fmt"
	"sync"
)

// playHLS follows the playlist that is the text of an answer.
//
// Of a master playlist the variant of the highest bandwidth that carries both pictures and sound is followed. Sound in a playlist of
// its own (an AUDIO group with a URI) is not fetched: such a stream is watched without sound, and Meter says so.
func (f *fetcher) playHLS(ctx context.Context, b *body, text []byte) error {
	at := b.Request.URL
	if isMaster(text) {
		variants, err := parseMaster(at, text)
		if err != nil {
			return err
		}
		v := choose(variants)
		f.meter.update(func(s *PlaylistState) {
			s.Variants, s.Bandwidth, s.DemuxedAudio = len(variants), v.bandwidth, v.demuxed
		})
		if b, text, err = f.load(ctx, v.url); err != nil {
			return fmt.Errorf("playlist %s: %w", Redact(v.url), err)
		}
		at = b.Request.URL
	}
	p, err := parseMedia(at, text)
	if err != nil {
		return err
	}
	h := &hls{newRendition(f, &f.request.Position.pictures, f.w, f.discontinuity)}
	h.show(p, true)
	ctx, cancel := context.WithCancel(ctx)
	var follower sync.WaitGroup
	defer follower.Wait()
	defer cancel()
	follower.Go(func() { h.follow(ctx, at, p) })
	return h.play(ctx)
}

// hls is a rendition whose list is a media playlist.
type hls struct{ *rendition }
