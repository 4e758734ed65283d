package source_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
)

func parsed(t testing.TB, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestVariantChosen(t *testing.T) {
	audio := `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en",URI="sound.m3u8"` + "\n"
	own := `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en"` + "\n"
	for _, c := range []struct{ name, master, want string }{
		{"the highest bandwidth", "#EXT-X-STREAM-INF:BANDWIDTH=1\nlow\n#EXT-X-STREAM-INF:BANDWIDTH=3\nhigh\n#EXT-X-STREAM-INF:BANDWIDTH=2\nmid\n", "high"},
		{"pictures before bandwidth", "#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS=\"mp4a.40.2\"\nsound\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.4d401e,mp4a.40.2\"\nboth\n", "both"},
		{"sound before bandwidth", "#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS=\"avc1.4d401e\"\nmute\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.4d401e,mp4a.40.2\"\nboth\n", "both"},
		{"sound apart", audio + "#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS=\"avc1.4d401e,mp4a.40.2\",AUDIO=\"a\"\napart\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.4d401e,mp4a.40.2\"\nboth\n", "apart"},
		{"a group without a playlist of its own", own + "#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS=\"avc1.4d401e,mp4a.40.2\",AUDIO=\"a\"\nboth\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow\n", "both"},
		{"only sound apart", audio + "#EXT-X-STREAM-INF:BANDWIDTH=9,AUDIO=\"a\"\nhigh\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nlow\n", "high"},
	} {
		got, err := source.Walk(parsed(t, "http://o/live/master.m3u8"), []byte("#EXTM3U\n"+c.master), false, 0)
		if want := "http://o/live/" + c.want; err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %v, %v, want %s", c.name, got, err, want)
		}
	}
}

// FuzzPlaylist holds the parser and the walk to what a hostile server must not do to us: crash us, make us walk for ever or fetch by
// another protocol than HTTP.
func FuzzPlaylist(f *testing.F) {
	for _, text := range []string{
		vod, live(3, 9), "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9,AUDIO=\"a\"\nhigh\n",
		"#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x00\n#EXT-X-MAP:URI=\"i\",BYTERANGE=\"9\"\n#EXTINF:1,\n#EXT-X-BYTERANGE:5\ns\n",
		"#EXTM3U\n#EXT-X-CUE-OUT:CUE=\"A=\",=\n#EXT-X-DATERANGE:START-DATE=\"2026-01-01T10:00:00Z\",DURATION=nan,SCTE35-IN=0x1\n#EXTINF:1,\ns\n",
		"#EXTM3U\n#EXT-X-KEY:METHOD=NONE\nstray\n", "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n#EXTINF:nan,\na\n#EXTINF:-1e300,\nb\n",
	} {
		f.Add(text, true, int64(5))
	}
	f.Fuzz(func(t *testing.T, text string, started bool, sequence int64) {
		at := parsed(t, "https://o/live/list.m3u8")
		urls, err := source.Walk(at, []byte(text), started, sequence)
		if err != nil && len(urls) > 0 {
			t.Errorf("%v with %d URLs", err, len(urls))
		}
		for _, u := range urls {
			if !strings.HasPrefix(u, "http://") && !strings.HasPrefix(u, "https://") {
				t.Errorf("would fetch %q", u)
			}
		}
		if target := source.Target(at, []byte(text)); target < 0 || target > 24*time.Hour {
			t.Errorf("target duration %v", target)
		}
	})
}
