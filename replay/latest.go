package replay

import (
	"cmp"
	"maps"
	"slices"

	"github.com/framewatch/framewatch/schemas"
)

// Latest keeps the last event of each defect: as many as there are defects, however often each was told of.
type Latest struct {
	last  map[string]numbered
	count int
}

// numbered is an event, and the how manyth it was.
type numbered struct {
	number int
	event  *schemas.DefectEvent
}

// Add takes the next event, which is kept.
func (l *Latest) Add(ev *schemas.DefectEvent) {
	if l.last == nil {
		l.last = map[string]numbered{}
	}
	l.count++
	l.last[ev.ID] = numbered{l.count, ev}
}

// List is the last event of each defect, in the order in which they came.
func (l *Latest) List() []schemas.DefectEvent {
	var list []schemas.DefectEvent
	for _, n := range slices.SortedFunc(maps.Values(l.last), func(x, y numbered) int { return cmp.Compare(x.number, y.number) }) {
		list = append(list, *n.event)
	}
	return list
}
