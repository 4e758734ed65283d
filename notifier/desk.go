package notifier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/nflog"
	"github.com/prometheus/alertmanager/nflog/nflogpb"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/common/model"
	"golang.org/x/time/rate"

	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
)

// desk tells one target. It stands where Alertmanager's pipeline expects an integration, remembers what the target knows of each group, and writes each message down before it is
// sent: a message that was begun when the process died is sent again as it was, with the same id, before anything else of its group. What is told is what has changed since.
type desk struct {
	// key names it in the state: receiver/integration[index].
	key, receiver string
	log           *nflogpb.Receiver
	// resolved is whether the end of a defect is told.
	resolved bool
	way      way
	term     *term
	pace     *rate.Limiter
	storm    *storm

	mu     sync.Mutex
	groups map[string]*group
	// holders are the groups by the subjects that the target knows of them.
	holders map[string]*group
	// away is until when the target has asked not to be told anything.
	away time.Time
}

// group is one of Alertmanager's groups at a desk.
type group struct {
	desk *desk
	// busy is held by who is telling something of the group.
	busy chan struct{}
	// retry is when what could not be sent may be sent again beside the pipeline, pause how long that was since the last attempt.
	retry time.Time
	pause time.Duration
	// refused is why the target will not have the last message; nil: it has, or may.
	refused error
	// delivery is read with the desk's lock and written with that and busy.
	delivery
}

// letters are what a message is of one group.
type letters struct {
	group *group
	// alerts are those of the group, as Alertmanager would tell them.
	alerts []*alert.Alert
	store  *nflog.Store
}

// group finds or makes the group of a key.
func (d *desk) group(key string, labels model.LabelSet) *group {
	d.mu.Lock()
	defer d.mu.Unlock()
	g, ok := d.groups[key]
	if !ok {
		g = &group{desk: d, busy: make(chan struct{}, 1), delivery: delivery{Desk: d.key, Group: key, Told: map[string]told{}, Remote: map[string]string{}, Labels: map[string]string{}}}
		for name, value := range labels {
			g.Labels[string(name)] = string(value)
		}
		d.groups[key] = g
	}
	return g
}

func (g *group) take(ctx context.Context) error {
	select {
	case g.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave lets the next one tell; a group of which nothing needs to be remembered is forgotten.
func (g *group) leave() {
	g.desk.mu.Lock()
	if g.idle() && g.desk.groups[g.Group] == g {
		delete(g.desk.groups, g.Group)
	}
	g.desk.mu.Unlock()
	<-g.busy
}

// Notify tells the target what has changed in a group; Alertmanager's pipeline calls it, and again after an error that a further attempt may mend.
func (d *desk) Notify(ctx context.Context, alerts ...*alert.Alert) (again bool, err error) {
	key, ok := notify.GroupKey(ctx)
	if !ok {
		return false, errors.New("notify: the group has no key")
	}
	labels, _ := notify.GroupLabels(ctx)
	g := d.group(key, labels)
	if err := g.take(ctx); err != nil {
		return true, err
	}
	handedOver := false
	defer func() {
		if !handedOver {
			g.leave()
		}
	}()
	if g.refused != nil && time.Now().Before(g.retry) {
		return false, g.refused
	}
	store, _ := notify.NflogStore(ctx)
	if g.Pending != nil && g.Pending.Storm {
		return true, errors.New("it is to be told in a digest that the target has not taken yet")
	}
	if g.Pending != nil {
		if again, err := d.send(ctx, []letters{{g, alertsOf(d.term, g.Pending.Changes), store}}); err != nil {
			return again, err
		}
	}
	reason, _ := notify.NotificationReason(ctx)
	changes := d.term.changes(g, alerts, reason == notify.ReasonRepeatIntervalElapsed)
	if len(changes) == 0 {
		return false, nil
	}
	firing, _ := notify.FiringAlerts(ctx)
	resolved, _ := notify.ResolvedAlerts(ctx)
	repeat, _ := notify.RepeatInterval(ctx)
	p := &pending{Since: time.Now(), Changes: changes, Firing: firing, Resolved: resolved, Repeat: repeat}
	handedOver, again, err = d.tell(ctx, letters{g, alerts, store}, p)
	return again, err
}

// tell begins a message of one group and makes one attempt to send it, or hands it and the group to the storm's digest and waits for that.
func (d *desk) tell(ctx context.Context, l letters, p *pending) (handedOver, again bool, err error) {
	if done := d.storm.takes(l, p); done != nil {
		select {
		case err := <-done:
			return true, err != nil, err
		case <-ctx.Done():
			return true, true, ctx.Err()
		}
	}
	p.ID = messageID(p.Changes)
	if err := d.begin(ctx, []letters{l}, []*pending{p}); err != nil {
		return false, true, err
	}
	again, err = d.send(ctx, []letters{l})
	return false, again, err
}

// begin writes down that messages are about to be sent.
func (d *desk) begin(ctx context.Context, list []letters, pendings []*pending) error {
	d.mu.Lock()
	entries, err := make([]Entry, 0, len(list)), error(nil)
	for i, l := range list {
		l.group.Pending = pendings[i]
		var e Entry
		if e, err = l.group.entry(time.Now()); err != nil {
			break
		}
		entries = append(entries, e)
	}
	d.mu.Unlock()
	if err == nil {
		err = d.term.deps.Write(ctx, entries...)
	}
	if err != nil {
		return fmt.Errorf("write down what is to be told: %w", err)
	}
	return nil
}

// send makes one attempt to send what is pending in the groups, as one message, and writes down that it is told.
func (d *desk) send(ctx context.Context, list []letters) (again bool, err error) {
	if err := d.wait(ctx); err != nil {
		return true, err
	}
	ended, err := d.term.attempt()
	if err != nil {
		return true, err
	}
	defer ended()
	m, alerts := d.message(list)
	began := time.Now()
	first := list[0].group.Pending
	first.attempts++
	sending, sent := finishing(ctx)
	defer sent()
	status, again, err := d.way.tell(d.context(sending, list), m, alerts)
	d.note(list, m, attempt{number: first.attempts, began: began, status: status, err: err, final: err != nil && !again})
	d.paused(list, again, err)
	if !first.Storm {
		d.mu.Lock()
		// Also of an attempt that has failed: a target may have taken a part.
		list[0].group.Remote = m.Remote
		d.mu.Unlock()
	}
	if err != nil {
		return again, err
	}
	return true, d.done(context.WithoutCancel(ctx), list)
}

// lastAttempt is for how long an attempt goes on that is under way when the term ends: one that is cut off may have been taken, and is made again by the next notifier. The leadership's
// last writes may come later than that.
const lastAttempt = 3 * time.Second

// finishing is the context of an attempt: it ends lastAttempt after ctx, and at once where that runs out of time.
func finishing(ctx context.Context) (sending context.Context, sent func()) {
	sending, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			end()
		} else {
			time.AfterFunc(lastAttempt, end)
		}
	})
	return sending, func() { stop(); end() }
}

