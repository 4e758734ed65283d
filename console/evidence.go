package console

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// evidenceWait bounds one fetch of a stored file from an edge, evidenceAtOnce how many there are at once: they are held in memory.
	evidenceWait   = 20 * time.Second
	evidenceAtOnce = 4
)

// Defect is a defect as the API shows it.
type Defect struct {
	*schemas.DefectEvent
	// Evidence is null when nothing is stored.
	Evidence *Evidence `json:"evidence"`
	// Acknowledged is null when nobody has taken it up.
	Acknowledged *Acknowledgement `json:"acknowledged"`
}

// Evidence is what is stored of a defect.
type Evidence struct {
	// Clip and Filmstrip are paths of this API; empty when there is none.
	Clip      string `json:"clip,omitempty"`
	Filmstrip string `json:"filmstrip,omitempty"`
	// ContentType and Bytes are the clip's, or the filmstrip's when there is no clip; so are Start and End, microseconds since the Unix epoch.
	ContentType string `json:"content_type"`
	Bytes       int64  `json:"bytes"`
	Start       int64  `json:"start"`
	End         int64  `json:"end"`
	// Keep tells that it is exempt from retention.
	Keep bool `json:"keep"`
}

// defectID is what the ids of defects look like.
var defectID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// clipTypes are the content types that a clip may have, with the extension of its file.
var clipTypes = map[string]string{"video/mp4": "mp4", "video/webm": "webm", "video/mp2t": "ts", "video/x-matroska": "mkv"}

// shownEvidence is what is stored of the defect id, nil when e is.
func shownEvidence(id string, e *schemas.Evidence) *Evidence {
	if e == nil {
		return nil
	}
	base := "/api/v1/defects/" + id
	shown := &Evidence{ContentType: e.ContentType, Bytes: e.Bytes, Start: e.Start, End: e.End, Keep: e.Keep}
	if clipTypes[e.ContentType] != "" {
		shown.Clip = base + "/clip"
	}
	if e.Filmstrip != nil {
		shown.Filmstrip = base + "/filmstrip"
	}
	return shown
}

// getClip passes on the clip of a defect: GET /api/v1/defects/{id}/clip, as a download.
func (c *Console) getClip(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	e, edge := c.board.evidenceOf(id)
	if e == nil || clipTypes[e.ContentType] == "" {
		writeError(w, http.StatusNotFound, "no clip is stored of this defect")
		return
	}
	file := id + "." + clipTypes[e.ContentType]
	w.Header().Set("Content-Disposition", `attachment; filename="framewatch-`+file+`"`)
	c.passOn(w, r, stored{file, e.ContentType, e.SHA256, e.Bytes}, e, edge)
}

// getFilmstrip passes on the filmstrip of a defect: GET /api/v1/defects/{id}/filmstrip.
func (c *Console) getFilmstrip(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	e, edge := c.board.evidenceOf(id)
	if e == nil || e.Filmstrip == nil {
		writeError(w, http.StatusNotFound, "no filmstrip is stored of this defect")
		return
	}
	c.passOn(w, r, stored{id + ".jpg", "image/jpeg", e.Filmstrip.SHA256, e.Filmstrip.Bytes}, e, edge)
}

// stored is one file as the log tells of it.
type stored struct {
	name, kind string
	sum        [sha256.Size]byte
	bytes      int64
}

// passOn fetches a file from the edge that stored it, or else from the stream's present one, and answers with it if it is what was stored.
func (c *Console) passOn(w http.ResponseWriter, r *http.Request, f stored, e *schemas.Evidence, edge string) {
	var edges []string
	if e.Edge != nil {
		edges = append(edges, *e.Edge)
	}
	if edge != "" && !slices.Contains(edges, edge) {
		edges = append(edges, edge)
	}
	select {
	case c.fetching <- struct{}{}:
		defer func() { <-c.fetching }()
	case <-r.Context().Done():
		return
	}
	for _, edge := range edges {
		ctx, cancel := context.WithTimeout(r.Context(), evidenceWait)
		data, err := c.deps.Stored(ctx, edge, f.name, f.bytes)
		cancel()
		if err == nil && sha256.Sum256(data) != f.sum {
			err = errors.New("it is not what was stored")
		}
		if err != nil {
			c.deps.Log.Warn("edge gives no evidence", "edge", edge, "file", f.name, "error", err)
			continue
		}
		h := w.Header()
		h.Set("Content-Type", f.kind)
		h.Set("Cache-Control", "private, no-cache")
		h.Set("ETag", `"`+hex.EncodeToString(f.sum[:])+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		return
	}
	w.Header().Del("Content-Disposition")
	writeError(w, http.StatusBadGateway, "no edge gives it")
}

// evidence takes what is stored of a defect; nil: nothing any more.
func (b *board) evidence(id string, e *schemas.Evidence) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e == nil {
		delete(b.evidences, id)
	} else {
		b.evidences[id] = e
	}
	for _, all := range []map[string]*schemas.DefectEvent{b.open, b.ended} {
		if ev := all[id]; ev != nil {
			b.publish("defect", "defect "+id, b.shown(ev))
		}
	}
}

// evidenceOf is what is stored of a defect, nil when nothing is, and the edge that has its stream now.
func (b *board) evidenceOf(id string) (e *schemas.Evidence, edge string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e = b.evidences[id]; e == nil {
		return nil, ""
	}
	if h := b.healths[e.Stream]; h != nil {
		edge = h.Edge
	}
	return e, edge
}

// shown is ev with its evidence and its acknowledgement. The lock is held.
func (b *board) shown(ev *schemas.DefectEvent) Defect {
	return Defect{ev, shownEvidence(ev.ID, b.evidences[ev.ID]), b.acks[ev.ID]}
}

// shownAll are events, each as shown. The lock is held.
func (b *board) shownAll(events []*schemas.DefectEvent) []Defect {
	all := make([]Defect, 0, len(events))
	for _, ev := range events {
		all = append(all, b.shown(ev))
	}
	return all
}
