package access_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest/access"
)

// What one server was told is not told to another, and a redirect leads neither out of HTTP nor from https to http.
func TestRedirects(t *testing.T) {
	asked := make(chan http.Header, 1)
	listen := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.Header })
	other := httptest.NewServer(listen)
	defer other.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/to", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Query().Get("where"))
		w.WriteHeader(http.StatusFound)
	})
	mux.Handle("/here", listen)
	server := httptest.NewTLSServer(mux)
	defer server.Close()
	plain := httptest.NewServer(mux)
	defer plain.Close()
	withUser := func(address string) string { return strings.Replace(address, "://", "://bob:hunter2@", 1) }
	for _, c := range []struct{ from, where, authorization, want string }{
		{withUser(plain.URL), "/here", "Basic Ym9iOmh1bnRlcjI=", ok},
		{withUser(plain.URL), plain.URL + "/here", "", ok},
		{withUser(plain.URL), other.URL, "", ok},
		{withUser(plain.URL), strings.TrimPrefix(other.URL, "http:"), "", ok},
		{withUser(plain.URL), server.URL + "/here", "", ok},
		{withUser(server.URL), "/here", "Basic Ym9iOmh1bnRlcjI=", ok},
		{withUser(server.URL), plain.URL + "/here", "", "it leads from https to http"},
		{withUser(plain.URL), "file:///etc/hostname", "", "not HTTP"},
		{withUser(plain.URL), "gopher://127.0.0.1/", "", "not HTTP"},
		{withUser(plain.URL), "http://169.254.169.254/latest/", "", "link-local"},
		{withUser(plain.URL), "http://0.0.0.0/", "", "unspecified"},
	} {
		client := access.New(access.Defaults()).Visit("127.0.0.1").Client()
		transport := client.Transport.(*http.Transport)
		transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
		if transport.Proxy != nil {
			t.Error("it takes a proxy from the environment")
		}
		response, err := client.Get(c.from + "/to?token=hunter2&where=" + url.QueryEscape(c.where))
		wantRule(t, c.from+" to "+c.where, err, c.want)
		if err != nil {
			continue
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		client.CloseIdleConnections()
		h := <-asked
		if h.Get("Authorization") != c.authorization || h.Get("Referer") != "" {
			t.Errorf("%s to %s: told %v", c.from, c.where, h)
		}
	}
}

func TestRedirectsAreBounded(t *testing.T) {
	hits := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits++
		http.Redirect(w, r, fmt.Sprint("/", hits), http.StatusFound)
	}))
	defer server.Close()
	client := access.New(access.Defaults()).Visit("127.0.0.1").Client()
	_, err := client.Get(server.URL)
	if err == nil || !strings.Contains(err.Error(), "stopped after 10 redirects") || hits != 10 {
		t.Errorf("got %v after %d requests", err, hits)
	}
}
