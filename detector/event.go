package detector

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"github.com/framewatch/framewatch/schemas"
)

// emitter hands on what one record causes for one stream.
type emitter struct {
	stream  *stream
	offset  int64
	emit    func(Output)
	restore *restore
	flaps   *flaps
	errors  *errorLog
}

func (o emitter) defect(e *schemas.DefectEvent) { o.emit(Output{Stream: o.stream.id, Defect: e}) }
func (o emitter) health(h *schemas.Health)      { o.emit(Output{Stream: o.stream.id, Health: h}) }

// open begins a defect with the pending run, unless it turns out not to be genuine.
func (e *episode) open(t int64, out emitter) bool {
	d, s := e.judge.description, out.stream
	id := identify(s.id, e.judge.kind, e.part, d.Version, e.run.since)
	if !out.restore.genuine(out.offset, id) {
		return false
	}
	e.value, e.end = e.run.worst, e.run.to
	e.told = schemas.DefectEvent{
		ID: id, Stream: s.id, Kind: e.judge.kind, Part: e.part, Severity: e.judge.options.Severity, RuleVersion: int32(d.Version),
		Profile: s.profile, Session: s.owner.session, Onset: e.run.since, Edge: s.edge,
	}
	if o := e.judge.options; o.Flaps > 0 && out.flaps.count(e.place(out), t-o.FlapWindow.Microseconds(), t) >= o.Flaps {
		flapping := true
		e.told.Flapping = &flapping
	}
	if e.judge.options.DryRun {
		dry := true
		e.told.DryRun = &dry
	}
	e.told.Model = e.judge.modelOf(e.part)
	e.judge.stream.stirred = true
	e.tell(t, "opened", "", out)
	return true
}

// close ends the defect: it was last bad at e.end.
func (e *episode) close(t int64, reason string, out emitter) { e.finish(t, "closed", reason, out) }

// retract ends the defect: it should never have been told of.
func (e *episode) retract(t int64, reason string, out emitter) { e.finish(t, "retracted", reason, out) }

func (e *episode) finish(t int64, state, reason string, out emitter) {
	e.tell(t, state, reason, out)
	e.told.End = e.end
	e.over()
	e.judge.stream.stirred = true
	if reason == resolved && out.restore.passed(out.offset) {
		out.flaps.add(e.place(out), t)
	}
}

func (e *episode) place(out emitter) place { return place{out.stream.id, e.judge.kind, e.part} }

// tell emits the next event of the defect.
func (e *episode) tell(t int64, state, reason string, out emitter) {
	e.told.Severity = e.severity()
	e.told.Revision++
	e.told.State, e.told.Reason = state, reason
	e.told.Labels = out.stream.labels
	e.told.Detected, e.told.Offset = t, out.offset
	e.told.Threshold, e.told.Unit = e.judge.options.Raise, e.judge.description.Unit
	event := e.current()
	out.defect(&event)
}

// current is the last event, brought up to date.
func (e *episode) current() schemas.DefectEvent {
	event := e.told
	event.End = max(e.end, event.Onset)
	event.Value = e.value
	event.Summary = summary(e.judge.description.Summary, event.Unit, event.Value)
	return event
}

// identify is the id of a defect: the same defect detected again has the same.
func identify(stream, kind, part string, version int, onset int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d\x00%d", stream, kind, part, version, onset))
	return hex.EncodeToString(sum[:16])
}

// summary puts the figure into the sentence.
func summary(sentence, unit string, value float64) string {
	figure := fmt.Sprintf("%.0f %s", value, unit)
	if unit == "share" {
		// Never rounded up to all of it.
		figure = fmt.Sprintf("%.0f %%", math.Floor(value*100))
	}
	return strings.Replace(sentence, "%s", figure, 1)
}
