package notifier

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/nflog"
	"github.com/prometheus/alertmanager/nflog/nflogpb"
	"github.com/prometheus/alertmanager/provider/mem"
	"github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
)

// term is the time during which this notifier is the one that tells.
type term struct {
	n    *Notifier
	deps Deps
	log  *slog.Logger
	// ctx ends with the term, work is what must have ended by then.
	ctx      context.Context
	work     sync.WaitGroup
	registry *prometheus.Registry

	alerts   *mem.Alerts
	silences *silence.Silences
	notified *nflog.Log
	// broadcast is where Alertmanager's notification log puts its entry while logging is held.
	logging   sync.Mutex
	broadcast []byte
	unwritten unwritten
	// merging is the last silence that was taken in from the log: Alertmanager broadcasts that as well.
	merging  atomic.Pointer[[]byte]
	desks    map[string]*desk
	pipeline *pipeline
	api      *api
	meters   *meters
	canary   canary
	// settling is held by who writes the position down.
	settling chan struct{}

	mu sync.Mutex
	// attempts to tell are under way, for which Alertmanager's dispatcher does not wait; none begins once the term is over.
	attempts sync.WaitGroup
	over     bool
	// next is what goes into the next write of the position; nil: nobody waits for it.
	next *settlement
	// defects are those that are open, or whose end some target does not know yet.
	defects map[string]*defect
	acks    map[string]Acknowledgement
	// ackings counts acknowledgements.
	ackings int
	// recurrences by id; plans counts what was heard of them and of silences; graves are the entries of silences with when they may be removed.
	recurrences map[string]Recurrence
	plans       int
	graves      map[string]time.Time
	// until are the times of the newest records of the defects topic that were taken in, by partition.
	until map[int32]time.Time
}

// defect is what the notifier knows of one.
type defect struct {
	event *schemas.DefectEvent
	// partition is where its events stand.
	partition int32
	// since is when the notifier first heard of it, over when of its end; posted is when the event was written that it first heard.
	since, over, posted time.Time
	// escalation is how many times it has been told on.
	escalation int
	// told says that somebody was told of it.
	told bool
	// end is its last event, held back until somebody was told that it began or holdUntil is past.
	end       *schemas.DefectEvent
	holdUntil time.Time
}

// attempt lets an attempt to tell begin, unless the term is over; what it returns ends it.
func (t *term) attempt() (ended func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return nil, t.ctx.Err()
	}
	t.attempts.Add(1)
	return t.attempts.Done, nil
}

// wait waits, once the term's context has ended, until all has that it has begun.
func (t *term) wait() {
	t.mu.Lock()
	t.over = true
	t.mu.Unlock()
	t.work.Wait()
	t.attempts.Wait()
}

// retention is how long Alertmanager remembers what it told and silences that have ended.
const retention = 5 * 24 * time.Hour

func newTerm(ctx context.Context, n *Notifier, deps Deps) (t *term, err error) {
	t = &term{n: n, deps: deps, log: n.log, ctx: ctx, registry: prometheus.NewRegistry(), desks: map[string]*desk{}, defects: map[string]*defect{}, acks: map[string]Acknowledgement{},
		recurrences: map[string]Recurrence{}, graves: map[string]time.Time{}, until: map[int32]time.Time{}, canary: canary{since: time.Now()}, settling: make(chan struct{}, 1)}
	t.meters = newMeters(t)
	quiet := slog.New(n.log.Handler()).With("component", "alertmanager")
	if t.notified, err = nflog.New(nflog.Options{Retention: retention, Logger: quiet, Metrics: t.registry}); err != nil {
		return nil, err
	}
	t.notified.SetBroadcast(func(entry []byte) { t.broadcast = slices.Clone(entry) })
	if t.silences, err = silence.New(silence.Options{Retention: retention, Logger: quiet, Metrics: t.registry}); err != nil {
		return nil, err
	}
	recorder := eventrecorder.NopRecorder()
	silencer := silence.NewSilencer(t.silences, quiet, recorder)
	if t.alerts, err = mem.NewAlerts(ctx, time.Minute, 0, silencer, quiet, recorder, t.registry, nil); err != nil {
		return nil, err
	}
	if t.pipeline, err = newPipeline(t, silencer, quiet); err != nil {
		return nil, err
	}
	// All figures must be there before the registry is handed over: what is registered in it later could not be taken back with it.
	t.api, err = newAPI(t)
	return t, err
}

