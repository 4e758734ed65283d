package notifier

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	amapi "github.com/prometheus/alertmanager/api"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/route"
)

const (
	// apiWait bounds one request to the API, the wait for those before it included.
	apiWait = 30 * time.Second
	// requestLimit is how long a request may be, in bytes.
	requestLimit = 1 << 20
)

// unwritten are entries of the state that Alertmanager has changed and that do not stand in the log yet.
type unwritten struct {
	mu      sync.Mutex
	entries []Entry
}

func (u *unwritten) add(e Entry) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.entries = append(u.entries, e)
}

func (u *unwritten) take() (entries []Entry) {
	u.mu.Lock()
	defer u.mu.Unlock()
	entries, u.entries = u.entries, nil
	return entries
}

// api is Alertmanager's API v2 over a term.
type api struct {
	term    *term
	handler http.Handler
	// changing is held by the one request that changes something, so that what is to be written is its own.
	changing chan struct{}
}

func newAPI(t *term) (*api, error) {
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "alertmanager_http_request_duration_seconds", Help: "Histogram of latencies for HTTP requests.", Buckets: prometheus.DefBuckets,
	}, []string{"handler", "method"})
	v2, err := amapi.New(amapi.Options{
		Alerts: t.alerts, Silences: t.silences, GroupMutedFunc: t.pipeline.marker.Muted, GroupFunc: t.pipeline.groups,
		Logger: t.log.With("component", "api"), Registry: t.registry, RequestDuration: duration, Timeout: apiWait,
	})
	if err != nil {
		return nil, fmt.Errorf("alertmanager's API: %w", err)
	}
	v2.Update(t.n.tree.config, t.pipeline.muted)
	return &api{t, v2.Register(route.New(), "/"), make(chan struct{}, 1)}, nil
}

// serve lets the API be that of a term; nil: this notifier does not tell.
func (n *Notifier) serve(a *api) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.api = a
}

// ServeHTTP is Alertmanager's API v2, for amtool, karma and Grafana. Alerts cannot be posted: they come from the log. A silence stands in the log when it is answered for.
func (n *Notifier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := n.admits(r); err != nil {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	n.mu.Lock()
	a := n.api
	n.mu.Unlock()
	switch {
	case a == nil:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "this notifier does not tell of defects now: another one does, or it has just begun", http.StatusServiceUnavailable)
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/alerts"):
		http.Error(w, "alerts are taken from the log only: write to the defects topic", http.StatusMethodNotAllowed)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		a.handler.ServeHTTP(w, r)
	default:
		r.Body = http.MaxBytesReader(w, r.Body, requestLimit)
		a.change(w, r)
	}
}

// admits checks the token, which is read each time.
func (n *Notifier) admits(r *http.Request) error {
	if n.config.TokenFile == "" {
		return nil
	}
	token, err := os.ReadFile(n.config.TokenFile)
	if err != nil {
		n.log.Error("read notifier.token_file", "error", err)
		return fmt.Errorf("the token cannot be checked")
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if want := bytes.TrimSpace(token); !ok || len(want) == 0 || subtle.ConstantTimeCompare([]byte(given), want) != 1 {
		return fmt.Errorf("a bearer token is needed: that of notifier.token_file")
	}
	return nil
}

// change answers only once what was changed stands in the log.
func (a *api) change(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // before others wait for it
	if err != nil {
		status := http.StatusBadRequest
		if _, long := errors.AsType[*http.MaxBytesError](err); long {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "the request cannot be read: "+err.Error(), status)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	ctx, cancel := context.WithTimeout(r.Context(), apiWait)
	defer cancel()
	select {
	case a.changing <- struct{}{}:
		defer func() { <-a.changing }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil { // also when its turn has come at that moment
		http.Error(w, "nothing is changed: a change before this one is not written to the log yet", http.StatusServiceUnavailable)
		return
	}
	answer := &held{header: http.Header{}, status: http.StatusOK}
	a.handler.ServeHTTP(answer, r)
	if entries := a.term.unwritten.take(); len(entries) > 0 {
		if err := a.term.deps.Write(ctx, entries...); err != nil {
			http.Error(w, "it could not be written to the log: "+err.Error(), http.StatusInternalServerError)
			return
		}
	}
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.status)
	w.Write(answer.body.Bytes())
}

// held is an answer that is not sent yet.
type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is http.ResponseWriter's.
func (h *held) Header() http.Header { return h.header }

// WriteHeader is http.ResponseWriter's.
func (h *held) WriteHeader(status int) { h.status = status }

// Write is http.ResponseWriter's.
func (h *held) Write(p []byte) (int, error) { return h.body.Write(p) }
