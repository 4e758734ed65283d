package detector

import (
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// hold is how long after the last bad verdict an episode of which nothing more is known stays open.
	hold = 30 * time.Second
	// repeat is how often a firing episode tells of itself.
	repeat = 10 * time.Second
)

// Reasons why a defect was closed or retracted.
const (
	resolved   = "resolved"
	unknown    = "unknown"
	suppressed = "suppressed"
	removed    = "removed"
	awaited    = "expected"
)

// episode turns the verdicts of one rule on one part of a stream into the events of defects. It is the one state machine of all rules:
//
//	                 bad                    bad for `for`
//	+----------+ ------------> +---------+ ---------------> +--------+ --+ updated: severity grew,
//	| inactive |               | pending |      opened      | firing |   | or each 10 s
//	+----------+ <------------ +---------+                  +--------+ <-+
//	     ^        good, unknown                               |
//	     |                                                    | closed: good for `keep_firing_for` (resolved),
//	     +----------------------------------------------------+ 30 s since it was bad (unknown), a parent
//	                                                            opens (suppressed), bad as expected (expected),
//	                                                            stream or rule removed
//	                                                            retracted: a parent opens that began no later
//
// A defect that opens after several have come to their end within some time is flapping: it is closed only when the verdict has not been bad for longer.
//
// Unknown holds a firing episode: a bad verdict within 30 s goes on with the same defect. So does a good verdict whose figure has not
// fallen below `clear`. A longer break between two verdicts than the rule's Gap counts as unknown, and so does a verdict while a parent
// is pending or firing.
//
// Its state is of two kinds, and this makes rebuilding exact: run is what verdicts have lately said, which is younger than the lookback
// wherever it matters; told is the last event, which is kept on the log.
type episode struct {
	run   run
	judge *judge
	part  string
	// gap and clear are the judge's, in microseconds, and its options'.
	gap   int64
	clear float64

	// told is the last event of the firing defect; its ID is empty when nothing is firing.
	told schemas.DefectEvent
	// value is the worst figure of the firing defect, end when it was last bad, in microseconds.
	value float64
	end   int64
	// ended is the end of the last defect, microseconds: the next begins no earlier, whatever stretch a verdict speaks of.
	ended int64
	// bad is the time spent in bad verdicts since the health span began, in microseconds: from a verdict, good or bad, to a bad one.
	bad int64
}

// run is a stretch of verdicts that say the same.
type run struct {
	state rule.State
	// expected says that they are bad, and that this is expected; their state is unknown.
	expected bool
	// between says that its figures, although good, are not below clear.
	between bool
	// last is the time of the record of its newest verdict, at the same as it is: last is never before another record's. Microseconds.
	last, at int64
	// since is the From of its first verdict, began the time of the record of that verdict.
	since, began int64
	// worst figure and to the latest To in it; they are only kept of a bad one.
	worst float64
	to    int64
}

// firing says that a defect is open.
func (e *episode) firing() bool { return e.told.ID != "" }

// pending says that the verdict is bad, but not for long enough yet.
func (e *episode) pending() bool { return !e.firing() && e.run.state == rule.Bad }

// explains says that a defect is pending, open or expected: what rules see whose parent it is may be its doing.
func (e *episode) explains() bool { return e.firing() || e.run.state == rule.Bad || e.run.expected }

// dry tells that its defect, or the one that may come, is only recorded.
func (e *episode) dry() bool {
	if e.firing() {
		return e.told.DryRun != nil
	}
	return e.judge.options.DryRun
}

// repeats takes a verdict that says what the one before said, as nearly all do, where nothing is bad, firing or expected: nothing follows then. Of any
// other it takes nothing, and is false.
func (e *episode) repeats(t int64, state rule.State, value float64) bool {
	r := &e.run
	if state != r.state || state == rule.Bad || r.expected || r.between || t < r.last || t-r.last > e.gap || e.firing() {
		return false
	}
	if state == rule.Good && value >= e.clear {
		return false
	}
	r.last, r.at = t, t
	return true
}

