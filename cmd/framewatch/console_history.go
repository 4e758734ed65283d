package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

const (
	// writtenWithin is how long after a defect's end its last event is written at most: a detector that was away for longer finds no features any more.
	writtenWithin = 25 * time.Hour
	// historyLimit is how many events of one defect are shown: the first.
	historyLimit = 1000
)

// historyFor reads what the log tells of a defect for a user of the console.
func (a *app) historyFor(ctx context.Context, id string, known *schemas.DefectEvent) (h console.History, err error) {
	if known == nil {
		if known, err = a.latest(ctx, id); known == nil || err != nil {
			return h, err
		}
	}
	if h.Events, err = a.eventsOf(ctx, known); err != nil {
		return h, err
	}
	if h.Changes, err = a.changes(ctx, id, time.UnixMicro(known.Onset).Add(-clockSkew)); err != nil {
		return h, err
	}
	verdicts, err := a.verdicts(ctx, verdictFilter{Streams: []string{known.Stream}, Range: replay.Range{From: time.UnixMicro(known.Onset).Add(-longestFault)}})
	for _, v := range replay.Standing(verdicts) {
		if v.Defect == id {
			h.Verdicts = append(h.Verdicts, shownVerdict(v))
		}
	}
	return h, cmp.Or(err, ctx.Err())
}

// eventsOf are the events of a defect, of which known is one, in order of revision.
func (a *app) eventsOf(ctx context.Context, known *schemas.DefectEvent) ([]*schemas.DefectEvent, error) {
	source, err := a.source(topology.Defects.Name)
	if err != nil {
		return nil, err
	}
	written := replay.Range{From: time.UnixMicro(known.Onset).Add(-clockSkew)}
	if known.State == "closed" || known.State == "retracted" {
		written.To = time.UnixMicro(known.Detected).Add(writtenWithin)
	}
	by := map[int32]*schemas.DefectEvent{known.Revision: known}
	err = replay.Values(ctx, source, written, a.contract, schemas.DefectEvents, func(r replay.Record, ev *schemas.DefectEvent) error {
		if ev.ID == known.ID && (len(by) < historyLimit || by[ev.Revision] != nil) {
			by[ev.Revision] = ev
		}
		return nil
	})
	events := make([]*schemas.DefectEvent, 0, len(by))
	for _, ev := range by {
		events = append(events, ev)
	}
	slices.SortFunc(events, func(x, y *schemas.DefectEvent) int { return cmp.Compare(x.Revision, y.Revision) })
	return events, err
}

// changes are those that people made to a target, or to anything when it is empty, since an instant, the earliest first.
func (a *app) changes(ctx context.Context, target string, since time.Time) (changes []console.Change, err error) {
	source, err := a.source(topology.Audit.Name)
	if err != nil {
		return nil, err
	}
	err = replay.Values(ctx, source, replay.Range{From: since}, a.contract, schemas.Audits, func(r replay.Record, v *schemas.Audit) error {
		if target == "" || v.Target == target {
			changes = append(changes, shownChange(string(r.Key), v))
		}
		return nil
	})
	return changes, err
}

// shownChange is an audit record as the API has it.
func shownChange(by string, v *schemas.Audit) console.Change {
	return console.Change{Time: v.Time, By: by, Action: v.Action, Target: v.Target, Detail: v.Detail, Place: v.Address}
}
