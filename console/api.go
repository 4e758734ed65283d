package console

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// getStreams lists all streams: GET /api/v1/streams.
func (c *Console) getStreams(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		// Now is the server's clock, for ages and durations; microseconds since the Unix epoch.
		Now     int64    `json:"now"`
		Streams []Stream `json:"streams"`
	}{time.Now().UnixMicro(), c.board.streams()})
}

// getStream shows one stream with its latest roll-up and its defects: GET /api/v1/streams/{id}.
func (c *Console) getStream(w http.ResponseWriter, r *http.Request) {
	stream, health, ok := c.board.one(r.PathValue("id"))
	if !ok {
		writeError(w, http.StatusNotFound, "no such stream")
		return
	}
	others := func(d Defect) bool { return d.Stream != stream.ID }
	writeJSON(w, http.StatusOK, struct {
		Now     int64           `json:"now"`
		Stream  Stream          `json:"stream"`
		Health  *schemas.Health `json:"health"`
		Defects []Defect        `json:"defects"`
	}{time.Now().UnixMicro(), stream, health, slices.DeleteFunc(append(c.board.openDefects(), c.board.endedDefects()...), others)})
}

// getDefects lists defects, open ones first: GET /api/v1/defects, narrowed by ?state=open or ?state=recent.
func (c *Console) getDefects(w http.ResponseWriter, r *http.Request) {
	defects := []Defect{}
	state := r.FormValue("state")
	switch state {
	case "", "open", "recent":
	default:
		writeError(w, http.StatusBadRequest, "state is open or recent")
		return
	}
	if state != "recent" {
		defects = append(defects, c.board.openDefects()...)
	}
	if state != "open" {
		defects = append(defects, c.board.endedDefects()...)
	}
	writeJSON(w, http.StatusOK, struct {
		Now     int64    `json:"now"`
		Defects []Defect `json:"defects"`
	}{time.Now().UnixMicro(), defects})
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