// logged tells Alertmanager's notification log that a group was told of, and keeps the entry with the group.
func (t *term) logged(d *desk, g *group, firing, resolved []uint64, store *nflog.Store, repeat time.Duration) error {
	t.logging.Lock()
	defer t.logging.Unlock()
	t.broadcast = nil
	if err := t.notified.Log(d.log, g.Group, firing, resolved, store, 2*repeat); err != nil {
		return fmt.Errorf("note what was told: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	g.Log = t.broadcast
	return nil
}

// Log and Query are Alertmanager's notification log as its pipeline uses it. What the desk has written down already is not written again.
func (t *term) Log(r *nflogpb.Receiver, key string, firing, resolved []uint64, store *nflog.Store, expiry time.Duration) error {
	t.logging.Lock()
	defer t.logging.Unlock()
	return t.notified.Log(r, key, firing, resolved, store, expiry)
}

// Query is nflog.Log's.
func (t *term) Query(params ...nflog.QueryParam) ([]*nflogpb.Entry, error) {
	return t.notified.Query(params...)
}

// state takes in an entry of the state.
func (t *term) state(key string, v *schemas.NotifierState) error {
	if v == nil {
		if id, ok := cutKind(key, kindAcknowledgement); ok {
			t.mu.Lock()
			delete(t.acks, id)
			t.mu.Unlock()
		}
		return t.planned(Entry{Key: key})
	}
	switch v.Kind {
	case kindSilence:
		t.dies(key, v)
		t.merging.Store(&v.Payload)
		return t.silences.Merge(v.Payload)
	case kindRecurrence:
		return t.planned(Entry{Key: key, Value: v})
	case kindAcknowledgement:
		var a Acknowledgement
		if err := json.Unmarshal(v.Payload, &a); err != nil {
			return err
		}
		t.mu.Lock()
		t.acks[a.Defect] = a
		t.ackings++
		t.mu.Unlock()
	}
	return nil
}

// restore takes in what whoever told before wrote last under a key, nil where that was removed; it comes before anything is told.
func (t *term) restore(v *schemas.NotifierState, from *position) error {
	if v == nil {
		return nil
	}
	switch v.Kind {
	case kindPosition:
		var p position
		if err := json.Unmarshal(v.Payload, &p); err != nil {
			return err
		}
		*from = p
	case kindDelivery:
		var d delivery
		if err := json.Unmarshal(v.Payload, &d); err != nil {
			return err
		}
		desk := t.desks[d.Desk]
		if desk == nil {
			t.log.Warn("a receiver is gone that was told of defects: at the target they stay as they are", "receiver", d.Desk, "defects", len(d.Told))
			return t.deps.Write(t.ctx, Entry{Key: kindDelivery + "/" + d.name()})
		}
		g := desk.group(d.Group, nil)
		if d.Told == nil {
			d.Told = map[string]told{}
		}
		g.delivery = d
		for s := range d.Told {
			desk.holders[s] = g
		}
		if len(d.Log) > 0 {
			return t.notified.Merge(d.Log)
		}
	}
	return nil
}

// event takes in an event of a defect, written at time at. The end of one that nobody was told of yet waits for that: its group may not be due, this notifier or the detector may be late, and
// Alertmanager tells nothing of what is over. Only what was shorter than its group would have waited is left to be untold.
func (t *term) event(partition int32, ev *schemas.DefectEvent, at time.Time) {
	now := time.Now()
	t.mu.Lock()
	t.until[partition] = later(t.until[partition], at)
	if t.n.tellsNobody(ev, &t.canary) {
		t.mu.Unlock()
		return
	}
	d, known := t.defects[ev.ID]
	if known && (ev.Revision <= d.event.Revision || d.end != nil) || !known && over(ev) && !t.toldOf(ev.ID) {
		t.mu.Unlock()
		return
	}
	if known && over(ev) && !d.told && time.Duration(ev.End-ev.Onset)*time.Microsecond >= t.n.tree.groupWait {
		d.end, d.holdUntil = ev, now.Add(t.n.tree.groupInterval+grace)
		t.mu.Unlock()
		return
	}
	alerts := t.take(d, partition, ev, at, now)
	t.mu.Unlock()
	t.put(alerts)
}

// release takes in the ends that were held back, once somebody was told of the beginning or it is too late for that.
func (t *term) release(now time.Time) {
	for _, d := range t.known() {
		t.mu.Lock()
		var alerts []*alert.Alert
		if d.end != nil && (d.told || now.After(d.holdUntil)) {
			alerts = t.take(d, d.partition, d.end, now, now)
			d.end = nil
		}
		t.mu.Unlock()
		t.put(alerts)
	}
}

// take makes the event, written at time at, a defect's newest; nil: the defect is not known yet. It is the alerts that say so. The lock is held.
func (t *term) take(d *defect, partition int32, ev *schemas.DefectEvent, at, now time.Time) []*alert.Alert {
	var alerts []*alert.Alert
	if d == nil {
		d = &defect{since: now, posted: at, partition: partition, told: t.toldOf(ev.ID)}
		t.defects[ev.ID] = d
	} else if d.event.Severity != ev.Severity {
		alerts = t.alertsFor(d, d.event, true, now)
	}
	before := d.event
	d.event = ev
	if over(ev) {
		d.over = now
	}
	if before == nil || over(ev) || before.Severity != ev.Severity {
		alerts = append(alerts, t.alertsFor(d, ev, over(ev), now)...)
	}
	return alerts
}

// alertsFor are the alerts of a defect, one for each time that it was told on. The lock is held.
func (t *term) alertsFor(d *defect, ev *schemas.DefectEvent, resolved bool, now time.Time) []*alert.Alert {
	alerts := make([]*alert.Alert, d.escalation+1)
	for i := range alerts {
		alerts[i] = alertOf(ev, labelsOf(ev, i), t.n.link(ev), resolved, now)
	}
	return alerts
}

func (t *term) put(alerts []*alert.Alert) {
	if len(alerts) == 0 {
		return
	}
	if err := t.alerts.Put(t.ctx, alerts...); err != nil {
		t.log.Error("hand a defect to Alertmanager", "error", err)
	}
}

// toldOf tells whether some target knows the defect to be open, or may.
func (t *term) toldOf(id string) bool {
	for _, d := range t.desks {
		if d.knows(id) {
			return true
		}
	}
	return false
}

// knows tells whether the target knows the defect to be open, or may.
func (d *desk) knows(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for level := range len(d.term.n.config.Escalate) + 1 {
		if d.holders[subject(id, level)] != nil {
			return true
		}
	}
	for _, g := range d.groups {
		if g.Pending != nil && slices.ContainsFunc(g.Pending.Changes, func(c receiver.Change) bool { return c.Event.ID == id }) {
			return true
		}
	}
	return false
}

// changes are what a target does not know yet of the defects whose alerts are given, oldest first.
func (t *term) changes(g *group, alerts []*alert.Alert, repeat bool) (changes []receiver.Change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	seen := map[string]bool{}
	for _, a := range alerts {
		id := string(a.Labels[labelDefect])
		d := t.defects[id]
		s := subject(id, escalationOf(a))
		// A resolved alert of a defect that is open is one of another severity.
		if d == nil || seen[s] || a.Resolved() && !over(d.event) {
			continue
		}
		seen[s] = true
		if c, ok := t.change(g, d, escalationOf(a), repeat); ok {
			changes = append(changes, c)
		}
	}
	slices.SortStableFunc(changes, func(a, b receiver.Change) int { return cmp.Compare(a.Event.Onset, b.Event.Onset) })
	return changes
}

// change is what a target does not know yet of a defect. The lock is held.
func (t *term) change(g *group, d *defect, escalation int, repeat bool) (receiver.Change, bool) {
	g.desk.mu.Lock()
	defer g.desk.mu.Unlock()
	known, was := g.Told[subject(d.event.ID, escalation)]
	ack, acked := t.acks[d.event.ID]
	c := receiver.Change{Event: d.event, Escalation: escalation}
	switch {
	case over(d.event):
		if !was {
			return c, false
		}
		c.What = receiver.Closed
		if d.event.State == "retracted" {
			c.What = receiver.Retracted
		}
	case !was && g.desk.holders[subject(d.event.ID, escalation)] != nil:
		// Another group of the target has it: the routes have changed.
		return c, false
	case !was:
		c.What = receiver.Opened
	case known.Severity != d.event.Severity:
		c.What = receiver.Updated
	case acked && !known.Acknowledged && g.desk.way.lively() && !g.saidOf(d.event.ID, escalation):
		c.What, c.By, c.Note = receiver.Acknowledged, ack.By, ack.Note
	case repeat && !acked:
		c.What = receiver.Repeated
	default:
		return c, false
	}
	c.ID = changeID(g.desk.key, d.event.ID, escalation, known.Changes, c.What, d.event.Severity)
	return c, true
}

// saidOf tells whether the group has the defect under an earlier escalation too, so that what people do about it need not be said twice. The desk's lock is held.
func (g *group) saidOf(defect string, escalation int) bool {
	for level := range escalation {
		if _, has := g.Told[subject(defect, level)]; has {
			return true
		}
	}
	return false
}

func changeID(desk, defect string, escalation, changes int, what, severity string) string {
	return "msg_" + hash(desk, defect, fmt.Sprint(escalation), fmt.Sprint(changes), what, severity)
}

// messageID is the id of the message of the changes: that of the change when it is one.
func messageID(changes []receiver.Change) string {
	if len(changes) == 1 {
		return changes[0].ID
	}
	ids := make([]string, len(changes))
	for i, c := range changes {
		ids[i] = c.ID
	}
	slices.Sort(ids)
	return "msg_" + hash(ids...)
}

// alertsOf are the alerts of changes, for targets that are told by Alertmanager's integrations.
func alertsOf(t *term, changes []receiver.Change) []*alert.Alert {
	alerts := make([]*alert.Alert, len(changes))
	for i, c := range changes {
		alerts[i] = alertOf(c.Event, labelsOf(c.Event, c.Escalation), t.n.link(c.Event), c.Over(), time.Now())
	}
	return alerts
}

// record keeps an attempt in the delivery log, where the defect's events stand.
func (t *term) record(ev *schemas.DefectEvent, n *schemas.Notification) {
	t.mu.Lock()
	partition := int32(-1)
	if d := t.defects[ev.ID]; d != nil {
		partition = d.partition
	}
	t.mu.Unlock()
	t.deps.Record(partition, ev.ID, n)
}

// wasTold notes that somebody was told of a defect.
func (t *term) wasTold(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d := t.defects[id]; d != nil {
		d.told = true
	}
}

// known are the defects.
func (t *term) known() []*defect {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Values(t.defects))
}

// ended are the subjects of the defects that are over.
func (t *term) ended() (subjects []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, d := range t.defects {
		for level := 0; !d.over.IsZero() && level <= d.escalation; level++ {
			subjects = append(subjects, subject(id, level))
		}
	}
	return subjects
}
