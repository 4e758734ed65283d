package console

import (
	"context"
	"net/http"
)

// postShare makes an address of a defect's filmstrip for somebody who may not look otherwise: POST /api/v1/defects/{id}/share.
func (c *Console) postShare(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if !readBody(w, r, "wish to share", &struct{}{}) {
		return
	}
	c.change(w, r, "share a filmstrip", http.StatusOK, func(ctx context.Context, by Actor) (any, error) {
		if e, _ := c.board.evidenceOf(id); e == nil || e.Filmstrip == nil {
			return nil, Refusal{"no filmstrip is stored of this defect", http.StatusNotFound}
		}
		address, until, err := c.deps.Share(ctx, by, id)
		return struct {
			// Filmstrip is a path from the console's root, with a query.
			Filmstrip string `json:"filmstrip"`
			// Until is when it ceases to open; microseconds since the Unix epoch.
			Until int64 `json:"until"`
		}{address, until.UnixMicro()}, err
	})
}
