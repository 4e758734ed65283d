package console_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// idOf is the id of the defect of that number.
func idOf(n int) string { return fmt.Sprintf("%032x", n) }

// send asks handler to change something, as a client on the same machine would.
func send(handler http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost:8080"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	keep(r, w)
	return w
}

// acting are deps by which everything can be changed, and what was done by them.
func acting(done *[]string, failure *error) console.Deps {
	d := deps()
	note := func(by console.Actor, what ...any) error {
		*done = append(*done, fmt.Sprint(append([]any{by.Name, " ", by.Way, " "}, what...)...))
		return *failure
	}
	d.Judge = func(_ context.Context, by console.Actor, o console.Opinion) (console.Verdict, error) {
		return console.Verdict{Stream: "news", Verdict: schemas.Verdict{Label: o.Label, Kind: "black", Start: 1, End: 2, Author: by.Name, Time: 3}}, note(by, "judge ", o.Label)
	}
	d.Acknowledge = func(_ context.Context, by console.Actor, defect, text string) (console.Acknowledgement, error) {
		return console.Acknowledgement{By: by.Name, Note: text, Time: 5}, note(by, "acknowledge ", defect, " ", text)
	}
	d.Silence = func(_ context.Context, by console.Actor, s console.Silence) (console.Silence, error) {
		err := note(by, "silence ", s.Matchers, " ", s.End-s.Start, " ", s.Comment)
		s.ID, s.By = "5a3f", by.Name
		return s, err
	}
	d.EndSilence = func(_ context.Context, by console.Actor, id string) (console.Silence, error) {
		return console.Silence{ID: id, Matchers: []string{}, By: by.Name, Start: 1, End: 2}, note(by, "end ", id)
	}
	d.Share = func(_ context.Context, by console.Actor, defect string) (string, time.Time, error) {
		return "/shared/defects/" + defect + "/filmstrip?signature=right", time.UnixMicro(9), note(by, "share ", defect)
	}
	d.ExtendSilence = func(_ context.Context, by console.Actor, id string, end time.Time) (console.Silence, error) {
		return console.Silence{ID: id, Matchers: []string{}, By: by.Name, Start: 1, End: end.UnixMicro()}, note(by, "extend ", id, " ", end.UnixMicro())
	}
	d.Recur = func(_ context.Context, by console.Actor, r console.Recurrence) (console.Recurrence, error) {
		err := note(by, "recur ", r.Matchers, " ", r.Schedule, " ", r.Comment)
		r.ID, r.By = "7c1e", by.Name
		return r, err
	}
	d.EndRecurrence = func(_ context.Context, by console.Actor, id string) (console.Recurrence, error) {
		return console.Recurrence{ID: id, Matchers: []string{}, By: by.Name}, note(by, "end recurrence ", id)
	}
	d.PublishProfile = func(_ context.Context, by console.Actor, name string, version int64, p console.ProfileText) (console.Profile, error) {
		return console.Profile{Name: name, Version: version + 1, Origin: "api", ProfileText: p}, note(by, "publish ", name, " ", version)
	}
	d.DeleteProfile = func(_ context.Context, by console.Actor, name string, version int64) error {
		return note(by, "delete ", name, " ", version)
	}
	d.WhatIf = func(ctx context.Context, q console.WhatIf, _ func(console.WhatIfLine) error) error {
		return note(console.Actor{}, "what if ", q.Profile, " ", q.Hours, " ", q.Streams)
	}
	d.Probe = func(_ context.Context, by console.Actor, url string) (console.Probed, error) {
		return console.Probed{URL: url, Tracks: []schemas.Track{}, Picture: testCard()}, note(by, "probe ", url)
	}
	d.SaveStream = func(_ context.Context, by console.Actor, s console.StreamText, change bool) (console.StreamText, error) {
		return s, note(by, "save ", s.ID, " ", s.URL, " ", change)
	}
	d.RemoveStream = func(_ context.Context, by console.Actor, id string) error { return note(by, "remove ", id) }
	d.Verdicts = func(context.Context, console.VerdictQuery) ([]console.Verdict, error) { return nil, nil }
	d.Changes = func(context.Context, time.Time) ([]console.Change, error) {
		return []console.Change{{Time: 7, By: "ann", Action: "ack", Target: idOf(1), Detail: "on it", Place: "command line"}}, nil
	}
	d.History = func(_ context.Context, _ string, known *schemas.DefectEvent) (console.History, error) {
		return console.History{}, nil
	}
	return d
}

