package lab

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// Ledger is what a soak did to its streams, and what was seen of it. It is safe for concurrent use.
type Ledger struct {
	mu   sync.Mutex
	done map[disturbanceKind]int
	// outages are cuts and stalls, spoilt are stretches of spoilt bytes, which have no kind, and interruptions.
	outages, spoilt []outage
	// since is when each stream that is watched was last heard of, or added.
	since map[string]time.Time
	gap   Gap
	// streams are all that were ever heard of.
	streams map[string]bool
	defects Score
}

// outage is a stretch in which a stream gave nothing, or nothing whole. It may be seen until later than its end: what had been fetched is
// presented first.
type outage struct {
	Injected
	until time.Time
}

// Gap is a time without a heartbeat.
type Gap struct {
	Stream  string  `json:"stream"`
	Seconds float64 `json:"seconds"`
}

const (
	// mostGap is how long a watched stream may be without a heartbeat.
	mostGap = 5 * time.Second
	// recovery is how long after an outage's end its defect may still begin or last: the longest wait before a source is tried again, the
	// time that it takes to be understood, and how long a defect goes on when the signal comes back.
	recovery = 15 * time.Second
)

// before is how much earlier than its cause a defect may be said to have begun: a rule may look at a window of three seconds, and sound is
// muxed ahead of its time, so that a spoilt block of it may even be over before.
const before = 4 * time.Second

func newLedger() *Ledger {
	return &Ledger{done: map[disturbanceKind]int{}, since: map[string]time.Time{}, streams: map[string]bool{}, defects: Score{byID: map[string]*Detected{}, gone: map[string]bool{}}}
}

// Beat notes a heartbeat of a stream at time now.
func (l *Ledger) Beat(stream string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if since, watched := l.since[stream]; watched {
		l.streams[stream] = true
		l.silent(stream, now.Sub(since))
		l.since[stream] = now
	}
}

// Event notes an event of a defect at time now.
func (l *Ledger) Event(ev *schemas.DefectEvent, now time.Time) { l.defects.Event(ev, now) }

// silent notes that a stream was without a heartbeat. The lock is held.
func (l *Ledger) silent(stream string, d time.Duration) {
	if d.Seconds() > l.gap.Seconds {
		l.gap = Gap{stream, d.Seconds()}
	}
}

func (l *Ledger) did(kind disturbanceKind) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done[kind]++
}

func (l *Ledger) added(stream string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since[stream] = now
}

func (l *Ledger) removed(stream string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent(stream, now.Sub(l.since[stream]))
	delete(l.since, stream)
}

func (l *Ledger) outage(stream string, start, end time.Time, behind time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outages = append(l.outages, outage{Injected{Stream: stream, Kind: "no_signal", Start: start, End: end}, end.Add(behind + recovery)})
}

func (l *Ledger) corruption(stream string, start, end time.Time, behind time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spoilt = append(l.spoilt, outage{Injected{Stream: stream, Start: start, End: end}, end.Add(behind + recovery)})
}

// interruption notes that a stream may have given nothing for some time, or nothing whole.
func (l *Ledger) interruption(stream string, start, end time.Time, behind time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spoilt = append(l.spoilt, outage{Injected{Stream: stream, Kind: "no_signal", Start: start, End: end}, end.Add(behind + recovery)})
}

// damage are the kinds of defects that lost and spoilt bytes make beside an outage: at its edges, too.
var damage = map[string]bool{
	"decode_error": true, "corruption": true, "dropped_frames": true, "pts_error": true, "ts_error": true, "manifest_error": true, "manifest_stale": true,
	"audio_dropout": true, "click": true, "clipping": true, "true_peak": true, "loudness": true, "phase": true, "hum": true, "channel_missing": true,
	"track_missing": true, "flat_colour": true, "flash": true,
}

