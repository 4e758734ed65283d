package source_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
)

// pesHeaders are packets of MPEG-TS with the PES header of a picture each, 25 a second from a time stamp on, in the order in which B-frames are sent.
func pesHeaders(first int64, count int) string {
	var out []byte
	for i := range count {
		pts := (first + int64(i^1)*3600) & (1<<33 - 1)
		packet := make([]byte, 188)
		copy(packet, []byte{0x47, 0x41, 0, 0x10, 0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, byte(pts>>29)&0xe | 0x21, byte(pts >> 22), byte(pts>>14) | 1, byte(pts >> 7), byte(pts<<1) | 1})
		out = append(out, packet...)
	}
	return string(out)
}

// TestHLSMonitor has segments of 4, 2 and 4 s that are listed with 4 s each, the second with a date 0.5 s late, over the wrap of time stamps; and three
// variants, of which one is not there and one stands still.
func TestHLSMonitor(t *testing.T) {
	const wrap = 1 << 33
	list := "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-PROGRAM-DATE-TIME:2026-01-01T10:00:00Z\n#EXTINF:4,\n0.ts\n" +
		"#EXT-X-PROGRAM-DATE-TIME:2026-01-01T10:00:04.500Z\n#EXTINF:4,\n1.ts\n#EXTINF:4,\n2.ts\n#EXT-X-ENDLIST\n"
	all := map[string]string{
		"/all.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1\nb.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nc.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=3\nd.m3u8\n",
		"/a.m3u8":   list, "/c.m3u8": list, "/d.m3u8": live(1, 3),
		"/0.ts": pesHeaders(wrap-3*second, 100), "/1.ts": pesHeaders(wrap+second, 50), "/2.ts": pesHeaders(wrap+5*second, 100),
	}
	synctest.Test(t, func(t *testing.T) {
		var m source.Meter
		served := files(all)
		var drifts []time.Duration
		var present []int
		o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/1.ts" || r.URL.Path == "/2.ts" {
				time.Sleep(14 * time.Second)
				s, _ := m.Playlist()
				if s.DateDrift != nil {
					drifts = append(drifts, *s.DateDrift)
				}
				if s.Present != nil {
					present = append(present, *s.Present)
				}
			}
			served(w, r)
		})
		var w sink
		if err := source.Fetch(t.Context(), source.Request{URL: "http://o/all.m3u8", Client: o.client()}, &w, &m); err != nil {
			t.Fatal(err)
		}
		if s, _ := m.Playlist(); s.DateDrift == nil || *s.DateDrift != 500*time.Millisecond || len(drifts) != 1 || drifts[0] != 500*time.Millisecond || s.Variants != 4 {
			t.Errorf("drifts %v, then %+v, want 500 ms from the second segment on", drifts, s)
		}
		// At 4, 8 and 12 s the other three are looked at: c and d are there. At 24 s d is seen not to have grown.
		if len(present) != 2 || present[0] != 3 || present[1] != 2 {
			t.Errorf("variants present at 14 and 28 s: %v, want 3 and 2", present)
		}
		if got, again := m.DurationError(), m.DurationError(); got != -2*time.Second || again != 0 {
			t.Errorf("a segment of 2 s listed with 4 s is told as %v, then %v, want -2 s, then nothing", got, again)
		}
	})
}

// full is a writer that has no room.
type full struct{ context.Context }

func (f full) Write([]byte) (int, error) {
	<-f.Done()
	return 0, f.Err()
}

// TestEnded has lists that are finished, that become it and that are not, and one that is had again: what stood still in between has not changed.
func TestEnded(t *testing.T) {
	for _, c := range []struct {
		name string
		list func(since time.Duration) string
		want bool
		// age 5 s after the beginning, of a list of 4 s that is looked at at 0 and 4 s.
		age time.Duration
	}{
		{"finished", func(time.Duration) string { return live(1, 9) + "#EXT-X-ENDLIST\n" }, true, 5 * time.Second},
		{"live", func(since time.Duration) string { return live(1+int(since/(4*time.Second)), 9) }, false, time.Second},
		{"ends", func(since time.Duration) string {
			return live(1, 9) + map[bool]string{true: "#EXT-X-ENDLIST\n"}[since > 0]
		}, true, time.Second},
		{"static MPD", func(time.Duration) string { return mpdOf(`type="static"`, periodOf(`duration="PT1M"`, numbers)) }, true, 5 * time.Second},
		{"dynamic MPD", func(time.Duration) string { return mpdOf(ago(11*time.Second), periodOf(`start="PT0S"`, numbers)) }, false, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var o *origin
			o = newOrigin(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/list" {
					fmt.Fprint(w, c.list(time.Since(o.began)))
					return
				}
				served(w, r)
			})
			var m source.Meter
			fetch := func(d time.Duration) {
				ctx, cancel := context.WithTimeout(t.Context(), d)
				defer cancel()
				source.Fetch(ctx, source.Request{URL: "http://o/list", Client: o.client()}, full{ctx}, &m)
			}
			fetch(5 * time.Second)
			s, ok := m.Playlist()
			if age := time.Since(s.Changed); !ok || s.Ended != c.want || c.age > 0 && age != c.age {
				t.Errorf("%s: ended %v, age %v, want %v, %v", c.name, s.Ended, age, c.want, c.age)
			}
			fetch(2 * time.Second)
			if again, _ := m.Playlist(); again.Ended != c.want || c.want && !again.Changed.Equal(s.Changed) {
				t.Errorf("%s: had again it is %v, changed at %v and then at %v", c.name, again.Ended, s.Changed, again.Changed)
			}
		})
	}
}
