package console

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// getStreams lists streams in order of id: GET /api/v1/streams, narrowed by ?lamp= and ?label.NAME=. With ?limit= it gives a page and, as next, the
// cursor of the one after it.
func (c *Console) getStreams(w http.ResponseWriter, r *http.Request) {
	q, ok := readListing(w, r, "lamp")
	if !ok {
		return
	}
	all := slices.DeleteFunc(c.board.streams(), func(s Stream) bool { return !q.is("lamp", s.Lamp) || !q.labelled(s.Labels) })
	page, next := cut(q, all, func(s Stream) place { return place{ID: s.ID} }, byID)
	writeJSON(w, http.StatusOK, struct {
		// Now is the server's clock, for ages and durations; microseconds since the Unix epoch.
		Now     int64    `json:"now"`
		Streams []Stream `json:"streams"`
		// Next is the cursor of the next page.
		Next string `json:"next,omitempty"`
	}{time.Now().UnixMicro(), page, next})
}

// getStream shows one stream with its latest roll-up and its defects: GET /api/v1/streams/{id}.
func (c *Console) getStream(w http.ResponseWriter, r *http.Request) {
	stream, health, ok := c.board.one(r.PathValue("id"))
	if !ok {
		writeError(w, http.StatusNotFound, "no such stream")
		return
	}
	others := func(d Defect) bool { return d.Stream != stream.ID }
	open, ended := c.board.defects()
	writeJSON(w, http.StatusOK, struct {
		Now     int64           `json:"now"`
		Stream  Stream          `json:"stream"`
		Health  *schemas.Health `json:"health"`
		Defects []Defect        `json:"defects"`
	}{time.Now().UnixMicro(), stream, health, slices.DeleteFunc(append(open, ended...), others)})
}

// getDefects lists defects: GET /api/v1/defects, narrowed by ?state=open or ?state=recent, ?stream=, ?kind=, ?severity=, ?label.NAME=, and ?from= and ?to= for
// the onset in microseconds. Open ones come first, the most severe before others. With ?limit= it gives a page and, as next, the cursor of the one after it; then
// the order is that of the onset, the latest first, which never changes, so that nothing is missed or told twice that is there all the while.
func (c *Console) getDefects(w http.ResponseWriter, r *http.Request) {
	q, ok := readListing(w, r, "state", "stream", "kind", "severity", "from", "to")
	if !ok {
		return
	}
	defects := []Defect{}
	state := r.FormValue("state")
	switch state {
	case "", "open", "recent":
	default:
		writeError(w, http.StatusBadRequest, "state is open or recent")
		return
	}
	open, ended := c.board.defects()
	if state != "recent" {
		defects = append(defects, open...)
	}
	if state != "open" {
		defects = append(defects, ended...)
	}
	defects = slices.DeleteFunc(defects, func(d Defect) bool { return !q.wants(d) })
	where := func(d Defect) place { return place{d.Onset, d.ID} }
	if q.paged() {
		slices.SortFunc(defects, func(x, y Defect) int { return byOnset(where(x), where(y)) })
	}
	page, next := cut(q, defects, where, byOnset)
	writeJSON(w, http.StatusOK, struct {
		Now     int64    `json:"now"`
		Defects []Defect `json:"defects"`
		// Next is the cursor of the next page.
		Next string `json:"next,omitempty"`
	}{time.Now().UnixMicro(), page, next})
}

// writeJSON answers with v. The state changes each second, so no answer is kept.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func writeError(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, struct {
		Error string `json:"error"`
	}{message})
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}
