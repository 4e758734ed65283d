package notifier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/alertmanager/silence/silencepb"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/framewatch/framewatch/schemas"
)

// Recurrence is a silence that comes back: of each of its windows the notifier that tells makes a silence, an hour ahead, with an id that follows from the recurrence and the window. So
// each is made once whoever tells, one that takes over makes what is still in force before it tells anything, and one that somebody has ended stays so.
type Recurrence struct {
	ID       string    `json:"id"`
	Matchers []string  `json:"matchers"`
	By       string    `json:"by"`
	Comment  string    `json:"comment"`
	Schedule Schedule  `json:"schedule"`
	Made     time.Time `json:"made"`
}

const (
	// ahead is how long before its start a window's silence is made.
	ahead = time.Hour
	// recurrenceLabel is the annotation of a silence that names the recurrence it is of.
	recurrenceLabel = "framewatch_recurrence"
)

// windowNames is the namespace of the ids of windows' silences.
var windowNames = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/framewatch/framewatch/recurrence"))

// NewRecurrence is a recurrence with an id as an entry of the state.
func NewRecurrence(r Recurrence) (Recurrence, Entry, error) {
	if _, err := NewScope(r.Matchers); err != nil {
		return r, Entry{}, err
	}
	if err := r.Schedule.Validate(); err != nil {
		return r, Entry{}, err
	}
	r.ID = uuid.NewString()
	payload, err := json.Marshal(r)
	return r, entry(kindRecurrence, r.ID, payload, r.Made, time.Time{}), err
}

// ReadRecurrence is the recurrence that an entry of the state holds; nil: it is no more. An empty id: the entry is of something else.
func ReadRecurrence(e Entry) (id string, r *Recurrence, err error) {
	id, ok := cutKind(e.Key, kindRecurrence)
	if !ok || e.Value == nil {
		return id, nil, nil
	}
	if err := json.Unmarshal(e.Value.Payload, &r); err != nil {
		return "", nil, fmt.Errorf("read a recurrence: %w", err)
	}
	return id, r, nil
}

// RemovedRecurrence is that a recurrence is no more. The notifier that tells ends what is in force of it.
func RemovedRecurrence(id string) Entry { return Entry{Key: kindRecurrence + "/" + id} }

// Silence is the silence of one of the windows, as an entry of the state.
func (r Recurrence) Silence(w Window, now time.Time) (Entry, error) {
	set, err := matchersOf(r.Matchers)
	if err != nil {
		return Entry{}, err
	}
	return meshEntry(&silencepb.Silence{
		Id: r.windowID(w), MatcherSets: []*silencepb.MatcherSet{{Matchers: set}}, CreatedBy: r.By, Comment: r.Comment,
		StartsAt: timestamppb.New(w.Start), EndsAt: timestamppb.New(w.End), UpdatedAt: timestamppb.New(now), Annotations: map[string]string{recurrenceLabel: r.ID},
	}, now)
}

func (r Recurrence) windowID(w Window) string {
	return uuid.NewSHA1(windowNames, fmt.Appendf(nil, "%s %d", r.ID, w.Start.Unix())).String()
}

// meshEntry is a silence as an entry of the state, as Alertmanager would have broadcast it.
func meshEntry(s *silencepb.Silence, now time.Time) (Entry, error) {
	var payload bytes.Buffer
	if _, err := protodelim.MarshalTo(&payload, &silencepb.MeshSilence{Silence: s, ExpiresAt: timestamppb.New(s.EndsAt.AsTime().Add(retention))}); err != nil {
		return Entry{}, fmt.Errorf("write down a silence: %w", err)
	}
	return silenceEntry(payload.Bytes(), now)
}

// recur makes the silences of the windows that are in force or near and not known yet, and ends those of recurrences that are no more.
func (t *term) recur(now time.Time) error {
	t.mu.Lock()
	recurrences := maps.Clone(t.recurrences)
	t.mu.Unlock()
	var entries []Entry
	for _, id := range slices.Sorted(maps.Keys(recurrences)) {
		made, err := t.due(recurrences[id], now)
		if err != nil {
			t.log.Error("a recurring silence cannot be made", "recurrence", id, "error", err)
			continue
		}
		entries = append(entries, made...)
	}
	standing, _, err := t.silences.Query(t.ctx, silence.QState(silence.SilenceStateActive, silence.SilenceStatePending))
	if err != nil {
		return fmt.Errorf("look through the silences: %w", err)
	}
	for _, s := range standing {
		of, ok := s.Annotations[recurrenceLabel]
		if _, known := recurrences[of]; !ok || known {
			continue
		}
		// Of two the later counts, by the clock of who wrote it, which may have been ahead.
		updated := later(now, s.UpdatedAt.AsTime().Add(time.Millisecond))
		s.StartsAt, s.EndsAt, s.UpdatedAt = timestamppb.New(earlier(s.StartsAt.AsTime(), now)), timestamppb.New(now), timestamppb.New(updated)
		e, err := meshEntry(s, now)
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return nil
	}
	if err := t.deps.Write(t.ctx, entries...); err != nil {
		return fmt.Errorf("write down recurring silences: %w", err)
	}
	for _, e := range entries { // They are handed over again when they are read from the log, which may be later than what follows.
		if err := t.state(e.Key, e.Value); err != nil {
			return err
		}
	}
	return nil
}

// due are the silences of a recurrence's windows that are to be made.
func (t *term) due(r Recurrence, now time.Time) (entries []Entry, err error) {
	table, err := r.Schedule.timetable()
	if err != nil {
		return nil, err
	}
	for w := range table.windows(later(now, r.Made)) {
		if w.Start.After(now.Add(ahead)) {
			break
		}
		known, _, err := t.silences.Query(t.ctx, silence.QIDs(r.windowID(w)))
		if err != nil {
			return nil, err
		}
		if len(known) > 0 {
			continue
		}
		e, err := r.Silence(w, now)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// bury removes entries of silences that have ended for so long that Alertmanager knows nothing of them any more.
func (t *term) bury(now time.Time) {
	t.mu.Lock()
	var entries []Entry
	for key, expires := range t.graves {
		if now.After(expires) {
			entries = append(entries, Entry{Key: key})
		}
	}
	t.mu.Unlock()
	if len(entries) == 0 {
		return
	}
	if err := t.deps.Write(t.ctx, entries...); err != nil {
		return // What cannot be removed now can be later.
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range entries {
		delete(t.graves, e.Key)
	}
}

// planned takes in an entry of a recurrence, or that it is no more.
func (t *term) planned(e Entry) error {
	id, r, err := ReadRecurrence(e)
	if err != nil || id == "" {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.plans++
	delete(t.recurrences, id)
	if r != nil && len(t.recurrences) < RecurrenceLimit {
		t.recurrences[id] = *r
	}
	return nil
}

// RecurrenceLimit is how many recurrences are heeded.
const RecurrenceLimit = 1000

// dies takes in when the entry of a silence may be removed.
func (t *term) dies(key string, v *schemas.NotifierState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.plans++
	t.graves[key] = time.UnixMicro(v.Expires)
}
