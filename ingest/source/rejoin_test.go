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

// TestHLSSoundJoins has pictures in segments of 4 s, entered at the third from the end or where they were left, and sound in segments of 3 s: it begins
// with the segment in which the pictures begin.
func TestHLSSoundJoins(t *testing.T) {
	begin := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	list := func(kind string, seconds, from, until int, dates bool) string {
		text := fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n", seconds, from/seconds)
		for at := from; at < until; at += seconds {
			if dates {
				text += "#EXT-X-PROGRAM-DATE-TIME:" + begin.Add(time.Duration(at)*time.Second).Format(time.RFC3339Nano) + "\n"
			}
			text += fmt.Sprintf("#EXTINF:%d,\n%s%d\n", seconds, kind, at)
		}
		return text
	}
	for _, c := range []struct {
		name       string
		dates      bool
		soundEnds  int
		want, then [2]string
	}{
		{"by dates", true, 33, [2]string{"<p24><p28><p32>", "<s24><s27><s30>"}, [2]string{"<p36><p40>", "<s36><s39><s42>"}},
		// Sound is taken to end at 36 as the pictures do; 12 s of it begin at 21.
		{"by what is left", false, 33, [2]string{"<p24><p28><p32>", "<s21><s24><s27><s30>"}, [2]string{"<p36><p40>", "<s36><s39><s42>"}},
		{"both end together", false, 36, [2]string{"<p24><p28><p32>", "<s24><s27><s30><s33>"}, [2]string{"<p36><p40>", "<s36><s39><s42>"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			picturesEnd, soundEnd := 36, c.soundEnds
			o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
				switch path := strings.TrimPrefix(r.URL.Path, "/"); path {
				case "all.m3u8":
					fmt.Fprint(w, apartFiles("", "")["/all.m3u8"])
				case "p.m3u8":
					fmt.Fprint(w, list("p", 4, 0, picturesEnd, c.dates))
				case "s.m3u8":
					fmt.Fprint(w, list("s", 3, 0, soundEnd, c.dates))
				default:
					fmt.Fprintf(w, "<%s>", path)
				}
			})
			var position source.Position
			for _, want := range [][2]string{c.want, c.then} {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				var w sinks
				_ = source.Fetch(ctx, source.Request{URL: "http://o/all.m3u8", Client: o.client(), Position: &position}, &w, &source.Meter{})
				cancel()
				if got := [2]string{strings.Trim(w.String(), "|"), strings.Trim(w.sound.String(), "|")}; got != want {
					t.Errorf("%s: wrote %v, want %v", c.name, got, want)
				}
				position.Rejoin()
				picturesEnd, soundEnd = 44, 45
			}
		})
	}
}

// TestDASHRejoins has pictures of 2 s and sound of 3 s of which all is kept, 12 s old at the beginning: entered at 6 s. What was fetched last is no longer
// than what a client that begins has ahead: soon after it is gone on with, and later passed over; the sound is entered with the pictures.
func TestDASHRejoins(t *testing.T) {
	for _, c := range []struct {
		away            time.Duration
		pictures, sound string
	}{
		{2 * time.Second, "|<vi><v6>", "<ai><a4>"},                   // at 14 s; a client would begin at 8
		{30 * time.Second, "|<vi><v18><v19><v20>", "<ai><a12><a13>"}, // at 42 s
	} {
		synctest.Test(t, func(t *testing.T) {
			text := mpdOf(ago(12*time.Second), `<Period start="PT0S">
				<AdaptationSet contentType="audio"><SegmentTemplate duration="3" startNumber="0" media="a$Number$" initialization="ai"/><Representation bandwidth="1"/></AdaptationSet>
				<AdaptationSet contentType="video"><SegmentTemplate duration="2" startNumber="0" media="v$Number$" initialization="vi"/><Representation bandwidth="1"/></AdaptationSet></Period>`)
			o := newOrigin(named(func() string { return text }))
			var at source.Position
			var w split
			if fetched(t, o, &w, &source.Meter{}, &at, 100*time.Millisecond); w.String() != "|<vi><v3><v4><v5>" || w.sound.String() != "<ai><a2><a3>" {
				t.Errorf("began with %s and %s", w.String(), w.sound.String())
			}
			at.Rejoin()
			time.Sleep(c.away - 100*time.Millisecond)
			w = split{}
			if fetched(t, o, &w, &source.Meter{}, &at, 1100*time.Millisecond); w.String() != c.pictures || w.sound.String() != c.sound {
				t.Errorf("after %v: went on with %s and %s, want %s and %s", c.away, w.String(), w.sound.String(), c.pictures, c.sound)
			}
		})
	}
}
