package console

import (
	"context"
	"net/http"

	"github.com/framewatch/framewatch/schemas"
)

// ackLimit is how many acknowledgements are kept.
const ackLimit = 100_000

// Acknowledgement says that somebody has taken a defect up.
type Acknowledgement struct {
	By   string `json:"by"`
	Note string `json:"note"`
	// Time is in microseconds since the Unix epoch.
	Time int64 `json:"time"`
}

// postAcknowledgement acknowledges an open defect in the name of who asks: POST /api/v1/defects/{id}/acknowledge.
func (c *Console) postAcknowledgement(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Note string `json:"note"`
	}
	id := r.PathValue("id")
	if !defectID.MatchString(id) {
		writeError(w, http.StatusNotFound, "there is no such defect")
		return
	}
	if !readBody(w, r, "acknowledgement", &body) {
		return
	}
	c.change(w, r, "acknowledge", http.StatusOK, func(ctx context.Context, by Actor) (any, error) {
		return c.deps.Acknowledge(ctx, by, id, body.Note)
	})
}

// change makes a change on the log in the name of who asks, and answers with what came of it.
func (c *Console) change(w http.ResponseWriter, r *http.Request, what string, status int, make func(context.Context, Actor) (any, error)) {
	c.answer(w, r, what, status, func(ctx context.Context) (any, error) { return make(ctx, actorOf(r)) })
}

// answer answers with what is found on the log, or came of a change there: for one request at a time.
func (c *Console) answer(w http.ResponseWriter, r *http.Request, what string, status int, find func(context.Context) (any, error)) {
	ctx, cancel := context.WithTimeout(r.Context(), logWait)
	defer cancel()
	if !c.enter(ctx, w) {
		return
	}
	defer c.leave()
	v, err := find(ctx)
	if err != nil {
		c.failed(w, what, err)
		return
	}
	writeJSON(w, status, v)
}

// acknowledged takes that a defect has been acknowledged; nil: it no longer is, which comes with its end, and after that is still worth knowing.
func (b *board) acknowledged(id string, a *Acknowledgement) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case a != nil && len(b.acks) < ackLimit:
		b.acks[id] = a
	case a != nil:
	case b.ended[id] == nil:
		delete(b.acks, id)
	}
	if ev := b.known(id); ev != nil {
		b.publish("defect", "defect "+id, b.shown(ev))
	}
}

// known is the latest event of a defect; nil: none is known. The lock is held.
func (b *board) known(id string) *schemas.DefectEvent {
	if ev := b.open[id]; ev != nil {
		return ev
	}
	return b.ended[id]
}
