package console

import (
	"context"
	"net/http"
	"time"
)

// Moment is what the records on the log say of a stream at an instant.
type Moment struct {
	// At is that of the picture shown, of the newest record where there is none; microseconds since the Unix epoch, 0: nothing is known of the stream.
	At int64
	// Records are the picture nearest to the instant, the sound of each track that is heard then, the inventory and the settings that hold then and the second that it lies in, as far
	// as there are any.
	Records []LogRecord
	// Previous and Next are the instants of the pictures beside the one shown; 0: none is near.
	Previous, Next int64
	// Seconds is how many StreamSeconds of up to a minute Figures sum up.
	Seconds int
	Figures []MomentFigure
}

// MomentFigure is a number of StreamSecond over the last minute, by its names: transport.sync_losses.
type MomentFigure struct {
	Name string `json:"name"`
	// Last is that of the last second; null: it has none.
	Last *float64 `json:"last"`
	Min  float64  `json:"min"`
	Max  float64  `json:"max"`
	Sum  float64  `json:"sum"`
	// Count is in how many seconds it was known.
	Count int `json:"count"`
}

// getMoment shows what the log says of a stream at an instant, or lately: GET /api/v1/streams/{id}/records?at=, in microseconds since the Unix epoch.
func (c *Console) getMoment(w http.ResponseWriter, r *http.Request) {
	at, err := instant(r.FormValue("at"))
	if err != nil {
		writeError(w, http.StatusBadRequest, err.Error())
		return
	}
	id := r.PathValue("id")
	if _, _, ok := c.board.one(id); !ok {
		writeError(w, http.StatusNotFound, "no such stream")
		return
	}
	var m Moment
	err = c.readLog(r.Context(), func(ctx context.Context) (err error) {
		m, err = c.deps.Moment(ctx, id, c.board.lane(id), at)
		return err
	})
	if err != nil {
		c.failed(w, "read a stream's records", err)
		return
	}
	beside := func(at int64) *int64 {
		if at == 0 {
			return nil
		}
		return &at
	}
	writeJSON(w, http.StatusOK, struct {
		Now      int64          `json:"now"`
		At       int64          `json:"at"`
		Previous *int64         `json:"previous"`
		Next     *int64         `json:"next"`
		Records  []LogRecord    `json:"records"`
		Seconds  int            `json:"seconds"`
		Figures  []MomentFigure `json:"figures"`
	}{time.Now().UnixMicro(), m.At, beside(m.Previous), beside(m.Next), append([]LogRecord{}, m.Records...), m.Seconds, append([]MomentFigure{}, m.Figures...)})
}
