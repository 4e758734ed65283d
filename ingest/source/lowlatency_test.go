package source_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
)

// followed is what is written in so long of the lists that are served, one every 4 s, and how that ended.
func followed(t *testing.T, d time.Duration, segment http.HandlerFunc, lists ...string) (string, error) {
	began := time.Now()
	o := newOrigin(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/list.m3u8" {
			segment(w, r)
			return
		}
		fmt.Fprint(w, lists[min(int(time.Since(began)/(4*time.Second)), len(lists)-1)])
	})
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var w marked
	err := source.Fetch(ctx, source.Request{URL: "http://o/list.m3u8", Client: o.client()}, &w, &source.Meter{})
	return w.String(), err
}

// TestHLSLowLatency has lists with all that low latency adds, of which whole segments are taken; the last leaves out what was listed before.
func TestHLSLowLatency(t *testing.T) {
	const control = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=24.0,PART-HOLD-BACK=1.0\n#EXT-X-PART-INF:PART-TARGET=0.5\n#EXT-X-VERSION:9\n"
	parts := func(n int) string {
		return fmt.Sprintf("#EXT-X-PART:DURATION=0.5,URI=\"%[1]d.0.ts\",INDEPENDENT=YES\n#EXT-X-PART:DURATION=0.5,URI=\"%[1]d.ts\",BYTERANGE=\"9@0\"\n#EXT-X-PART:DURATION=0.5,URI=\"g\",GAP=YES\n", n)
	}
	const end = "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p.ts\"\n#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"i\"\n#EXT-X-RENDITION-REPORT:URI=\"../1M/list.m3u8\",LAST-MSN=9,LAST-PART=1\n"
	full := func(first, last int) string {
		text := strings.Replace(live(first, last), "#EXT-X-MEDIA-SEQUENCE", control+"#EXT-X-MEDIA-SEQUENCE", 1)
		return strings.Replace(text, fmt.Sprintf("#EXTINF:4,\n%d.ts", last), parts(last)+fmt.Sprintf("#EXTINF:4,\n%d.ts", last), 1) + parts(last+1) + end
	}
	skipping := strings.Replace(live(9, 8), "#EXT-X-MEDIA-SEQUENCE", control+"#EXT-X-MEDIA-SEQUENCE", 1) + "#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n" + list(13, 15) + parts(16) + end
	synctest.Test(t, func(t *testing.T) {
		got, err := followed(t, 15*time.Second, served, full(7, 12), full(8, 13), skipping)
		if want := "|<10><11><12><13><14><15>"; got != want || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("wrote %s, %v, want %s", got, err, want)
		}
	})
}

// TestHLSRestarted has a server that begins anew, with a list that lies wholly before the last one.
func TestHLSRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, _ := followed(t, 15*time.Second, served, live(10, 15), live(11, 16), live(0, 2), live(0, 3))
		if want := "|<13><14><15><16>|<0><1><2><3>"; got != want {
			t.Errorf("wrote %s, want %s", got, want)
		}
	})
}

// TestHLSKeysRotate has a key for each segment of a live list, one of which is not to be had; the IV is the media sequence number.
func TestHLSKeysRotate(t *testing.T) {
	name := func(r *http.Request) (n int) {
		fmt.Sscanf(strings.Trim(r.URL.Path, "/k"), "%d", &n)
		return n
	}
	keyOf := func(n int) []byte { return fmt.Appendf(nil, "the key of no. %02d", n)[:16] }
	serve := func(w http.ResponseWriter, r *http.Request) {
		n := name(r)
		switch {
		case r.URL.Path == "/k9":
			http.NotFound(w, r)
		case strings.HasPrefix(r.URL.Path, "/k"):
			w.Write(keyOf(n))
		default:
			fmt.Fprint(w, encrypted(keyOf(n), append(make([]byte, 15), byte(n)), fmt.Sprintf("<%d>", n)))
		}
	}
	rotating := func(first, last int) string {
		text := live(first, last)
		for n := first; n <= last; n++ {
			text = strings.Replace(text, fmt.Sprintf("#EXTINF:4,\n%d.ts", n), fmt.Sprintf("#EXT-X-KEY:METHOD=AES-128,URI=\"k%d\"\n#EXTINF:4,\n%d.ts", n, n), 1)
		}
		return text
	}
	synctest.Test(t, func(t *testing.T) {
		got, _ := followed(t, 15*time.Second, serve, rotating(3, 8), rotating(4, 9), rotating(5, 10), rotating(6, 11))
		if want := "|<6><7><8>|<10><11>"; got != want {
			t.Errorf("wrote %s, want %s", got, want)
		}
	})
}

