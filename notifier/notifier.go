// Package notifier tells people and machines of defects: to whom, grouped how, and when not, is decided by Alertmanager's own packages behind one adapter; what each target knows is
// kept in the log.
//
// One notifier tells at a time. It folds the notifier.state topic, reads the defects from a little before where the last one had got to, and hands them to Alertmanager's dispatcher. In
// the place of each of Alertmanager's integrations stands a desk, which writes down each message before it is sent and ticks it off afterwards.
package notifier

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
)

// Deps are what the notifier is handed of the rest of the program.
type Deps struct {
	// Follow hands handle each entry of the notifier's state that stands in the log, calls caughtUp, and goes on with new ones, also those that Write has written, until ctx ends.
	Follow func(ctx context.Context, caughtUp func(), handle func(key string, v *schemas.NotifierState) error) error
	// Write writes entries of the state, all or nothing; after an error nothing may be told any more. It returns soon after the leadership has ended, also for a ctx that has not.
	Write func(ctx context.Context, entries ...Entry) error
	// Defects hands handle each event of the defects topic from an instant on, calls caughtUp when it has handed over all that stood there, and goes on with new ones, until ctx ends. at is
	// when the event was written.
	Defects func(ctx context.Context, from time.Time, caughtUp func(), handle func(partition int32, ev *schemas.DefectEvent, at time.Time)) error
	// Record keeps an attempt in the delivery log of a defect; partition is that of its events, -1 when it is not known. It does not block for long.
	Record func(partition int32, defect string, n *schemas.Notification)
	// Evidence waits for the filmstrip of a defect until ctx ends; nil: there is none.
	Evidence func(ctx context.Context, defect string) (receiver.Filmstrip, error)
	// SignLink makes an address of the console's one that opens for whoever has it, for some days; nil: there are none.
	SignLink func(u *url.URL)
	// Told, when not nil, is handed each attempt to tell of a defect that began, as it ends.
	Told func(Attempt)
	// Metrics is where Alertmanager's own figures are registered.
	Metrics prometheus.Registerer
}

// Notifier tells receivers of defects.
type Notifier struct {
	config  Config
	tree    *tree
	log     *slog.Logger
	console *url.URL

	mu sync.Mutex
	// api is nil while this notifier does not tell.
	api *api
}

// New is a notifier of cfg, which has been validated.
func New(cfg Config, log *slog.Logger) (*Notifier, error) {
	if len(cfg.Receivers) == 0 && cfg.Alertmanager.IsZero() {
		unit, err := NewReceiver("log", nil)
		if err != nil {
			return nil, err
		}
		cfg.Receivers = map[string]Receivers{"log": {unit}}
	}
	n := &Notifier{config: cfg, log: log}
	var err error
	if n.tree, err = cfg.grow(); err != nil {
		return nil, err
	}
	if n.console, err = url.Parse(cfg.Console); err != nil {
		return nil, fmt.Errorf("console is not an address")
	}
	return n, nil
}

// own are our receivers of a name of Alertmanager's.
func (n *Notifier) own(name string) (list []Receiver) {
	if name != everyone || len(n.config.Receivers[everyone]) > 0 {
		return n.config.Receivers[name]
	}
	for _, name := range slices.Sorted(maps.Keys(n.config.Receivers)) {
		list = append(list, n.config.Receivers[name]...)
	}
	return list
}

// link is where the console shows the stream of a defect; empty when the configuration names no console.
func (n *Notifier) link(ev *schemas.DefectEvent) string {
	if n.config.Console == "" {
		return ""
	}
	u := *n.console
	u.Fragment = "stream=" + url.QueryEscape(ev.Stream)
	return u.String()
}

// filmstripLink is the address of a defect's filmstrip that opens for whoever has it.
func (n *Notifier) filmstripLink(sign func(*url.URL), defect string) string {
	// A proxy before the console may take a prefix away, so that is not signed.
	shared := &url.URL{Path: "/shared/defects/" + defect + "/filmstrip"}
	sign(shared)
	u := n.console.JoinPath(shared.Path)
	u.RawQuery = shared.RawQuery
	return u.String()
}

// Lead tells of defects until its context ends; meanwhile no other notifier does. It returns an error when it cannot go on: what it has begun is in the log, so that the next one goes on with it.
func (n *Notifier) Lead(outer context.Context, deps Deps) error {
	ctx, end := context.WithCancelCause(outer)
	defer end(nil)
	if n.config.External.URL != "" {
		return n.relay(ctx, deps)
	}
	t, err := newTerm(ctx, n, deps)
	if err != nil {
		return err
	}
	defer t.wait()
	defer end(nil)
	if err := deps.Metrics.Register(t.registry); err != nil {
		return fmt.Errorf("register Alertmanager's figures: %w", err)
	}
	defer deps.Metrics.Unregister(t.registry)
	from := position{Until: time.Now()}
	caughtUp := make(chan struct{})
	// The last entry of each key counts: the topic may still hold those before it.
	entries := map[string]*schemas.NotifierState{}
	leading := false
	t.work.Go(func() {
		unreadable := func(key string, err error) {
			if err != nil {
				n.log.Error("an entry of the notifier's state cannot be read and is left out", "key", key, "error", err)
			}
		}
		err := deps.Follow(ctx, func() {
			for key, v := range entries {
				unreadable(key, t.restore(v, &from))
			}
			leading = true
			close(caughtUp)
		}, func(key string, v *schemas.NotifierState) error {
			if !leading {
				entries[key] = v
			}
			unreadable(key, t.state(key, v))
			return nil
		})
		if err != nil {
			end(err)
		}
	})
	select {
	case <-caughtUp:
	case <-ctx.Done():
		return cause(ctx)
	}
	t.work.Go(func() {
		old := &inherited{term: t, before: from, last: map[string]posted{}}
		t.startFrom(from)
		err := deps.Defects(ctx, from.Until.Add(-positionMargin), func() { old.settle(); t.begin() }, old.event)
		if err != nil {
			end(err)
		}
	})
	<-ctx.Done()
	n.serve(nil)
	if err := context.Cause(ctx); err != context.Cause(outer) {
		return err
	}
	t.notePosition() // for the next one
	return nil
}

// begin tells of everything that is known, and from now on of what comes.
func (t *term) begin() {
	t.silences.SetBroadcast(t.silenceChanged)
	if err := t.recur(time.Now()); err != nil && t.ctx.Err() == nil {
		t.log.Error("recurring silences", "error", err)
	}
	t.work.Go(func() { t.pipeline.run(t) })
	t.work.Go(t.reconcile)
	if h := t.n.config.Heartbeat; h.on() {
		t.work.Go(func() { h.beat(t.ctx, &t.canary, t.log) })
	}
	t.n.serve(t.api)
}

// silenceChanged writes down a silence that was made or ended through the API.
func (t *term) silenceChanged(broadcast []byte) {
	if merging := t.merging.Load(); merging != nil && bytes.Equal(*merging, broadcast) {
		return // It comes from there.
	}
	e, err := silenceEntry(broadcast, time.Now())
	if err != nil {
		t.log.Error("write down a silence", "error", err)
		return
	}
	t.unwritten.add(e)
}

// cause is why ctx has ended; nil when that was to be.
func cause(ctx context.Context) error {
	if err := context.Cause(ctx); err != context.Canceled {
		return err
	}
	return nil
}
