package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/framewatch/framewatch/ingest/access"
)

// Request says what to fetch.
type Request struct {
	// URL of a scheme that is not Direct.
	URL string
	// Loop starts a finite source again at its end.
	Loop bool
	// Access says which addresses may be connected to; nil: its defaults.
	Access *access.Policy
	// Client sends the requests; nil: one that keeps to Access. Its own timeout must be 0: the scheme's bounds are kept here.
	Client *http.Client
	// Position, when set, is where a segmented stream is resumed and where Fetch leaves off, so that a second Fetch neither repeats nor
	// leaves out what the playlist still lists.
	Position *Position
}

// ErrReopen tells that what follows cannot be joined to what was written: it needs a decoder of its own, at once and without
// back-off. Fetch again with the same Position.
var ErrReopen = errors.New("what follows needs a new decoder")

// ErrEnded tells that the server ended a stream whose length it never told: a live one broke off, a file has come whole.
var ErrEnded = errors.New("the server ended the stream")

// Fetch writes the media at r.URL to w: a body or datagrams as they come, or the segments of an HLS playlist or a DASH MPD, each whole. It blocks
// while w does and never retries a request but for a segment that is not there yet. It returns nil at the end of a file or a finished playlist,
// and otherwise an error without secrets. When ctx ends while w blocks, w's write deadline is used if it has one. When w has a method
// Discontinuity it is called wherever what is written next does not go on where the bytes before it ended: at the beginning and each time around,
// over EXT-X-DISCONTINUITY, between periods, where segments are left out, where another RTP sender begins and where this machine lost datagrams.
// When it has a method Sound() io.Writer, sound that comes in a container of its own is written to that, from another goroutine, after one call of
// Sound before the first byte; its method Shift(ticks int64), if there is one, is then told what to add to the sound's time stamps, 90 kHz.
// Of an HLS playlist's tags about SCTE 35 it is told when it has the methods of tagTeller.
// Where sound is apart, a method End() of either writer is told that nothing more comes of that one.
func Fetch(ctx context.Context, r Request, w io.Writer, m *Meter) error {
	scheme, err := Lookup(r.URL)
	if err != nil {
		return err
	}
	if scheme.Direct {
		return fmt.Errorf("fetch %s: a %s is opened by the worker itself", Redact(r.URL), scheme.Name)
	}
	if d, ok := w.(interface{ SetWriteDeadline(time.Time) error }); ok {
		defer context.AfterFunc(ctx, func() { _ = d.SetWriteDeadline(time.Unix(1, 0)) })()
	}
	f := &fetcher{request: r, scheme: scheme, client: r.Client, w: w, meter: m, discontinuity: func() {}}
	if d, ok := w.(interface{ Discontinuity() }); ok {
		f.discontinuity = d.Discontinuity
	}
	if f.client == nil {
		f.client = client(r)
		defer f.client.CloseIdleConnections()
	}
	if f.request.Position == nil {
		f.request.Position = &Position{}
	}
	for {
		f.discontinuity()
		err := scheme.fetch(f, ctx)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("fetch %s: %w", Redact(r.URL), context.Cause(ctx))
		case err != nil:
			return fmt.Errorf("fetch %s: %w", Redact(r.URL), err)
		case !r.Loop:
			return nil
		}
	}
}

// client is one that keeps to the request's policy, for this URL and what it leads to.
func client(r Request) *http.Client {
	policy := r.Access
	if policy == nil {
		policy = access.New(access.Defaults())
	}
	host := ""
	if u, err := url.Parse(r.URL); err == nil {
		host = u.Hostname()
	}
	return policy.Visit(host).Client()
}

// fetcher is one call of Fetch.
type fetcher struct {
	request Request
	scheme  Scheme
	client  *http.Client
	w       io.Writer
	meter   *Meter
	// discontinuity tells w that what follows does not go on.
	discontinuity func()
}

// http fetches a body, or what a playlist lists.
func (f *fetcher) http(ctx context.Context) error {
	b, err := f.get(ctx, f.request.URL, span{})
	if err != nil {
		return err
	}
	defer b.Close()
	in := bufio.NewReaderSize(b, 64<<10)
	start, err := in.Peek(len(playlistMark))
	if len(start) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	i := slices.IndexFunc(manifests, func(m manifest) bool { return m.recognise(b, start) })
	if i < 0 {
		return f.copyBody(in, b, start)
	}
	text, err := readAll(in, maxPlaylist)
	if err != nil {
		return err
	}
	return manifests[i].play(f, ctx, b, text)
}

// copyBody writes a progressive body. Only MPEG-TS can be looped into the same decoder.
func (f *fetcher) copyBody(in *bufio.Reader, b *body, start []byte) error {
	if len(start) == 0 {
		return errors.New("the answer is empty")
	}
	transport := start[0] == 0x47
	if _, err := in.WriteTo(f.w); err != nil {
		return err
	}
	switch {
	case b.ContentLength < 0:
		return ErrEnded
	case f.request.Loop && !transport:
		return ErrReopen
	}
	return nil
}

// manifest is a kind of text that lists segments. It is recognised by the content's first bytes, its type or the path's ending, so that an
// error page served under a manifest's name is told as such.
type manifest struct {
	starts []string
	types  []string
	ending string
	play   func(f *fetcher, ctx context.Context, b *body, text []byte) error
}

const playlistMark = "#EXTM3U"

var manifests = []manifest{
	{[]string{playlistMark}, []string{"application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl"}, ".m3u8", (*fetcher).playHLS},
	{[]string{"<?xml", "<MPD", "\ufeff<"}, []string{"application/dash+xml"}, ".mpd", (*fetcher).playDASH},
}

func (m manifest) recognise(b *body, start []byte) bool {
	kind, _, _ := strings.Cut(strings.ToLower(b.Header.Get("Content-Type")), ";")
	return slices.ContainsFunc(m.starts, func(s string) bool { return bytes.HasPrefix(start, []byte(s)) }) ||
		slices.Contains(m.types, strings.TrimSpace(kind)) || strings.HasSuffix(strings.ToLower(b.Request.URL.Path), m.ending)
}

// readAll reads at most limit bytes; more is an error.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(text)) > limit {
		return nil, fmt.Errorf("longer than %d bytes", limit)
	}
	return text, err
}
