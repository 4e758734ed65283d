package console

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// freshFor is how long a roll-up holds: one comes every 10 s, so after 15 s one is missing and nothing is known any more.
const freshFor = 15 * time.Second

// recentLimit is how many ended defects are kept.
const recentLimit = 500

// Lamps of a stream, worst first.
const (
	Firing  = "firing"
	Pending = "pending"
	Stale   = "stale"
	Unknown = "unknown"
	OK      = "ok"
)

// Stream is a stream as the API shows it.
type Stream struct {
	ID      string            `json:"id"`
	Labels  map[string]string `json:"labels"`
	Profile string            `json:"profile"`
	// Lane is what the partition is derived from; empty: the id. Origin says where it was added: config or api.
	Lane   string `json:"lane"`
	Origin string `json:"origin"`
	// Lamp is firing, pending, stale, unknown or ok.
	Lamp string `json:"lamp"`
	// Heard is the instant of the latest roll-up; microseconds since the Unix epoch, 0 when there was none.
	Heard int64 `json:"heard"`
	// FreshUntil is the instant after which Lamp no longer holds and the stream is stale; microseconds since the Unix epoch, 0 when
	// nothing was ever known.
	FreshUntil int64 `json:"fresh_until"`
	// State of the source as last heard: starting, up, down, fault, or empty.
	State string `json:"state"`
	// BitsPerSecond is what was received in a second of the latest roll-up, on average; nil when that is not known.
	BitsPerSecond *int64 `json:"bits_per_second"`
	// Open is how many defects are open.
	Open int `json:"open"`
	// Pending are episodes that are bad and have not fired.
	Pending []schemas.Pending `json:"pending"`
}

// board is the state of all streams and the defects of late. publish is called, in order, with what has changed.
type board struct {
	mu      sync.Mutex
	specs   map[string]*schemas.StreamSpec
	healths map[string]*schemas.Health
	// open and ended defects by id; open ones also counted by stream.
	open, ended map[string]*schemas.DefectEvent
	opens       map[string]int
	// evidences are what is stored of defects, by their id.
	evidences map[string]*schemas.Evidence
	// acks by defect: of those that are open, and of those that ended as long as they are kept.
	acks     map[string]*Acknowledgement
	silences map[string]*scopedSilence
	// recurrences by id.
	recurrences map[string]*Recurrence
	// strips are the lamps of late, also of streams that are not known yet.
	strips  map[string]*strip
	publish func(kind, key string, v any)
}

func newBoard(publish func(kind, key string, v any)) *board {
	return &board{strips: map[string]*strip{},
		specs: map[string]*schemas.StreamSpec{}, healths: map[string]*schemas.Health{},
		open: map[string]*schemas.DefectEvent{}, ended: map[string]*schemas.DefectEvent{}, opens: map[string]int{}, evidences: map[string]*schemas.Evidence{},
		acks: map[string]*Acknowledgement{}, silences: map[string]*scopedSilence{}, recurrences: map[string]*Recurrence{}, publish: publish,
	}
}

// standstill tells that all streams have been stale for a while: no detector tells of any, which it does of each whatever its source and its edge do.
func (b *board) standstill(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var last int64
	for _, h := range b.healths {
		last = max(last, h.Time)
	}
	since := now.Sub(time.UnixMicro(last))
	if len(b.healths) == 0 || since <= 2*freshFor {
		return nil
	}
	return fmt.Errorf("nothing has come of any stream for %d s: the detector is away, or the log takes no records (is its disk full?)", int(since.Seconds()))
}

func (b *board) stream(id string, spec *schemas.StreamSpec) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if spec == nil {
		delete(b.specs, id)
		delete(b.healths, id)
		delete(b.strips, id)
		b.publish("removed", streamKey(id), struct {
			ID string `json:"id"`
		}{id})
		return
	}
	b.specs[id] = spec
	b.changed(id)
}

// health takes h unless a later one is there: a detector that takes over may tell the last of its predecessor's again.
func (b *board) health(id string, h *schemas.Health) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if had := b.healths[id]; had != nil && had.Time > h.Time {
		return
	}
	b.healths[id] = h
	b.changed(id)
}

func (b *board) defect(ev *schemas.DefectEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	had := cmp.Or(b.open[ev.ID], b.ended[ev.ID])
	if had != nil && had.Revision > ev.Revision {
		return
	}
	if b.open[ev.ID] != nil && !isDry(ev) {
		b.count(ev.Stream, -1)
	}
	delete(b.open, ev.ID)
	delete(b.ended, ev.ID)
	if isOpen(ev) {
		b.open[ev.ID] = ev
		if !isDry(ev) {
			b.count(ev.Stream, 1)
		}
	} else {
		b.ended[ev.ID] = ev
		b.forget()
	}
	b.publish("defect", "defect "+ev.ID, b.shown(ev))
	b.changed(ev.Stream)
}

