package notifier_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
)

// town is a log and targets, in virtual time: notifiers come and go, the log and what targets were told stays.
type town struct {
	t *testing.T
	// text is the configuration; the receivers in it are those of targets.
	text    string
	targets map[string]*target
	// unresolved says that the targets are told of no ends.
	unresolved bool

	// steps are taken one at a time: who takes one holds this channel, since time does not pass while somebody waits for a mutex.
	steps   chan struct{}
	mu      sync.Mutex
	state   []notifier.Entry
	defects []posted
	changed chan struct{}
	// lasts is how long a write of entries takes; nil: no time.
	lasts   func(entries []notifier.Entry) time.Duration
	records []schemas.Notification
	// metrics are those of the process in which one notifier leads after the other.
	metrics *prometheus.Registry
	// stop ends the notifier that leads; crash is called before and after each step that leaves a trace.
	stop  func()
	crash func(step string)
	// leaving says that it may still write when it is ended.
	leaving bool
}

type posted struct {
	partition int32
	ev        *schemas.DefectEvent
	at        time.Time
}

// target notes what it is told.
type target struct {
	mu     sync.Mutex
	town   *town
	told   []receiver.Message
	at     []time.Time
	answer func(m *receiver.Message) error
	pace   time.Duration
	// takes is how long it is about a message.
	takes time.Duration
}

func (g *target) Tell(ctx context.Context, m *receiver.Message) (int, error) {
	g.mu.Lock()
	answer := g.answer
	g.mu.Unlock()
	g.town.step("before telling")
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if answer != nil {
		if err := answer(m); err != nil {
			return 503, err
		}
	}
	select {
	case <-time.After(g.takes):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	g.mu.Lock()
	c := *m
	c.Changes = slices.Clone(m.Changes)
	g.told, g.at = append(g.told, c), append(g.at, time.Now())
	g.mu.Unlock()
	g.town.step("after telling")
	return 200, nil
}

// Pace is receiver.Pace's.
func (g *target) Pace() (time.Duration, int) { return max(g.pace, time.Nanosecond), 1 }

// lines are what it was told, one change a line, without the ids.
func (g *target) lines() (lines []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.told {
		if m.Digest != nil {
			lines = append(lines, fmt.Sprintf("digest: %d opened, %d over, %d open", m.Digest.Opened, m.Digest.Over, m.Open))
			continue
		}
		for _, c := range m.Changes {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", c.Event.ID, c.What, c.Event.Severity, strings.Repeat("!", c.Escalation))))
		}
	}
	return lines
}

// newTown has a target for each name.
func newTown(t *testing.T, text string, names ...string) *town {
	w := &town{t: t, text: text, metrics: prometheus.NewRegistry(), targets: map[string]*target{}, steps: make(chan struct{}, 1), changed: make(chan struct{})}
	for _, name := range names {
		w.targets[name] = &target{town: w}
	}
	return w
}

func (w *town) step(name string) {
	w.steps <- struct{}{}
	defer func() { <-w.steps }()
	w.mu.Lock()
	crash := w.crash
	w.mu.Unlock()
	if crash != nil {
		crash(name)
	}
}

// onStep has crash called before and after each step that leaves a trace.
func (w *town) onStep(crash func(string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.crash = crash
}

// settle has nothing called any more, once the step that is being taken is over.
func (w *town) settle() {
	w.steps <- struct{}{}
	defer func() { <-w.steps }()
	w.onStep(nil)
}

func (w *town) config() notifier.Config {
	w.t.Helper()
	c := notifier.Defaults()
	if err := yaml.Unmarshal([]byte(w.text), &c); err != nil {
		w.t.Fatal(err)
	}
	if c.Receivers == nil {
		c.Receivers = map[string]notifier.Receivers{}
	}
	for name, target := range w.targets {
		r, err := notifier.NewReceiver("log", nil)
		if err != nil {
			w.t.Fatal(err)
		}
		r.Options, r.SendResolved = target, !w.unresolved
		c.Receivers[name] = notifier.Receivers{r}
	}
	if err := c.Validate(); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// begin lets a notifier lead, until the function returned is called, which waits for it.
func (w *town) begin() (n *notifier.Notifier) {
	w.t.Helper()
	n, err := notifier.New(w.config(), slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Lead(ctx, w.deps(ctx)) }()
	w.stop = func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, errFenced) {
			w.t.Errorf("the notifier ended with %v", err)
		}
	}
	return n
}

var errFenced = errors.New("another one leads")

// deps are the log, for as long as ctx lasts.
func (w *town) deps(ctx context.Context) notifier.Deps {
	return notifier.Deps{
		Follow: func(ctx context.Context, caughtUp func(), handle func(string, *schemas.NotifierState) error) error {
			return w.follow(ctx, func() int { return len(w.state) }, caughtUp, func(i int) {
				w.mu.Lock()
				e := w.state[i]
				w.mu.Unlock()
				handle(e.Key, e.Value)
			})
		},
		Write: func(asked context.Context, entries ...notifier.Entry) error {
			if lasts := w.lasting(entries); lasts > 0 {
				select {
				case <-time.After(lasts):
				case <-asked.Done():
					return asked.Err()
				case <-ctx.Done():
					return errFenced
				}
			}
			w.step("before writing")
			if w.gone(ctx) {
				return errFenced
			}
			w.write(entries...)
			w.step("after writing")
			if w.gone(ctx) {
				return errFenced
			}
			return nil
		},
		Defects: func(ctx context.Context, from time.Time, caughtUp func(), handle func(int32, *schemas.DefectEvent, time.Time)) error {
			return w.follow(ctx, func() int { return len(w.defects) }, caughtUp, func(i int) {
				w.mu.Lock()
				p := w.defects[i]
				w.mu.Unlock()
				if !p.at.Before(from) {
					handle(p.partition, p.ev, p.at)
				}
			})
		},
		Record: func(_ int32, _ string, n *schemas.Notification) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.records = append(w.records, *n)
		},
		Metrics: w.metrics,
	}
}