func TestAcknowledge(t *testing.T) {
	var done []string
	var failure error
	c := console.New(console.Defaults(), acting(&done, &failure))
	h := c.Handler()
	c.Defect(&schemas.DefectEvent{ID: idOf(1), Revision: 1, State: "opened", Stream: "news", Labels: []schemas.Label{}})
	w := send(h, "POST", "/api/v1/defects/"+idOf(1)+"/acknowledge", `{"note":"on it"}`)
	if got := decode[console.Acknowledgement](t, w); w.Code != http.StatusOK || got != (console.Acknowledgement{By: "console", Note: "on it", Time: 5}) {
		t.Errorf("status %d, %+v", w.Code, got)
	}
	if want := []string{"console loopback acknowledge " + idOf(1) + " on it"}; !slices.Equal(done, want) {
		t.Errorf("done is %q, want %q", done, want)
	}
	for _, test := range []struct {
		path, body string
		code       int
	}{
		{"/api/v1/defects/../acknowledge", `{}`, 307},
		{"/api/v1/defects/x/acknowledge", `{}`, 404},
		{"/api/v1/defects/" + idOf(1) + "/acknowledge", `{"by":"somebody"}`, 400},
		{"/api/v1/defects/" + idOf(1) + "/acknowledge", ``, 400},
	} {
		if w := send(h, "POST", test.path, test.body); w.Code != test.code || len(done) != 1 {
			t.Errorf("%s %s: status %d, done %q", test.path, test.body, w.Code, done)
		}
	}
	failure = console.Refusal{Reason: "it is over", Status: http.StatusConflict}
	if w := send(h, "POST", "/api/v1/defects/"+idOf(1)+"/acknowledge", `{}`); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "it is over") {
		t.Errorf("refused: status %d %s", w.Code, w.Body)
	}
	failure = errors.New("dial 10.0.0.7: refused")
	if w := send(h, "POST", "/api/v1/defects/"+idOf(1)+"/acknowledge", `{}`); w.Code != http.StatusBadGateway || strings.Contains(w.Body.String(), "10.0.0.7") {
		t.Errorf("our fault: status %d %s", w.Code, w.Body)
	}
}

// An acknowledgement reaches the lists and the open pages, and is remembered once the defect is over, which is when the notifier forgets it.
func TestAcknowledgedIsShown(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	h := c.Handler()
	server := httptest.NewServer(h)
	defer server.Close()
	defer c.Close()
	open := schemas.DefectEvent{ID: idOf(1), Revision: 1, State: "opened", Stream: "news", Labels: []schemas.Label{}}
	c.Defect(&open)
	f := follow(t, server, "")
	if e, _ := f.next(); e.kind != "resync" {
		t.Fatalf("the first event is %+v", e)
	}
	c.Acknowledged(idOf(1), &console.Acknowledgement{By: "ann", Note: "on it", Time: 7})
	want := `"acknowledged":{"by":"ann","note":"on it","time":7}`
	if e, _ := f.next(); e.kind != "defect" || !strings.Contains(e.data, want) {
		t.Errorf("the page is told %+v", e)
	}
	over := open
	over.Revision, over.State = 2, "closed"
	c.Defect(&over)
	c.Acknowledged(idOf(1), nil)
	if w := get(h, "/api/v1/defects"); !strings.Contains(w.Body.String(), want) {
		t.Errorf("once it is over: %s", w.Body)
	}
	c.Acknowledged(idOf(2), &console.Acknowledgement{By: "ann"})
	c.Acknowledged(idOf(2), nil)
	c.Defect(&schemas.DefectEvent{ID: idOf(2), Revision: 1, State: "opened", Stream: "news", Labels: []schemas.Label{}})
	if w := get(h, "/api/v1/defects?state=open"); !strings.Contains(w.Body.String(), `"acknowledged":null`) {
		t.Errorf("one that nobody has taken up: %s", w.Body)
	}
}

