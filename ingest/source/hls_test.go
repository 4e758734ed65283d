package source_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
)

const vod = `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXTINF:4,
a.ts
#EXT-X-DISCONTINUITY
#EXTINF:4,
sub/b.ts
#EXTINF:2.5,
/root/c.ts
#EXT-X-ENDLIST
`

func TestHLSFinished(t *testing.T) {
	for _, c := range []struct {
		name string
		// files below /live; the playlist is list.m3u8
		files          map[string]string
		want, err      string
		segments, lost int64
	}{
		{"all in order, over a discontinuity", map[string]string{"/live/list.m3u8": vod, "/live/a.ts": "<a>", "/live/sub/b.ts": "<b>", "/root/c.ts": "<c>"}, "<a><b><c>", "", 3, 0},
		{"byte order mark and DOS lines", map[string]string{"/live/list.m3u8": "\ufeff" + strings.ReplaceAll(vod, "\n", "\r\n"), "/live/a.ts": "<a>", "/live/sub/b.ts": "<b>", "/root/c.ts": "<c>"}, "<a><b><c>", "", 3, 0},
		{"one missing", map[string]string{"/live/list.m3u8": vod, "/live/a.ts": "<a>", "/root/c.ts": "<c>"}, "<a><c>", "", 2, 1},
		{"all missing", map[string]string{"/live/list.m3u8": vod}, "", "3 segments in a row failed, the last one with: the server answered 404 Not Found", 0, 3},
		{"empty segment", map[string]string{"/live/list.m3u8": vod, "/live/a.ts": "", "/live/sub/b.ts": "<b>", "/root/c.ts": "<c>"}, "<b><c>", "", 2, 1},
		{"gap", map[string]string{"/live/list.m3u8": strings.Replace(vod, "#EXT-X-DISCONTINUITY", "#EXT-X-GAP", 1), "/live/a.ts": "<a>", "/live/sub/b.ts": "<b>", "/root/c.ts": "<c>"}, "<a><c>", "", 2, 0},
		{"not of HTTP", map[string]string{"/live/list.m3u8": strings.Replace(vod, "sub/b.ts", "file:///etc/hostname", 1)}, "", `the playlist names "file:///etc/hostname", which is not HTTP`, 0, 0},
		{"a long name", map[string]string{"/live/list.m3u8": strings.Replace(vod, "sub/b.ts", "gopher://h/"+strings.Repeat("a/", 100), 1)}, "", "the playlist names a text of 211 bytes, which is not HTTP", 0, 0},
		{"encryption of another kind", map[string]string{"/live/list.m3u8": strings.Replace(vod, "#EXT-X-DISCONTINUITY", `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"`, 1)}, "", `segments are encrypted with "SAMPLE-AES", which is not supported`, 0, 0},
		{"byte ranges", map[string]string{"/live/list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n#EXT-X-BYTERANGE:3@1\nall\n#EXTINF:4,\n#EXT-X-BYTERANGE:2\nall\n#EXT-X-ENDLIST\n", "/live/all": "0123456789"}, "12345", "", 2, 0},
		{"initialisation section once", map[string]string{"/live/list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"all\",BYTERANGE=\"4@2\"\n#EXTINF:4,\na.ts\n#EXTINF:4,\nsub/b.ts\n#EXT-X-ENDLIST\n", "/live/all": "0123456789", "/live/a.ts": "<a>", "/live/sub/b.ts": "<b>"}, "2345<a><b>", "", 2, 0},
		{"date range after the last segment", map[string]string{"/live/list.m3u8": strings.Replace(vod, "#EXT-X-ENDLIST", "#EXT-X-DATERANGE:ID=\"1\",START-DATE=\"2026-01-01T00:00:00Z\",SCTE35-OUT=0xFC00\n#EXT-X-ENDLIST", 1), "/live/a.ts": "<a>", "/live/sub/b.ts": "<b>", "/root/c.ts": "<c>"}, "<a><b><c>", "", 3, 0},
		{"master in a master", map[string]string{"/live/list.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlist.m3u8\n"}, "", "the playlist is no media playlist: it has no target duration", 0, 0},
		{"key without a segment", map[string]string{"/live/list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-KEY:METHOD=NONE\nstray\n#EXT-X-ENDLIST\n"}, "", "the playlist is malformed: runtime error: invalid memory address or nil pointer dereference", 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var w sink
			var m source.Meter
			err := source.Fetch(t.Context(), source.Request{URL: "http://o/live/list.m3u8", Client: newOrigin(files(c.files)).client()}, &w, &m)
			if got := strings.TrimPrefix(fmt.Sprint(err), "fetch http://o/live/list.m3u8: "); c.err == "" && err != nil || c.err != "" && got != c.err {
				t.Errorf("%s: got %v, want %q", c.name, err, c.err)
			}
			s, _ := m.Playlist()
			if w.String() != c.want || s.Segments != c.segments || s.SegmentErrors != c.lost {
				t.Errorf("%s: wrote %q, %d segments, %d errors, want %q, %d, %d", c.name, w.String(), s.Segments, s.SegmentErrors, c.want, c.segments, c.lost)
			}
		})
	}
}

