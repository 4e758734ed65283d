package source_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/source"
)

// What libav is told for a URL, beside what all live sources have: a secret stands in no URL where the protocol has another place for it.
func TestOpening(t *testing.T) {
	for _, c := range []struct {
		url, opened string
		options     map[string]string
		secrets     []string
		endpoint    source.Endpoint
	}{
		{"srt://h:9000", "srt://h:9000", map[string]string{}, nil, source.Endpoint{Host: "h", Port: 9000, Network: "udp"}},
		{"srt://h:9000/?mode=caller&latency=250&passphrase=a%2Bb%26c+defgh&pbkeylen=32&streamid=#!::r=live,u=bob&pkt_size=1456", "srt://h:9000",
			map[string]string{"mode": "caller", "latency": "250000", "passphrase": "a+b&c+defgh", "pbkeylen": "32", "streamid": "#!::r=live,u=bob", "payload_size": "1456"},
			[]string{"a%2Bb%26c+defgh", "a+b&c+defgh", "#!::r=live,u=bob", "#!::r=live,u=bob"}, source.Endpoint{Host: "h", Port: 9000, Network: "udp"}},
		{"srt://:9000?mode=listener", "srt://:9000", map[string]string{"mode": "listener"}, nil, source.Endpoint{Port: 9000, Network: "udp", Listen: true}},
		{"srt://[2001:db8::1]:9000", "srt://[2001:db8::1]:9000", map[string]string{}, nil, source.Endpoint{Host: "2001:db8::1", Port: 9000, Network: "udp"}},
		{"rtmp://h/live/key-1", "rtmp://h:1935/live/key-1", map[string]string{}, []string{"", "key-1"}, source.Endpoint{Host: "h", Port: 1935, Network: "tcp"}},
		{"RTMPS://bob:p%40ss@h:8443/live/x/key?token=t%2Fk&quality=hd", "rtmps://bob:p%40ss@h:8443/live/x/key?token=t%2Fk&quality=hd", map[string]string{"tls_verify": "1"},
			[]string{"p%40ss", "p@ss", "key", "t%2Fk", "t/k"}, source.Endpoint{Host: "h", Port: 8443, Network: "tcp"}},
		{"rtmps://h/live/key?tls_verify=0&a=b", "rtmps://h:443/live/key?a=b", map[string]string{}, []string{"", "key", "b"}, source.Endpoint{Host: "h", Port: 443, Network: "tcp"}},
		{"rtsp://h/cam?channel=1", "rtsp://h:554/cam?channel=1", map[string]string{"rtsp_transport": "tcp"}, []string{"", "1"}, source.Endpoint{Host: "h", Port: 554, Network: "tcp"}},
		{"rtsp://bob:secret@10.0.0.9:8554/a?rtsp_transport=udp&subtype=0", "rtsp://bob:secret@10.0.0.9:8554/a?subtype=0",
			map[string]string{"rtsp_transport": "udp", "buffer_size": "4194304"}, []string{"secret", "0"},
			source.Endpoint{Host: "10.0.0.9", Port: 8554, Network: "tcp", Datagrams: true}},
		{"rtsps://h?tls_verify=0", "rtsps://h:322", map[string]string{"rtsp_transport": "tcp"}, []string{""}, source.Endpoint{Host: "h", Port: 322, Network: "tcp"}},
		{"http://h/a.m3u8", "", nil, nil, source.Endpoint{}},
		{"/srv/a.ts", "", nil, nil, source.Endpoint{}},
	} {
		opened, options, secrets, err := source.Opening(c.url)
		common := []string{"analyzeduration", "connect_timeout", "format_whitelist", "fpsprobesize", "probesize", "protocol_whitelist", "transtype"}
		maps.DeleteFunc(options, func(key, _ string) bool { return slices.Contains(common, key) })
		if err != nil || opened != c.opened || !maps.Equal(options, c.options) || !slices.Equal(secrets, c.secrets) {
			t.Errorf("%s:\n got %s, %v, %q, %v\nwant %s, %v, %q", c.url, opened, options, secrets, err, c.opened, c.options, c.secrets)
		}
		if got, err := source.EndpointOf(c.url); err != nil || got != c.endpoint {
			t.Errorf("%s: endpoint %+v, %v, want %+v", c.url, got, err, c.endpoint)
		}
	}
}

// What cannot be is refused with words that help, and without the secrets.
func TestOpeningRefuses(t *testing.T) {
	for url, want := range map[string]string{
		"srt://h":                                           "no port",
		"srt://:9000":                                       "no host",
		"srt://h:0":                                         "the port",
		"srt://h:65536":                                     "the port",
		"srt://h:9000/path":                                 "streamid",
		"srt://bob:hunter2@h:9000":                          "streamid",
		"srt://h:9000?mode=rendezvous":                      "mode is neither caller nor listener",
		"srt://h:9000?latency=200000":                       "0 to 10000: milliseconds",
		"srt://h:9000?latency=1&latency=2":                  "twice",
		"srt://h:9000?passphrase=hunter2":                   "10 to 79 bytes",
		"srt://h:9000?passphrase=hunter2%zz":                "%25",
		"srt://h:9000?passphrase=hunter2hunter2%00":         "%25",
		"srt://h:9000?pbkeylen=17":                          "16, 24 or 32",
		"srt://h:9000?streamid=" + strings.Repeat("x", 513): "512",
		"srt://h:9000?pkt_size=1457":                        "188 to 1456",
		"srt://h:9000?smoother=hunter2":                     `option "smoother" is unknown (known: mode, latency, passphrase, pbkeylen, streamid, pkt_size)`,
		"srt://h:9000?hunter2":                              "without a value",
		"srt://h|x:9000":                                    "no name",
		"rtmp://h/":                                         "rtmp://host/app/key",
		"rtmp:///app/hunter2":                               "no host",
		"rtmp://h/app/hunter2 listen=1":                     "%20",
		"rtmp://bob:hun/ter2@h/app/key":                     "the port",
		"rtmp://h/app/" + strings.Repeat("hunter2", 150):    "at most 1000",
		"rtsp://h/a?rtsp_transport=http":                    "neither tcp nor udp",
		"rtsps://h/a":                                       "add the option tls_verify=0",
		"rtsps://h/a?tls_verify=1":                          "add the option tls_verify=0",
		"rtmps://h/a/b?tls_verify=no":                       "neither 0 nor 1",
		"rtsps://h/a?tls_verify=0&rtsp_transport=udp":       "not tcp",
		"rtsp://h/a?rtsp_flags=listen":                      "rtsp_flags is not to be had (known: rtsp_transport",
		"rtsp://h/a?x=hunter2&LISTEN":                       "listen is not to be had",
		"rtsp://h/a?udp":                                    "udp is not to be had",
		"rtsp://bob:hunter2@/a":                             "no host",
	} {
		for _, get := range []func(string) error{
			func(url string) error { _, err := source.Lookup(url); return err },
			func(url string) error { _, err := source.EndpointOf(url); return err },
		} {
			if err := get(url); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: got %v, want %q in it and no secret", url, err, want)
			}
		}
	}
}
