package source_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
)

func TestFetchProgressive(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/a.ts", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		fmt.Fprint(w, "Ghost")
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/a.ts", http.StatusFound) })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "Gho")
		w.(http.Flusher).Flush() // chunked: no length is told
		fmt.Fprint(w, "st")
	})
	mux.HandleFunc("/short", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "500")
		fmt.Fprint(w, "Ghost")
	})
	mux.HandleFunc("/empty", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Length", "0") })
	for _, code := range []int{401, 403, 404, 410, 500, 503} {
		mux.HandleFunc(fmt.Sprintf("/%d", code), func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) })
	}
	mux.HandleFunc("/page.m3u8", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>log in</html>") })
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, c := range []struct {
		path, text, err string
		status          int
	}{
		{"/a.ts", "Ghost", "", 200},
		{"/moved", "Ghost", "", 200},
		{"/endless", "Ghost", "the server ended the stream", 200},
		{"/short", "Ghost", "the answer broke off", 200},
		{"/empty", "", "the answer is empty", 200},
		{"/401", "", "the server answered 401 Unauthorized", 401},
		{"/403", "", "the server answered 403 Forbidden", 403},
		{"/404", "", "the server answered 404 Not Found", 404},
		{"/410", "", "the server answered 410 Gone", 410},
		{"/500", "", "the server answered 500 Internal Server Error", 500},
		{"/503", "", "the server answered 503 Service Unavailable", 503},
		{"/page.m3u8", "", "the answer is no playlist", 200},
		{"/loop", "", "stopped after 10 redirects", 0},
	} {
		var w sink
		var m source.Meter
		address := server.URL + c.path + "?token=secret"
		err := source.Fetch(context.Background(), source.Request{URL: address}, &w, &m)
		switch {
		case c.err == "" && err != nil, c.err != "" && (err == nil || !strings.HasSuffix(err.Error(), c.err) && !strings.Contains(err.Error(), c.err+":")):
			t.Errorf("%s: got %v, want %q", c.path, err, c.err)
		case err != nil && (strings.Contains(err.Error(), "secret") || !strings.HasPrefix(err.Error(), "fetch "+server.URL+c.path+"?token=***: ")):
			t.Errorf("%s: %v", c.path, err)
		}
		if w.String() != c.text || m.Status() != c.status || m.Bytes() < int64(len(c.text)) {
			t.Errorf("%s: wrote %q, status %d, %d bytes, want %q, %d", c.path, w.String(), m.Status(), m.Bytes(), c.text, c.status)
		}
	}
}

func TestFetchRefuses(t *testing.T) {
	for _, url := range []string{"/etc/hostname", "file:///etc/hostname", "gopher://host/", "http://%zz/"} {
		if err := source.Fetch(context.Background(), source.Request{URL: url}, &sink{}, &source.Meter{}); err == nil {
			t.Errorf("%s was fetched", url)
		}
	}
	server := httptest.NewServer(nil)
	server.Close()
	err := source.Fetch(context.Background(), source.Request{URL: server.URL + "/?key=secret"}, &sink{}, &source.Meter{})
	if err == nil || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "secret") || strings.Count(err.Error(), "key=") != 1 {
		t.Errorf("got %v, want a refused connection", err)
	}
}

func TestFetchLoops(t *testing.T) {
	for _, c := range []struct {
		text, want string
		err        error
	}{
		{"Gone ", "Gone Gone Gone ", nil},    // a transport stream begins with 0x47, "G"
		{"ftyp ", "ftyp ", source.ErrReopen}, // another container cannot be joined
	} {
		ctx, cancel := context.WithCancel(context.Background())
		served := 0
		o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
			if served++; served == 4 {
				cancel()
				return
			}
			w.Header().Set("Content-Length", "5")
			fmt.Fprint(w, c.text)
		})
		var w sink
		err := source.Fetch(ctx, source.Request{URL: "http://o/a", Loop: true, Client: o.client()}, &w, &source.Meter{})
		if w.String() != c.want || c.err != nil && !errors.Is(err, c.err) || c.err == nil && !errors.Is(err, context.Canceled) {
			t.Errorf("wrote %q, %v, want %q", w.String(), err, c.want)
		}
		cancel()
	}
}

// stalling is a body that gives its text and then nothing until its request is given up.
type stalling struct {
	text string
	ctx  context.Context
}

func (s *stalling) Read(p []byte) (int, error) {
	if s.text != "" {
		n := copy(p, s.text)
		s.text = s.text[n:]
		return n, nil
	}
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func (s *stalling) Close() error { return nil }

type transport func(r *http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestFetchGivesUp(t *testing.T) {
	stall := func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, ContentLength: -1, Body: &stalling{"G and all", r.Context()}, Request: r}, nil
	}
	silent := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	for _, c := range []struct {
		name  string
		serve transport
		want  string
		after time.Duration
	}{
		{"stall", stall, "no bytes for 10s", 10 * time.Second},
		{"no connection", silent, "no connection within 5s", 5 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			err := source.Fetch(t.Context(), source.Request{URL: "http://o/a.ts", Client: &http.Client{Transport: c.serve}}, &sink{}, &source.Meter{})
			if err == nil || err.Error() != "fetch http://o/a.ts: "+c.want || time.Since(began) != c.after {
				t.Errorf("%s: got %v after %v, want %s after %v", c.name, err, time.Since(began), c.want, c.after)
			}
		})
	}
}

// TestFetchEndsWithContext has a server that accepts and says nothing: the wait for its answer ends with the context.
func TestFetchEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	if err := source.Fetch(ctx, source.Request{URL: server.URL}, &sink{}, &source.Meter{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a cancelled context", err)
	}
}

// TestFetchEndsWhileWriterBlocks fills a pipe that nobody reads.
func TestFetchEndsWhileWriterBlocks(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	ctx, cancel := context.WithCancel(context.Background())
	o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, strings.Repeat("G", 1<<20))
		cancel()
	})
	if err := source.Fetch(ctx, source.Request{URL: "http://o/a.ts", Client: o.client()}, w, &source.Meter{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a cancelled context", err)
	}
}
