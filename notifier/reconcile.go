package notifier

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/silence"

	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// reconcileEvery is how often what targets know is compared with what is so.
	reconcileEvery = time.Second
	// lookEvery is how often every group is looked at.
	lookEvery = 10 * time.Second
	// grace is how much longer than its groups' interval the pipeline has to tell the end of a defect by itself.
	grace = 5 * time.Second
	// positionEvery is how often it is written down until when the defects topic was taken in.
	positionEvery = 10 * time.Second
	// mostUntold bounds the defects that are named with it.
	mostUntold = 4096
	// positionMargin is how much earlier than that the next one begins to read: every open defect is updated each 10 s, so it is heard of within that.
	positionMargin = time.Minute
)

// reconcile tells targets what Alertmanager's pipeline does not: the end of a defect that is silenced, inhibited, outside of its time interval or of a group that is no more; that somebody has
// acknowledged or silenced it; that nobody has, so that it is told on. It ends with the term.
func (t *term) reconcile() {
	tick := time.NewTicker(reconcileEvery)
	defer tick.Stop()
	noted, looked := time.Now(), time.Time{}
	said := ""
	for {
		select {
		case <-t.ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		t.release(now)
		t.escalate(now)
		// What people have said concerns every group, otherwise it is those with defects that are over.
		t.mu.Lock()
		says := fmt.Sprint(t.ackings, t.plans, t.silences.Version())
		t.mu.Unlock()
		all := says != said || now.Sub(looked) >= lookEvery
		if all {
			said, looked = says, now
			if err := t.recur(now); err != nil && t.ctx.Err() == nil {
				t.log.Error("recurring silences", "error", err)
			}
		}
		ended := t.ended()
		for _, d := range t.desks {
			d.reconcile(now, all, ended)
		}
		t.forget(now)
		if now.Sub(noted) >= positionEvery {
			noted = now
			t.notePosition()
			t.collect()
		}
	}
}

// escalate tells on what nobody has taken up in time.
func (t *term) escalate(now time.Time) {
	for _, d := range t.known() {
		t.mu.Lock()
		_, acked := t.acks[d.event.ID]
		due := !acked && !over(d.event) && d.escalation < len(t.n.config.Escalate) && now.Sub(time.UnixMicro(d.event.Onset)) >= t.n.config.Escalate[d.escalation]
		if !due {
			t.mu.Unlock()
			continue
		}
		d.escalation++
		a := alertOf(d.event, labelsOf(d.event, d.escalation), t.n.link(d.event), false, now)
		t.mu.Unlock()
		t.put([]*alert.Alert{a})
	}
}

// forget drops defects that have ended once every target knows, and what was acknowledged of them.
func (t *term) forget(now time.Time) {
	for _, d := range t.known() {
		t.mu.Lock()
		id, done := d.event.ID, !d.over.IsZero() && now.Sub(d.over) > 2*(t.n.tree.groupInterval+grace)
		_, acked := t.acks[id]
		t.mu.Unlock()
		if !done || t.toldOf(id) {
			continue
		}
		if acked {
			if err := t.deps.Write(t.ctx, withdrawn(id)); err != nil {
				continue
			}
		}
		t.mu.Lock()
		delete(t.defects, id)
		untold, ev := !d.told, d.event
		t.mu.Unlock()
		if untold {
			t.untold(d.partition, ev, now)
		}
	}
}

// untold keeps in the delivery log that nobody was told of a defect: it was over before its group was due, or muted all the time.
func (t *term) untold(partition int32, ev *schemas.DefectEvent, now time.Time) {
	t.meters.untold.Inc()
	t.deps.Record(partition, ev.ID, &schemas.Notification{
		Message: "none", Stream: ev.Stream, Kind: ev.Kind, Revision: ev.Revision, State: ev.State, Outcome: "untold", Time: now.UnixMicro(),
		Error: "nobody was told: it ended before its group was due, or was muted",
	})
}

// startFrom takes over the position of the notifier before.
func (t *term) startFrom(p position) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for partition, at := range p.taken() {
		t.until[partition] = later(t.until[partition], at)
	}
}

