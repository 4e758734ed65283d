package notifier

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/common/model"

	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
)

// Rehearsal is what came of telling one target of a defect that there is not.
type Rehearsal struct {
	// Target is receiver/integration[index], State what was told: opened, then closed.
	Target string        `json:"target"`
	State  string        `json:"state"`
	Took   time.Duration `json:"took_ns"`
	Error  string        `json:"error,omitempty"`
}

// Specimen is a defect for rehearsals, that begins and ends now.
func Specimen() *schemas.DefectEvent {
	now := time.Now()
	return &schemas.DefectEvent{
		ID: hash("rehearsal", now.String()), Revision: 1, State: "opened", Stream: "framewatch-test", Labels: []schemas.Label{}, Kind: "black", Severity: "info", RuleVersion: 1,
		Profile: "default", Onset: now.Add(-time.Second).UnixMicro(), End: now.UnixMicro(), Detected: now.UnixMicro(), Value: 1, Threshold: 0.98,
		Summary: "This is a test of who is told: no stream is affected",
	}
}

// Rehearse tells the targets of a receiver of ev as opened and then as closed, one attempt each.
func (n *Notifier) Rehearse(ctx context.Context, name string, ev *schemas.DefectEvent) (list []Rehearsal, err error) {
	ways, err := n.ways(name)
	if err != nil {
		return nil, err
	}
	for _, target := range slices.Sorted(maps.Keys(ways)) {
		remote := map[string]string{}
		for revision, state := range []string{receiver.Opened, receiver.Closed} {
			told := *ev
			told.Revision, told.State = ev.Revision+int32(revision), state
			if state == receiver.Closed {
				told.Reason = "resolved"
			}
			began := time.Now()
			err := n.rehearse(ctx, name, target, ways[target], &told, remote)
			r := Rehearsal{Target: target, State: state, Took: time.Since(began)}
			if err != nil {
				r.Error = err.Error()
			}
			if list = append(list, r); err != nil {
				break
			}
		}
	}
	return list, nil
}

func (n *Notifier) rehearse(ctx context.Context, name, target string, w way, ev *schemas.DefectEvent, remote map[string]string) error {
	labels := labelsOf(ev, 0)
	change := receiver.Change{ID: changeID(target, ev.ID, 0, 0, ev.State, ev.Severity), What: ev.State, Event: ev}
	m := &receiver.Message{ID: change.ID, Receiver: name, Group: "grp_" + hash(target, ev.ID), Changes: []receiver.Change{change}, Remote: remote,
		Labels: map[string]string{labelStream: ev.Stream, labelKind: ev.Kind}}
	if !over(ev) {
		m.Open = 1
	}
	if n.config.Console != "" {
		m.Link = func(string) string { return n.link(ev) }
	}
	ctx = notify.WithGroupKey(notify.WithReceiverName(notify.WithNow(ctx, time.Now()), name), m.Group)
	ctx = notify.WithGroupLabels(ctx, model.LabelSet{labelStream: model.LabelValue(ev.Stream), labelKind: model.LabelValue(ev.Kind)})
	a := alertOf(ev, labels, n.link(ev), over(ev), time.Now())
	_, _, err := w.tell(ctx, m, []*alert.Alert{a})
	return err
}

// ways are the targets of a receiver.
func (n *Notifier) ways(name string) (map[string]way, error) {
	ways := map[string]way{}
	for _, r := range n.tree.config.Receivers {
		if r.Name != name {
			continue
		}
		integrations, err := n.tree.integrations(r, n.console, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, err
		}
		for _, i := range integrations {
			ways[deskKey(name, i.Name(), i.Index())] = theirs{i}
		}
	}
	for i, own := range n.own(name) {
		ways[deskKey(name, own.Type, i)] = ours{own.Options}
	}
	if len(ways) == 0 {
		return nil, fmt.Errorf("receiver %q tells nobody, or there is none; there are %s", name, strings.Join(n.Receivers(), ", "))
	}
	return ways, nil
}

// Receivers are the names of those that routes can lead to, in order.
func (n *Notifier) Receivers() (names []string) {
	for _, r := range n.tree.config.Receivers {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	return names
}

// Routes writes the routing tree, or with labels the routes that a defect with these takes, the receiver of each and how it groups.
func (n *Notifier) Routes(w io.Writer, labels map[string]string) {
	root := dispatch.NewRoute(n.tree.config.Route, nil)
	if len(labels) == 0 {
		writeRoute(w, root, 0)
		return
	}
	set := model.LabelSet{}
	for name, value := range labels {
		set[model.LabelName(name)] = model.LabelValue(value)
	}
	for _, r := range root.Match(set) {
		fmt.Fprintln(w, describe(r))
	}
}

func writeRoute(w io.Writer, r *dispatch.Route, depth int) {
	fmt.Fprintf(w, "%s%s\n", strings.Repeat("  ", depth), describe(r))
	for _, child := range r.Routes {
		writeRoute(w, child, depth+1)
	}
}

func describe(r *dispatch.Route) string {
	by := make([]string, 0, len(r.RouteOpts.GroupBy))
	for name := range r.RouteOpts.GroupBy {
		by = append(by, string(name))
	}
	slices.Sort(by)
	matchers := "everything"
	if len(r.Matchers) > 0 {
		matchers = r.Matchers.String()
	}
	return fmt.Sprintf("%s -> %s (by %s; wait %s, then every %s, repeat %s)", matchers, r.RouteOpts.Receiver, strings.Join(by, ", "),
		r.RouteOpts.GroupWait, r.RouteOpts.GroupInterval, r.RouteOpts.RepeatInterval)
}

// Render is a text of Alertmanager's templates for a defect, as its own receivers see it. Empty: the words that ours say.
func (n *Notifier) Render(ev *schemas.DefectEvent, text string) (string, error) {
	if text == "" {
		c := receiver.Change{ID: "msg_render", What: ev.State, Event: ev}
		m := &receiver.Message{ID: c.ID, Receiver: "render", Group: "grp_render", Changes: []receiver.Change{c}, Remote: map[string]string{}}
		if n.config.Console != "" {
			m.Link = func(string) string { return n.link(ev) }
		}
		if !c.Over() {
			m.Open = 1
		}
		return receiver.Text(m), nil
	}
	n.tree.templates.ExternalURL = n.console
	a := alertOf(ev, labelsOf(ev, 0), n.link(ev), over(ev), time.Now())
	group := model.LabelSet{labelStream: model.LabelValue(ev.Stream), labelKind: model.LabelValue(ev.Kind)}
	data := n.tree.templates.Data(n.Receivers()[0], group, nil, notify.ReasonFirstNotification.String(), a)
	return n.tree.templates.ExecuteTextString(text, data)
}
