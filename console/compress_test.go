package console_test

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
)

// TestCompression: files and lists go zipped to who takes that, and the two forms of a file have ETags of their own.
func TestCompression(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	for i := range 100 {
		c.Stream(fmt.Sprint("stream-", i), &schemas.StreamSpec{})
	}
	h := c.Handler()
	for _, path := range []string{"/", "/app.js", "/style.css", "/api/v1/streams", "/lite"} {
		plain, zipped := get(h, path), get(h, path, "Accept-Encoding", "br;q=1, gzip;q=0.8")
		if plain.Header().Get("Content-Encoding") != "" || zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Body.Len() >= plain.Body.Len() {
			t.Errorf("%s is sent as %q in %d bytes, to who takes gzip as %q in %d", path, plain.Header().Get("Content-Encoding"), plain.Body.Len(), zipped.Header().Get("Content-Encoding"), zipped.Body.Len())
			continue
		}
		if vary := zipped.Header().Values("Vary"); len(vary) != 1 || vary[0] != "Accept-Encoding" || plain.Header().Get("Vary") != vary[0] {
			t.Errorf("%s varies by %q", path, vary)
		}
		reader, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if err != nil || !strings.HasPrefix(path, "/api") && path != "/lite" && string(text) != plain.Body.String() {
			t.Errorf("%s unzipped is not what is sent as it is: %v", path, err)
		}
		tag := zipped.Header().Get("ETag")
		if tag == "" {
			continue
		}
		if tag == plain.Header().Get("ETag") {
			t.Errorf("%s has one ETag for two forms", path)
		}
		if w := get(h, path, "Accept-Encoding", "gzip", "If-None-Match", tag); w.Code != http.StatusNotModified {
			t.Errorf("%s by its ETag gives status %d, want 304", path, w.Code)
		}
	}
	for _, accepts := range []string{"gzip;q=0", "identity", "x-gzip", ""} {
		if w := get(h, "/app.js", "Accept-Encoding", accepts); w.Header().Get("Content-Encoding") != "" {
			t.Errorf("who takes %q is sent gzip", accepts)
		}
	}
}

// TestEventsAreNotCompressed: they go out as they come, though the browser would take gzip.
func TestEventsAreNotCompressed(t *testing.T) {
	c := console.New(console.Defaults(), deps())
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	defer c.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "gzip")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	line, err := bufio.NewReader(response.Body).ReadString('\n')
	if response.Header.Get("Content-Encoding") != "" || line != "retry: 2000\n" {
		t.Errorf("events come as %q, first %q: %v", response.Header.Get("Content-Encoding"), line, err)
	}
}