// paused notes when the groups may be told of beside the pipeline: later after each attempt that failed, and not while the target asked to be left alone.
func (d *desk) paused(list []letters, again bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if busy, ok := errors.AsType[receiver.Busy](err); ok {
		d.away = later(d.away, time.Now().Add(min(busy.After, longestAway)))
	}
	for _, l := range list {
		g := l.group
		g.pause = min(max(2*g.pause, firstPause), longestPause)
		if err == nil {
			g.pause = 0
		}
		g.refused = nil
		if !again {
			g.refused = err
		}
		g.retry = time.Now().Add(g.pause)
	}
}

// longestAway bounds what a target may ask by Retry-After.
const longestAway = time.Hour

// wait keeps the target's pace.
func (d *desk) wait(ctx context.Context) error {
	d.mu.Lock()
	away := time.Until(d.away)
	d.mu.Unlock()
	if away > 0 {
		select {
		case <-time.After(away):
		case <-ctx.Done():
			return fmt.Errorf("the target asked to wait for %s more: %w", away.Round(time.Second), ctx.Err())
		}
	}
	return d.pace.Wait(ctx)
}

// message is what is pending in the groups.
func (d *desk) message(list []letters) (*receiver.Message, []*alert.Alert) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := list[0].group
	m := &receiver.Message{ID: g.Pending.ID, Receiver: d.receiver, Group: "grp_" + g.name(), Labels: maps.Clone(g.Labels), Changes: g.Pending.Changes, Remote: maps.Clone(g.Remote),
		Open: g.openAfter(), Evidence: d.term.deps.Evidence}
	if d.term.n.config.Console != "" {
		m.Link = linker(d.term.n, list)
		if sign := d.term.deps.SignLink; sign != nil {
			m.FilmstripLink = func(defect string) string { return d.term.n.filmstripLink(sign, defect) }
		}
	}
	if m.Remote == nil {
		m.Remote = map[string]string{}
	}
	if g.Pending.Storm {
		return d.digest(m, list)
	}
	return m, list[0].alerts
}

// linker finds the address of a defect that is told of.
func linker(n *Notifier, list []letters) func(string) string {
	links := map[string]string{}
	for _, l := range list {
		for _, c := range l.group.Pending.Changes {
			links[c.Event.ID] = n.link(c.Event)
		}
	}
	return func(defect string) string { return links[defect] }
}

// openAfter is how many defects of the group are open once what is pending is told.
func (g *group) openAfter() int {
	open := map[string]bool{}
	for s := range g.Told {
		open[s] = true
	}
	for _, c := range g.Pending.Changes {
		open[subject(c.Event.ID, c.Escalation)] = !c.Over()
	}
	n := 0
	for _, is := range open {
		if is {
			n++
		}
	}
	return n
}