// notePosition writes down until when the defects topic was taken in, and told of where somebody is to be told.
func (t *term) notePosition() {
	if err := t.writePosition(); err != nil {
		t.log.Warn("write down the notifier's position", "error", err)
	}
}

// position is until when the defects topic was taken in.
func (t *term) position(now time.Time) position {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := position{Until: now, Taken: maps.Clone(t.until), Untold: map[string]bool{}, Partitions: maps.Clone(t.until)}
	if len(p.Taken) > 0 {
		p.Until = slices.MaxFunc(slices.Collect(maps.Values(p.Taken)), time.Time.Compare)
	}
	if p.Until.After(now) {
		p.Until = now // a clock is ahead
	}
	for id, d := range t.defects {
		// One that nobody was told of for longer is muted.
		if d.told || now.Sub(d.since) >= t.n.tree.groupWait+t.n.tree.groupInterval+grace {
			continue
		}
		before := d.posted.Add(-time.Microsecond)
		p.Until, p.Partitions[d.partition] = earlier(p.Until, before), earlier(p.Partitions[d.partition], before)
		if len(p.Untold) < mostUntold {
			p.Untold[id] = true
		} else {
			p.Taken[d.partition] = earlier(p.Taken[d.partition], before) // of those beside it some may be told again
		}
	}
	return p
}

// settled writes down entries that say what targets know after changes, and where one of those is an end, how far the notifier has come: nothing else tells the next one that the defect was
// told of.
func (t *term) settled(ctx context.Context, changes []receiver.Change, entries ...Entry) error {
	if slices.ContainsFunc(changes, receiver.Change.Over) {
		return t.writePosition(entries...)
	}
	return t.deps.Write(ctx, entries...)
}

// settlement is one write of the position, with the entries of all who wait for it.
type settlement struct {
	entries []Entry
	err     error
}

// writePosition writes down how far the notifier has come, with entries. The last position on the log is what counts, so one is written after the other, and all who come meanwhile share the next.
// It waits for that whatever ends, as long as the log takes or the leadership lasts: an entry that was left behind could come onto the log after a newer one of its group.
func (t *term) writePosition(entries ...Entry) error {
	t.mu.Lock()
	if t.next == nil {
		t.next = &settlement{}
	}
	s := t.next
	s.entries = append(s.entries, entries...)
	t.mu.Unlock()
	t.settling <- struct{}{}
	defer func() { <-t.settling }()
	t.mu.Lock()
	written := t.next != s // by another who waited for it
	if !written {
		t.next = nil
	}
	t.mu.Unlock()
	if written {
		return s.err
	}
	now := time.Now()
	e, err := t.position(now).entry(now)
	if err == nil {
		err = t.deps.Write(context.WithoutCancel(t.ctx), append(s.entries, e)...)
	}
	s.err = err
	return err
}

// collect drops what Alertmanager need not remember any more.
func (t *term) collect() {
	if _, err := t.notified.GC(); err != nil {
		t.log.Warn("collect the notification log", "error", err)
	}
	t.bury(time.Now())
	if _, err := t.silences.GC(); err != nil {
		t.log.Warn("collect silences", "error", err)
	}
}

// reconcile begins to tell what the target should know and the pipeline does not tell, each group by itself, and what is still pending.
func (d *desk) reconcile(now time.Time, all bool, ended []string) {
	d.mu.Lock()
	single := map[*group]bool{}
	for _, s := range ended {
		if g := d.holders[s]; g != nil && !now.Before(g.retry) && (g.Pending == nil || !g.Pending.Storm) {
			single[g] = true
		}
	}
	digests := map[string][]*group{}
	for _, g := range d.groups {
		switch {
		case now.Before(g.retry):
		case g.Pending != nil && g.Pending.Storm:
			digests[g.Pending.ID] = append(digests[g.Pending.ID], g)
		case all || g.Pending != nil:
			single[g] = true
		}
	}
	d.mu.Unlock()
	for _, groups := range digests {
		if takeAll(groups) {
			d.term.work.Go(func() { d.resend(groups) })
		}
	}
	for g := range single {
		if g.mayCatchUp(now) && takeAll([]*group{g}) {
			d.term.work.Go(func() { g.catchUp(now) })
		}
	}
}

