package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// pictureWait bounds one fetch from the edge.
const pictureWait = 5 * time.Second

// Picture is one small picture of a stream.
type Picture struct {
	JPEG []byte
	// Instant of it, microseconds since the Unix epoch.
	Instant int64
	// Levels are those of the sound of the second before it: tracks by their index, of each channel RMS/peak in dBFS, such as
	// "1:-20.5/-8.1,-21.0/-9.4;2:-120.0/-120.0". Empty: there was none.
	Levels string
}

// soundLevels is how Levels are written; longestLevels bounds them, bytes.
var soundLevels = regexp.MustCompile(`^\d+:-?\d+\.\d/-?\d+\.\d([,;](\d+:)?-?\d+\.\d/-?\d+\.\d)*$`)

const longestLevels = 2000

// getPicture passes on a picture that the edge still holds: GET /api/v1/streams/{id}/picture?at=. Its instant is in the ETag and in
// Framewatch-Instant, so that a page can say how old it is, and in Framewatch-Levels is how loud the sound was. 204 means that nobody holds such a picture, which is no fault: the source
// may be down.
func (c *Console) getPicture(w http.ResponseWriter, r *http.Request) {
	at, err := instant(r.FormValue("at"))
	if err != nil {
		writeError(w, http.StatusBadRequest, err.Error())
		return
	}
	id := r.PathValue("id")
	_, health, ok := c.board.one(id)
	if !ok {
		writeError(w, http.StatusNotFound, "no such stream")
		return
	}
	w.Header().Set("Cache-Control", "private, no-cache")
	if health == nil || health.Edge == "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), pictureWait)
	defer cancel()
	p, err := c.deps.Picture(ctx, health.Edge, id, at)
	c.noteEdge(health.Edge, err)
	switch {
	case errors.Is(err, ErrNoPicture):
		w.WriteHeader(http.StatusNoContent)
	case err != nil:
		writeError(w, http.StatusBadGateway, "no picture: the edge does not answer")
	case !bytes.HasPrefix(p.JPEG, []byte{0xFF, 0xD8, 0xFF}):
		writeError(w, http.StatusBadGateway, "no picture: the edge sent something else")
	default:
		h := w.Header()
		h.Set("Content-Type", "image/jpeg")
		h.Set("ETag", fmt.Sprintf(`"%d"`, p.Instant))
		h.Set("Framewatch-Instant", strconv.FormatInt(p.Instant, 10))
		if len(p.Levels) <= longestLevels && soundLevels.MatchString(p.Levels) {
			h.Set("Framewatch-Levels", p.Levels)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.JPEG))
	}
}

// noteEdge logs when an edge ceases to give pictures and when it gives them again. A picture that it does not hold, or that nobody waits
// for any more, says nothing of the edge.
func (c *Console) noteEdge(edge string, err error) {
	if errors.Is(err, ErrNoPicture) || errors.Is(err, context.Canceled) {
		return
	}
	_, failing := c.failing.Load(edge)
	switch {
	case err != nil && !failing:
		c.failing.Store(edge, true)
		c.deps.Log.Warn("edge gives no pictures", "edge", edge, "error", err)
	case err == nil && failing:
		c.failing.Delete(edge)
		c.deps.Log.Info("edge gives pictures again", "edge", edge)
	}
}

// instant reads microseconds since the Unix epoch; empty is 0.
func instant(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil || at <= 0 {
		return 0, fmt.Errorf("at is not microseconds since the Unix epoch")
	}
	return at, nil
}
