// Package source turns a URL into bytes and bytes into pictures and sound. Fetch, the supervisor's side, is plain Go and calls no
// libav; Decoder, the worker's side, is all of go-astiav. It reads a pipe, a file, or the one peer of a protocol that libav speaks.
package source

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Scheme is a kind of URL and all that follows from it.
type Scheme struct {
	// Name is what stands before "://". A bare path is a file.
	Name string
	// Direct tells that libav opens it, in the worker, and a file again to loop; otherwise Fetch feeds the worker's pipe.
	Direct bool
	// Paced tells that media always comes faster than real time, as from a file, so that a live run holds pictures and sound back until their PTS is
	// due. Whether HTTP serves segments or a live stream is seen once it has answered.
	Paced bool
	// Connect bounds name lookup, dialling and TLS; Response the wait for the answer's header after that, or for the first packet of what
	// libav opens; Stall each wait for further bytes, or packets.
	Connect, Response, Stall time.Duration
	// open says what libav is to open, nil when it is Fetch that reads; protocols are those of libav that it may use for that.
	open      func(Scheme, address) (opening, error)
	protocols string
	// explain says more about an error of opening or reading than libav does; empty when it knows no more. nil: never.
	explain func(doing string, err error) string
	// port when the URL has none; 0: it must have one.
	port int
	// check looks at what the URL says before it is opened; nil: all is for the server to judge.
	check func(url string) error
	// fetch brings the media from the beginning to the end; nil when Direct.
	fetch func(f *fetcher, ctx context.Context) error
}

// schemes lists what can be monitored. HLS and DASH are not among them: they are recognised by what HTTP serves.
var schemes = []Scheme{
	{Name: "file", Direct: true, Paced: true},
	{Name: "http", Connect: 5 * time.Second, Response: 10 * time.Second, Stall: 10 * time.Second, fetch: (*fetcher).http},
	{Name: "https", Connect: 5 * time.Second, Response: 10 * time.Second, Stall: 10 * time.Second, fetch: (*fetcher).http},
	{Name: "udp", Connect: 5 * time.Second, Stall: 10 * time.Second, check: udp.check, fetch: udp.fetch},
	{Name: "rtp", Connect: 5 * time.Second, Stall: 10 * time.Second, check: rtp.check, fetch: rtp.fetch},
	{Name: "srt", Direct: true, Connect: 4 * time.Second, Response: 8 * time.Second, Stall: 10 * time.Second, open: openSRT, protocols: "srt", explain: explainSRT},
	{Name: "rtmp", Direct: true, Connect: 4 * time.Second, Response: 8 * time.Second, Stall: 10 * time.Second, open: openRTMP, protocols: "rtmp,tcp", port: 1935},
	{Name: "rtmps", Direct: true, Connect: 4 * time.Second, Response: 8 * time.Second, Stall: 10 * time.Second, open: openRTMP, protocols: "rtmps,tls,tcp", port: 443},
	{Name: "rtsp", Direct: true, Connect: 4 * time.Second, Response: 8 * time.Second, Stall: 10 * time.Second, open: openRTSP, protocols: "tcp", port: 554},
	{Name: "rtsps", Direct: true, Connect: 4 * time.Second, Response: 8 * time.Second, Stall: 10 * time.Second, open: openRTSP, protocols: "tls,tcp", port: 322},
}

var schemeName = regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9+.-]*)://`)

// Lookup tells how url is read. Its error lists the schemes that are known, or says what the scheme does not take.
func Lookup(url string) (Scheme, error) {
	if url == "" {
		return Scheme{}, errors.New("open: the URL is empty")
	}
	name := "file"
	if m := schemeName.FindStringSubmatch(url); m != nil {
		name = strings.ToLower(m[1])
	}
	names := make([]string, len(schemes))
	for i, s := range schemes {
		if s.Name == name {
			if err := s.valid(url); err != nil {
				return Scheme{}, fmt.Errorf("open %s: %w", Redact(url), err)
			}
			return s, nil
		}
		names[i] = s.Name
	}
	return Scheme{}, fmt.Errorf("open %s: scheme %q is unknown (known: %s)", Redact(url), name, strings.Join(names, ", "))
}

// valid tells what is wrong with a URL of the scheme, as far as that can be told without opening it.
func (s Scheme) valid(url string) error {
	if s.check != nil {
		return s.check(url)
	}
	_, err := s.opening(url)
	return err
}

// LocalPath is the path that a file: URL or a bare path names.
func LocalPath(path string) string {
	if !strings.HasPrefix(path, "file:") {
		return path
	}
	if u, err := url.Parse(path); err == nil && u.Path != "" {
		return u.Path
	}
	return strings.TrimPrefix(path, "file:")
}
