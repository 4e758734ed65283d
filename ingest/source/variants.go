package source

import (
	"context"
	"time"
)

const (
	// maxLookedAt bounds the variants beside the one watched whose playlists are looked at, lookPause is the least time between two looks.
	maxLookedAt = 64
	lookPause   = 2 * time.Second
)

// lookAround looks at the playlists of the variants that are not watched, one every pause, and tells the meter how many of all are there and fresh,
// once each has been looked at. A live one is fresh when it has grown since it was looked at before.
func (f *fetcher) lookAround(ctx context.Context, variants []variant, watched string, pause time.Duration) {
	type look struct {
		fine bool
		end  int64
	}
	looks := map[string]look{}
	var others []string
	for _, v := range variants {
		if _, known := looks[v.url]; !known && v.url != watched && len(others) < maxLookedAt {
			others, looks[v.url] = append(others, v.url), look{end: -1}
		}
	}
	for n := 0; ; n++ {
		if n >= len(others) {
			present := 1
			for _, l := range looks {
				if l.fine {
					present++
				}
			}
			f.meter.update(func(s *PlaylistState) { s.Present = &present })
		}
		if len(others) == 0 || !sleep(ctx, max(pause, lookPause)) {
			return
		}
		address := others[n%len(others)]
		before, now := looks[address], look{end: -1}
		if b, text, err := f.load(ctx, address); err == nil {
			if p, err := parseMedia(b.Request.URL, text); err == nil && len(p.segments) > 0 {
				now.end = p.segments[len(p.segments)-1].next
				now.fine = p.ended || now.end != before.end
			}
		}
		looks[address] = now
	}
}
