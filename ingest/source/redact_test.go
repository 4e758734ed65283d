package source_test

import (
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/source"
)

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"/srv/clips/news.ts":                                    "/srv/clips/news.ts",
		"clip with@odd?name=1.ts":                               "clip with@odd?name=1.ts",
		"http://cdn.example/live/a.m3u8":                        "http://cdn.example/live/a.m3u8",
		"https://bob:secret@cdn.example:8443/a.ts":              "https://***@cdn.example:8443/a.ts",
		"https://token-only@cdn.example/a.ts":                   "https://***@cdn.example/a.ts",
		"http://bob:se/cret@cdn.example/a.ts":                   "http://***@cdn.example/a.ts",
		"http://bob:p@ss@cdn.example/a.ts":                      "http://***@cdn.example/a.ts",
		"http://cdn.example/@user/a.ts":                         "http://cdn.example/@user/a.ts",
		"http://[2001:db8::1]:80/a@b.ts":                        "http://[2001:db8::1]:80/a@b.ts",
		"http://c/a.ts?token=abc&quality=hd":                    "http://c/a.ts?token=***&quality=hd",
		"http://c/a.ts?X-Amz-Signature=f00&X-Amz-Credential=AK": "http://c/a.ts?X-Amz-Signature=***&X-Amz-Credential=***",
		"http://c/a.ts?eyJhbGciOiJIUzI1NiJ9":                    "http://c/a.ts?***",
		"http://c/a.ts?sig=a;key=b":                             "http://c/a.ts?sig=***&key=***",
		"http://c/a.ts?TOKEN=abc&token=":                        "http://c/a.ts?TOKEN=***&token=",
		"http://c/hdntl=exp=1~acl=*~hmac=ab/a.m3u8":             "http://c/hdntl=***/a.m3u8",
		"http://c/a;jsessionid=77/b.ts":                         "http://c/a;jsessionid=***/b.ts",
		"http://c/a.m3u8#secret":                                "http://c/a.m3u8#***",
		"srt://h:9000?mode=caller&passphrase=long&streamid=s1":  "srt://h:9000?mode=caller&passphrase=***&streamid=***",
		"srt://h:9000?streamid=#!::u=admin,r=live":              "srt://h:9000?streamid=#***",
		"rtmp://h/app/stream-key":                               "rtmp://h/app/***",
		"RTMPS://u:p@h/app/key?x=1":                             "RTMPS://***@h/app/***?x=***",
		"rtsp://admin:12345@10.0.0.9:554/ch/1":                  "rtsp://***@10.0.0.9:554/ch/1",
		"http://%zz:bad@host/%gg?token=x":                       "http://***@host/%gg?token=***",
		"udp://239.0.0.1:1234?localaddr=10.0.0.1&ttl=2":         "udp://239.0.0.1:1234?localaddr=10.0.0.1&ttl=2",
		"udp://@239.0.0.1:1234":                                 "udp://@239.0.0.1:1234",
	} {
		if got := source.Redact(in); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLookup(t *testing.T) {
	for url, want := range map[string]string{
		"/srv/a.ts": "file", "clip:1.ts": "file", "file:///srv/a.ts": "file", "http://h/a": "http", "HTTPS://h/a.m3u8": "https",
		"SRT://h:9000?latency=200": "srt", "rtmp://h/app/key": "rtmp", "rtmps://h/app/key": "rtmps", "rtsp://h/": "rtsp", "rtsps://h/?tls_verify=0": "rtsps",
	} {
		s, err := source.Lookup(url)
		if err != nil || s.Name != want || s.Direct == strings.HasPrefix(want, "http") || s.Paced != (want == "file") {
			t.Errorf("Lookup(%q) = %+v, %v, want scheme %s", url, s, err, want)
		}
	}
	_, err := source.Lookup("gopher://bob:secret@host/x")
	if want := `open gopher://***@host/x: scheme "gopher" is unknown (known: file, http, https, udp, rtp, srt, rtmp, rtmps, rtsp, rtsps)`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
