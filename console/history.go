package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// neighbourhood is how far apart the starts of defects lie that may have one cause; microseconds.
	neighbourhood = int64(5 * time.Second / time.Microsecond)
	// neighbourLimit is how many of them are shown.
	neighbourLimit = 100
)

// History is what the log tells of one defect.
type History struct {
	// Events in order of revision; none: there is no such defect.
	Events []*schemas.DefectEvent `json:"events"`
	// Verdicts that hold.
	Verdicts []Verdict `json:"verdicts"`
	// Changes that people made, the earliest first.
	Changes []Change `json:"changes"`
}

// Change is a change that somebody made, as the audit records have it.
type Change struct {
	// Time is in microseconds since the Unix epoch.
	Time int64 `json:"time"`
	// By is who made it, Action what: ack, verdicts add and so on.
	By     string `json:"by"`
	Action string `json:"action"`
	Target string `json:"target"`
	Detail string `json:"detail"`
	// Place is where it was made: command line, or the console with the way and the address.
	Place string `json:"place"`
}

// Times are the instants in the life of a defect; microseconds since the Unix epoch, null where it has not come to that or it is not known.
type Times struct {
	// Onset is the best known start.
	Onset int64 `json:"onset"`
	// Detected is when it was opened, Notified when somebody was first told.
	Detected     *int64 `json:"detected"`
	Notified     *int64 `json:"notified"`
	Acknowledged *int64 `json:"acknowledged"`
	// Ended is until when it was seen, Resolved when that was decided.
	Ended    *int64 `json:"ended"`
	Resolved *int64 `json:"resolved"`
}

// Story is a defect with all that is known of it.
type Story struct {
	// Now is the server's clock; microseconds since the Unix epoch.
	Now    int64  `json:"now"`
	Defect Defect `json:"defect"`
	Times  Times  `json:"times"`
	History
	// Deliveries are the attempts to tell of it, the latest last, as far as they are kept; DeliveriesLeftOff is how many between are not.
	Deliveries        []*schemas.Notification `json:"deliveries"`
	DeliveriesLeftOff int                     `json:"deliveries_left_off"`
	// Neighbours are defects of other streams that began within 5 s of it, those that began nearest first: 100 at most.
	Neighbours []Defect `json:"neighbours"`
}

// getDefect tells the story of one defect: GET /api/v1/defects/{id}.
func (c *Console) getDefect(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if !defectID.MatchString(id) {
		writeError(w, http.StatusNotFound, "there is no such defect")
		return
	}
	c.answer(w, r, "read a defect's history", http.StatusOK, func(ctx context.Context) (any, error) {
		known, ok := c.board.defectNamed(id)
		h, err := c.deps.History(ctx, id, known.DefectEvent)
		if err != nil {
			return nil, err
		}
		if !ok && len(h.Events) == 0 {
			return nil, Refusal{"there is no such defect", http.StatusNotFound}
		}
		if !ok {
			known = c.board.show(h.Events[len(h.Events)-1])
		}
		return c.story(known, h), nil
	})
}

// eventOf is the latest event of a defect, read from the log where it ended too long ago to be known. A Refusal says that there is none.
func (c *Console) eventOf(ctx context.Context, id string) (*schemas.DefectEvent, error) {
	if d, ok := c.board.defectNamed(id); ok {
		return d.DefectEvent, nil
	}
	none := Refusal{"there is no such defect", http.StatusNotFound}
	if !defectID.MatchString(id) {
		return nil, none
	}
	var h History
	err := c.readLog(ctx, func(ctx context.Context) (err error) {
		h, err = c.deps.History(ctx, id, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(h.Events) == 0 {
		return nil, none
	}
	return h.Events[len(h.Events)-1], nil
}

// story puts together what is known of a defect.
func (c *Console) story(d Defect, h History) Story {
	h.Events, h.Verdicts, h.Changes = append([]*schemas.DefectEvent{}, h.Events...), append([]Verdict{}, h.Verdicts...), append([]Change{}, h.Changes...)
	if n := len(h.Events); n == 0 || h.Events[n-1].Revision < d.Revision {
		h.Events = append(h.Events, d.DefectEvent)
	}
	s := Story{Now: time.Now().UnixMicro(), Defect: d, History: h, Neighbours: c.board.neighbours(d.DefectEvent)}
	s.Deliveries, s.DeliveriesLeftOff = c.ledger.of(d.ID)
	s.Times = times(s)
	return s
}

// times are read off a story.
func times(s Story) Times {
	t := Times{Onset: begin(s.Defect.DefectEvent)}
	if first := s.Events[0]; first.Revision == 1 {
		t.Detected = &first.Detected
	}
	for _, n := range s.Deliveries {
		if n.Outcome == "delivered" {
			t.Notified = &n.Time
			break
		}
	}
	i := slices.IndexFunc(s.Changes, func(c Change) bool { return c.Action == "ack" })
	switch {
	case i >= 0:
		t.Acknowledged = &s.Changes[i].Time
	case s.Defect.Acknowledged != nil:
		t.Acknowledged = &s.Defect.Acknowledged.Time
	}
	if !isOpen(s.Defect.DefectEvent) {
		t.Ended, t.Resolved = &s.Defect.End, &s.Defect.Detected
	}
	return t
}

// begin is the best known start of a defect.
func begin(ev *schemas.DefectEvent) int64 {
	if ev.OnsetRefined != nil {
		return *ev.OnsetRefined
	}
	return ev.Onset
}

// defectNamed is a defect as it is now.
func (b *board) defectNamed(id string) (Defect, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ev := b.known(id)
	if ev == nil {
		return Defect{}, false
	}
	return b.shown(ev), true
}

// show is an event of a defect that is no longer known with what else is.
func (b *board) show(ev *schemas.DefectEvent) Defect {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shown(ev)
}

// neighbours are the defects of other streams that began about when ev did, the nearest first.
func (b *board) neighbours(ev *schemas.DefectEvent) []Defect {
	b.mu.Lock()
	defer b.mu.Unlock()
	apart := func(x *schemas.DefectEvent) int64 { return max(begin(x)-begin(ev), begin(ev)-begin(x)) }
	var near []*schemas.DefectEvent
	for _, all := range []map[string]*schemas.DefectEvent{b.open, b.ended} {
		for _, x := range all {
			if x.Stream != ev.Stream && apart(x) <= neighbourhood {
				near = append(near, x)
			}
		}
	}
	slices.SortFunc(near, func(x, y *schemas.DefectEvent) int {
		return cmp.Or(cmp.Compare(apart(x), apart(y)), cmp.Compare(x.ID, y.ID))
	})
	return b.shownAll(near[:min(len(near), neighbourLimit)])
}
