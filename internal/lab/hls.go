package lab

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// window is how many segments the live playlist lists.
const window = 6

// segments are the newest segments of an HLS stream. Each is muxed once, in order, so that continuity counters go on over them.
type segments struct {
	mux muxer
	// list is the last segments made, in order of piece; sequence and discontinuities count those before it.
	list                      []segment
	sequence, discontinuities int64
	// made is the next piece to be made.
	made int64
}

// segment is one piece of a stream as it is served.
type segment struct {
	piece int64
	// discontinuous tells that pieces are missing in front of it.
	discontinuous bool
	data          []byte
}

// until makes the segments of the pieces before now and forgets those that have left the window long ago. An outage makes none.
func (s *segments) until(now int64, c *channel) {
	for ; s.made < now; s.made++ {
		p, ok := c.piece(s.made)
		if !ok {
			continue
		}
		next := segment{piece: s.made, discontinuous: len(s.list) > 0 && s.list[len(s.list)-1].piece != s.made-1}
		for i := range p.pictures {
			next.data = s.mux.append(next.data, c.footage.tables, p, s.made, i)
		}
		s.list = append(s.list, next)
		if len(s.list) > 2*window {
			if s.list[0].discontinuous {
				s.discontinuities++
			}
			s.list = slices.Delete(s.list, 0, 1)
			s.sequence++
		}
	}
}

// playlist is the media playlist of the newest segments.
func (s *segments) playlist() string {
	first := max(0, len(s.list)-window)
	discontinuities := s.discontinuities
	for _, gone := range s.list[:first] {
		if gone.discontinuous {
			discontinuities++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-DISCONTINUITY-SEQUENCE:%d\n",
		s.sequence+int64(first), discontinuities)
	for _, seg := range s.list[first:] {
		if seg.discontinuous {
			b.WriteString("#EXT-X-DISCONTINUITY\n")
		}
		fmt.Fprintf(&b, "#EXTINF:%.3f,\n%d.ts\n", PieceDuration.Seconds(), seg.piece)
	}
	return b.String()
}

// reachable tells whether the origin answers. It follows the stream by a segment: the last one before an outage can be had still, and
// it is back when the first one after is whole.
func (c *channel) reachable(now int64) bool {
	_, ok := c.piece(now - 1)
	return ok
}

// servePlaylist serves the live playlist.
func (p *player) servePlaylist(w http.ResponseWriter, r *http.Request, c *channel) {
	now := p.piece()
	if !c.reachable(now) {
		http.NotFound(w, r)
		return
	}
	c.mu.Lock()
	c.segments.until(now, c)
	text := c.segments.playlist()
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
	w.Header().Set("Cache-Control", "no-cache")
	fmt.Fprint(w, text)
}

// serveSegment serves the segment of the n-th piece.
func (p *player) serveSegment(w http.ResponseWriter, r *http.Request, c *channel, n int64) {
	now := p.piece()
	c.mu.Lock()
	c.segments.until(now, c)
	i := slices.IndexFunc(c.segments.list, func(s segment) bool { return s.piece == n })
	if i < 0 || !c.reachable(now) {
		c.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	data := c.segments.list[i].data
	c.mu.Unlock()
	w.Header().Set("Content-Type", "video/mp2t")
	if _, err := w.Write(data); err == nil {
		c.delivered(n, time.Now())
	}
}