// isDry tells that the rule is tried out: such a defect is shown as such, and makes no stream bad. It is so of a defect or it is not.
func isDry(ev *schemas.DefectEvent) bool { return ev.DryRun != nil && *ev.DryRun }

// count keeps opens free of streams without an open defect.
func (b *board) count(stream string, by int) {
	if b.opens[stream] += by; b.opens[stream] == 0 {
		delete(b.opens, stream)
	}
}

// forget drops the defect that ended first when there are too many.
func (b *board) forget() {
	if len(b.ended) <= recentLimit {
		return
	}
	oldest := slices.MinFunc(slices.Collect(maps.Values(b.ended)), func(x, y *schemas.DefectEvent) int {
		return cmp.Or(cmp.Compare(x.End, y.End), cmp.Compare(x.ID, y.ID))
	})
	delete(b.ended, oldest.ID)
	delete(b.acks, oldest.ID)
}

// changed publishes the stream, when it is monitored.
func (b *board) changed(id string) {
	if b.specs[id] != nil {
		b.publish("stream", streamKey(id), b.view(id, time.Now()))
	}
}

func streamKey(id string) string { return "stream " + id }

// streams as they are now, in order of id.
func (b *board) streams() []Stream {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	all := make([]Stream, 0, len(b.specs))
	for _, id := range slices.Sorted(maps.Keys(b.specs)) {
		all = append(all, b.view(id, now))
	}
	return all
}

// one stream with its roll-up, nil when there is none; ok is false when it is not monitored.
func (b *board) one(id string) (s Stream, h *schemas.Health, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.specs[id] == nil {
		return Stream{}, nil, false
	}
	return b.view(id, time.Now()), b.healths[id], true
}

func (b *board) view(id string, now time.Time) Stream {
	spec, h := b.specs[id], b.healths[id]
	s := Stream{ID: id, Labels: spec.Labels, Profile: spec.Profile, Lane: spec.Lane, Origin: spec.Origin, Lamp: Unknown, Open: b.opens[id], Pending: []schemas.Pending{}}
	if h == nil {
		return s
	}
	s.State, s.Heard, s.FreshUntil = h.State, h.Time, h.Time+freshFor.Microseconds()
	s.BitsPerSecond = bitsPerSecond(h.Figures)
	if h.Pending != nil {
		s.Pending = h.Pending
	}
	s.Lamp = lamp(h.Lamp, s.Open, now.UnixMicro() > s.FreshUntil)
	return s
}

func bitsPerSecond(figures []schemas.Figure) *int64 {
	i := slices.IndexFunc(figures, func(f schemas.Figure) bool { return f.Name == "bits_per_second" })
	if i < 0 || !(figures[i].Mean >= 0 && figures[i].Mean < 1e15) {
		return nil
	}
	bits := int64(figures[i].Mean)
	return &bits
}

// lamp is what may be shown: what is not known to be well is never ok.
func lamp(told string, open int, stale bool) string {
	switch {
	case stale:
		return Stale
	case open > 0 || told == Firing:
		return Firing
	case told == Pending || told == OK:
		return told
	default:
		return Unknown
	}
}

// defects are, at one instant, the open ones, most severe first, then the oldest, and those that ended of late, the latest first.
func (b *board) defects() (open, ended []Defect) {
	b.mu.Lock()
	defer b.mu.Unlock()
	latest := func(x, y *schemas.DefectEvent) int { return cmp.Or(cmp.Compare(y.End, x.End), cmp.Compare(x.ID, y.ID)) }
	return b.shownAll(slices.SortedFunc(maps.Values(b.open), worstFirst)), b.shownAll(slices.SortedFunc(maps.Values(b.ended), latest))
}

// worstFirst orders open defects: the most severe first, then the oldest.
func worstFirst(x, y *schemas.DefectEvent) int {
	return cmp.Or(cmp.Compare(severity(y), severity(x)), cmp.Compare(x.Onset, y.Onset), cmp.Compare(x.ID, y.ID))
}

// len is the number of streams.
func (b *board) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.specs)
}

func isOpen(ev *schemas.DefectEvent) bool { return ev.State == "opened" || ev.State == "updated" }

// severity as a number, more is worse.
func severity(ev *schemas.DefectEvent) int {
	return slices.Index([]string{"info", "warning", "critical"}, ev.Severity)
}
