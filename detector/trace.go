package detector

import (
	"fmt"

	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// Trace has one rule judge the records of one stream, and tells each of its verdicts: the rule's figure as a defect was made of it. What comes from elsewhere than
// the stream's own records is not known to it: what is usual for the stream, what is expected of it, what another stream shows.
type Trace struct {
	kind    string
	options []byte
	rule    rule.Rule
	model   *model.Trees
	record  rule.Record
	session int64
}

// NewTrace makes one of a kind, with the stream's rules as YAML or JSON (the rules of its Setting); nothing: the documented defaults.
func NewTrace(kind string, rules []byte) (*Trace, error) {
	t := &Trace{kind: kind, options: rules}
	return t, t.begin()
}

// Use has the rule score by a model, if it is one that does; without, by the one that comes with the program.
func (t *Trace) Use(m *model.Trees) {
	if t.model = m; m == nil {
		return
	}
	if learned, ok := t.rule.(rule.Learned); ok {
		learned.Use(m)
	}
}

// ModelOf names the model that scores a part; empty: none does.
func (t *Trace) ModelOf(part string) string {
	if learned, ok := t.rule.(rule.Learned); ok {
		return learned.ModelOf(part)
	}
	return ""
}

// begin begins with a rule that has seen nothing.
func (t *Trace) begin() error {
	made, err := configure(t.options)
	if err != nil {
		return err
	}
	if t.rule = made[t.kind]; t.rule == nil {
		return fmt.Errorf("no rule is called %q", t.kind)
	}
	t.Use(t.model)
	return nil
}

// Levels are those from which on the figure is bad, and below which it is good again.
func (t *Trace) Levels() (raise, clear float64) {
	o := t.rule.Common()
	return o.Raise, o.Clear
}

// Take judges the next record, and gives each verdict with the part of the stream that it is about and the record's time, microseconds since the Unix epoch.
// A verdict that is unknown has no value.
func (t *Trace) Take(f *schemas.Feature, give func(part string, at int64, v rule.Verdict)) {
	session, at := f.Origin()
	switch {
	case f.Setting != nil:
		return
	case f.Tick != nil:
		at = f.Tick.Time
	case session < t.session:
		return // of an owner that is out of office
	case session > t.session:
		if t.session != 0 && t.begin() != nil {
			return
		}
		t.session = session
		at += session
	default:
		at += session
	}
	t.record.Take(at, f)
	if !t.rule.Describe().Records.Hold(t.record.Kind()) {
		return
	}
	parted, _ := t.rule.(rule.Parted)
	several, _ := t.rule.(rule.Several)
	for v, ok := t.rule.Judge(&t.record); ok; {
		part := ""
		if parted != nil {
			part = parted.Part()
		}
		give(part, at, v)
		if ok = several != nil; ok {
			v, ok = several.More()
		}
	}
}
