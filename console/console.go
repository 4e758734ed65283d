// Package console is the page that shows every stream and defect, and the public HTTP API that the page uses.
//
// It is fed by functions (Stream, Health, Defect, Evidence, Delivery, Acknowledged, Silenced) and asks the outside through Deps; it knows no log, no edge and no file but its
// own page.
package console

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/framewatch/framewatch/schemas"
)

// Deps are what the console asks of the outside.
type Deps struct {
	// Picture fetches, from the supervisor at edge, the stream's newest picture not after at (microseconds since the Unix epoch; 0: the
	// latest). ErrNoPicture when there is none.
	Picture func(ctx context.Context, edge, stream string, at int64) (Picture, error)
	// Stored fetches, from the supervisor at edge, a file that is stored of a defect: its name is the defect's id and an extension, and it has
	// bytes of them.
	Stored func(ctx context.Context, edge, file string, bytes int64) ([]byte, error)
	// Ready is nil once the process is ready; its error is shown to anyone who can reach the port, so it holds no credentials.
	Ready func() error
	// Shared lets through who has a signed address, such as a notification holds; nil: nobody has one.
	Shared func(http.Handler) http.Handler
	// Share makes a signed address of the filmstrip of a defect, a path from the console's root and its query, that opens for whoever has it until then.
	Share func(ctx context.Context, by Actor, defect string) (address string, until time.Time, err error)
	// Metrics in the Prometheus text format.
	Metrics http.Handler
	// Meters receives the console's own metrics; nil for none.
	Meters prometheus.Registerer
	// Judge puts somebody's verdict on the log. A Refusal says what is wrong with the opinion.
	Judge func(ctx context.Context, by Actor, o Opinion) (Verdict, error)
	// Verdicts reads those on the log that hold, in order of their start.
	Verdicts func(ctx context.Context, q VerdictQuery) ([]Verdict, error)
	// Series gives the samples of the main figures of a stream of a lane (empty: its own), each figure's in the order of time, from one instant up to another, microseconds since the Unix epoch: of
	// each record where close is set, else of the roll-ups.
	Series func(ctx context.Context, stream, lane string, from, to int64, close bool, give func(name, unit string, s Sample)) error
	// Trace gives the figure of a defect's rule in the same way. A Refusal says why that cannot be.
	Trace func(ctx context.Context, ev *schemas.DefectEvent, lane string, from, to int64, give func(s Sample)) (Traced, error)
	// History reads what the log tells of the defect id, of which known is the latest event; nil: none is known.
	History func(ctx context.Context, id string, known *schemas.DefectEvent) (History, error)
	// Changes reads the changes that people have made since then, the earliest first.
	Changes func(ctx context.Context, since time.Time) ([]Change, error)
	// Acknowledge, Silence and EndSilence change the notifier's state, and tell what stands then. A Refusal says why it cannot be.
	Acknowledge func(ctx context.Context, by Actor, defect, note string) (Acknowledgement, error)
	Silence     func(ctx context.Context, by Actor, s Silence) (Silence, error)
	EndSilence  func(ctx context.Context, by Actor, id string) (Silence, error)
	// ExtendSilence lets one end at another time, Recur lets one come back, EndRecurrence lets it do so no longer.
	ExtendSilence func(ctx context.Context, by Actor, id string, end time.Time) (Silence, error)
	Recur         func(ctx context.Context, by Actor, r Recurrence) (Recurrence, error)
	EndRecurrence func(ctx context.Context, by Actor, id string) (Recurrence, error)
	// Window is the first window of a schedule that ends after an instant; false: there is none any more.
	Window func(s Schedule, after time.Time) (start, end time.Time, ok bool)
	// Scope reads matchers. Its error is for who asked.
	Scope func(matchers []string) (*Scope, error)
	// Probe looks at a source as an edge would, for 15 s at most.
	Probe func(ctx context.Context, by Actor, url string) (Probed, error)
	// Redact is a stream's URL as it may be shown.
	Redact func(url string) string
	// SaveStream puts a stream on the log: a new one, or, with change, another version of one that did not come from a configuration file. RemoveStream removes such a one.
	SaveStream   func(ctx context.Context, by Actor, s StreamText, change bool) (StreamText, error)
	RemoveStream func(ctx context.Context, by Actor, id string) error
	// Kinds of defects that there are rules for.
	Kinds []string
	// Rules are the kinds of defect with their options.
	Rules func() []Rule
	// Profiles are the rule profiles as they are now, in order of name, and EffectiveRules what decides about a stream. A Refusal says that there is no such stream.
	Profiles       func() []Profile
	EffectiveRules func(stream string) (EffectiveRules, error)
	// PublishProfile puts a profile on the log that was changed from that version (0: there was none), and DeleteProfile takes one away. A Refusal says why it cannot be.
	PublishProfile func(ctx context.Context, by Actor, name string, version int64, p ProfileText) (Profile, error)
	DeleteProfile  func(ctx context.Context, by Actor, name string, version int64) error
	// WhatIf tells line by line what a profile would have told. A Refusal says why it cannot be.
	WhatIf func(ctx context.Context, q WhatIf, tell func(WhatIfLine) error) error
	// LogDeps show the log itself.
	LogDeps
	// Schemas are the versions of all subjects, as the log's readers need them.
	Schemas func() []Schema
	Log     *slog.Logger
}

