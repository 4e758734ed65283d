package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// pictureWait bounds one fetch from the edge.
const pictureWait = 5 * time.Second

// getPicture passes on a picture that the edge still holds: GET /api/v1/streams/{id}/picture?at=. Its instant is in the ETag and in
// Framewatch-Instant, so that a page can say how old it is. 204 means that nobody holds such a picture, which is no fault: the source
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
	jpeg, taken, err := c.deps.Picture(ctx, health.Edge, id, at)
	switch {
	case errors.Is(err, ErrNoPicture):
		w.WriteHeader(http.StatusNoContent)
	case err != nil:
		c.deps.Log.Debug("fetch picture", "stream", id, "error", err)
		writeError(w, http.StatusBadGateway, "no picture: the edge does not answer")
	case !bytes.HasPrefix(jpeg, []byte{0xFF, 0xD8, 0xFF}):
		writeError(w, http.StatusBadGateway, "no picture: the edge sent something else")
	default:
		h := w.Header()
		h.Set("Content-Type", "image/jpeg")
		h.Set("ETag", fmt.Sprintf(`"%d"`, taken))
		h.Set("Framewatch-Instant", strconv.FormatInt(taken, 10))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(jpeg))
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
