package notifier

import (
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// inherited are events of defects that the notifier before has taken in, until the log is caught up with. Of what it has told nothing is told again: a defect that it knew and no target
// does by now, was told to its end.
type inherited struct {
	term *term
	// before is up to where the notifier before had taken in the topic and told what there was to tell.
	before position
	// last are the newest of these events, by defect; nil once the log is caught up with.
	last map[string]posted
}

// posted is an event and where and when it was written.
type posted struct {
	partition int32
	event     *schemas.DefectEvent
	at        time.Time
}

// event takes in an event of a defect, written at time at.
func (i *inherited) event(partition int32, ev *schemas.DefectEvent, at time.Time) {
	older, known := i.last[ev.ID]
	switch {
	case i.last == nil:
		i.term.event(partition, ev, at)
	case !at.After(i.before.of(partition)) && !i.before.Untold[ev.ID]:
		i.last[ev.ID] = posted{partition, ev, at}
	case known && over(ev) && !i.term.toldOf(ev.ID):
		i.last[ev.ID] = posted{partition, ev, at}
	default:
		if known {
			i.term.event(older.partition, older.event, older.at)
			delete(i.last, ev.ID)
		}
		i.term.event(partition, ev, at)
	}
}

// settle takes in the newest event of each defect.
func (i *inherited) settle() {
	for _, p := range i.last {
		i.term.event(p.partition, p.event, p.at)
	}
	i.last = nil
}
