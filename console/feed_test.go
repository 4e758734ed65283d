package console_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// sse is one event as a page gets it.
type sse struct{ id, kind, data string }

// follower is a page's end of an event stream.
type follower struct {
	t    *testing.T
	scan *bufio.Scanner
}

// follow opens the event stream of server, after the event lastID unless that is empty.
func follow(t *testing.T, server *httptest.Server, lastID string) *follower {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || kind != "text/event-stream" || resp.Header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("status %d, header %v", resp.StatusCode, resp.Header)
	}
	return &follower{t, bufio.NewScanner(resp.Body)}
}

// next is the next event; ok is false when the stream has ended.
func (f *follower) next() (e sse, ok bool) {
	for f.scan.Scan() {
		name, value, _ := strings.Cut(f.scan.Text(), ": ")
		switch {
		case name == "id":
			e.id = value
		case name == "event":
			e.kind = value
		case name == "data":
			e.data = value
		case name == "" && value == "" && e.kind != "":
			return e, true
		}
	}
	return e, false
}

func (f *follower) expect(kind, data string) sse {
	f.t.Helper()
	e, ok := f.next()
	if !ok || e.kind != kind || !strings.Contains(e.data, data) {
		f.t.Fatalf("event is %+v, want %s with %s", e, kind, data)
	}
	return e
}

func serve(t *testing.T) (*console.Console, *httptest.Server) {
	c := console.New(console.Defaults(), deps())
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(c.Close)
	return c, server
}

func TestEvents(t *testing.T) {
	c, server := serve(t)
	c.Stream("before", &schemas.StreamSpec{})
	page := follow(t, server, "")
	page.expect("resync", "{}")
	c.Stream("news", &schemas.StreamSpec{})
	first := page.expect("stream", `"id":"news"`)
	c.Defect(&schemas.DefectEvent{ID: "d1", Revision: 1, State: "opened", Stream: "news"})
	page.expect("defect", `"id":"d1"`)
	page.expect("stream", `"open":1`)
	c.Stream("news", nil)
	page.expect("removed", `{"id":"news"}`)

	// A page that was away gets what it has missed; of each stream and defect only the last.
	again := follow(t, server, first.id)
	again.expect("defect", `"id":"d1"`)
	again.expect("removed", `{"id":"news"}`)
}

// TestResync: a page that was away too long, or comes from another process's time, has to load everything.
func TestResync(t *testing.T) {
	c, server := serve(t)
	page := follow(t, server, "")
	start := page.expect("resync", "{}")
	for i := range 9000 { // the ring holds 8192
		c.Stream(fmt.Sprint(i), &schemas.StreamSpec{})
	}
	behind := follow(t, server, start.id)
	now := behind.expect("resync", "{}")
	c.Stream("next", &schemas.StreamSpec{})
	behind.expect("stream", `"id":"next"`)
	for _, id := range []string{"other-1", "rubbish", now.id + "000"} {
		follow(t, server, id).expect("resync", "{}")
	}
}

// TestCoalescing: of many changes to one stream a page gets few, and always the last.
func TestCoalescing(t *testing.T) {
	c, server := serve(t)
	c.Stream("news", &schemas.StreamSpec{})
	page := follow(t, server, "")
	page.expect("resync", "{}")
	begin := time.Now().UnixMicro()
	for i := range int64(1000) {
		c.Health("news", health("ok", begin+i))
	}
	got := 0
	for {
		got++
		if e, ok := page.next(); !ok {
			t.Fatal("the stream has ended")
		} else if strings.Contains(e.data, fmt.Sprintf(`"heard":%d`, begin+999)) {
			break
		}
	}
	if got > 10 {
		t.Errorf("%d events of one stream, want few of 1000", got)
	}
}

// TestPing: a connection that has nothing to say says so each 15 s.
func TestPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := console.New(console.Defaults(), deps())
		ctx, cancel := context.WithTimeout(t.Context(), 46*time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/api/v1/events", nil))
		if n := strings.Count(w.Body.String(), ": ping\n\n"); n != 3 {
			t.Errorf("%d pings in 46 s, want 3: %q", n, w.Body)
		}
	})
}

func TestCloseEndsEvents(t *testing.T) {
	c, server := serve(t)
	page := follow(t, server, "")
	page.expect("resync", "{}")
	c.Close()
	if e, ok := page.next(); ok {
		t.Errorf("event %+v after the end", e)
	}
}
