package lab

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// player serves channels as live streams in real time: MPEG-TS over HTTP at /NAME/live.ts, HLS at /NAME/index.m3u8. Any number of
// clients may read; the presentation times that it tells are those of the last.
type player struct {
	channels map[string]*channel
	// start is when the first piece of every channel began.
	start time.Time
	// address is host and port.
	address string
}

// URL of the stream called name.
func (p *player) URL(name string) string {
	file := "live.ts"
	if p.channels[name].clip.Protocol == HLS {
		file = "index.m3u8"
	}
	return fmt.Sprintf("http://%s/%s/%s", p.address, name, file)
}

// piece is the number of the piece that is on.
func (p *player) piece() int64 { return int64(time.Since(p.start) / PieceDuration) }

func (p *player) handler() http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, serve func(http.ResponseWriter, *http.Request, *channel)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			c, ok := p.channels[r.PathValue("stream")]
			if !ok {
				http.NotFound(w, r)
				return
			}
			serve(w, r, c)
		})
	}
	route("GET /{stream}/live.ts", p.serveTransport)
	route("GET /{stream}/index.m3u8", p.servePlaylist)
	route("GET /{stream}/{segment}", func(w http.ResponseWriter, r *http.Request, c *channel) {
		n, err := strconv.ParseInt(strings.TrimSuffix(r.PathValue("segment"), ".ts"), 10, 64)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		p.serveSegment(w, r, c, n)
	})
	return mux
}

// serveTransport sends MPEG-TS from the start of the next piece on, picture by picture when each is due. An outage refuses new
// connections and breaks those that stand.
func (p *player) serveTransport(w http.ResponseWriter, r *http.Request, c *channel) {
	n := p.piece()
	if _, ok := c.piece(n); !ok {
		http.Error(w, "no source", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "video/mp2t")
	out := http.NewResponseController(w)
	if err := out.Flush(); err != nil {
		return
	}
	var mux muxer
	var buffer []byte
	for {
		n++
		piece, ok := c.piece(n)
		due := p.start.Add(duration(n))
		if !sleepUntil(r.Context(), due) {
			return
		}
		if !ok {
			panic(http.ErrAbortHandler)
		}
		c.delivered(n, time.Now())
		for i := range piece.pictures {
			if !sleepUntil(r.Context(), due.Add(time.Duration(i)*time.Second/FrameRate)) {
				return
			}
			buffer = mux.append(buffer[:0], c.footage.tables, piece, n, i)
			if _, err := w.Write(buffer); err != nil {
				return
			}
			if err := out.Flush(); err != nil {
				return
			}
		}
	}
}

// sleepUntil waits for t; false when ctx ended first.
func sleepUntil(ctx context.Context, t time.Time) bool {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
