package source_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/source"
)

// TestHLSHostile reads playlists that are made to be too much.
func TestHLSHostile(t *testing.T) {
	at := &url.URL{Scheme: "http", Host: "o", Path: "/list.m3u8"}
	for _, c := range []struct {
		name, text string
		urls       int
		err        string
	}{
		{"segments", "#EXTM3U\n#EXT-X-TARGETDURATION:4\n" + strings.Repeat("#EXTINF:4,\na\n", 100_001), 0, "the playlist lists more than 100000 segments"},
		{"durations", "#EXTM3U\n#EXT-X-TARGETDURATION:-4\n#EXTINF:-4,\na\n#EXTINF:NaN,\nb\n#EXTINF:1e308,\nc\n", 3, ""},
		{"a line", "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4," + strings.Repeat("x", 4<<20) + "\na\n", 1, ""},
		{"variants", "#EXTM3U\n" + strings.Repeat("#EXT-X-STREAM-INF:BANDWIDTH=1\na\n", 1001), 0, "the playlist has more than 1000 tags #EXT-X-STREAM-INF"},
		{"renditions", "#EXTM3U\n" + strings.Repeat("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"g\",NAME=\"n\",URI=\"u\"\n", 50_000) + "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"g\"\na\n", 0, "the playlist has more than 1000 tags #EXT-X-MEDIA"},
		{"numbers", "#EXTM3U\n#EXT-X-TARGETDURATION:99999999999999999999\n#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n#EXTINF:4,\na\n", 1, ""},
		{"keys", "#EXTM3U\n#EXT-X-TARGETDURATION:4\n" + strings.Repeat("#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n", 100_000) + "#EXTINF:4,\na\n", 2, ""},
	} {
		urls, err := source.Walk(at, []byte(c.text), false, 0)
		if got := fmt.Sprint(err); len(urls) != c.urls || c.err == "" && err != nil || c.err != "" && got != c.err {
			t.Errorf("%s: %d URLs, %v, want %d, %q", c.name, len(urls), err, c.urls, c.err)
		}
	}
}
