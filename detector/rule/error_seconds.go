package rule

import (
	"fmt"
	"slices"
	"time"

	"github.com/framewatch/framewatch/internal/catalogue"
)

// MaxErrorSpan bounds ErrorSeconds.Within: so much of the health is read when a partition is rebuilt, and a minute more.
const MaxErrorSpan = 15 * time.Minute

// ErrorSeconds judges how much time of the last minutes was spent in bad verdicts of each kind (part: the kind), whether they opened a defect or were each too
// short for one: availability as of SCTE 168-6. The figure is in seconds.
type ErrorSeconds struct {
	Options `yaml:",inline"`
	// Within is the stretch of time that is looked at, whole spans of 10 s; at most MaxErrorSpan.
	Within time.Duration `yaml:"within"`
	// Kinds that are judged.
	Kinds []string `yaml:"kinds"`

	queue  `yaml:"-"`
	totals []total // in order of kind
}

// total is what was spent in bad verdicts of a kind.
type total struct {
	kind string
	ms   int64
}

// Spent is how many milliseconds of the span that ended at End, in microseconds, were spent in bad verdicts of a kind.
type Spent struct {
	End  int64
	Kind string
	MS   int32
}

// Totalling is a rule that judges by what was spent in bad verdicts: far longer ago than Window, since the health tells of it.
type Totalling interface {
	Rule
	// Total is called at the end of each span, in microseconds, with what was spent in it and in those before it, in order of End. What ends later does not
	// count.
	Total(end int64, spent []Spent)
}

// errorKind is the rule's own, of which it cannot judge.
const errorKind = "error_seconds"

// NewErrorSeconds is the rule with its documented defaults.
func NewErrorSeconds() Rule {
	return &ErrorSeconds{Options: Options{
		// A tenth of the time: of the clean clips none spends more than a thirtieth in fades, pauses and title cards that are too short for a defect. Loudness,
		// which may be high for a quarter of a trailer, is left out with all that only means something over a longer time.
		Raise: 60, Clear: 60,
		For: 0, KeepFiringFor: 0,
		Severity: "warning",
	}, Within: 10 * time.Minute, Kinds: []string{
		"black", "black_with_logo", "flat_colour", "freeze", "decode_error", "dropped_frames", "pts_error",
		"silence", "audio_dropout", "click", "no_signal", "track_missing", "ts_error", "manifest_error",
	}}
}

// Judge tells at each tick how it was at the end of the last span.
func (e *ErrorSeconds) Judge(r *Record) (Verdict, bool) {
	if r.Tick == nil {
		return Verdict{}, false
	}
	e.begin()
	for _, t := range e.totals {
		e.say(t.kind, e.verdict(float64(t.ms)/1000).over(r.Time, r.Time))
	}
	return e.More()
}

// Total adds up what was spent. Of a kind of which nothing was spent within a minute more there is nothing to be said.
func (e *ErrorSeconds) Total(end int64, spent []Spent) {
	e.totals = e.totals[:0]
	from := end - e.Within.Microseconds()
	for _, s := range spent {
		if s.End > end || s.End <= from-time.Minute.Microseconds() || !slices.Contains(e.Kinds, s.Kind) {
			continue
		}
		i, known := slices.BinarySearchFunc(e.totals, s.Kind, func(t total, kind string) int {
			switch {
			case t.kind < kind:
				return -1
			case t.kind > kind:
				return 1
			}
			return 0
		})
		if !known {
			e.totals = slices.Insert(e.totals, i, total{kind: s.Kind})
		}
		if s.End > from {
			e.totals[i].ms += int64(s.MS)
		}
	}
}

// Describe tells what the figure is.
func (*ErrorSeconds) Describe() Description {
	return Description{
		Version: 1, Records: Ticks, Unit: "s", Summary: "It was bad for %s in the last minutes", Window: time.Second, Gap: 2500 * time.Millisecond, Absence: true,
	}
}

// Validate tells what is wrong with the options.
func (e *ErrorSeconds) Validate() error {
	if e.Within < 10*time.Second || e.Within > MaxErrorSpan {
		return fmt.Errorf("within %v is not within 10s and %v", e.Within, MaxErrorSpan)
	}
	known := Catalogue.Names()
	for _, kind := range e.Kinds {
		if kind == errorKind || !slices.Contains(known, kind) {
			return fmt.Errorf("kinds: %q is unknown%s", kind, catalogue.Suggest(kind, known))
		}
	}
	return e.Options.Validate()
}
