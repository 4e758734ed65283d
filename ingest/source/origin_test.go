package source_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// origin is a server without a network, so that a test can own the clock: a transport that calls a handler. It keeps what was asked
// for, with the seconds since it was made.
type origin struct {
	handler http.HandlerFunc
	began   time.Time
	mu      sync.Mutex
	asked   []request
}

type request struct {
	path string
	at   time.Duration
}

func newOrigin(handler http.HandlerFunc) *origin { return &origin{handler: handler, began: time.Now()} }

func (o *origin) client() *http.Client { return &http.Client{Transport: o} }

func (o *origin) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	o.asked = append(o.asked, request{r.URL.Path, time.Since(o.began)})
	o.mu.Unlock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	o.handler(w, r)
	response := w.Result()
	response.Request = r
	return response, nil
}

// requests are those asked for so far whose path holds text.
func (o *origin) requests(text string) (found []request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.asked {
		if strings.Contains(r.path, text) {
			found = append(found, r)
		}
	}
	return found
}

// files serves texts by path, and 404 for others.
func files(texts map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, ok := texts[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	}
}

// sink keeps what was written; it may be read while it is written to.
type sink struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
