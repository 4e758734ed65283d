package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// longestAuthor and longestNote are in bytes.
	longestAuthor = 100
	longestNote   = 1000
	// longestFault bounds the stretch that one verdict is about: a mistyped date must not judge everything.
	longestFault = 7 * 24 * time.Hour
	// clockSkew is how far the clocks of edge and author may be apart, and a corrected span from the defect's.
	clockSkew = time.Minute
)

// earliestFault tells times in another unit than microseconds from those that are meant.
var earliestFault = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// opinion is what a person says of a defect, or of a stretch of a stream, before it is looked up and checked. Empty and zero: not said.
type opinion struct {
	Label, Defect, Stream, Kind, Author, Note string
	Start, End, Given                         time.Time
}

// fieldError says what is wrong with one field of an opinion.
type fieldError struct{ field, reason string }

func (e *fieldError) Error() string { return e.field + ": " + e.reason }

func wrongField(field, reason string, args ...any) *fieldError {
	return &fieldError{field, fmt.Sprintf(reason, args...)}
}

// verdict checks an opinion and makes the record of it. An error is a *fieldError.
func (j *judgeable) verdict(o opinion, now time.Time) (placedVerdict, error) {
	if err := o.checkTexts(); err != nil {
		return placedVerdict{}, err
	}
	complete := j.ofStretch
	if o.Defect != "" {
		complete = j.ofDefect
	}
	partition, err := complete(&o)
	if err != nil {
		return placedVerdict{}, err
	}
	if o.Given.IsZero() {
		o.Given = now
	}
	if err := o.checkTimes(now); err != nil {
		return placedVerdict{}, err
	}
	v := schemas.Verdict{Label: o.Label, Kind: o.Kind, Start: o.Start.UnixMicro(), End: o.End.UnixMicro(), Author: o.Author, Note: o.Note, Time: o.Given.UnixMicro()}
	if o.Defect != "" {
		v.Defect = &o.Defect
	}
	return placedVerdict{console.Verdict{Stream: o.Stream, Verdict: v}, partition}, nil
}

// checkTexts looks at what needs no looking up.
func (o *opinion) checkTexts() error {
	if !slices.Contains(replay.VerdictLabels, o.Label) {
		return wrongField("label", "%.40q is none of %s", o.Label, strings.Join(replay.VerdictLabels, ", "))
	}
	for _, text := range []struct {
		field, value string
		most         int
	}{{"author", o.Author, longestAuthor}, {"note", o.Note, longestNote}} {
		if err := checkText(text.field, text.value, text.most); err != nil {
			return err
		}
	}
	if o.Author == "" {
		return wrongField("author", "who says so?")
	}
	return nil
}

// checkText refuses text that is longer than so many bytes, or that is not one line of plain text.
func checkText(field, text string, most int) error {
	switch {
	case len(text) > most:
		return wrongField(field, "it has %d bytes, at most %d are kept", len(text), most)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return wrongField(field, "it has control characters or is not UTF-8: write one line of plain text")
	}
	return nil
}

// ofDefect completes an opinion on a defect by what the log tells of it.
func (j *judgeable) ofDefect(o *opinion) (partition int32, err error) {
	r, known := j.defects[o.Defect]
	ev := r.Value
	switch {
	case o.Label == replay.Missed:
		return 0, wrongField("label", "missed is said of what no defect tells of: give stream, kind, start and end, and no defect")
	case !known:
		return 0, wrongField("defect", "there is no defect %.40q on the log", o.Defect)
	case o.Stream != "" && o.Stream != ev.Stream:
		return 0, wrongField("stream", "%.100q is not the stream of defect %s, which is %q: leave it out", o.Stream, ev.ID, ev.Stream)
	case o.Kind != "" && o.Kind != ev.Kind:
		return 0, wrongField("kind", "%.40q is not the kind of defect %s, which is %s: leave it out", o.Kind, ev.ID, ev.Kind)
	}
	onset, end := time.UnixMicro(ev.Onset), time.UnixMicro(max(ev.End, ev.Onset))
	o.Stream, o.Kind = ev.Stream, ev.Kind
	if o.Start.IsZero() {
		o.Start = onset
	}
	if o.End.IsZero() {
		o.End = later(end, o.Start)
	}
	off := o.Start.After(end.Add(clockSkew)) || o.End.Before(onset.Add(-clockSkew))
	if off || o.Start.Before(onset.Add(-longestFault)) || o.End.After(end.Add(longestFault)) {
		return 0, wrongField("start", "%s to %s is not at the time of defect %s, which is %s to %s", utc(o.Start), utc(o.End), ev.ID, utc(onset), utc(end))
	}
	return r.Partition, nil
}

// ofStretch checks an opinion on a stretch of a stream.
func (j *judgeable) ofStretch(o *opinion) (partition int32, err error) {
	partition, known := j.partitions[o.Stream]
	kinds := rule.Catalogue.Names()
	switch {
	case o.Stream == "":
		return 0, wrongField("stream", "it is missing, and so is defect: say what the verdict is about")
	case !known:
		return 0, wrongField("stream", "no stream is called %.100q: framewatch streams list shows them", o.Stream)
	case o.Kind == "":
		return 0, wrongField("kind", "it is missing: what is it that was bad? (known: %s)", strings.Join(kinds, ", "))
	case !slices.Contains(kinds, o.Kind):
		return 0, wrongField("kind", "%.40q is unknown%s", o.Kind, catalogue.Suggest(o.Kind[:min(len(o.Kind), 40)], kinds))
	case o.Start.IsZero():
		return 0, wrongField("start", "it is missing: since when was it bad?")
	case o.End.IsZero():
		return 0, wrongField("end", "it is missing: until when was it bad?")
	case !o.Start.Before(o.End):
		return 0, wrongField("end", "%s is not after the start, %s", utc(o.End), utc(o.Start))
	}
	return partition, nil
}

// checkTimes refuses what cannot be meant.
func (o *opinion) checkTimes(now time.Time) error {
	switch {
	case o.Start.Before(earliestFault):
		return wrongField("start", "%s is before 2000: a number is microseconds since the Unix epoch", utc(o.Start))
	case o.End.Before(o.Start):
		return wrongField("end", "%s is before the start, %s", utc(o.End), utc(o.Start))
	case o.End.Sub(o.Start) > longestFault && o.Defect == "":
		return wrongField("end", "%s to %s is more than 7 days: give each day its own", utc(o.Start), utc(o.End))
	case o.Given.After(now.Add(clockSkew)):
		return wrongField("time", "%s is yet to come", utc(o.Given))
	case o.End.After(o.Given.Add(clockSkew)):
		return wrongField("end", "%s is after the verdict was given, %s: a verdict is on what has been", utc(o.End), utc(o.Given))
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// utc is an instant as people read it.
func utc(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999Z07:00") }