// TestHLSSampleEncryption has what cannot be decrypted end with the reason, from the beginning or as soon as three target durations have passed with it.
func TestHLSSampleEncryption(t *testing.T) {
	for _, method := range []string{"SAMPLE-AES", "SAMPLE-AES-CTR"} {
		sealed := strings.Replace(live(11, 16), "#EXTINF", "#EXT-X-KEY:METHOD="+method+",URI=\"skd://key\",KEYFORMAT=\"com.apple.streamingkeydelivery\"\n#EXTINF", 1)
		for _, c := range []struct {
			want  string
			after time.Duration
			lists []string
		}{{"|", 0, []string{sealed}}, {"|<13><14><15>", 12 * time.Second, []string{live(10, 15), sealed}}} {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				got, err := followed(t, time.Minute, served, c.lists...)
				if reason := fmt.Sprintf("segments are encrypted with %q, which is not supported", method); got != c.want || err == nil || !strings.HasSuffix(err.Error(), reason) || time.Since(began) != c.after {
					t.Errorf("wrote %s, %v after %v, want %s, %s after %v", got, err, time.Since(began), c.want, reason, c.after)
				}
			})
		}
	}
}

// TestHLSInitRanges has initialisation sections that are parts of one resource: the same one again, one without an offset, and another.
func TestHLSInitRanges(t *testing.T) {
	const list = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"all\",BYTERANGE=\"3\"\n#EXTINF:4,\n#EXT-X-BYTERANGE:2@3\nall\n#EXT-X-MAP:URI=\"all\",BYTERANGE=\"3@0\"\n#EXTINF:4,\n" +
		"#EXT-X-BYTERANGE:2\nall\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:BYTERANGE=\"3@7\",URI=\"all\"\n#EXTINF:4,\n#EXT-X-BYTERANGE:2@10\nall\n#EXT-X-ENDLIST\n"
	r := source.Request{URL: "http://o/list.m3u8", Client: newOrigin(files(map[string]string{"/list.m3u8": list, "/all": "iniaabbINIcc"})).client(), Position: &source.Position{}}
	for i, want := range []string{"|iniaabb", "||INIcc"} {
		var w marked
		if err := source.Fetch(t.Context(), r, &w, &source.Meter{}); w.String() != want || errors.Is(err, source.ErrReopen) != (i == 0) || i > 0 && err != nil {
			t.Errorf("fetch %d wrote %s, %v, want %s", i, w.String(), err, want)
		}
	}
}

// TestHLSSoundApartEncrypted has pictures and sound each with keys of their own, over a discontinuity and a gap.
func TestHLSSoundApartEncrypted(t *testing.T) {
	const list = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-KEY:METHOD=AES-128,URI=\"?k1\"\n#EXTINF:4,\n?0\n#EXTINF:4,\n?1\n#EXT-X-DISCONTINUITY\n#EXT-X-KEY:METHOD=AES-128,URI=\"?k2\"\n#EXTINF:4,\n?2\n#EXTINF:4,\n?3\n#EXT-X-ENDLIST\n"
	pictures, sound := strings.ReplaceAll(list, "?", "p"), strings.ReplaceAll(list, "?", "s")
	for _, c := range []struct{ name, pictures, sound, want, heard string }{
		{"both", pictures, sound, "|<p0><p1>|<p2><p3>", "<s0><s1>|<s2><s3>"},
		{"sound has a gap", pictures, strings.Replace(sound, "#EXTINF:4,\ns3", "#EXT-X-GAP\n#EXTINF:4,\ns3", 1), "|<p0><p1>|<p2><p3>", "<s0><s1>|<s2>"},
		{"sound in the clear", pictures, strings.Replace(strings.ReplaceAll(sound, "AES-128,URI=\"sk1\"", "NONE"), "AES-128,URI=\"sk2\"", "NONE", 1), "|<p0><p1>|<p2><p3>", "<s0><s1>|<s2><s3>"},
	} {
		all := apartFiles(c.pictures, c.sound)
		for _, kind := range []string{"p", "s"} {
			for n := range 4 {
				key := fmt.Appendf(nil, "the %s's key no. %d", kind, n/2+1)[:16]
				all[fmt.Sprintf("/%sk%d", kind, n/2+1)] = string(key)
				if path := fmt.Sprintf("/%s%d", kind, n); kind == "p" || strings.Contains(c.sound, "AES") {
					all[path] = encrypted(key, append(make([]byte, 15), byte(n)), all[path])
				}
			}
		}
		synctest.Test(t, func(t *testing.T) {
			var w sinks
			err := source.Fetch(t.Context(), source.Request{URL: "http://o/all.m3u8", Client: newOrigin(files(all)).client()}, &w, &source.Meter{})
			if err != nil || w.String() != c.want || w.sound.String() != c.heard {
				t.Errorf("%s: %v, wrote %s and %s, want %s and %s", c.name, err, w.String(), w.sound.String(), c.want, c.heard)
			}
		})
	}
}
