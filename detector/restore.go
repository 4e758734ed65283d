package detector

import (
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// warmUp is how long after a stream's first judged record the rules that explain others, whose windows are a second, know as much as if
	// they had never stopped.
	warmUp = 3 * time.Second
	// maxLag is how long after its onset at the latest the first bad verdict of such a rule has been folded: a heartbeat's second, and some room.
	maxLag = 1500 * time.Millisecond
)

// restore makes a new Partition equal to one that never stopped, from the latest event of each defect:
//
//   - each event takes effect when the fold has passed the record that caused it;
//   - a defect whose onset lies before the end of the warm-up, and of which an event is still to come, is open in between, whatever the
//     verdicts say that come too late to show it: so its children stay unknown;
//   - up to the last event nothing opens that the log does not hold.
type restore struct {
	queue []schemas.DefectEvent // in order of offset
	last  int64                 // offset of the last event
	ids   map[string]bool       // of all that have an event; nil: nothing is to be restored
}

// add keeps the events to be restored.
func (r *restore) add(latest []schemas.DefectEvent) {
	if r.ids == nil {
		r.ids, r.last = map[string]bool{}, -1
	}
	for _, e := range latest {
		r.queue = append(r.queue, e)
		r.ids[e.ID] = true
		r.last = max(r.last, e.Offset)
	}
	slices.SortStableFunc(r.queue, func(a, b schemas.DefectEvent) int { return int(min(max(a.Offset-b.Offset, -1), 1)) })
}

// genuine tells whether a defect may open at offset: it may not where the log is known and does not hold it.
func (r *restore) genuine(offset int64, id string) bool {
	return r.passed(offset) || r.ids[id]
}

// passed tells whether the fold is behind all that is to be restored.
func (r *restore) passed(offset int64) bool { return offset > r.last || r.ids == nil }

// adopt opens what is open at the end of a stream's warm-up.
func (r *restore) adopt(s *stream, p *Partition) {
	if s.adopted || len(r.queue) == 0 || s.now-s.first < warmUp.Microseconds() {
		return
	}
	s.adopted = true
	for _, e := range r.queue {
		if e.Stream == s.id && e.Onset <= s.now-maxLag.Microseconds() {
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
