package console

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// verdictsShown is how many verdicts are shown at most: the latest.
	verdictsShown = 10_000
	// logWait bounds the reading and the writing of the log for one request.
	logWait = 30 * time.Second
)

// Verdict is what a person said of a defect, or of a stretch of a stream. Times are microseconds since the Unix epoch.
type Verdict struct {
	Stream string `json:"stream"`
	schemas.Verdict
}

// Opinion is what a person says of a defect, or, without one, of a stretch of a stream. Empty and 0: not said; of a defect only the label must be.
type Opinion struct {
	// Label is confirmed, false_alarm or missed.
	Label  string `json:"label"`
	Defect string `json:"defect"`
	Stream string `json:"stream"`
	Kind   string `json:"kind"`
	// Start and End are microseconds since the Unix epoch.
	Start int64  `json:"start"`
	End   int64  `json:"end"`
	Note  string `json:"note"`
}

// Refusal is an error whose text is for who asked: what is wrong with the request.
type Refusal struct {
	Reason string
	// Status is that of HTTP; 0: 400.
	Status int
}

func (r Refusal) Error() string { return r.Reason }

// VerdictQuery narrows verdicts: empty and the zero time do not.
type VerdictQuery struct {
	Stream, Kind string
	// From and To bound the start of the fault: not before From, before To.
	From, To time.Time
}

// postVerdict takes a verdict of the user who asks: POST /api/v1/verdicts.
func (c *Console) postVerdict(w http.ResponseWriter, r *http.Request) {
	var o Opinion
	if !readBody(w, r, "verdict", &o) {
		return
	}
	c.change(w, r, "judge", http.StatusCreated, func(ctx context.Context, by Actor) (any, error) { return c.deps.Judge(ctx, by, o) })
}

// getVerdicts lists the verdicts that hold, in order of their start: GET /api/v1/verdicts, narrowed by ?stream=, ?kind=, and ?from= and ?to= in
// microseconds.
func (c *Console) getVerdicts(w http.ResponseWriter, r *http.Request) {
	q := VerdictQuery{Stream: r.FormValue("stream"), Kind: r.FormValue("kind")}
	if !readInstants(w, r, map[string]*time.Time{"from": &q.From, "to": &q.To}) {
		return
	}
	c.answer(w, r, "read verdicts", http.StatusOK, func(ctx context.Context) (any, error) {
		verdicts, err := c.deps.Verdicts(ctx, q)
		left := max(len(verdicts)-verdictsShown, 0)
		return struct {
			Now int64 `json:"now"`
			// LeftOff is how many earlier ones are not shown.
			LeftOff  int       `json:"left_off"`
			Verdicts []Verdict `json:"verdicts"`
		}{time.Now().UnixMicro(), left, append([]Verdict{}, verdicts[left:]...)}, err
	})
}

// readInstants reads parameters in microseconds since the Unix epoch; one that is not given leaves what is there. False: it has answered what is wrong.
func readInstants(w http.ResponseWriter, r *http.Request, wanted map[string]*time.Time) bool {
	for name, at := range wanted {
		text := r.FormValue(name)
		if text == "" {
			continue
		}
		micros, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			writeError(w, http.StatusBadRequest, name+" is to be microseconds since the Unix epoch")
			return false
		}
		*at = time.UnixMicro(micros)
	}
	return true
}

// enter waits until nobody else has the log read or written.
func (c *Console) enter(ctx context.Context, w http.ResponseWriter) bool {
	select {
	case c.judging <- struct{}{}:
		return true
	case <-ctx.Done():
		writeError(w, http.StatusServiceUnavailable, "the log is busy: try again")
		return false
	}
}

func (c *Console) leave() { <-c.judging }

// failed tells who asked what was wrong with the request, and no more of what is wrong on our side than that something is.
func (c *Console) failed(w http.ResponseWriter, what string, err error) {
	var refusal Refusal
	if errors.As(err, &refusal) {
		writeError(w, cmp.Or(refusal.Status, http.StatusBadRequest), refusal.Reason)
		return
	}
	c.deps.Log.Warn(what, "error", err)
	writeError(w, http.StatusBadGateway, "the log cannot be read or written now: the console's log says why")
}