func TestSilences(t *testing.T) {
	var done []string
	var failure error
	c := console.New(console.Defaults(), acting(&done, &failure))
	h := c.Handler()
	now := time.Now().UnixMicro()
	hour := time.Hour.Microseconds()
	w := send(h, "POST", "/api/v1/silences", fmt.Sprintf(`{"matchers":["stream=\"news\""],"start":%d,"end":%d,"comment":"why"}`, now, now+hour))
	if s := decode[console.Silence](t, w); w.Code != http.StatusCreated || s.ID != "5a3f" || s.By != "console" {
		t.Errorf("status %d, %+v", w.Code, s)
	}
	if want := `console loopback silence [stream="news"] 3600000000 why`; len(done) != 1 || done[0] != want {
		t.Errorf("done is %q, want %q", done, want)
	}
	for body, want := range map[string]string{
		`{"end":9,"comment":"x"}`:                                                                  "matchers",
		`{"matchers":["a=b"],"end":9}`:                                                             "comment",
		`{"matchers":["a=b"],"comment":"x"}`:                                                       "end",
		`{"matchers":["a=b"],"comment":"x","start":9,"end":9}`:                                     "end",
		`{"matchers":["a=b"],"comment":"x","start":-9,"end":9}`:                                    "end",
		`{"matchers":["a=b"],"comment":"x","start":1,"end":40000000000000}`:                        "366 days",
		`{"matchers":[` + strings.Repeat(`"a=b",`, 50) + `"a=b"],"comment":"x","start":1,"end":9}`: "matchers",
	} {
		if w := send(h, "POST", "/api/v1/silences", body); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) || len(done) != 1 {
			t.Errorf("%.80s: status %d %s, want %s", body, w.Code, w.Body, want)
		}
	}
	if w := send(h, "DELETE", "/api/v1/silences/5a3f", ""); w.Code != http.StatusOK || done[1] != "console loopback end 5a3f" {
		t.Errorf("status %d, done %q", w.Code, done)
	}
	if w := send(h, "DELETE", "/api/v1/silences/x..y", ""); w.Code != http.StatusNotFound || len(done) != 2 {
		t.Errorf("status %d, done %q", w.Code, done)
	}

	c.Silenced("b", &console.Silence{ID: "b", Matchers: []string{"x=y"}, Start: 2, End: now + hour})
	c.Silenced("a", &console.Silence{ID: "a", Matchers: []string{"x=y"}, Start: 1, End: now - 1})
	for query, want := range map[string]int{"": 1, "?ended=true": 2, "?ended=false": 1} {
		list := decode[struct{ Silences []console.Silence }](t, get(h, "/api/v1/silences"+query)).Silences
		if len(list) != want || list[want-1].ID != "b" {
			t.Errorf("silences%s are %+v, want %d", query, list, want)
		}
	}
	if w := get(h, "/api/v1/silences?ended=perhaps"); w.Code != http.StatusBadRequest {
		t.Errorf("status %d", w.Code)
	}
	c.Silenced("b", nil)
	if w := get(h, "/api/v1/silences"); !strings.Contains(w.Body.String(), `"silences":[]`) {
		t.Errorf("removed: %s", w.Body)
	}
}

// TestSilencesAreBounded: of 10,001 the one that ends first is forgotten.
func TestSilencesAreBounded(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	for i := range 10_001 {
		c.Silenced(fmt.Sprintf("%05d", i), &console.Silence{ID: fmt.Sprintf("%05d", i), Start: int64(i), End: int64(i + 1)})
	}
	list := decode[struct{ Silences []console.Silence }](t, get(c.Handler(), "/api/v1/silences?ended=true")).Silences
	if len(list) != 10_000 || list[0].ID != "00001" {
		t.Errorf("%d silences from %s on", len(list), list[0].ID)
	}
}