// take takes the verdict on the record at t, and tells what follows; expected says that the stream's expectations have made a bad one unknown. It
// reports whether a defect has opened.
func (e *episode) take(t int64, v rule.Verdict, expected bool, out emitter) (opened bool) {
	o := e.judge.options
	at := t
	t = max(t, e.run.last)
	if e.firing() && e.lost(t, v) {
		e.close(t, unknown, out)
	}
	if e.firing() && expected {
		e.close(t, awaited, out)
	}
	if v.State == rule.Bad && e.run.state != rule.Unknown && at-e.run.at <= e.gap {
		e.bad += max(0, at-e.run.at)
	}
	e.extend(t, v, expected)
	e.run.at = at
	switch {
	case !e.firing():
		return e.pending() && t-e.run.since >= o.For.Microseconds() && e.open(t, out)
	case e.run.state == rule.Bad, e.run.between:
		e.value, e.end = max(e.value, v.Value), max(e.end, v.To)
	case e.run.state == rule.Good && t-e.run.began >= o.KeepFiringFor.Microseconds() && !e.heldOpen(t):
		e.close(t, resolved, out)
		return false
	}
	if t-e.told.Detected >= repeat.Microseconds() || e.severity() != e.told.Severity {
		e.tell(t, "updated", "", out)
	}
	return false
}

// flapping says that the firing defect is one that comes and goes.
func (e *episode) flapping() bool { return e.told.Flapping != nil && *e.told.Flapping }

// heldOpen says that a defect that comes and goes has been bad too lately to be over. When it was bad last stands in its last event.
func (e *episode) heldOpen(t int64) bool {
	return e.flapping() && t-e.end < e.judge.options.FlapHold.Microseconds()
}

// lost says that nothing has been known of the firing defect for so long that it is not held any more.
func (e *episode) lost(t int64, v rule.Verdict) bool {
	if e.flapping() {
		return v.State == rule.Unknown && !e.heldOpen(t) && t-e.end >= hold.Microseconds()
	}
	return t-e.end >= hold.Microseconds()
}

// extend adds a verdict to the run, or begins another.
func (e *episode) extend(t int64, v rule.Verdict, expected bool) {
	r := &e.run
	between := v.State == rule.Good && v.Value >= e.clear
	broken := t-r.last > e.gap
	if v.State != r.state || expected != r.expected || between != r.between || broken {
		*r = run{state: v.State, expected: expected, between: between, since: max(v.From, e.ended), began: t, worst: v.Value}
		e.judge.stream.stirred = true
	}
	r.last, r.to, r.worst = t, v.To, max(r.worst, v.Value)
}

// over lets go of the defect, which has ended.
func (e *episode) over() {
	e.ended = max(e.ended, e.told.End, e.told.Onset+1)
	e.told = schemas.DefectEvent{}
}

// forget makes nothing known any more: what was pending is over, what is firing holds. Of an episode that is not firing nothing is left,
// as if it had never been: a rebuilt partition may never have seen it.
func (e *episode) forget() {
	e.judge.stream.stirred = true
	if !e.firing() {
		e.run = run{}
		return
	}
	e.run = run{last: e.run.last}
}

// lapse lets time pass up to t for a verdict that has not been renewed within the rule's Gap.
func (e *episode) lapse(t int64, out emitter) {
	switch {
	case (e.run.state != rule.Unknown || e.run.expected) && t-e.run.last <= e.gap:
	case e.firing():
		e.take(t, rule.Verdict{From: t, To: t}, false, out)
	default:
		e.forget()
	}
}

// severity of the firing defect, by how long it has been seen, and how much of the picture it takes: it does not fall.
func (e *episode) severity() string {
	after, seen := e.judge.options.CriticalAfter, float64(e.end-e.told.Onset)
	if e.judge.description.Area {
		seen *= min(max(e.value, 0), 1)
	}
	if after > 0 && seen >= float64(after.Microseconds()) {
		return "critical"
	}
	return e.told.Severity
}