// live is an unfinished playlist that lists the segments numbered from first to last, 4 s each.
func live(first, last int) string {
	text := fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:%d\n", first)
	for i := first; i <= last; i++ {
		text += fmt.Sprintf("#EXTINF:4,\n%d.ts\n", i)
	}
	return text
}

// served answers segments "N.ts" with "<N>".
func served(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "<%s>", strings.TrimSuffix(r.URL.Path[1:], ".ts"))
}

// TestHLSLive follows a list of six segments of 4 s that grows by one at 1, 5 and 9 s. It is entered at 12, so that 12, 13 and 14
// give the three target durations, and reloaded after 4 s when it has changed (at 0, 4, 8 and 12 s) and after 2 s when it has not (at
// 16 and 18 s).
func TestHLSLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o *origin
		o = newOrigin(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/list.m3u8" {
				served(w, r)
				return
			}
			grown := int((time.Since(o.began) + 3*time.Second) / (4 * time.Second))
			if grown > 3 {
				grown = 3 // the encoder dies
			}
			fmt.Fprint(w, live(9+grown, 14+grown))
		})
		ctx, cancel := context.WithTimeout(t.Context(), 19*time.Second)
		defer cancel()
		var w sink
		var m source.Meter
		err := source.Fetch(ctx, source.Request{URL: "http://o/list.m3u8", Client: o.client()}, &w, &m)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
		if want := "<12><13><14><15><16><17>"; w.String() != want {
			t.Errorf("wrote %s, want %s", w.String(), want)
		}
		var at []int
		for _, r := range o.requests("list") {
			at = append(at, int(r.at/time.Second))
		}
		if want := []int{0, 4, 8, 12, 16, 18}; !slices.Equal(at, want) {
			t.Errorf("reloaded at %v s, want %v", at, want)
		}
		s, ok := m.Playlist()
		if age := time.Since(s.Changed); !ok || age != 7*time.Second || s.MediaSequence != 12 || s.Step != 1 || s.Length != 6 || s.Target != 4*time.Second {
			t.Errorf("age %v, %+v, want 7 s (12 to 19), sequence 12, step 1, length 6", age, s)
		}
	})
}

// TestHLSResumes ends a first Fetch after segment 13 and goes on with the list as it is later. Who rejoins passes over what a client that begins would
// not play.
func TestHLSResumes(t *testing.T) {
	for _, c := range []struct {
		name        string
		rejoins     bool
		first, last int
		want        string
		missed      int64
	}{
		{"where it was", false, 10, 15, "<14><15>", 0},
		{"after segments that are gone", false, 20, 25, "<23><24><25>", 9}, // 14 to 22
		{"nothing new", false, 8, 13, "", 0},
		{"a restarted stream", false, 0, 2, "<0><1><2>", 0},
		{"rejoins soon", true, 10, 15, "<14><15>", 0},
		{"rejoins late a list that keeps all", true, 8, 40, "<38><39><40>", 0},
		{"rejoins after segments that are gone", true, 20, 25, "<23><24><25>", 9},
		{"rejoins a restarted stream", true, 0, 5, "<3><4><5>", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			first, last := 8, 13
			o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/list.m3u8" {
					served(w, r)
					return
				}
				fmt.Fprint(w, live(first, last))
			})
			var position source.Position
			fetch := func() (string, int64) {
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				var w sink
				var m source.Meter
				_ = source.Fetch(ctx, source.Request{URL: "http://o/list.m3u8", Client: o.client(), Position: &position}, &w, &m)
				s, _ := m.Playlist()
				return w.String(), s.Missed
			}
			if got, _ := fetch(); got != "<11><12><13>" {
				t.Fatalf("%s: began with %s", c.name, got)
			}
			if c.rejoins {
				position.Rejoin()
			}
			first, last = c.first, c.last
			if got, missed := fetch(); got != c.want || missed != c.missed {
				t.Errorf("%s: went on with %s, %d missed, want %s, %d", c.name, got, missed, c.want, c.missed)
			}
		})
	}
}

// TestHLSNewInit has fMP4 whose initialisation section changes, comes back unchanged under another name, and loops.
func TestHLSNewInit(t *testing.T) {
	list := "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"i1\"\n#EXTINF:4,\na\n#EXT-X-MAP:URI=\"i1?again\"\n#EXTINF:4,\nb\n#EXT-X-MAP:URI=\"i2\"\n#EXTINF:4,\nc\n#EXT-X-ENDLIST\n"
	o := newOrigin(files(map[string]string{"/list.m3u8": list, "/i1": "<i1>", "/i2": "<i2>", "/a": "<a>", "/b": "<b>", "/c": "<c>"}))
	r := source.Request{URL: "http://o/list.m3u8", Loop: true, Client: o.client(), Position: &source.Position{}}
	for i, want := range []string{"<i1><a><b>", "<i2><c>", "<i1><a><b>"} {
		var w sink
		if err := source.Fetch(t.Context(), r, &w, &source.Meter{}); !errors.Is(err, source.ErrReopen) || w.String() != want {
			t.Errorf("fetch %d wrote %s, %v, want %s and a new decoder", i, w.String(), err, want)
		}
	}
}

