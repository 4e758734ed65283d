package console_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

func TestRecurrences(t *testing.T) {
	var done []string
	var failure error
	c := console.New(console.Defaults(), acting(&done, &failure))
	h := c.Handler()
	w := send(h, "POST", "/api/v1/recurrences", `{"matchers":["stream=\"news\""],"comment":"why","schedule":{"days":["tue"],"from":"02:00","to":"04:00","zone":"UTC"}}`)
	if r := decode[console.Recurrence](t, w); w.Code != http.StatusCreated || r.ID != "7c1e" || r.By != "console" || r.Next == nil {
		t.Errorf("status %d, %+v", w.Code, r)
	}
	for body, want := range map[string]string{
		`{"comment":"x","schedule":{"from":"02:00","to":"04:00","zone":"UTC"}}`:                           "matchers",
		`{"matchers":["a=b"],"schedule":{"from":"02:00","to":"04:00","zone":"UTC"}}`:                      "comment",
		`{"matchers":["a=b"],"comment":"x","schedule":{"at":"02:00","from":"2","to":"04:00","zone":"U"}}`: "at",
	} {
		if w := send(h, "POST", "/api/v1/recurrences", body); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) || len(done) != 1 {
			t.Errorf("%s: status %d %s, want %s", body, w.Code, w.Body, want)
		}
	}
	if w := send(h, "DELETE", "/api/v1/recurrences/7c1e", ""); w.Code != http.StatusOK || done[1] != "console loopback end recurrence 7c1e" {
		t.Errorf("status %d, done %q", w.Code, done)
	}
	if w := send(h, "DELETE", "/api/v1/recurrences/x..y", ""); w.Code != http.StatusNotFound || len(done) != 2 {
		t.Errorf("status %d, done %q", w.Code, done)
	}
	if w := send(h, "POST", "/api/v1/silences/5a3f/extend", `{"end":9}`); w.Code != http.StatusOK || done[2] != "console loopback extend 5a3f 9" {
		t.Errorf("status %d, done %q", w.Code, done)
	}

	c.Recurring("b", &console.Recurrence{ID: "b", Matchers: []string{}}) // its time is over
	c.Recurring("a", &console.Recurrence{ID: "a", Matchers: []string{}, Schedule: console.Schedule{Zone: "UTC"}})
	type answer struct{ Recurrences []console.Recurrence }
	list := decode[answer](t, get(h, "/api/v1/recurrences")).Recurrences
	if len(list) != 2 || list[0].ID != "a" || list[0].Next == nil || list[1].Next != nil {
		t.Errorf("there are %+v", list)
	}
	c.Recurring("a", nil)
	if list := decode[answer](t, get(h, "/api/v1/recurrences")).Recurrences; len(list) != 1 {
		t.Errorf("without one there are %+v", list)
	}
}

// TestMuted: what a silence mutes is counted in the list and named in the preview, and labels are suggested.
func TestMuted(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	h := c.Handler()
	c.Stream("news", &schemas.StreamSpec{Labels: map[string]string{"site": "north", "kind": "talk"}})
	c.Stream("sport", &schemas.StreamSpec{Labels: map[string]string{"site": "south"}})
	c.Defect(&schemas.DefectEvent{ID: idOf(1), Revision: 1, State: "opened", Stream: "news", Part: "track 1", Labels: []schemas.Label{}})
	c.Defect(&schemas.DefectEvent{ID: idOf(2), Revision: 2, State: "closed", Stream: "news", Labels: []schemas.Label{}})
	now := time.Now().UnixMicro()
	c.Silenced("a", &console.Silence{ID: "a", Matchers: []string{`stream="news"`}, Start: 1, End: now + 60e6})
	c.Silenced("b", &console.Silence{ID: "b", Matchers: []string{`stream="sport"`}, Start: 2, End: now + 60e6})
	c.Silenced("c", &console.Silence{ID: "c", Matchers: []string{`broken`}, Start: 3, End: now + 60e6})
	type list struct{ Silences []console.Silence }
	all := decode[list](t, get(h, "/api/v1/silences")).Silences
	if len(all) != 3 || *all[0].Mutes != (console.Muted{Streams: 1, Defects: 1}) || *all[1].Mutes != (console.Muted{Streams: 1}) || all[2].Mutes != nil {
		t.Errorf("they mute %+v", all)
	}
	if of := decode[list](t, get(h, "/api/v1/silences?stream=sport")).Silences; len(of) != 1 || of[0].ID != "b" {
		t.Errorf("of sport there are %+v", of)
	}
	type preview struct {
		Mutes   console.Muted
		Streams []string
		Defects []struct{ ID string }
	}
	p := decode[preview](t, get(h, `/api/v1/silences/preview?matcher=stream%3D%22news%22&matcher=x%3Dy`))
	if p.Mutes != (console.Muted{Streams: 1, Defects: 1}) || !slices.Equal(p.Streams, []string{"news"}) || len(p.Defects) != 1 || p.Defects[0].ID != idOf(1) {
		t.Errorf("the preview is %+v", p)
	}
	for _, query := range []string{"", "?matcher=broken", "?matcher=" + strings.Repeat("x", 1001)} {
		if w := get(h, "/api/v1/silences/preview"+query); w.Code != http.StatusBadRequest {
			t.Errorf("%.40s: status %d", query, w.Code)
		}
	}
	labels := decode[struct{ Labels map[string][]string }](t, get(h, "/api/v1/labels")).Labels
	for name, want := range map[string][]string{"stream": {"news", "sport"}, "site": {"north", "south"}, "stream_kind": {"talk"}, "kind": {"black", "freeze"}, "part": {"track 1"}, "severity": {"critical", "info", "warning"}} {
		if !slices.Equal(labels[name], want) {
			t.Errorf("of %s there are %q, want %q", name, labels[name], want)
		}
	}
}
