package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

func deps() console.Deps {
	return console.Deps{
		Picture: func(context.Context, string, string, int64) (console.Picture, error) {
			return console.Picture{JPEG: testCard(), Instant: time.Now().UnixMicro()}, nil
		},
		Ready:   func() error { return nil },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") }),
		Schemas: func() []console.Schema { return nil },
		LogDeps: console.LogDeps{Topics: func() []console.LogTopic { return nil }, Moment: noMoment, Pipeline: noPipeline},
		Series:  wave,
		Trace: func(ctx context.Context, _ *schemas.DefectEvent, _ string, from, to int64, give func(console.Sample)) (console.Traced, error) {
			return console.Traced{Raise: 0.98, Clear: 0.9, Unit: "share"}, wave(ctx, "", "", from, to, true, func(_, _ string, s console.Sample) { give(s) })
		},
		Verdicts: func(context.Context, console.VerdictQuery) ([]console.Verdict, error) { return nil, nil },
		Scope:    scopeOf,
		Window: func(s console.Schedule, after time.Time) (start, end time.Time, ok bool) {
			return after.Add(time.Hour), after.Add(2 * time.Hour), s.Zone != ""
		},
		Kinds:    []string{"black", "freeze"},
		Redact:   func(url string) string { return strings.ReplaceAll(url, "hunter2", "***") },
		Rules:    someRules,
		Profiles: someProfiles,
		EffectiveRules: func(stream string) (console.EffectiveRules, error) {
			return console.EffectiveRules{Stream: stream, Profile: "default", Because: "no profile's selector fits", AlsoFit: []string{}, Rules: map[string]map[string]any{}, Differs: []console.Differing{}}, nil
		},
		WhatIf: func(context.Context, console.WhatIf, func(console.WhatIfLine) error) error { return nil },
		Log:    slog.New(slog.DiscardHandler),
	}
}

// scopeOf reads matchers of which only the first counts, and that only for the stream's name.
func scopeOf(matchers []string) (*console.Scope, error) {
	if len(matchers) == 0 || !strings.Contains(matchers[0], "=") {
		return nil, errors.New("no matcher")
	}
	is := func(id string) bool { return matchers[0] == fmt.Sprintf("stream=%q", id) }
	return &console.Scope{Stream: func(id string, _ map[string]string) bool { return is(id) }, Defect: func(ev *schemas.DefectEvent) bool { return is(ev.Stream) }}, nil
}

// noMoment is a log without records of any stream.
func noMoment(context.Context, string, string, int64) (console.Moment, error) {
	return console.Moment{}, nil
}

// noPipeline is one without anybody.
func noPipeline(context.Context) (console.Pipeline, error) { return console.Pipeline{}, nil }

// get asks handler as a client on the same machine would.
func get(handler http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://localhost:8080"+path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	keep(r, w)
	return w
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("status %d, %q: %v", w.Code, w.Body, err)
	}
	return v
}

type streamList struct {
	Now     int64
	Streams []console.Stream
}

type defectList struct{ Defects []schemas.DefectEvent }

func (l defectList) ids() (ids []string) {
	for _, d := range l.Defects {
		ids = append(ids, d.ID)
	}
	return ids
}

// TestDryRun: a defect whose rule is tried out is shown as such, and makes no stream bad.
func TestDryRun(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	yes, now := true, time.Now().UnixMicro()
	c.Stream("s", &schemas.StreamSpec{})
	c.Health("s", health("ok", now))
	event := func(revision int32, state string) *schemas.DefectEvent {
		return &schemas.DefectEvent{ID: idOf(1), Revision: revision, State: state, Stream: "s", Onset: now, End: now, Labels: []schemas.Label{}, DryRun: &yes}
	}
	for revision, state := range []string{"opened", "updated", "closed"} {
		c.Defect(event(int32(revision+1), state))
		s := decode[streamList](t, get(c.Handler(), "/api/v1/streams")).Streams[0]
		if s.Lamp != console.OK || s.Open != 0 {
			t.Errorf("%s: the stream is %s with %d open", state, s.Lamp, s.Open)
		}
		if list := decode[defectList](t, get(c.Handler(), "/api/v1/defects")); len(list.Defects) != 1 || list.Defects[0].DryRun == nil {
			t.Errorf("%s: the defects are %+v", state, list.Defects)
		}
	}
}

// TestLamp: what is not known to be well is never ok.
func TestLamp(t *testing.T) { synctest.Test(t, testLamp) } // time stands still meanwhile