func TestStory(t *testing.T) {
	refined := int64(90_000_000)
	event := func(n int, stream, state string, revision int32, onset int64) *schemas.DefectEvent {
		return &schemas.DefectEvent{ID: idOf(n), Revision: revision, State: state, Stream: stream, Labels: []schemas.Label{}, Onset: onset, End: onset + 10e6, Detected: onset + int64(revision)*1e6}
	}
	history := console.History{}
	var failure error
	var asked *schemas.DefectEvent
	d := deps()
	d.History = func(_ context.Context, id string, known *schemas.DefectEvent) (console.History, error) {
		asked = known
		return history, failure
	}
	c := console.New(console.Defaults(), d)
	h := c.Handler()
	opened, closed := event(1, "news", "opened", 1, 100e6), event(1, "news", "closed", 3, 100e6)
	closed.OnsetRefined = &refined
	c.Defect(closed)
	c.Defect(event(2, "sport", "opened", 1, 94e6))  // 4 s after the refined start
	c.Defect(event(3, "films", "closed", 2, 88e6))  // 2 s before it
	c.Defect(event(4, "films", "opened", 1, 100e6)) // 10 s after it
	c.Defect(event(5, "news", "opened", 1, 90e6))   // the same stream
	for i, outcome := range []string{"retrying", "delivered", "delivered"} {
		c.Delivery(idOf(1), &schemas.Notification{Receiver: "hook", Attempt: int32(i + 1), Outcome: outcome, Time: int64(i + 1)})
	}
	history = console.History{Events: []*schemas.DefectEvent{opened}, Changes: []console.Change{{Time: 8, Action: "silence add"}, {Time: 9, Action: "ack", By: "ann"}}}
	s := decode[console.Story](t, get(h, "/api/v1/defects/"+idOf(1)))
	want := [...]int64{90e6, 101e6, 2, 9, 110e6, 103e6}
	if got := [...]int64{s.Times.Onset, *s.Times.Detected, *s.Times.Notified, *s.Times.Acknowledged, *s.Times.Ended, *s.Times.Resolved}; got != want {
		t.Errorf("onset, detected, notified, acknowledged, ended, resolved are %v, want %v", got, want)
	}
	if asked == nil || asked.Revision != 3 || len(s.Events) != 2 || s.Events[1].Revision != 3 || len(s.Deliveries) != 3 {
		t.Errorf("the story is %+v", s)
	}
	if len(s.Neighbours) != 2 || s.Neighbours[0].ID != idOf(3) || s.Neighbours[1].ID != idOf(2) {
		t.Errorf("the neighbours are %+v, want 3 and 2", s.Neighbours)
	}

	history = console.History{}
	s = decode[console.Story](t, get(h, "/api/v1/defects/"+idOf(4)))
	if got := s.Times; *got.Detected != 101e6 || got.Notified != nil || got.Acknowledged != nil || got.Ended != nil || got.Resolved != nil {
		t.Errorf("of one that is open the times are %+v", got)
	}
	if w := get(h, "/api/v1/defects/"+idOf(9)); w.Code != http.StatusNotFound || asked != nil {
		t.Errorf("one that there is not: status %d", w.Code)
	}
	history.Events = []*schemas.DefectEvent{event(9, "old", "closed", 2, 5)}
	if s := decode[console.Story](t, get(h, "/api/v1/defects/"+idOf(9))); s.Defect.Stream != "old" || s.Times.Detected != nil {
		t.Errorf("one that was forgotten here: %+v", s)
	}
	if w := get(h, "/api/v1/defects/x"); w.Code != http.StatusNotFound {
		t.Errorf("what is no id: status %d", w.Code)
	}
	failure = errors.New("dial 10.0.0.7: refused")
	if w := get(h, "/api/v1/defects/"+idOf(1)); w.Code != http.StatusBadGateway || strings.Contains(w.Body.String(), "10.0.0.7") {
		t.Errorf("our fault: status %d %s", w.Code, w.Body)
	}
}

// TestDeliveriesAreBounded: of a defect the first 50 attempts are kept and the last 50, and those of 4,000 defects.
func TestDeliveriesAreBounded(t *testing.T) {
	var done []string
	var failure error
	c := console.New(console.Defaults(), acting(&done, &failure))
	h := c.Handler()
	for i := range 4_001 {
		c.Defect(&schemas.DefectEvent{ID: idOf(i), Revision: 1, State: "opened", Stream: "news", Labels: []schemas.Label{}})
		c.Delivery(idOf(i), &schemas.Notification{Attempt: 1})
	}
	for i := range 119 {
		c.Delivery(idOf(4_000), &schemas.Notification{Attempt: int32(i + 2)})
	}
	c.Delivery("../x", &schemas.Notification{Attempt: 1})
	s := decode[console.Story](t, get(h, "/api/v1/defects/"+idOf(4_000)))
	if got := s.Deliveries; len(got) != 100 || got[49].Attempt != 50 || got[50].Attempt != 71 || got[99].Attempt != 120 || s.DeliveriesLeftOff != 20 {
		t.Errorf("%d attempts, the 50th is %d, the 51st %d, %d left off", len(got), got[49].Attempt, got[50].Attempt, s.DeliveriesLeftOff)
	}
	for n, want := range map[int]int{0: 0, 1: 1} {
		if s := decode[console.Story](t, get(h, "/api/v1/defects/"+idOf(n))); len(s.Deliveries) != want {
			t.Errorf("of defect %d %d attempts are kept, want %d", n, len(s.Deliveries), want)
		}
	}
}
