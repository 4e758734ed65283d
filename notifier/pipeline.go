package notifier

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/marker"
	"github.com/prometheus/alertmanager/nflog/nflogpb"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/alertmanager/timeinterval"
	"github.com/prometheus/common/model"
	"golang.org/x/time/rate"

	"github.com/framewatch/framewatch/notifier/receiver"
)

// pipeline is what Alertmanager makes of the configuration: routes, groups, inhibition, silences and time intervals, with a desk in the place of each integration.
type pipeline struct {
	inhibitor  *inhibit.Inhibitor
	dispatcher *dispatch.Dispatcher
	marker     marker.GroupMarker
	silencer   *silence.Silencer
}

// longestFlush is how long a flush may take: until the next one, as with Alertmanager.
func longestFlush(groupInterval time.Duration) time.Duration {
	return max(groupInterval, notify.MinTimeout)
}

func newPipeline(t *term, silencer *silence.Silencer, log *slog.Logger) (*pipeline, error) {
	config := t.n.tree.config
	receivers := map[string][]notify.Integration{}
	for _, r := range config.Receivers {
		integrations, err := t.n.tree.integrations(r, t.n.console, log)
		if err != nil {
			return nil, err
		}
		for _, i := range integrations {
			receivers[r.Name] = append(receivers[r.Name], t.desk(r.Name, i.Name(), i.Index(), i.SendResolved(), theirs{i}))
		}
		for i, own := range t.n.own(r.Name) {
			receivers[r.Name] = append(receivers[r.Name], t.desk(r.Name, own.Type, i, own.SendResolved, ours{own.Options}))
		}
	}
	intervals := map[string][]timeinterval.TimeInterval{}
	for _, i := range config.MuteTimeIntervals {
		intervals[i.Name] = i.TimeIntervals
	}
	for _, i := range config.TimeIntervals {
		intervals[i.Name] = i.TimeIntervals
	}
	recorder := eventrecorder.NopRecorder()
	p := &pipeline{inhibitor: inhibit.NewInhibitor(t.alerts, config.InhibitRules, log, recorder), marker: marker.NewGroupMarker(), silencer: silencer}
	stages := notify.NewPipelineBuilder(t.registry, featurecontrol.NoopFlags{}, recorder).
		New(receivers, func() time.Duration { return 0 }, p.inhibitor, silencer, timeinterval.NewIntervener(intervals), p.marker, t, nil)
	p.dispatcher = dispatch.NewDispatcher(t.alerts, dispatch.NewRoute(config.Route, nil), stages, p.marker, longestFlush, time.Minute, nil,
		slog.New(refusals{log.Handler()}), recorder, dispatch.NewDispatcherMetrics(false, t.registry, featurecontrol.NoopFlags{}), t.n.tree.templates)
	return p, nil
}

// desk puts a desk in the place of an integration.
func (t *term) desk(receiverName, integration string, index int, resolved bool, w way) notify.Integration {
	d := &desk{
		key: deskKey(receiverName, integration, index), receiver: receiverName, resolved: resolved, way: w, term: t, groups: map[string]*group{}, holders: map[string]*group{},
		log: &nflogpb.Receiver{GroupName: receiverName, Integration: integration, Idx: uint32(index)}, pace: rate.NewLimiter(rate.Inf, 0),
	}
	d.storm = &storm{desk: d}
	if o, ok := w.(ours); ok {
		if p, ok := o.Receiver.(receiver.Pace); ok {
			every, burst := p.Pace()
			d.pace = rate.NewLimiter(rate.Every(every), burst)
		}
	}
	t.desks[d.key] = d
	t.meters.attempts.Expect(d.key, integration)
	return notify.NewIntegration(d, sends(resolved), integration, index, receiverName)
}

func deskKey(receiver, integration string, index int) string {
	return fmt.Sprintf("%s/%s[%d]", receiver, integration, index)
}

// sends is notify.ResolvedSender.
type sends bool

// SendResolved says whether the end of a defect is told.
func (s sends) SendResolved() bool { return bool(s) }

// run flows until the term ends. The inhibitor knows everything before the first group is told.
func (p *pipeline) run(t *term) {
	t.work.Go(p.inhibitor.Run)
	p.inhibitor.WaitForLoading()
	t.work.Go(func() { p.dispatcher.Run(time.Now()) })
	p.dispatcher.WaitForLoading()
	<-t.ctx.Done()
	p.dispatcher.Stop()
	p.inhibitor.Stop()
}

// muted tells whether nothing is told of an alert, for the API.
func (p *pipeline) muted(ctx context.Context, labels model.LabelSet) {
	p.inhibitor.Mutes(ctx, labels)
	p.silencer.Mutes(ctx, labels)
}

// groups is the dispatcher's.
func (p *pipeline) groups(ctx context.Context, routes func(*dispatch.Route) bool, alerts func(*alert.Alert, time.Time) bool) (dispatch.AlertGroups, map[model.Fingerprint][]string, error) {
	return p.dispatcher.Groups(ctx, routes, alerts)
}

// refusals leaves out what the desks have told already: that a target did not take a message.
type refusals struct{ slog.Handler }

// Handle leaves out the dispatcher's own lines on failed notifications.
func (r refusals) Handle(ctx context.Context, record slog.Record) error {
	if record.Message == "Notify for alerts failed" || record.Message == "Notify attempt failed, will retry later" {
		return nil
	}
	return r.Handler.Handle(ctx, record)
}

// WithAttrs keeps the filter.
func (r refusals) WithAttrs(attrs []slog.Attr) slog.Handler {
	return refusals{r.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the filter.
func (r refusals) WithGroup(name string) slog.Handler { return refusals{r.Handler.WithGroup(name)} }