// lasting is how long a write takes.
func (w *town) lasting(entries []notifier.Entry) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lasts == nil {
		return 0
	}
	return w.lasts(entries)
}

// slow has writes take as long as lasts says of their entries.
func (w *town) slow(lasts func(entries []notifier.Entry) time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lasts = lasts
}

// positions are those that were written down until when the defects topic was taken in, in the order of the log.
func (w *town) positions() (all []time.Time) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.state {
		if e.Key != positionKey {
			continue
		}
		var p struct{ Until time.Time }
		if err := json.Unmarshal(e.Value.Payload, &p); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, p.Until)
	}
	return all
}

// positionKey is that of the position.
const positionKey = "position/defects"

// hasPosition tells whether there is one among entries.
func hasPosition(entries []notifier.Entry) bool {
	return slices.ContainsFunc(entries, func(e notifier.Entry) bool { return e.Key == positionKey })
}

// follow hands over what stands there, and what comes.
func (w *town) follow(ctx context.Context, length func() int, caughtUp func(), handle func(int)) error {
	w.mu.Lock()
	end := length()
	w.mu.Unlock()
	for i := 0; ; i++ {
		if i == end {
			caughtUp()
		}
		for {
			w.mu.Lock()
			more, changed := i < length(), w.changed
			w.mu.Unlock()
			if more {
				break
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return nil
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		handle(i)
	}
}

func (w *town) write(entries ...notifier.Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = append(w.state, entries...)
	close(w.changed)
	w.changed = make(chan struct{})
}

// kept are the keys of the state's entries that still stand, but for the position.
func (w *town) kept() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	values := map[string]bool{}
	for _, e := range w.state {
		values[e.Key] = e.Value != nil
	}
	maps.DeleteFunc(values, func(key string, stands bool) bool { return !stands || strings.HasPrefix(key, "position/") })
	return slices.Sorted(maps.Keys(values))
}

// post writes events of defects, each now.
func (w *town) post(events ...*schemas.DefectEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ev := range events {
		w.defects = append(w.defects, posted{1, ev, time.Now()})
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

// postLate writes an event to a partition, with a time that is past: its transaction was open for long, or its clock is slow.
func (w *town) postLate(partition int32, ev *schemas.DefectEvent, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.defects = append(w.defects, posted{partition, ev, at})
	close(w.changed)
	w.changed = make(chan struct{})
}

// leave ends the notifier that leads as an operator does: it may write down what it hands over.
func (w *town) leave() {
	w.mu.Lock()
	w.leaving = true
	w.mu.Unlock()
	w.stop()
	w.mu.Lock()
	w.leaving = false
	w.mu.Unlock()
}

// gone tells whether nothing is written any more of a notifier.
func (w *town) gone(ctx context.Context) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return ctx.Err() != nil && !w.leaving
}

// life is a defect that tests tell events of.
type life struct {
	schemas.DefectEvent
}

// defect is a new one, that began a second ago.
func defect(id, stream, kind string) *life {
	return &life{schemas.DefectEvent{ID: id, Stream: stream, Kind: kind, Severity: "critical", Labels: []schemas.Label{{Name: "region", Value: "eu"}},
		Onset: time.Now().Add(-time.Second).UnixMicro(), Summary: "The picture is " + kind}}
}

func (l *life) event(state string) *schemas.DefectEvent {
	l.State = state
	l.Revision++
	l.Detected, l.End = time.Now().UnixMicro(), time.Now().UnixMicro()
	if state == "closed" {
		l.Reason = "resolved"
	}
	ev := l.DefectEvent
	return &ev
}

func (l *life) opened() *schemas.DefectEvent { return l.event("opened") }
func (l *life) closed() *schemas.DefectEvent { return l.event("closed") }
func (l *life) severity(s string) *schemas.DefectEvent {
	l.Severity = s
	return l.event("updated")
}

// wait lets time pass, until everything rests.
func (w *town) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// expectAll compares what a target was told, whatever the order of the groups.
func (w *town) expectAll(name string, want ...string) {
	w.t.Helper()
	synctest.Wait()
	got := w.targets[name].lines()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.t.Errorf("after %s %s was told\n%s\nwant\n%s", time.Since(epoch).Round(time.Second), name, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// epoch is when virtual time begins.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// in plays in virtual time.
func in(t *testing.T, text string, names []string, play func(w *town)) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, text, names...)
		w.begin()
		defer func() { w.stop() }()
		synctest.Wait()
		play(w)
	})
}
