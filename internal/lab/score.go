package lab

import (
	"sync"
	"time"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
)

// Injected is a fault as a client of the stream was given it: the truth that detection is scored against. It starts and ends when a client that
// plays in real time presents it.
type Injected = replay.Label

// Detected is one defect as its events told.
type Detected struct {
	replay.Defect
	// Open tells that it has not closed yet, Flapping that it had come and gone so often that it is held open for a while.
	Open, Flapping bool
	// Told is when its first event came, Alerted when its first notification did; zero: not yet.
	Told, Alerted time.Time
}

// Score gathers events and alerts and compares them with what was injected. It may be used by many goroutines.
type Score struct {
	// Tolerance is how far the spans of fault and defect may be apart and still be the same. It covers the time that a client needs to
	// start: it presents what it was given first when it has understood the stream.
	Tolerance time.Duration
	// Patience is how long after its start a fault is awaited before it counts as missed.
	Patience time.Duration

	mu sync.Mutex
	// defects in the order in which they were told, and by id.
	defects []*Detected
	byID    map[string]*Detected
	gone    map[string]bool
}

// NewScore is a Score with a tolerance of 2.5 s and a patience of 8 s.
func NewScore() *Score {
	return &Score{Tolerance: 2500 * time.Millisecond, Patience: 8 * time.Second, byID: map[string]*Detected{}, gone: map[string]bool{}}
}

// Event notes an event of a defect that came at time now. A retracted defect was none.
func (s *Score) Event(ev *schemas.DefectEvent, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.defect(ev)
	if d.Told.IsZero() {
		d.Told = now
	}
	if end := time.UnixMicro(ev.End); end.After(d.End) {
		d.End = end
	}
	d.Flapping = ev.Flapping != nil && *ev.Flapping
	switch ev.State {
	case "closed":
		d.Open = false
	case "retracted":
		s.gone[ev.ID] = true
	}
}

// Alert notes a notification of a defect that came at time now.
func (s *Score) Alert(ev *schemas.DefectEvent, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.defect(ev); d.Alerted.IsZero() {
		d.Alerted = now
	}
}

// all are the defects that were not retracted.
func (s *Score) all() (list []Detected) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.defects {
		if !s.gone[d.ID] {
			list = append(list, *d)
		}
	}
	return list
}

// defect finds the defect of ev or begins it. The lock is held.
func (s *Score) defect(ev *schemas.DefectEvent) *Detected {
	if d := s.byID[ev.ID]; d != nil {
		return d
	}
	onset := time.UnixMicro(ev.Onset)
	d := &Detected{Defect: replay.Defect{ID: ev.ID, Stream: ev.Stream, Kind: ev.Kind, Part: ev.Part, Onset: onset, End: onset}, Open: true}
	s.defects = append(s.defects, d)
	s.byID[ev.ID] = d
	return d
}

// Found is a fault and the defect that it was found as.
type Found struct {
	Injected
	// ID of the defect, and when it was said to have started.
	ID    string
	Onset time.Time
	// Told and Alerted are as in Detected.
	Told, Alerted time.Time
}

// OnsetError is how much too late the defect is said to have started.
func (f Found) OnsetError() time.Duration { return f.Onset.Sub(f.Start) }

// EventDelay is from the fault's start to the first event.
func (f Found) EventDelay() time.Duration { return f.Told.Sub(f.Start) }

// AlertDelay is from the fault's start to the first notification; negative when none came yet.
func (f Found) AlertDelay() time.Duration {
	if f.Alerted.IsZero() {
		return -1
	}
	return f.Alerted.Sub(f.Start)
}

// Report compares what was injected with what was found until now.
func (s *Score) Report(injected []Injected, now time.Time) Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	var r Report
	var standing []*Detected
	for _, d := range s.defects {
		if !s.gone[d.ID] {
			standing = append(standing, d)
		}
	}
	matched := map[*Detected]bool{}
	for i, d := range s.match(injected, standing, now) {
		in := injected[i]
		switch {
		case d != nil:
			matched[d] = true
			r.Found = append(r.Found, Found{in, d.ID, d.Onset, d.Told, d.Alerted})
		case in.Optional:
		case now.Sub(in.Start) < s.Patience:
			r.Waiting = append(r.Waiting, in)
		default:
			r.Missed = append(r.Missed, in)
		}
	}
	for _, d := range standing {
		if !matched[d] {
			r.Unexpected = append(r.Unexpected, *d)
		}
	}
	return r
}

// match gives each fault the defect that it was found as, or nil.
func (s *Score) match(injected []Injected, standing []*Detected, now time.Time) []*Detected {
	type stream struct {
		faults []int
		labels []Injected
		found  []*Detected
		spans  []replay.Defect
	}
	streams := map[string]*stream{}
	of := func(id string) *stream {
		if streams[id] == nil {
			streams[id] = &stream{}
		}
		return streams[id]
	}
	for i, in := range injected {
		one := of(in.Stream)
		one.faults, one.labels = append(one.faults, i), append(one.labels, in)
	}
	for _, d := range standing {
		one := of(d.Stream)
		one.found, one.spans = append(one.found, d), append(one.spans, d.until(now))
	}
	matches := make([]*Detected, len(injected))
	for _, one := range streams {
		for i, m := range replay.Match(one.labels, one.spans, s.Tolerance) {
			if m >= 0 {
				matches[one.faults[i]] = one.found[m]
			}
		}
	}
	return matches
}

// until is the span of the defect, which lasts to now when it is open.
func (d *Detected) until(now time.Time) replay.Defect {
	span := d.Defect
	if d.Open {
		span.End = now
	}
	return span
}
