package console_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

func TestStreamsAreChanged(t *testing.T) {
	var done []string
	var failure error
	c := console.New(console.Defaults(), acting(&done, &failure))
	h := c.Handler()
	expected := `{"silent_tracks":[1]}`
	c.Stream("news", &schemas.StreamSpec{URL: "http://u:hunter2@h/x", Labels: map[string]string{"site": "north"}, Origin: "config", Lane: "l", Expectations: &expected})
	c.Stream("mine", &schemas.StreamSpec{URL: "http://h/y", Labels: map[string]string{}, Origin: "api"})
	type text struct {
		Stream           console.StreamText
		Origin           string
		Masked, Editable bool
	}
	w := get(h, "/api/v1/streams/news/spec")
	if s := decode[text](t, w); s.Stream.URL != "http://u:***@h/x" || !s.Masked || s.Editable || s.Origin != "config" || string(s.Stream.Expectations) != expected || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("it is shown as %s", w.Body)
	}
	if s := decode[text](t, get(h, "/api/v1/streams/mine/spec")); s.Masked || !s.Editable {
		t.Errorf("it is shown as %+v", s)
	}
	if w := get(h, "/api/v1/streams/none/spec"); w.Code != http.StatusNotFound {
		t.Errorf("status %d", w.Code)
	}
	if list := decode[streamList](t, get(h, "/api/v1/streams")).Streams; list[1].Origin != "config" || list[1].Lane != "l" {
		t.Errorf("listed are %+v", list)
	}
	for _, test := range []struct {
		method, path, body string
		code               int
		done               string
	}{
		{"POST", "/api/v1/streams", `{"id":"new","url":"http://h/z","labels":{"a":"b"},"expectations":{"loop":true}}`, 201, "console loopback save new http://h/z false"},
		{"PUT", "/api/v1/streams/mine", `{"labels":{}}`, 200, "console loopback save mine  true"},
		{"PUT", "/api/v1/streams/mine", `{"id":"other"}`, 400, ""},
		{"POST", "/api/v1/streams", `{"id":"new","address":"http://h/z"}`, 400, ""},
		{"DELETE", "/api/v1/streams/mine", ``, 200, "console loopback remove mine"},
	} {
		done = nil
		w := send(h, test.method, test.path, test.body)
		if got := strings.Join(done, "\n"); w.Code != test.code || got != test.done {
			t.Errorf("%s %s %s: status %d, done %q, want %d, %q", test.method, test.path, test.body, w.Code, got, test.code, test.done)
		}
	}
}

// TestProbesAreBounded: of three looks at a time the third is refused, and each has a bound.
func TestProbesAreBounded(t *testing.T) {
	d := deps()
	entered, leave := make(chan time.Duration), make(chan struct{})
	d.Probe = func(ctx context.Context, _ console.Actor, url string) (console.Probed, error) {
		deadline, _ := ctx.Deadline()
		entered <- time.Until(deadline)
		<-leave
		return console.Probed{URL: url, Problem: "connection refused", Tracks: []schemas.Track{}}, nil
	}
	h := console.New(console.Defaults(), d).Handler()
	answers := make(chan int)
	for range 2 {
		go func() { answers <- send(h, "POST", "/api/v1/probe", `{"url":"http://h/x"}`).Code }()
		if bound := <-entered; bound > 15*time.Second || bound <= 0 {
			t.Errorf("a look may last %s", bound)
		}
	}
	if w := send(h, "POST", "/api/v1/probe", `{"url":"http://h/x"}`); w.Code != http.StatusServiceUnavailable {
		t.Errorf("the third is answered %d", w.Code)
	}
	close(leave)
	if got := []int{<-answers, <-answers}; !slices.Equal(got, []int{200, 200}) {
		t.Errorf("the first two are answered %v", got)
	}
	d.Probe = func(context.Context, console.Actor, string) (console.Probed, error) {
		return console.Probed{}, errors.New("dial 10.0.0.7: refused")
	}
	if w := send(console.New(console.Defaults(), d).Handler(), "POST", "/api/v1/probe", `{"url":"http://h/x"}`); w.Code != http.StatusBadGateway || strings.Contains(w.Body.String(), "10.0.0.7") {
		t.Errorf("our fault: status %d %s", w.Code, w.Body)
	}
}
