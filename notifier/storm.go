package notifier

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/alertmanager/alert"

	"github.com/framewatch/framewatch/notifier/receiver"
)

const (
	// stormWindow is the time in which a storm counts changes.
	stormWindow = time.Minute
	// stormGroup is the key of the group that a digest belongs to.
	stormGroup = "storm"
	// digestChanges is how many changes a digest tells one by one: the worst.
	digestChanges = 20
	// firstPause and longestPause are between two attempts to send something that no flush of Alertmanager's waits for.
	firstPause, longestPause = time.Second, time.Minute
)

// storm makes few messages of many at one desk: once as many changes have been told in a minute as one target is told one by one, further ones are gathered and told together.
type storm struct {
	desk *desk
	mu   sync.Mutex
	// told are the instants of the changes that were told one by one, oldest first.
	told []time.Time
	// gathered is what the next digest tells; nil: none is being gathered.
	gathered *digest
}

type digest struct {
	letters  []letters
	pendings []*pending
	done     []chan<- error
}

// takes decides whether the changes are told in a digest: nil says that they are to be told by themselves, otherwise the group has been handed over and the channel says what came of it.
// What a digest has opened a digest closes, so that a target can tell when the storm is over; what was opened by itself is closed by itself, since a digest names the worst only.
func (s *storm) takes(l letters, p *pending) <-chan error {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.told) > 0 && now.Sub(s.told[0]) > stormWindow {
		s.told = s.told[1:]
	}
	inDigest, alone := s.openedBy(l.group, p)
	if alone {
		return nil
	}
	if s.gathered == nil && len(s.told)+len(p.Changes) <= max(s.desk.term.n.config.Storm.Changes, len(p.Changes)) && !inDigest {
		for range p.Changes {
			s.told = append(s.told, now)
		}
		return nil
	}
	if s.gathered == nil {
		s.gathered = &digest{}
		s.desk.term.work.Go(s.tell)
	}
	done := make(chan error, 1)
	s.gathered.letters = append(s.gathered.letters, l)
	s.gathered.pendings = append(s.gathered.pendings, p)
	s.gathered.done = append(s.gathered.done, done)
	return done
}

// openedBy tells whether a digest has opened one of the defects, and whether one that ends was opened by itself.
func (s *storm) openedBy(g *group, p *pending) (digest, alone bool) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	for _, c := range p.Changes {
		known, was := g.Told[subject(c.Event.ID, c.Escalation)]
		digest = digest || known.Storm
		alone = alone || was && !known.Storm && c.Over()
	}
	return digest, alone
}

// tell sends what has been gathered when its time has come.
func (s *storm) tell() {
	ctx := s.desk.term.ctx
	select {
	case <-time.After(s.desk.term.n.config.Storm.Every):
	case <-ctx.Done():
	}
	s.mu.Lock()
	d := s.gathered
	s.gathered = nil
	s.mu.Unlock()
	var changes []receiver.Change
	for _, p := range d.pendings {
		changes = append(changes, p.Changes...)
	}
	id := messageID(changes)
	for _, p := range d.pendings {
		p.ID, p.Storm = id, true
	}
	err := s.desk.begin(ctx, d.letters, d.pendings)
	if err == nil {
		err = s.desk.insist(ctx, d.letters)
	}
	for i, l := range d.letters {
		l.group.leave()
		d.done[i] <- err
	}
}

// insist sends what is pending in the groups until the target takes it or refuses it for good.
func (d *desk) insist(ctx context.Context, list []letters) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		again, err := d.send(ctx, list)
		if err == nil || !again {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// digest makes the message one that counts what is pending in all groups and tells the worst. The desk's lock is held.
func (d *desk) digest(m *receiver.Message, list []letters) (*receiver.Message, []*alert.Alert) {
	m.Group, m.Labels, m.Remote = "storm_"+hash(d.key), map[string]string{}, map[string]string{}
	m.Digest = &receiver.Digest{Kinds: map[string]int{}, Since: list[0].group.Pending.Since}
	streams := map[string]bool{}
	var all []receiver.Change
	for _, l := range list {
		p := l.group.Pending
		if p.Since.Before(m.Digest.Since) {
			m.Digest.Since = p.Since
		}
		for _, c := range p.Changes {
			all = append(all, c)
			streams[c.Event.Stream] = true
			m.Digest.Kinds[c.Event.Kind]++
			switch {
			case c.Over():
				m.Digest.Over++
			case c.What == receiver.Opened:
				m.Digest.Opened++
			}
		}
	}
	m.Digest.Streams = len(streams)
	slices.SortStableFunc(all, func(a, b receiver.Change) int {
		return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(a.Event.Onset, b.Event.Onset), cmp.Compare(a.ID, b.ID))
	})
	m.Changes = all[:min(len(all), digestChanges)]
	open := map[string]bool{}
	for _, g := range d.groups {
		for s, t := range g.Told {
			open[s] = t.Storm
		}
	}
	for _, c := range all {
		open[subject(c.Event.ID, c.Escalation)] = !c.Over()
	}
	m.Open = 0
	for _, is := range open {
		if is {
			m.Open++
		}
	}
	return m, alertsOf(d.term, m.Changes)
}

// rank orders changes by how bad they are.
func rank(c receiver.Change) int {
	n := map[string]int{"info": 1, "warning": 2, "critical": 3}[c.Event.Severity]
	if c.Over() {
		return n - 4
	}
	return n
}