// ErrNoPicture says that the edge is well but does not hold the picture asked for.
var ErrNoPicture = errors.New("no such picture")

// Console holds the present state of all streams and the defects of late, and serves them. Its methods are safe for concurrent use.
type Console struct {
	deps   Deps
	board  *board
	feed   *feed
	ledger *ledger
	// failing holds the edges that gave no picture when last asked.
	failing sync.Map
	// fetching has a place for each stored file that is passed on.
	fetching chan struct{}
	// judging has a place for the one request that has the log read or written at a time.
	judging chan struct{}
	// probing has a place for each source that is looked at.
	probing chan struct{}
	// plotting has a place for each request for which the log is read for a plot.
	plotting chan struct{}
	// trying has a place for each what-if that is answered.
	trying chan struct{}
	// tapping has a place for each tap.
	tapping chan struct{}
	// trips are the canaries, told what was last said of the pipeline.
	trips  trips
	told   told
	entry  entry
	meters *meters
}

// New is a console that knows of nothing yet. cfg has been validated.
func New(cfg Config, deps Deps) *Console {
	feed := newFeed()
	c := &Console{deps: deps, meters: newMeters(deps.Meters, feed), board: newBoard(feed.publish), feed: feed, ledger: newLedger(),
		fetching: make(chan struct{}, evidenceAtOnce), judging: make(chan struct{}, 1), probing: make(chan struct{}, probesAtOnce), plotting: make(chan struct{}, 2),
		trying: make(chan struct{}, whatIfsAtOnce), tapping: make(chan struct{}, tapsAtOnce)}
	c.Admit(cfg)
	return c
}

// Stream tells that the stream id is monitored as spec says, or, when spec is nil, no longer.
func (c *Console) Stream(id string, spec *schemas.StreamSpec) { c.board.stream(id, spec) }

// Health gives the latest roll-up of a stream. The console keeps h.
func (c *Console) Health(id string, h *schemas.Health) {
	c.board.health(id, h)
	c.board.heat(id, h)
}

// Defect gives the latest event of a defect. The console keeps ev.
func (c *Console) Defect(ev *schemas.DefectEvent) { c.board.defect(ev) }

// Evidence tells what is stored of a defect; nil: nothing any more. The console keeps e.
func (c *Console) Evidence(id string, e *schemas.Evidence) {
	if defectID.MatchString(id) { // It becomes part of a header and of a path.
		c.board.evidence(id, e)
	}
}

// Delivery tells of an attempt to tell of a defect. The console keeps n.
func (c *Console) Delivery(defect string, n *schemas.Notification) {
	if defectID.MatchString(defect) {
		c.ledger.add(defect, n)
	}
}

// Acknowledged tells that a defect has been acknowledged; nil: it no longer is. The console keeps a.
func (c *Console) Acknowledged(defect string, a *Acknowledgement) { c.board.acknowledged(defect, a) }

// Silenced tells what stands of a silence; nil: nothing any more. The console keeps s.
func (c *Console) Silenced(id string, s *Silence) {
	if s == nil {
		c.board.silence(id, nil, nil)
		return
	}
	scope, err := c.deps.Scope(s.Matchers)
	if err != nil {
		c.deps.Log.Warn("what a silence matches cannot be told", "silence", id, "error", err)
	}
	c.board.silence(id, s, scope)
}

// Recurring tells of a silence that comes back; nil: it no longer does. The console keeps r.
func (c *Console) Recurring(id string, r *Recurrence) { c.board.recurring(id, r) }

// Close ends the event streams of open pages, which otherwise never end: give it to http.Server.RegisterOnShutdown.
func (c *Console) Close() { c.feed.close() }

// getHealthy answers as long as the state can be had: it does not depend on streams, the log or the edge.
func (c *Console) getHealthy(w http.ResponseWriter, _ *http.Request) {
	c.Answers()
	writeText(w, http.StatusOK, "healthy")
}

// Answers returns as soon as the state can be had.
func (c *Console) Answers() { c.board.len() }

// getReady answers as long as what is shown goes on: it is for whoever watches over the watching.
func (c *Console) getReady(w http.ResponseWriter, _ *http.Request) {
	err := c.deps.Ready()
	if err == nil {
		err = c.board.standstill(time.Now())
	}
	if err != nil {
		writeText(w, http.StatusServiceUnavailable, "not ready: "+err.Error())
		return
	}
	writeText(w, http.StatusOK, "ready")
}
