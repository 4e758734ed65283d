package detector

import (
	"slices"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// warmUp is how long after the beginning of a lookback runs may still be cut short by it.
const warmUp = settingInterval + rule.MaxWindow

// restore makes a new Partition equal to one that never stopped, from the latest event of each defect:
//
//   - each event takes effect when the fold has passed the record that caused it;
//   - a defect that began before runs of verdicts are whole fires from the beginning: it will be told of later;
//   - up to the last event nothing opens that the log does not hold.
type restore struct {
	begun  bool
	queue  []schemas.DefectEvent // in order of offset
	last   int64                 // offset of the last event
	events map[string]bool       // ids of all that have an event
}

// add keeps the events to be restored.
func (r *restore) add(latest []schemas.DefectEvent) {
	if r.events == nil {
		r.events, r.last = map[string]bool{}, -1
	}
	for _, e := range latest {
		r.queue = append(r.queue, e)
		r.events[e.ID] = true
		r.last = max(r.last, e.Offset)
	}
	slices.SortStableFunc(r.queue, func(a, b schemas.DefectEvent) int { return int(min(max(a.Offset-b.Offset, -1), 1)) })
}

// genuine tells whether a defect may open at offset: it may not where the log is known and does not hold it.
func (r *restore) genuine(offset int64, id string) bool {
	return r.events == nil || offset > r.last || r.events[id]
}

// begin restores, before the first record is folded, all that was open then.
func (r *restore) begin(in Input, p *Partition) {
	if r.begun {
		return
	}
	r.begun = true
	r.through(in.Offset-1, p)
	start, ok := instant(in.Feature)
	for _, e := range r.queue {
		if ok && e.Onset <= start+warmUp.Microseconds() {
			p.install(e, true)
		}
	}
}

// through restores the events whose record has been folded.
func (r *restore) through(offset int64, p *Partition) {
	n := 0
	for n < len(r.queue) && r.queue[n].Offset <= offset {
		p.install(r.queue[n], isOpen(r.queue[n]))
		n++
	}
	r.queue = r.queue[n:]
}

func isOpen(e schemas.DefectEvent) bool { return e.State == "opened" || e.State == "updated" }

// install puts an episode where its event left it.
func (p *Partition) install(event schemas.DefectEvent, firing bool) {
	s := p.byID[event.Stream]
	if s == nil {
		if !firing {
			return
		}
		s = p.stream(event.Stream)
	}
	j := s.judge(event.Kind)
	if j == nil {
		return
	}
	e := j.episode(event.Part)
	if e.told = (schemas.DefectEvent{}); firing {
		e.told, e.value, e.end = event, event.Value, event.End
		for _, child := range j.children {
			for _, c := range child.episodes {
				c.told = schemas.DefectEvent{}
			}
		}
	}
	s.health.lamp = s.lamp(p.clock.now)
}

// instant is the time of any record; ok is false when it has none that can be believed.
func instant(f *schemas.Feature) (t int64, ok bool) {
	switch {
	case f == nil:
		return 0, false
	case f.Tick != nil:
		t = f.Tick.Time
	case f.Setting != nil:
		t = f.Setting.Time
	default:
		session, at := origin(f)
		t = session + at
	}
	return t, plausible(t)
}
