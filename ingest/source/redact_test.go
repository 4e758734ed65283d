package source_test

import (
	"os"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/source"
)

// planted is a secret that must not come out anywhere; s3cr3t is the one of the tables.
const planted, s3cr3t = "Pl4ntedS3cret", "cr3t"

func TestRedact(t *testing.T) {
	for in, want := range table(t, "testdata/redact.tsv") {
		if got := source.Redact(in); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
		if strings.Contains(want, s3cr3t) {
			t.Errorf("%q shows the secret", want)
		}
	}
}

// Texts that FFmpeg and Go write about URLs, and URLs of playlists' entries, which may be relative.
func TestRedactText(t *testing.T) {
	for in, want := range table(t, "testdata/text.tsv") {
		if got := source.RedactText(in); got != want {
			t.Errorf("RedactText(%q) = %q, want %q", in, got, want)
		}
		if strings.Contains(want, s3cr3t) {
			t.Errorf("%q shows the secret", want)
		}
	}
	for in, want := range map[string]string{
		"seg-1.ts?token=S3cr3t":              "seg-1.ts?token=***",
		"../hdntl=exp=1~hmac=S3cr3t/1.ts":    "../hdntl=***/1.ts",
		"//bob:S3cr3t@cdn.example/1.ts":      "//***@cdn.example/1.ts",
		"%zz?token=S3cr3t#S3cr3t":            "%zz?token=***#***",
		"http://bob:S3cr3t@cdn.example/1.ts": "http://***@cdn.example/1.ts",
		"data:text/plain,S3cr3t":             "data:***",
		"https:bob:S3cr3t@cdn.example":       "https:***@cdn.example",
	} {
		if got := source.Reference(in); got != want {
			t.Errorf("Reference(%q) = %q, want %q", in, got, want)
		}
	}
}

// table reads lines of a text, a tab and what is wanted of it.
func table(t *testing.T, path string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		in, want, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			t.Fatalf("%s: %q has no tab", path, line)
		}
		rows[in] = want
	}
	return rows
}

// A scrubber knows a secret by itself, however it is written.
func TestScrubber(t *testing.T) {
	const url = "rtsp://bob:p%40S3cr3t%2F@h/a?token=t0k en+S3cr3t"
	for in, want := range map[string]string{
		"open " + url + ": refused":                     "open rtsp://***@h/a?token=***: refused",
		"user bob, password p@S3cr3t/":                  "user bob, password ***",
		"password p%40S3cr3t%2F":                        "password ***",
		"Authorization: Basic Ym9iOnBAUzNjcjN0Lw==":     "Authorization: Basic ***",
		"Basic Ym9iOnBAUzNjcjN0Lw=, Ym9iOnBAUzNjcjN0Lw": "Basic ***=, ***",
		"t0k en+S3cr3t t0k+en%2BS3cr3t t0k%20en+S3cr3t": "*** *** ***",
		"nothing of it":                                 "nothing of it",
	} {
		if got := source.Scrubber(url).Replace(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got := source.Scrubber("").Replace("text"); got != "text" {
		t.Errorf("without a URL: %q", got)
	}
}

func TestLiterals(t *testing.T) {
	for url, want := range map[string]string{
		"http://cdn.example/live/a.m3u8?quality=hd&id=7": "",
		"/srv/a.ts?token=1":                                          "",
		"http://bob@cdn.example/a.ts":                                "",
		"http://bob:S3cr3t@cdn.example/a.ts":                         "the password",
		"http://bob:S3/cr3t@cdn.example/a.ts":                        "the password",
		"http://${env:U}:${file:/run/p}@cdn.example/a.ts":            "",
		"http://bob:x${file:/run/p}@cdn.example/a.ts":                "",
		"http://${env:U}:S3cr3t@cdn.example/a.ts":                    "the password",
		"http://h/a.ts?token=${env:T}":                               "",
		"http://h/a.ts?Token=S3cr3t&sig=S3cr3t":                      "the value of Token, the value of sig",
		"http://h/a.ts?token=":                                       "",
		"srt://h:9000?passphrase=S3cr3tS3cr3t&streamid=live":         "the value of passphrase",
		"srt://h:9000?passphrase=${file:/run/p}":                     "",
		"https://h/a.m3u8?hdnts=exp=1~hmac=S3cr3t":                   "the value of hdnts",
		"https://h/a.m3u8?X-Amz-Signature=S3cr3t&X-Amz-Expires=1":    "the value of X-Amz-Signature",
		"https://${env:HOST}:8443/${env:PATH}?access_token=${env:T}": "",
		"rtsp://admin:S3cr3t@10.0.0.9/1":                             "the password",
		"rtmp://h/live/news":                                         "",
		"rtmp://h/live/live_4711_S3cr3tS3cr3tS3cr3t":                 "the stream key",
		"rtmps://h/live/${file:/run/key}":                            "",
		"http://h/live/0123456789abcdef0123456789abcdef/a.ts":        "",
		"${env:ORIGIN}/a.ts?token=S3cr3t":                            "the value of token",
		"${env:URL}":                                                 "",
	} {
		if got := strings.Join(source.Literals(url), ", "); got != want {
			t.Errorf("Literals(%q) = %q, want %q", url, got, want)
		}
	}
}

// FuzzRedact plants a secret wherever a URL may have one, between whatever else.
func FuzzRedact(f *testing.F) {
	f.Add("http", "bob", "cdn.example:80", "live/a.m3u8", "token", uint8(0))
	f.Add("rtmp", "", "[::1]", "app", "x", uint8(1))
	f.Add("srt", "a/b?c#d", "h", "", "streamid", uint8(2))
	f.Add("udp", "10.0.0.1", "@", "x://y", "%zz", uint8(3))
	f.Add("crypto+https", "ü", "h", "a;b/http%3A%2F%2F", "", uint8(4))
	f.Fuzz(func(t *testing.T, scheme, user, host, path, key string, place uint8) {
		if strings.Contains(scheme+user+host+path+key, "${") {
			t.Skip() // a reference is told as it stands
		}
		base := scheme + "://" + host + "/" + path
		url := []string{
			scheme + "://" + user + ":" + planted + "@" + host + "/" + path + "?" + key + "=1",
			base + "/x;" + key + "=" + planted,
			base + "?a=b&" + key + "token=" + planted,
			base + "?" + planted,
			base + "#" + planted,
			"data:" + base + planted,
			"rtmp://" + host + "/" + path + "/" + planted,
		}[place%7]
		if place%7 == 6 && strings.ContainsAny(host+path, "?#") {
			t.Skip() // then it is no last part of a path, and as a query's it is tried above
		}
		if got := source.Redact(url); strings.Contains(got, planted) {
			t.Errorf("Redact(%q) = %q", url, got)
		}
		text := "open " + url + ": connection refused"
		if got := source.RedactText(source.Scrubber(url).Replace(text)); strings.Contains(got, planted) {
			t.Errorf("%q became %q", text, got)
		}
		source.RedactText(key + host)
		source.Literals(url)
	})
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
	for _, url := range []string{"rtsp://bob:${file:/run/secrets/rtsp}@h/clip", "rtmp://${env:USER}:${file:/a}@h/app/${env:KEY}", "srt://h:9000?passphrase=${env:P}"} {
		if _, err := source.Lookup(source.Unresolved(url)); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	_, err := source.Lookup("gopher://bob:secret@host/x")
	if want := `open gopher://***@host/x: scheme "gopher" is unknown (known: file, http, https, udp, rtp, srt, rtmp, rtmps, rtsp, rtsps)`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
