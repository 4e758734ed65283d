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

// restore makes a new Partition equal to one that never stopped, from the latest event of each defect and the latest roll-ups:
//
//   - each event takes effect when the fold has passed the record that caused it;
//   - a defect whose onset lies before the end of the warm-up, and of which an event is still to come, is open in between, whatever the
//     verdicts say that come too late to show it: so its children stay unknown;
//   - up to the last event nothing opens that the log does not hold;
//   - what a roll-up says is usual holds from the record on that caused it, or from the stream's first Setting when that comes later.
type restore struct {
	queue []schemas.DefectEvent // in order of offset
	last  int64                 // offset of the last event
	ids   map[string]bool       // of all that have an event; nil: nothing is to be restored

	rolls []rollUp // in order of offset
	// missed are the last that have been passed of streams that are not settled, boundary is the end of the last span of any stream.
	missed   map[string]*schemas.Health
	boundary int64
}

// rollUp is what was told of a stream at the end of a span.
type rollUp struct {
	stream string
	*schemas.Health
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

// recall keeps a roll-up to be restored.
func (r *restore) recall(stream string, h *schemas.Health) {
	if h.SpanMS == 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(r.rolls, h.Offset, func(u rollUp, offset int64) int { return int(min(max(u.Offset-offset, -1), 1)) })
	r.rolls = slices.Insert(r.rolls, i, rollUp{stream, h})
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
	for len(r.rolls) > 0 && r.rolls[0].Offset <= offset {
		r.pass(r.rolls[0], p)
		r.rolls = r.rolls[1:]
	}
}

// pass restores what a roll-up says is usual, or keeps it until the stream is settled.
func (r *restore) pass(u rollUp, p *Partition) {
	r.boundary = max(r.boundary, u.Time)
	if s := p.byID[u.stream]; s != nil && s.settled {
		s.recall(u.Usual)
		return
	}
	if r.missed == nil {
		r.missed = map[string]*schemas.Health{}
	}
	r.missed[u.stream] = u.Health
}

// settle restores what was passed before the stream's first Setting. Every stream is told of at each boundary: one that was not told of at the
// last was removed before it.
func (r *restore) settle(s *stream) {
	if h := r.missed[s.id]; h != nil && h.Time == r.boundary {
		s.recall(h.Usual)
	}
	delete(r.missed, s.id)
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
	if e.told = event; !firing {
		e.over()
	} else {
		e.value, e.end = event.Value, event.End
		for _, child := range j.children {
			for _, c := range child.episodes {
				if c.firing() && (!e.dry() || c.dry()) {
					c.told = schemas.DefectEvent{}
					c.forget()
				}
			}
		}
	}
	s.stirred = true
	s.health.lamp = s.lamp(p.clock.now)
}