func testLamp(t *testing.T) {
	now := time.Now().UnixMicro()
	open := &schemas.DefectEvent{ID: "d", Revision: 1, State: "opened", Stream: "s", Onset: now, End: now}
	tests := []struct {
		name   string
		health *schemas.Health
		defect *schemas.DefectEvent
		want   string
	}{
		{"nothing known", nil, nil, "unknown"},
		{"ok", health("ok", now), nil, "ok"},
		{"pending", health("pending", now), nil, "pending"},
		{"firing", health("firing", now), nil, "firing"},
		{"told unknown", health("unknown", now), nil, "unknown"},
		{"told a word that we do not know", health("splendid", now), nil, "unknown"},
		{"ok 14 s ago", health("ok", now-14e6), nil, "ok"},
		{"ok 16 s ago", health("ok", now-16e6), nil, "stale"},
		{"firing 16 s ago", health("firing", now-16e6), nil, "stale"},
		{"defect open, roll-up of before", health("ok", now), open, "firing"},
		{"defect open, nothing heard", nil, open, "unknown"},
	}
	for _, test := range tests {
		c := console.New(console.Defaults(), deps())
		c.Stream("s", &schemas.StreamSpec{})
		if test.health != nil {
			c.Health("s", test.health)
		}
		if test.defect != nil {
			c.Defect(test.defect)
		}
		list := decode[streamList](t, get(c.Handler(), "/api/v1/streams"))
		if got := list.Streams[0].Lamp; got != test.want {
			t.Errorf("%s: lamp is %s, want %s", test.name, got, test.want)
		}
	}
}

func TestStreams(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	h := c.Handler()
	now := time.Now().UnixMicro()
	c.Health("b/1", health("ok", now))
	c.Stream("b/1", &schemas.StreamSpec{URL: "https://u:hunter2@example.org", Labels: map[string]string{"site": "north"}})
	c.Stream("a", &schemas.StreamSpec{})
	c.Health("ghost", health("ok", now))
	c.Health("b/1", health("firing", now-5e6)) // an older roll-up, told again
	w := get(h, "/api/v1/streams")
	if strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("the URL is shown: %s", w.Body)
	}
	list := decode[streamList](t, w)
	if len(list.Streams) != 2 || list.Streams[0].ID != "a" || list.Streams[1].ID != "b/1" || list.Streams[1].Lamp != "ok" {
		t.Errorf("streams are %+v, want a and b/1 (ok)", list.Streams)
	}
	one := decode[struct {
		Stream console.Stream
		Health schemas.Health
	}](t, get(h, "/api/v1/streams/b%2F1"))
	if one.Stream.ID != "b/1" || one.Stream.Labels["site"] != "north" || len(one.Health.Figures) != 2 || one.Stream.FreshUntil != now+15e6 {
		t.Errorf("b/1 is %+v", one)
	}
	c.Stream("a", nil)
	if w := get(h, "/api/v1/streams/a"); w.Code != http.StatusNotFound {
		t.Errorf("a removed stream gives status %d, want 404", w.Code)
	}
}

func TestDefects(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	h := c.Handler()
	for _, d := range []schemas.DefectEvent{
		{ID: "late", Revision: 1, State: "opened", Severity: "warning", Onset: 30, Stream: "a"},
		{ID: "early", Revision: 1, State: "opened", Severity: "warning", Onset: 20, Stream: "a"},
		{ID: "worst", Revision: 2, State: "updated", Severity: "critical", Onset: 40, Stream: "b"},
		{ID: "over", Revision: 2, State: "closed", Severity: "critical", Onset: 1, End: 5, Stream: "b"},
		{ID: "over", Revision: 1, State: "opened", Severity: "critical", Onset: 1, End: 2, Stream: "b"}, // older than what is known
		{ID: "never", Revision: 2, State: "retracted", Severity: "info", Onset: 1, End: 9, Stream: "b"},
	} {
		c.Defect(&d)
	}
	for query, want := range map[string][]string{
		"":              {"worst", "early", "late", "never", "over"},
		"?state=open":   {"worst", "early", "late"},
		"?state=recent": {"never", "over"},
	} {
		if got := decode[defectList](t, get(h, "/api/v1/defects"+query)).ids(); !slices.Equal(got, want) {
			t.Errorf("defects%s are %q, want %q", query, got, want)
		}
	}
	if w := get(h, "/api/v1/defects?state=all"); w.Code != http.StatusBadRequest {
		t.Errorf("state=all gives status %d, want 400", w.Code)
	}
}