// SoakReport is what came of a soak.
type SoakReport struct {
	// OK tells that nothing is in Failures.
	OK bool `json:"ok"`
	// Failures say each what went wrong.
	Failures  []string `json:"failures"`
	Seconds   float64  `json:"seconds"`
	Streams   int      `json:"streams"`
	Protocols []string `json:"protocols"`
	// Disturbances are how many of each kind there were.
	Disturbances map[disturbanceKind]int `json:"disturbances"`
	// Outages are how many cuts and stalls there were, Found those that appeared as no_signal.
	Outages int `json:"outages"`
	Found   int `json:"outages_found"`
	// LongestGap is the longest time without a heartbeat of a stream that was watched.
	LongestGap Gap `json:"longest_gap"`
	// Usage is what the program had of each resource, and what was left of it at the end.
	Usage []Usage `json:"usage"`
}

// Report says what came of it until now, but for the Usage.
func (l *Ledger) Report(now time.Time) SoakReport {
	l.mu.Lock()
	defer l.mu.Unlock()
	for stream, since := range l.since {
		l.silent(stream, now.Sub(since))
	}
	r := SoakReport{Failures: []string{}, Streams: len(l.streams), Disturbances: l.done, Outages: len(l.outages), LongestGap: l.gap}
	if d := time.Duration(l.gap.Seconds * float64(time.Second)); d > mostGap {
		r.fail("stream %s was without a heartbeat for %.1f s", l.gap.Stream, l.gap.Seconds)
	}
	if len(l.outages) == 0 {
		r.fail("no outage was made: nothing was tried")
	}
	explained := map[string]bool{}
	for _, o := range slices.Concat(l.outages, l.spoilt) {
		for _, d := range l.defects.all() {
			explained[d.ID] = explained[d.ID] || o.explains(d, now) || o.addsTo(d)
		}
	}
	for _, o := range l.outages {
		found := false
		for _, d := range l.defects.all() {
			// One that began before goes on.
			found = found || d.Kind == o.Kind && (o.spans(d, now) || d.Stream == o.Stream && d.Onset.Before(o.Start) && (d.Open || d.End.After(o.Start)))
		}
		if found {
			r.Found++
		} else {
			r.fail("the outage of stream %s from %s to %s did not appear as no_signal", o.Stream, o.Start.Format(clock), o.End.Format(clock))
		}
	}
	for _, d := range l.defects.all() {
		if !explained[d.ID] {
			r.fail("stream %s had a defect that nobody made: %s at %s", d.Stream, d.Kind, d.Onset.Format(clock))
		}
	}
	slices.Sort(r.Failures)
	return r
}

// clock is how instants are told, the same as in the log.
const clock = "15:04:05.000"

// addsTo tells whether the defect says that there have been many, of which the outage made one.
func (o outage) addsTo(d Detected) bool {
	return d.Kind == "error_seconds" && d.Stream == o.Stream && o.Start.Before(d.Onset) && (d.Part == o.Kind || damage[d.Part])
}

// explains tells whether the defect is what the outage looks like, or what spoilt bytes do.
func (o outage) explains(d Detected, now time.Time) bool {
	if o.Kind == "" { // a decoder puts other pictures in the place of damaged ones, which no outage does
		return (damage[d.Kind] || slices.Contains(damaged, d.Kind) || slices.Contains(outOfTime, d.Kind)) && o.near(d, now)
	}
	return (damage[d.Kind] || d.Kind == o.Kind) && o.spans(d, now)
}

// near tells whether the defect is of the outage's stream and about its time. One that flaps goes on after it.
func (o outage) near(d Detected, now time.Time) bool {
	return d.Stream == o.Stream && !d.Onset.Before(o.Start.Add(-before)) && !d.Onset.After(o.until) && (!d.Open || d.Flapping || now.Before(o.until))
}

// spans tells whether the defect is near the outage and has lasted into it.
func (o outage) spans(d Detected, now time.Time) bool {
	return o.near(d, now) && (d.Open || !d.End.Before(o.Start))
}

func (r *SoakReport) fail(format string, values ...any) {
	r.Failures = append(r.Failures, fmt.Sprintf(format, values...))
}