// context is what Alertmanager's own integrations look for in theirs.
func (d *desk) context(ctx context.Context, list []letters) context.Context {
	g := list[0].group
	key, labels := g.Group, model.LabelSet{}
	for name, value := range g.Labels {
		labels[model.LabelName(name)] = model.LabelValue(value)
	}
	if g.Pending.Storm {
		key, labels = stormGroup, model.LabelSet{"storm": "digest"}
	}
	ctx = notify.WithReceiverName(notify.WithGroupKey(notify.WithGroupLabels(ctx, labels), key), d.receiver)
	if _, ok := notify.Now(ctx); !ok {
		ctx = notify.WithNow(ctx, time.Now())
	}
	return ctx
}

// done writes down that what was pending in the groups is told, and tells Alertmanager's notification log.
func (d *desk) done(ctx context.Context, list []letters) error {
	entries := make([]Entry, 0, len(list))
	var changes []receiver.Change
	for _, l := range list {
		p := l.group.Pending
		changes = append(changes, p.Changes...)
		// What was not told for a flush of the pipeline is none of its log's business.
		if p.Repeat > 0 {
			if err := d.term.logged(d, l.group, p.Firing, p.Resolved, l.store, p.Repeat); err != nil {
				return err
			}
		}
		d.mu.Lock()
		l.group.apply(p)
		e, err := l.group.entry(time.Now())
		d.mu.Unlock()
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	if err := d.term.settled(ctx, changes, entries...); err != nil {
		return fmt.Errorf("write down what was told: %w", err)
	}
	return nil
}

// apply makes what is pending what the target knows. The desk's lock is held.
func (g *group) apply(p *pending) {
	for _, c := range p.Changes {
		s := subject(c.Event.ID, c.Escalation)
		if c.Over() {
			delete(g.Told, s)
			if g.desk.holders[s] == g {
				delete(g.desk.holders, s)
			}
			continue
		}
		t := g.Told[s]
		t.Changes++
		t.Severity = c.Event.Severity
		t.Acknowledged = t.Acknowledged || c.What == receiver.Acknowledged
		t.Muted = t.Muted || c.What == receiver.Muted
		t.Storm = t.Storm || p.Storm
		g.Told[s] = t
		g.desk.holders[s] = g
	}
	g.Pending = nil
}

// attempt is one try to send a message.
type attempt struct {
	number int
	began  time.Time
	status int
	err    error
	final  bool
}

// The outcomes of an attempt.
const (
	delivered = "delivered"
	refused   = "failed"
	retrying  = "retrying"
)

func (a attempt) outcome() string {
	switch {
	case a.err == nil:
		return delivered
	case a.final:
		return refused
	default:
		return retrying
	}
}

// note keeps an attempt in the delivery log of each defect that the message is of, and tells of a target that does not take it, once.
func (d *desk) note(list []letters, m *receiver.Message, a attempt) {
	log := d.term.log.With("receiver", d.key, "message", m.ID)
	switch {
	case a.final:
		log.Error("notification refused", "attempt", a.number, "error", a.err)
	case a.err != nil && a.number == 1:
		log.Warn("notification not delivered, trying again", "error", a.err)
	case a.err == nil && a.number > 1:
		log.Info("notification delivered after all", "attempt", a.number)
	}
	now := time.Now()
	d.term.meters.attempts.WithLabelValues(d.key, d.log.Integration, a.outcome()).Inc()
	for _, l := range list {
		for _, c := range l.group.Pending.Changes {
			if a.err == nil {
				d.term.wasTold(c.Event.ID)
			}
			if c.What == receiver.Opened && a.err == nil {
				d.term.meters.Told(c.Event, now)
			}
			if d.term.deps.Told != nil {
				d.term.deps.Told(Attempt{c.Event, string(c.What), d.key, a.number, a.began, now, a.err})
			}
			n := &schemas.Notification{
				Message: c.ID, Stream: c.Event.Stream, Kind: c.Event.Kind, Revision: c.Event.Revision, State: c.What, Receiver: d.key,
				Attempt: int32(a.number), Outcome: a.outcome(), Status: int32(a.status),
				Time: a.began.UnixMicro(), LatencyMS: int32(now.Sub(a.began).Milliseconds()), DelayMS: (now.UnixMicro() - c.Event.Detected) / 1000,
			}
			if a.err != nil {
				n.Error = a.err.Error()
			}
			d.term.record(c.Event, n)
		}
	}
}

// open are the subjects that the target knows to be open, in order.
func (g *group) open() []string {
	g.desk.mu.Lock()
	defer g.desk.mu.Unlock()
	return slices.Sorted(maps.Keys(g.Told))
}
