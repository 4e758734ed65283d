package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/framewatch/framewatch/ingest/access"
)

// span is a part of a resource in bytes; length 0: all of it.
type span struct{ offset, length int64 }

// body is an answer whose reading is bounded: each wait for further bytes by the scheme's Stall.
type body struct {
	*http.Response
	ctx    context.Context
	cancel context.CancelCauseFunc
	watch  *time.Timer
	stall  time.Duration
	meter  *Meter
	// urls are those whose secrets are not to be told.
	urls []string
}

// get sends one request and returns when the answer's header is there. A status that is no success is an error.
func (f *fetcher) get(ctx context.Context, address string, part span) (*body, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	f.meter.status.Store(0)
	response, err := f.send(ctx, cancel, address, part)
	if err != nil {
		err = failure(ctx, err, f.request.URL, address)
		cancel(nil)
		return nil, err
	}
	f.meter.status.Store(int64(response.StatusCode))
	b := &body{Response: response, ctx: ctx, cancel: cancel, stall: f.scheme.Stall, meter: f.meter, urls: []string{f.request.URL, address}}
	if response.StatusCode/100 != 2 {
		b.Close()
		return nil, status(response.StatusCode)
	}
	b.watch = time.AfterFunc(b.stall, func() { cancel(fmt.Errorf("no bytes for %v", b.stall)) })
	b.watch.Stop()
	if part.length > 0 && response.StatusCode != http.StatusPartialContent {
		// The server ignores ranges: skip to the part.
		if _, err := io.CopyN(io.Discard, b, part.offset); err != nil {
			b.Close()
			return nil, err
		}
	}
	return b, nil
}

func (f *fetcher) send(ctx context.Context, cancel context.CancelCauseFunc, address string, part span) (*http.Response, error) {
	connect := time.AfterFunc(f.scheme.Connect, func() { cancel(fmt.Errorf("no connection within %v", f.scheme.Connect)) })
	defer connect.Stop()
	answer := time.AfterFunc(f.scheme.Connect+f.scheme.Response, func() { cancel(fmt.Errorf("no answer within %v", f.scheme.Response)) })
	defer answer.Stop()
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		connect.Stop()
		answer.Reset(f.scheme.Response)
	}}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("the URL is malformed") // the error quotes what is wrong, which may be part of a password
	}
	request.Header.Set("User-Agent", "framewatch")
	request.Header.Set("Accept-Encoding", "identity") // so that the length told is the length read
	if part.length > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", part.offset, part.offset+part.length-1))
	}
	return f.client.Do(request)
}

// Read counts the bytes and bounds the wait for them; the time between reads, while the reader is busy, is not the server's.
func (b *body) Read(p []byte) (int, error) {
	b.watch.Reset(b.stall)
	n, err := b.Body.Read(p)
	b.watch.Stop()
	b.meter.bytes.Add(int64(n))
	if err != nil && !errors.Is(err, io.EOF) {
		err = failure(b.ctx, err, b.urls...)
	}
	return n, err
}

func (b *body) Close() error {
	b.cancel(nil)
	if b.watch != nil {
		b.watch.Stop()
	}
	return b.Body.Close()
}

// failure is why a request failed, without its URL, which net/http's error repeats, and without what is secret in the urls: the error may
// quote what a server sent, and that what it was sent.
func failure(ctx context.Context, err error, urls ...string) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var denied access.Denied
	if errors.As(err, &denied) {
		return denied
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the answer broke off")
	}
	text := err.Error()
	if strings.Contains(text, "Location header") {
		return errors.New("the server redirects to what is no URL")
	}
	for _, u := range urls {
		text = Scrubber(u).Replace(text)
	}
	return errors.New(RedactText(text))
}

// status is an answer's HTTP status that is no success.
type status int

func (s status) Error() string {
	return fmt.Sprintf("the server answered %d %s", int(s), http.StatusText(int(s)))
}

// statusOf is the HTTP status behind a request's outcome; 0 when it had no answer.
func statusOf(err error) int {
	var s status
	switch {
	case err == nil:
		return http.StatusOK
	case errors.As(err, &s):
		return int(s)
	}
	return 0
}
