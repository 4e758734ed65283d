package source_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
)

// marked is a sink that shows where it was told of a discontinuity.
type marked struct{ sink }

func (m *marked) Discontinuity() { m.Write([]byte("|")) }

// Where what is written does not go on the writer is told, and nowhere else.
func TestDiscontinuity(t *testing.T) {
	all := map[string]string{"/list.m3u8": strings.Replace(vod, "#EXT-X-DISCONTINUITY\n", "", 1), "/a.ts": "<a>", "/sub/b.ts": "<b>", "/root/c.ts": "<c>"}
	with := func(changes ...string) map[string]string {
		texts := map[string]string{}
		for path, text := range all {
			texts[path] = text
		}
		for i := 0; i < len(changes); i += 2 {
			texts[changes[i]] = changes[i+1]
		}
		return texts
	}
	missing := with()
	delete(missing, "/sub/b.ts")
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"all in a row", all, "|<a><b><c>"},
		{"EXT-X-DISCONTINUITY", with("/list.m3u8", vod), "|<a>|<b><c>"},
		{"a segment that is not there", missing, "|<a>|<c>"},
		{"a gap", with("/list.m3u8", strings.Replace(vod, "#EXT-X-DISCONTINUITY", "#EXT-X-GAP", 1)), "|<a>|<c>"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var w marked
			err := source.Fetch(t.Context(), source.Request{URL: "http://o/list.m3u8", Client: newOrigin(files(c.files)).client()}, &w, &source.Meter{})
			if got := w.String(); err != nil || got != c.want {
				t.Errorf("%s: wrote %q, %v, want %q", c.name, got, err, c.want)
			}
		})
	}
}

// A live list that runs away leaves a hole, a body that is looped begins anew each time around.
func TestDiscontinuityLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loads := 0
		o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/list.m3u8" {
				served(w, r)
				return
			}
			loads++
			first := map[bool]int{true: 1, false: 11}[loads == 1]
			fmt.Fprint(w, live(first, first+3))
		})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var w marked
		source.Fetch(ctx, source.Request{URL: "http://o/list.m3u8", Client: o.client()}, &w, &source.Meter{})
		// Entered at 2 of 1 to 4; what is then listed is entered at 12 of 11 to 14.
		if want := "|<2><3><4>|<12><13><14>"; w.String() != want {
			t.Errorf("wrote %s, want %s", w.String(), want)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	served := 0
	o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
		if served++; served == 3 {
			cancel()
			return
		}
		w.Header().Set("Content-Length", "5")
		fmt.Fprint(w, "Gone ")
	})
	var w marked
	source.Fetch(ctx, source.Request{URL: "http://o/a", Loop: true, Client: o.client()}, &w, &source.Meter{})
	if want := "|Gone |Gone |"; w.String() != want {
		t.Errorf("wrote %s, want %s", w.String(), want)
	}
}
