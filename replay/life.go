package replay

import (
	"cmp"
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// openReach is how long after it was last seen a defect that is open is taken to go on: an event comes each 10 s.
const openReach = 15 * time.Second

// Life is a defect as all of its events tell of it.
type Life struct {
	Defect
	// Partition of its stream.
	Partition int32
	Severity  string
	// Open: it was going on when it was last heard of; End is until when it was seen.
	Open bool
	// Retracted: it turned out to be no defect of its own, and counts nowhere.
	Retracted bool
}

// Lives are defects by id. Its zero value knows of none; it belongs to one goroutine.
type Lives struct {
	latest map[string]heard
}

// heard is the last event of a defect, and where it stood.
type heard struct {
	*schemas.DefectEvent
	partition int32
}

// Add takes an event of a defect, and keeps it. The events of a defect may come in any order, and again.
func (l *Lives) Add(partition int32, ev *schemas.DefectEvent) {
	if l.latest == nil {
		l.latest = map[string]heard{}
	}
	if had, there := l.latest[ev.ID]; !there || had.Revision <= ev.Revision {
		l.latest[ev.ID] = heard{ev, partition}
	}
}

// List is all of them, in order of onset, stream, kind and part.
func (l *Lives) List() []Life {
	all := make([]Life, 0, len(l.latest))
	for _, ev := range l.latest {
		all = append(all, Life{
			Defect: Defect{ID: ev.ID, Stream: ev.Stream, Kind: ev.Kind, Part: ev.Part,
				Onset: time.UnixMicro(ev.Onset), End: time.UnixMicro(max(ev.End, ev.Onset))},
			Partition: ev.partition, Severity: ev.Severity, Open: ev.State == "opened" || ev.State == "updated", Retracted: ev.State == "retracted",
		})
	}
	slices.SortFunc(all, func(a, b Life) int {
		return cmp.Or(a.Onset.Compare(b.Onset), cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Part, b.Part), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// lasts is until when a defect is taken to go on.
func lasts(l Life) time.Time {
	if l.Open {
		return l.End.Add(openReach)
	}
	return l.End
}
