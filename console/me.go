package console

import (
	"context"
	"net/http"
	"time"
)

// getMe tells who asks and what they may do: GET /api/v1/me.
func (c *Console) getMe(w http.ResponseWriter, r *http.Request) {
	actor := actorOf(r)
	writeJSON(w, http.StatusOK, struct {
		Name string `json:"name"`
		Role Role   `json:"role"`
		// Way is password, token, oidc, proxy or loopback: who came by oidc can sign out.
		Way string `json:"way"`
	}{actor.Name, actor.Role, actor.Way})
}

// auditShown is how many changes are shown at most: the latest.
const auditShown = 1000

// getAudit lists the changes that people have made, the earliest first: GET /api/v1/audit?from=, in microseconds; of the last 24 h without.
func (c *Console) getAudit(w http.ResponseWriter, r *http.Request) {
	from := time.Now().Add(-24 * time.Hour)
	if !readInstants(w, r, map[string]*time.Time{"from": &from}) {
		return
	}
	c.answer(w, r, "read the audit records", http.StatusOK, func(ctx context.Context) (any, error) {
		changes, err := c.deps.Changes(ctx, from)
		left := max(len(changes)-auditShown, 0)
		return struct {
			Now int64 `json:"now"`
			// LeftOff is how many earlier ones are not shown.
			LeftOff int      `json:"left_off"`
			Changes []Change `json:"changes"`
		}{time.Now().UnixMicro(), left, append([]Change{}, changes[left:]...)}, err
	})
}