// TestRecentIsBounded: 500 ended defects are kept, and open ones are never forgotten for them.
func TestRecentIsBounded(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	c.Defect(&schemas.DefectEvent{ID: "open", Revision: 1, State: "opened", End: 1})
	for i := range 510 {
		c.Defect(&schemas.DefectEvent{ID: fmt.Sprint(i), Revision: 1, State: "closed", End: int64(i)})
	}
	ids := decode[defectList](t, get(c.Handler(), "/api/v1/defects")).ids()
	if len(ids) != 501 || ids[0] != "open" || ids[1] != "509" || ids[500] != "10" {
		t.Errorf("%d defects, %s to %s; want 501: open, 509 to 10", len(ids), ids[1], ids[len(ids)-1])
	}
}

func TestPicture(t *testing.T) {
	type asked struct {
		edge, stream string
		at           int64
	}
	var last asked
	var failure error
	picture := testCard()
	d := deps()
	levels := "1:-20.5/-8.1,-21.0/0.0;2:-120.0/-120.0"
	d.Picture = func(_ context.Context, edge, stream string, at int64) (console.Picture, error) {
		last = asked{edge, stream, at}
		return console.Picture{JPEG: picture, Instant: 1234, Levels: levels}, failure
	}
	c := console.New(console.Defaults(), d)
	h := c.Handler()
	c.Stream("news/1", &schemas.StreamSpec{})
	if w := get(h, "/api/v1/streams/news%2F1/picture"); w.Code != http.StatusNoContent {
		t.Errorf("without an edge: status %d, want 204", w.Code)
	}
	c.Health("news/1", health("ok", time.Now().UnixMicro()))
	w := get(h, "/api/v1/streams/news%2F1/picture?at=77")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/jpeg" || w.Header().Get("Framewatch-Instant") != "1234" || w.Body.Len() != len(picture) {
		t.Errorf("picture: status %d, header %v", w.Code, w.Header())
	}
	if got := w.Header().Get("Framewatch-Levels"); got != levels {
		t.Errorf("levels are %q, want %q", got, levels)
	}
	for _, levels = range []string{"", "loud", "1:-20.5/-8.1\r\nSet-Cookie: a=b", "1:" + strings.Repeat("-20.5/-8.1,", 200) + "-1.0/-1.0"} {
		if got := get(h, "/api/v1/streams/news%2F1/picture").Header().Values("Framewatch-Levels"); got != nil {
			t.Errorf("the edge's levels %.40q are passed on: %q", levels, got)
		}
	}
	get(h, "/api/v1/streams/news%2F1/picture?at=77")
	if last != (asked{"http://edge", "news/1", 77}) {
		t.Errorf("the edge was asked for %+v", last)
	}
	if cache := w.Header().Get("Cache-Control"); !strings.Contains(cache, "private") {
		t.Errorf("Cache-Control is %q", cache)
	}
	if w := get(h, "/api/v1/streams/news%2F1/picture", "If-None-Match", w.Header().Get("ETag")); w.Code != http.StatusNotModified {
		t.Errorf("the same picture again: status %d, want 304", w.Code)
	}
	for _, at := range []string{"x", "-1", "1e6"} {
		if w := get(h, "/api/v1/streams/news%2F1/picture?at="+at); w.Code != http.StatusBadRequest {
			t.Errorf("at=%s: status %d, want 400", at, w.Code)
		}
	}
	failure = console.ErrNoPicture
	if w := get(h, "/api/v1/streams/news%2F1/picture"); w.Code != http.StatusNoContent {
		t.Errorf("nothing held: status %d, want 204", w.Code)
	}
	failure = errors.New("connect to http://10.0.0.7: refused")
	if w := get(h, "/api/v1/streams/news%2F1/picture"); w.Code != http.StatusBadGateway || strings.Contains(w.Body.String(), "10.0.0.7") {
		t.Errorf("edge away: status %d, %s; want 502 without the address", w.Code, w.Body)
	}
	failure, picture = nil, []byte("<script>alert(1)</script>")
	if w := get(h, "/api/v1/streams/news%2F1/picture"); w.Code != http.StatusBadGateway || strings.Contains(w.Body.String(), "script") {
		t.Errorf("edge sends something else: status %d, %s; want 502", w.Code, w.Body)
	}
	if w := get(h, "/api/v1/streams/other/picture"); w.Code != http.StatusNotFound {
		t.Errorf("unknown stream: status %d, want 404", w.Code)
	}
}