func TestHLSLoops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	served := 0
	o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/root/c.ts" {
			if served++; served == 3 {
				cancel()
			}
		}
		files(map[string]string{"/list.m3u8": vod, "/a.ts": "<a>", "/sub/b.ts": "<b>", "/root/c.ts": "<c>"})(w, r)
	})
	var w sink
	err := source.Fetch(ctx, source.Request{URL: "http://o/list.m3u8", Loop: true, Client: o.client()}, &w, &source.Meter{})
	if !errors.Is(err, context.Canceled) || !strings.HasPrefix(w.String(), "<a><b><c><a><b><c><a><b>") {
		t.Errorf("wrote %s, %v", w.String(), err)
	}
}

// blocked is a writer that waits for leave to write, once for each segment.
type blocked struct {
	sink
	leave chan struct{}
}

func (b *blocked) Write(p []byte) (int, error) {
	<-b.leave
	return b.sink.Write(p)
}

// TestHLSFetchesOneAhead counts the segments asked for while the first is being written: itself and one more.
func TestHLSFetchesOneAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/list.m3u8" {
				fmt.Fprint(w, live(0, 5), "#EXT-X-ENDLIST\n")
				return
			}
			served(w, r)
		})
		w := &blocked{leave: make(chan struct{})}
		done := make(chan error, 1)
		go func() {
			done <- source.Fetch(t.Context(), source.Request{URL: "http://o/list.m3u8", Client: o.client()}, w, &source.Meter{})
		}()
		for i := range 6 {
			synctest.Wait()
			if got, want := len(o.requests(".ts")), min(6, i+2); got != want {
				t.Errorf("%d segments asked for when %d are written, want %d", got, i, want)
			}
			w.leave <- struct{}{}
		}
		if err := <-done; err != nil || w.String() != "<0><1><2><3><4><5>" {
			t.Errorf("wrote %s, %v", w.String(), err)
		}
	})
}

// TestHLSBearsPlaylistFailures lets the playlist fail for a while, which is borne, and then for good: three target durations.
func TestHLSBearsPlaylistFailures(t *testing.T) {
	for _, c := range []struct {
		until time.Duration // the playlist is back
		want  string
		err   string
		after time.Duration
	}{
		{9 * time.Second, "<3><4><5><6>", "context deadline exceeded", 30 * time.Second},
		{time.Hour, "<3><4><5>", "playlist http://o/list.m3u8: the server answered 503 Service Unavailable", 12 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			var o *origin
			o = newOrigin(func(w http.ResponseWriter, r *http.Request) {
				now := time.Since(o.began)
				switch {
				case r.URL.Path != "/list.m3u8":
					served(w, r)
				case now == 0:
					fmt.Fprint(w, live(0, 5))
				case now < c.until:
					w.WriteHeader(http.StatusServiceUnavailable)
				default:
					fmt.Fprint(w, live(1, 6))
				}
			})
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			var w sink
			err := source.Fetch(ctx, source.Request{URL: "http://o/list.m3u8", Client: o.client()}, &w, &source.Meter{})
			if w.String() != c.want || err == nil || !strings.HasSuffix(err.Error(), ": "+c.err) || time.Since(o.began) != c.after {
				t.Errorf("wrote %s, %v after %v, want %s, %s after %v", w.String(), err, time.Since(o.began), c.want, c.err, c.after)
			}
		})
	}
}

func TestHLSStalledSegment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrigin(files(map[string]string{"/list.m3u8": vod, "/a.ts": "<a>", "/root/c.ts": "<c>"}))
		serve := transport(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/sub/b.ts" {
				return &http.Response{StatusCode: 200, ContentLength: -1, Body: &stalling{"<half", r.Context()}, Request: r}, nil
			}
			return o.RoundTrip(r)
		})
		began := time.Now()
		var w sink
		var m source.Meter
		err := source.Fetch(t.Context(), source.Request{URL: "http://o/list.m3u8", Client: &http.Client{Transport: serve}}, &w, &m)
		s, _ := m.Playlist()
		if err != nil || w.String() != "<a><c>" || s.SegmentErrors != 1 || time.Since(began) != 10*time.Second {
			t.Errorf("wrote %s, %v, %+v after %v, want <a><c> after 10 s", w.String(), err, s, time.Since(began))
		}
	})
}

func TestHLSRecognised(t *testing.T) {
	for _, c := range []struct{ name, path, kind string }{
		{"path", "/list.m3u8", "text/plain"}, {"content type", "/list", "application/vnd.apple.mpegurl; charset=utf-8"}, {"content", "/list", ""},
	} {
		o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != c.path {
				served(w, r)
				return
			}
			w.Header().Set("Content-Type", c.kind)
			_, _ = io.WriteString(w, live(0, 1)+"#EXT-X-ENDLIST\n")
		})
		var w sink
		if err := source.Fetch(t.Context(), source.Request{URL: "http://o" + c.path, Client: o.client()}, &w, &source.Meter{}); err != nil || w.String() != "<0><1>" {
			t.Errorf("%s: wrote %q, %v", c.name, w.String(), err)
		}
	}
}