// takeAll takes all groups, or none when somebody is telling something of one.
func takeAll(groups []*group) bool {
	for i, g := range groups {
		select {
		case g.busy <- struct{}{}:
		default:
			for _, g := range groups[:i] {
				<-g.busy
			}
			return false
		}
	}
	return true
}

// resend sends a digest again that was begun, from all the groups that it is of.
func (d *desk) resend(groups []*group) {
	list := make([]letters, 0, len(groups))
	for _, g := range groups {
		defer g.leave()
		if g.Pending != nil {
			list = append(list, letters{group: g})
		}
	}
	if len(list) > 0 {
		d.send(d.term.ctx, list)
	}
}

func (g *group) mayCatchUp(now time.Time) bool {
	g.desk.mu.Lock()
	pending := g.Pending != nil
	g.desk.mu.Unlock()
	return pending || len(g.missing(now)) > 0
}

// missing is what the target should know of the group and the pipeline does not tell.
func (g *group) missing(now time.Time) (changes []receiver.Change) {
	t := g.desk.term
	for _, s := range g.open() {
		t.mu.Lock()
		d := t.defects[of(s)]
		var c receiver.Change
		ok := false
		if d != nil && (d.over.IsZero() || now.Sub(d.over) > t.n.tree.groupInterval+grace) {
			c, ok = t.change(g, d, levelOf(s), false)
		}
		t.mu.Unlock()
		// Severities are the pipeline's to tell: they decide on routes.
		if ok && c.What != receiver.Updated {
			changes = append(changes, c)
		} else if d != nil && !ok && g.desk.way.lively() {
			changes = append(changes, t.silenced(g, d, levelOf(s))...)
		}
	}
	return changes
}

// silenced is that a silence covers a defect that the target knows to be open, unless the target knows.
func (t *term) silenced(g *group, d *defect, escalation int) []receiver.Change {
	t.mu.Lock()
	ev := d.event
	t.mu.Unlock()
	g.desk.mu.Lock()
	known, said := g.Told[subject(ev.ID, escalation)], g.saidOf(ev.ID, escalation)
	g.desk.mu.Unlock()
	if known.Muted || said || over(ev) {
		return nil
	}
	list, _, err := t.silences.Query(t.ctx, silence.QState(silence.SilenceStateActive), silence.QMatches(labelsOf(ev, escalation)))
	if err != nil || len(list) == 0 {
		return nil
	}
	return []receiver.Change{{
		ID: changeID(g.desk.key, ev.ID, escalation, known.Changes, receiver.Muted, ev.Severity), What: receiver.Muted, Event: ev, Escalation: escalation,
		By: list[0].CreatedBy, Note: list[0].Comment, Until: list[0].EndsAt.AsTime(),
	}}
}

// catchUp tells what is pending or missing in the group, which it holds.
func (g *group) catchUp(now time.Time) {
	d := g.desk
	ctx, cancel := context.WithTimeout(d.term.ctx, longestFlush(d.term.n.tree.groupInterval))
	defer cancel()
	handedOver := false
	defer func() {
		if !handedOver {
			g.leave()
		}
	}()
	if g.Pending != nil {
		if _, err := d.send(ctx, []letters{{group: g, alerts: alertsOf(d.term, g.Pending.Changes)}}); err != nil {
			return
		}
	}
	changes := g.missing(now)
	if !d.resolved {
		changes = g.keep(ctx, changes)
	}
	if len(changes) > 0 {
		handedOver, _, _ = d.tell(ctx, letters{group: g, alerts: alertsOf(d.term, changes)}, &pending{Since: now, Changes: changes})
	}
}

// keep takes in, without telling it, what has ended, and is the rest.
func (g *group) keep(ctx context.Context, changes []receiver.Change) (rest []receiver.Change) {
	var ended []receiver.Change
	for _, c := range changes {
		if c.Over() {
			ended = append(ended, c)
		} else {
			rest = append(rest, c)
		}
	}
	if len(ended) == 0 {
		return rest
	}
	g.desk.mu.Lock()
	g.apply(&pending{Changes: ended})
	e, err := g.entry(time.Now())
	g.desk.mu.Unlock()
	if err == nil {
		err = g.desk.term.settled(ctx, ended, e)
	}
	if err != nil {
		return nil
	}
	return rest
}