// TestEdgeIsLoggedOnce: one line when an edge falls silent and one when it is back, however often it is asked.
func TestEdgeIsLoggedOnce(t *testing.T) {
	var lines bytes.Buffer
	var failure error
	d := deps()
	d.Log = slog.New(slog.NewTextHandler(&lines, nil))
	d.Picture = func(context.Context, string, string, int64) (console.Picture, error) {
		return console.Picture{JPEG: testCard(), Instant: 1}, failure
	}
	c := console.New(console.Defaults(), d)
	c.Stream("news", &schemas.StreamSpec{})
	c.Health("news", health("ok", time.Now().UnixMicro()))
	for _, failure = range []error{nil, errors.New("refused"), errors.New("refused"), console.ErrNoPicture, nil, nil} {
		get(c.Handler(), "/api/v1/streams/news/picture")
	}
	if log := lines.String(); strings.Count(log, "\n") != 2 || !strings.Contains(log, "edge gives no pictures") || !strings.Contains(log, "refused") || !strings.Contains(log, "again") {
		t.Errorf("the log is\n%s", log)
	}
}

func TestProbes(t *testing.T) {
	d := deps()
	d.Ready = func() error { return errors.New("still reading the log") }
	c := console.New(console.Config{Users: map[string]console.User{"ops": {PasswordHash: hashOfSesame}}}, d)
	h := c.Handler()
	if w := get(h, "/-/healthy"); w.Code != http.StatusOK {
		t.Errorf("healthy: status %d", w.Code)
	}
	if w := get(h, "/-/ready"); w.Code != http.StatusServiceUnavailable || w.Body.String() != "not ready: still reading the log\n" {
		t.Errorf("ready: status %d, %q", w.Code, w.Body)
	}
}

// A log that stands still is told: not one stream that is away, but when there is no news of any.
func TestReadyWhileThereIsNews(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	ago := func(seconds int64) int64 { return time.Now().UnixMicro() - seconds*1_000_000 }
	want := func(status int, text string) {
		t.Helper()
		if w := get(c.Handler(), "/-/ready"); w.Code != status || !strings.Contains(w.Body.String(), text) {
			t.Errorf("status %d, %q, want %d and %q", w.Code, w.Body, status, text)
		}
	}
	c.Stream("a", &schemas.StreamSpec{})
	c.Stream("b", &schemas.StreamSpec{})
	want(http.StatusOK, "ready")
	c.Health("a", health("ok", ago(100)))
	c.Health("b", health("ok", ago(50)))
	want(http.StatusServiceUnavailable, "not ready: nothing has come of any stream for 50 s")
	c.Health("b", health("unknown", ago(0)))
	want(http.StatusOK, "ready")
	c.Stream("b", nil)
	want(http.StatusServiceUnavailable, "for 100 s")
	c.Stream("a", nil)
	want(http.StatusOK, "ready")
}

func TestRegistry(t *testing.T) {
	d := deps()
	d.Schemas = func() []console.Schema {
		return []console.Schema{{"b-value", 2, 12, `"int"`}, {"b-value", 1, 11, `"string"`}, {"a-value", 1, 2130706433, `"bytes"`}}
	}
	h := console.New(console.Defaults(), d).Handler()
	tests := []struct {
		path   string
		status int
		want   string
	}{
		{"/subjects", 200, `["a-value","b-value"]`},
		{"/subjects/b-value/versions", 200, `[1,2]`},
		{"/subjects/b-value/versions/1", 200, `{"subject":"b-value","version":1,"id":11,"schema":"\"string\""}`},
		{"/subjects/b-value/versions/latest", 200, `{"subject":"b-value","version":2,"id":12,"schema":"\"int\""}`},
		{"/subjects/b-value/versions/3", 404, `{"error_code":40402,"message":"Version not found"}`},
		{"/subjects/b-value/versions/x", 422, `{"error_code":42202,"message":"Invalid version"}`},
		{"/subjects/c-value/versions", 404, `{"error_code":40401,"message":"Subject not found"}`},
		{"/subjects/c-value/versions/1", 404, `{"error_code":40401,"message":"Subject not found"}`},
		{"/schemas/ids/2130706433", 200, `{"schema":"\"bytes\""}`},
		{"/schemas/ids/7", 404, `{"error_code":40403,"message":"Schema not found"}`},
	}
	for _, test := range tests {
		w := get(h, test.path)
		if got := strings.TrimSpace(w.Body.String()); w.Code != test.status || got != test.want {
			t.Errorf("%s: %d %s, want %d %s", test.path, w.Code, got, test.status, test.want)
		}
	}
}
