package console

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// probeWait bounds one look at a source.
	probeWait = 15 * time.Second
	// probesAtOnce bounds how many sources are looked at: each has a process of its own that decodes.
	probesAtOnce = 2
	// fromFile is the origin of streams that a configuration file names.
	fromFile = "config"
)

// StreamText is a stream as people write it.
type StreamText struct {
	ID string `json:"id"`
	// URL is where to fetch it, with secrets as ${file:/path}; as it is shown parts may be masked. In a change, empty: as it is.
	URL     string            `json:"url"`
	Labels  map[string]string `json:"labels"`
	Profile string            `json:"profile"`
	Lane    string            `json:"lane"`
	Loop    bool              `json:"loop"`
	// Expectations are what is expected of it, an object as in the configuration file; null: nothing.
	Expectations json.RawMessage `json:"expectations"`
}

// Probed is what a look at a source told.
type Probed struct {
	// URL as it may be shown.
	URL string `json:"url"`
	// Problem is why it cannot be watched, in words; empty: it can.
	Problem   string          `json:"problem,omitempty"`
	Container string          `json:"container"`
	Tracks    []schemas.Track `json:"tracks"`
	// FirstPicture and FirstSound are when the first of each was decoded after the source was asked for, seconds; nil: there was none.
	FirstPicture *float64 `json:"first_picture_s"`
	FirstSound   *float64 `json:"first_sound_s"`
	// Picture is the first one, a small JPEG in base64; nil: there was none.
	Picture []byte `json:"picture"`
}

// postProbe looks at a source: POST /api/v1/probe. It asks for what an edge would ask for, in a sandboxed process of this machine, held to ingest.access of the configuration here.
func (c *Console) postProbe(w http.ResponseWriter, r *http.Request) {
	var body struct {
		URL string `json:"url"`
	}
	if !readBody(w, r, "source", &body) {
		return
	}
	select {
	case c.probing <- struct{}{}:
		defer func() { <-c.probing }()
	default:
		writeError(w, http.StatusServiceUnavailable, "two sources are being looked at already: try again in a moment")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), probeWait)
	defer cancel()
	found, err := c.deps.Probe(ctx, actorOf(r), body.URL)
	if err != nil {
		c.failed(w, "look at a source", err)
		return
	}
	writeJSON(w, http.StatusOK, found)
}

// getStreamText shows a stream as it was written: GET /api/v1/streams/{id}/spec.
func (c *Console) getStreamText(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	spec := c.board.spec(id)
	if spec == nil {
		writeError(w, http.StatusNotFound, "no such stream")
		return
	}
	s := StreamText{ID: id, URL: c.deps.Redact(spec.URL), Labels: spec.Labels, Profile: spec.Profile, Lane: spec.Lane, Loop: spec.Loop}
	if spec.Expectations != nil && json.Valid([]byte(*spec.Expectations)) {
		s.Expectations = json.RawMessage(*spec.Expectations)
	}
	writeJSON(w, http.StatusOK, struct {
		Now    int64      `json:"now"`
		Stream StreamText `json:"stream"`
		Origin string     `json:"origin"`
		// Masked says that the URL is not shown whole, Editable that the stream can be changed and removed here.
		Masked   bool `json:"masked"`
		Editable bool `json:"editable"`
	}{time.Now().UnixMicro(), s, spec.Origin, s.URL != spec.URL, spec.Origin != fromFile})
}

// postStream adds a stream: POST /api/v1/streams.
func (c *Console) postStream(w http.ResponseWriter, r *http.Request) {
	var s StreamText
	if readBody(w, r, "stream", &s) {
		c.change(w, r, "add a stream", http.StatusCreated, func(ctx context.Context, by Actor) (any, error) { return c.deps.SaveStream(ctx, by, s, false) })
	}
}

// putStream changes a stream: PUT /api/v1/streams/{id}. A body without a url leaves that as it is.
func (c *Console) putStream(w http.ResponseWriter, r *http.Request) {
	var s StreamText
	if !readBody(w, r, "stream", &s) {
		return
	}
	if id := r.PathValue("id"); s.ID != "" && s.ID != id {
		writeError(w, http.StatusBadRequest, "id: it cannot be changed: remove the stream and add another")
		return
	}
	s.ID = r.PathValue("id")
	c.change(w, r, "change a stream", http.StatusOK, func(ctx context.Context, by Actor) (any, error) { return c.deps.SaveStream(ctx, by, s, true) })
}

// deleteStream removes a stream: DELETE /api/v1/streams/{id}.
func (c *Console) deleteStream(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	c.change(w, r, "remove a stream", http.StatusOK, func(ctx context.Context, by Actor) (any, error) {
		return struct {
			ID string `json:"id"`
		}{id}, c.deps.RemoveStream(ctx, by, id)
	})
}

// spec is what is to be monitored of a stream; nil: nothing.
func (b *board) spec(id string) *schemas.StreamSpec {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.specs[id]
}
