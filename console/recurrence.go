package console

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Recurrence is a silence that comes back.
type Recurrence struct {
	ID       string   `json:"id"`
	Matchers []string `json:"matchers"`
	By       string   `json:"by"`
	Comment  string   `json:"comment"`
	Schedule Schedule `json:"schedule"`
	// Next is the window that is open or comes next; nil: there is none any more.
	Next *Window `json:"next"`
}

// Schedule is when it comes back: on days of the week or of the month, from one time of the day to another, as the clocks of its zone show them.
type Schedule struct {
	// Days are mon, tue, wed, thu, fri, sat, sun. Either these are set or MonthDays: 1 to 31, or -1 for the last day of the month to -31.
	Days      []string `json:"days,omitempty"`
	MonthDays []int    `json:"month_days,omitempty"`
	// From and To are hh:mm. When To is not later, it is that of the next day.
	From string `json:"from"`
	To   string `json:"to"`
	Zone string `json:"zone"`
	// First and Last are the days, YYYY-MM-DD, on which it may begin at the earliest and the latest; empty: any.
	First string `json:"first,omitempty"`
	Last  string `json:"last,omitempty"`
}

// Window is a stretch of time, microseconds since the Unix epoch.
type Window struct {
	Start int64 `json:"start"`
	End   int64 `json:"end"`
}

// recurrenceLimit is how many recurrences are kept, as many as the notifier heeds.
const recurrenceLimit = 1000

// getRecurrences lists the silences that come back, the next first: GET /api/v1/recurrences.
func (c *Console) getRecurrences(w http.ResponseWriter, _ *http.Request) {
	now := time.Now()
	list := c.board.allRecurrences()
	for i := range list {
		list[i] = c.withNext(list[i], now)
	}
	slices.SortFunc(list, func(x, y Recurrence) int {
		return cmp.Or(cmp.Compare(startOf(x.Next), startOf(y.Next)), cmp.Compare(x.ID, y.ID))
	})
	writeJSON(w, http.StatusOK, struct {
		Now         int64        `json:"now"`
		Recurrences []Recurrence `json:"recurrences"`
	}{now.UnixMicro(), list})
}

// startOf is when a window begins; none comes last.
func startOf(w *Window) int64 {
	if w == nil {
		return 1 << 62
	}
	return w.Start
}

func (c *Console) withNext(r Recurrence, now time.Time) Recurrence {
	r.Next = nil
	if start, end, ok := c.deps.Window(r.Schedule, now); ok {
		r.Next = &Window{start.UnixMicro(), end.UnixMicro()}
	}
	return r
}

// postRecurrence adds one in the name of who asks: POST /api/v1/recurrences.
func (c *Console) postRecurrence(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Matchers []string `json:"matchers"`
		Comment  string   `json:"comment"`
		Schedule Schedule `json:"schedule"`
	}
	if !readBody(w, r, "recurring silence", &body) {
		return
	}
	if problem := wrongSilence(body.Matchers, body.Comment); problem != "" {
		writeError(w, http.StatusBadRequest, problem)
		return
	}
	if c.board.recurs() >= recurrenceLimit {
		writeError(w, http.StatusConflict, "there are 1,000 recurring silences: remove one")
		return
	}
	c.change(w, r, "add a recurring silence", http.StatusCreated, func(ctx context.Context, by Actor) (any, error) {
		added, err := c.deps.Recur(ctx, by, Recurrence{Matchers: body.Matchers, Comment: body.Comment, Schedule: body.Schedule})
		return c.withNext(added, time.Now()), err
	})
}

// deleteRecurrence removes one, and ends what is in force of it: DELETE /api/v1/recurrences/{id}.
func (c *Console) deleteRecurrence(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if !silenceID.MatchString(id) {
		writeError(w, http.StatusNotFound, "there is no such recurring silence")
		return
	}
	c.change(w, r, "remove a recurring silence", http.StatusOK, func(ctx context.Context, by Actor) (any, error) {
		return c.deps.EndRecurrence(ctx, by, id)
	})
}

// recurring takes what stands of a recurrence; nil: nothing any more.
func (b *board) recurring(id string, r *Recurrence) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.recurrences, id)
	if r != nil && len(b.recurrences) < recurrenceLimit {
		b.recurrences[id] = r
	}
}

func (b *board) recurs() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.recurrences)
}

func (b *board) allRecurrences() []Recurrence {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]Recurrence, 0, len(b.recurrences))
	for r := range maps.Values(b.recurrences) {
		all = append(all, *r)
	}
	return all
}
