package source_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/framewatch/framewatch/ingest/access"
	"github.com/framewatch/framewatch/ingest/source"
)

// Wherever a hostile server can name another one, what must not be connected to is not: the reason tells the rule and never the secret.
func TestHostileServer(t *testing.T) {
	var console atomic.Int32
	ours := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { console.Add(1) }))
	defer ours.Close()
	config := access.Defaults()
	config.Deny = []string{"192.0.2.0/24"}
	config.Resolver = resolver(t, func(name string) string {
		return map[string]string{"metadata.test.": "169.254.169.254", "partner.test.": "192.0.2.7"}[name]
	})
	policy := access.New(config)
	policy.Own("the console", ours.Listener.Addr().String())

	targets := []struct{ address, want string }{
		{"http://169.254.169.254/latest/meta-data", "a link-local address"},
		{"http://[::ffff:a9fe:a9fe]/", "a link-local address"},
		{"http://[64:ff9b::169.254.169.254]/", "a link-local address"},
		{"http://metadata.test/computeMetadata/v1", "a link-local address"},
		{"https://metadata.test/", "a link-local address"},
		{"http://partner.test/", "ingest.access.deny lists its network"},
		{"http://0.0.0.0/", "an unspecified address"},
		{ours.URL + "/api/v1/streams", "the console is there"},
		{strings.Replace(ours.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1), "the console is there"},
	}
	const media = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n"
	places := map[string]func(target string) string{
		"redirect": nil,
		"variant":  func(target string) string { return "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n" + target + "\n" },
		"segment":  func(target string) string { return media + "#EXTINF:1,\n" + target + "\n#EXT-X-ENDLIST\n" },
		"key": func(target string) string {
			return media + fmt.Sprintf("#EXT-X-KEY:METHOD=AES-128,URI=%q\n#EXTINF:1,\n/16\n#EXT-X-ENDLIST\n", target)
		},
		"section": func(target string) string {
			return media + fmt.Sprintf("#EXT-X-MAP:URI=%q\n#EXTINF:1,\n/16\n#EXT-X-ENDLIST\n", target)
		},
		"redirect of a key": func(target string) string {
			return media + "#EXT-X-KEY:METHOD=AES-128,URI=\"/moved\"\n#EXTINF:1,\n/16\n#EXT-X-ENDLIST\n"
		},
		"redirect of a segment": func(string) string { return media + "#EXTINF:1,\n/moved\n#EXT-X-ENDLIST\n" },
	}
	for place, playlist := range places {
		for _, target := range targets {
			address := target.address + "?token=" + planted
			mux := http.NewServeMux()
			moved := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, address, http.StatusFound) }
			mux.HandleFunc("/moved", moved)
			mux.HandleFunc("/16", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "0123456789abcdef") })
			mux.HandleFunc("/live", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, playlist(address)) })
			if playlist == nil {
				mux.HandleFunc("/redirect", moved)
			}
			server := httptest.NewServer(mux)
			path := "/live"
			if playlist == nil {
				path = "/redirect"
			}
			at := strings.Replace(server.URL, "://", "://bob:"+planted+"@", 1) + path + "?token=" + planted
			err := source.Fetch(t.Context(), source.Request{URL: at, Access: policy}, &sink{}, &source.Meter{})
			server.Close()
			var denied access.Denied
			if !errors.As(err, &denied) || !strings.Contains(denied.Rule, target.want) || strings.Contains(err.Error(), planted) {
				t.Errorf("%s to %s: got %v, want a refusal that says %q", place, target.address, err, target.want)
			}
		}
	}
	if n := console.Load(); n != 0 {
		t.Errorf("the console was asked %d times", n)
	}
}

// A live playlist that leads away when it is loaded again ends the stream at once.
func TestHostilePlaylistLater(t *testing.T) {
	var loads atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/live" && loads.Add(1) > 1 {
			http.Redirect(w, r, "http://169.254.169.254/?token="+planted, http.StatusFound)
			return
		}
		fmt.Fprint(w, "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/1.ts\n")
	}))
	defer server.Close()
	err := source.Fetch(t.Context(), source.Request{URL: server.URL + "/live"}, &sink{}, &source.Meter{})
	if !errors.As(err, new(access.Denied)) || strings.Contains(err.Error(), planted) {
		t.Errorf("got %v", err)
	}
	if n := loads.Load(); n != 2 {
		t.Errorf("loaded %d times, want twice", n)
	}
}

// A name whose address changes from one lookup to the next is judged by the address that is connected to.
func TestRebinding(t *testing.T) {
	var lookups atomic.Int32
	config := access.Defaults()
	config.Allow = append(config.Allow, "127.0.0.0/8")
	config.Resolver = resolver(t, func(name string) string {
		if lookups.Add(1) <= 2 { // both families of the first
			return "127.0.0.1"
		}
		return "169.254.169.254"
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n1.ts\n#EXT-X-ENDLIST\n")
	}))
	defer server.Close()
	address := strings.Replace(server.URL, "127.0.0.1", "rebind.test", 1)
	err := source.Fetch(t.Context(), source.Request{URL: address, Access: access.New(config)}, &sink{}, &source.Meter{})
	if want := "connecting to 169.254.169.254"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// resolver asks address what a name is.
func resolver(t *testing.T, address func(name string) string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil {
				continue
			}
			q := m.Questions[0]
			m.Response, m.Additionals = true, nil
			if a, err := netip.ParseAddr(address(q.Name.String())); err != nil {
				m.RCode = dnsmessage.RCodeNameError
			} else if q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}, Body: &dnsmessage.AResource{A: a.As4()}}}
			}
			reply, err := m.Pack()
			if err != nil {
				panic(err)
			}
			server.WriteTo(reply, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}
