// Package rule holds one file per kind of defect: a record goes in, a verdict about now comes out. Duration, hysteresis and
// suppression are the detector's.
package rule

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/schemas"
)

// Bounds of what a rule may remember or wait for: the detector's lookback is computed from them.
const (
	// MaxWindow bounds Description.Window.
	MaxWindow = 15 * time.Second
	// MaxFor bounds the options For and KeepFiringFor.
	MaxFor = 20 * time.Second
	// MaxFlaps bounds the option Flaps, MaxFlapping the options FlapWindow and FlapHold.
	MaxFlaps, MaxFlapping = 100, time.Hour
)

// State is what a rule knows about now.
type State uint8

// The states of a verdict. Unknown is the zero value: nothing is ever good because data is missing.
const (
	Unknown State = iota
	Good
	Bad
)

// Verdict is a rule's word on one record. It has no more than four words, since Go keeps no larger structs in registers, and nearly all that is done with
// one is to hand it on.
type Verdict struct {
	State State
	// Value is the rule's figure; larger is worse. Meaningless when Unknown; of a good one below Clear no more is asked than that it is below.
	Value float64
	// From and To are the stretch of time that it speaks of, microseconds as Record.Time: a rule that looks at a window speaks of a
	// time before the record. A defect begins at the From of its first bad verdict and ends at the To of its last.
	From, To int64
}

// Rule judges the records of one stream in order. It reads records and its own fields: no broker, no clock, no goroutine, no file.
// A rule forgets by itself what is older than Window, and says Unknown until it has seen a Window's worth, so that a rebuilt rule equals
// one that never stopped.
type Rule interface {
	// Judge looks at one record. ok is false when the record says nothing about what the rule judges.
	Judge(r *Record) (v Verdict, ok bool)
	// Common are the options that every rule has.
	Common() *Options
	// Describe tells what the rule's figure is.
	Describe() Description
}

// Parted is a rule whose verdicts are about parts of the stream.
type Parted interface {
	Rule
	// Part names the one that the last verdict is about, e.g. "track 1"; empty: the whole.
	Part() string
}

// Several is a rule that may have more than one verdict on a record, each about another part.
type Several interface {
	Parted
	// More is the next verdict on the record that Judge looked at last; ok is false when there is none.
	More() (v Verdict, ok bool)
}

// Records are kinds of record.
type Records uint8

// The kinds of record that a rule may look at.
const (
	VideoFrames Records = 1 << iota
	AudioBlocks
	StreamSeconds
	Inventories
	Ticks
)

// RecordKinds is how many there are.
const RecordKinds = 5

// Hold tells whether the kind with that index, from 0, is one of them. None at all stand for every kind.
func (r Records) Hold(kind int) bool { return r == 0 || r&(1<<kind) != 0 }

// Record is one record of one stream with its instant.
type Record struct {
	// Time of the record, microseconds since the Unix epoch (from 0 when analysing offline).
	Time int64
	// Feature holds the record itself.
	*schemas.Feature

	sound   sound
	picture picture
}

// Take makes r the record f, of the time t, which is not a Setting.
func (r *Record) Take(t int64, f *schemas.Feature) {
	r.Time, r.Feature, r.sound.known, r.picture.known = t, f, false, false
}

// Kind is the index of its kind.
func (r *Record) Kind() int {
	switch f := r.Feature; {
	case f.VideoFrame != nil:
		return 0
	case f.AudioBlock != nil:
		return 1
	case f.StreamSecond != nil:
		return 2
	case f.Inventory != nil:
		return 3
	}
	return 4
}

// Description is what does not change of a kind of defect.
type Description struct {
	// Version of the rule's definition, part of the defect's id.
	Version int
	// Unit of the verdict's value: "share" of a whole, or the unit's symbol.
	Unit string
	// Summary is a sentence about the defect with one %s for the figure, e.g. "%s of the picture is black".
	Summary string
	// Window is the stretch of stream time that the rule remembers.
	Window time.Duration
	// Gap is the longest stretch between two verdicts that still counts as without a break.
	Gap time.Duration
	// Records are those that Judge looks at: of others it would say nothing and remember nothing. None: all.
	Records Records
	// Absence rules judge ticks: their verdicts' times are the log's, not the stream's.
	Absence bool
	// Area says that the figure is the share of the picture that is seen to be wrong: CriticalAfter then counts area times duration.
	Area bool
	// Parents are kinds that explain this one: while one of them is pending or firing for the stream, this one is unknown.
	Parents []string
}

// Options are the options of every rule; a rule embeds them.
type Options struct {
	// Raise is the figure at and above which the verdict is bad.
	Raise float64 `yaml:"raise"`
	// Clear is the figure below which a firing defect is good again; at most Raise.
	Clear float64 `yaml:"clear"`
	// For is how long the verdict must be bad before the defect opens; at most MaxFor.
	For time.Duration `yaml:"for"`
	// KeepFiringFor is how long the verdict must be good before the defect closes; at most MaxFor.
	KeepFiringFor time.Duration `yaml:"keep_firing_for"`
	// Severity when opened: info, warning or critical.
	Severity string `yaml:"severity"`
	// CriticalAfter raises the severity to critical when the defect has lasted so long; 0: never.
	CriticalAfter time.Duration `yaml:"critical_after"`
	// Flaps is how many defects may come to their end within FlapWindow before one more is held open until the verdict has not been bad for FlapHold:
	// then it is one defect that comes and goes. 0: any number. At most MaxFlaps; the times at most MaxFlapping.
	Flaps      int           `yaml:"flaps"`
	FlapWindow time.Duration `yaml:"flap_window"`
	FlapHold   time.Duration `yaml:"flap_hold"`
	// DryRun has the rule be tried out: its defects are recorded and shown as such, nobody is told of them, and they explain no others.
	DryRun bool `yaml:"dry_run"`
	// Disabled turns the rule off.
	Disabled bool `yaml:"disabled"`
}

// Catalogue lists the rules.
var Catalogue = withFlapping(catalogue.Catalogue[Rule]{
	"black":           NewBlack,
	"black_with_logo": NewBlackWithLogo,
	"freeze":          NewFreeze,

	"silence":         NewSilence,
	"audio_dropout":   NewAudioDropout,
	"click":           NewClick,
	"clipping":        NewClipping,
	"true_peak":       NewTruePeak,
	"loudness":        NewLoudness,
	"phase":           NewPhase,
	"channel_missing": NewChannelMissing,
	"hum":             NewHum,

	"ts_error":         NewTSError,
	"scte35":           NewSCTE35,
	"manifest_error":   NewManifestError,
	"manifest_stale":   NewManifestStale,
	"captions_missing": NewCaptionsMissing,
	"track_missing":    NewTrackMissing,
	"bitrate":          NewBitrate,

	"decode_error":   NewDecodeError,
	"dropped_frames": NewDroppedFrames,
	"pts_error":      NewPTSError,
	"flash":          NewFlash,
	"flat_colour":    NewFlatColour,
	"corruption":     NewCorruption,
	"letterbox":      NewLetterbox,
	"interlace":      NewInterlace,
	"stutter":        NewStutter,
	"slate":          NewSlate,
	"blur":           NewBlur,
	"noise":          NewNoise,
	"blockiness":     NewBlockiness,
	"banding":        NewBanding,

	"content_mismatch": NewContentMismatch,

	"error_seconds": NewErrorSeconds,
	"av_offset":     NewAVOffset,

	"no_signal":  NewNoSignal,
	"no_monitor": NewNoMonitor,
})

// withFlapping gives rules that do not say otherwise the same flapping control: whoever is called for the sixth time in ten minutes wants to hear once
// that it comes and goes, and two quiet minutes are an end.
func withFlapping(rules catalogue.Catalogue[Rule]) catalogue.Catalogue[Rule] {
	for name, fresh := range rules {
		rules[name] = func() Rule {
			r := fresh()
			if o := r.Common(); o.FlapWindow == 0 {
				o.Flaps, o.FlapWindow, o.FlapHold = 5, 10*time.Minute, 2*time.Minute
			}
			return r
		}
	}
	return rules
}

// Common returns o itself, so that a rule has them by embedding.
func (o *Options) Common() *Options { return o }

// Validate tells what is wrong with the options.
func (o *Options) Validate() error {
	switch {
	case !finite(o.Raise) || !finite(o.Clear):
		return fmt.Errorf("raise and clear must be numbers, got %v and %v", o.Raise, o.Clear)
	case o.Clear > o.Raise:
		return fmt.Errorf("clear %v is above raise %v", o.Clear, o.Raise)
	case o.For < 0 || o.For > MaxFor:
		return fmt.Errorf("for %v is not within 0s and %v", o.For, MaxFor)
	case o.KeepFiringFor < 0 || o.KeepFiringFor > MaxFor:
		return fmt.Errorf("keep_firing_for %v is not within 0s and %v", o.KeepFiringFor, MaxFor)
	case o.CriticalAfter < 0:
		return fmt.Errorf("critical_after %v is negative", o.CriticalAfter)
	case o.Flaps < 0 || o.Flaps > MaxFlaps:
		return fmt.Errorf("flaps %d is not within 0 and %d", o.Flaps, MaxFlaps)
	case o.FlapWindow < 0 || o.FlapWindow > MaxFlapping:
		return fmt.Errorf("flap_window %v is not within 0s and %v", o.FlapWindow, MaxFlapping)
	case o.FlapHold < 0 || o.FlapHold > MaxFlapping:
		return fmt.Errorf("flap_hold %v is not within 0s and %v", o.FlapHold, MaxFlapping)
	case !slices.Contains(Severities, o.Severity):
		return fmt.Errorf("severity %q is unknown%s", o.Severity, catalogue.Suggest(o.Severity, Severities))
	}
	return nil
}

// Severities in growing order.
var Severities = []string{"info", "warning", "critical"}

// verdict judges a figure by Raise. A figure that is no number is unknown.
func (o *Options) verdict(value float64) Verdict {
	switch {
	case !finite(value):
		return Verdict{}
	case value >= o.Raise:
		return Verdict{State: Bad, Value: value}
	}
	return Verdict{State: Good, Value: value}
}

// over is v said of the stretch from a to b, in microseconds.
func (v Verdict) over(a, b int64) Verdict {
	v.From, v.To = a, b
	return v
}

// within is v said of a window up to end, in microseconds, of which so large a share must be bad for the figure to be: what is at its edges
// does not count.
func (v Verdict) within(end int64, span time.Duration, share float64) Verdict {
	inner, edge := int64(share*float64(span.Microseconds())), int64((1-share)*float64(span.Microseconds()))
	return v.over(end-max(inner, edge), end-min(inner, edge))
}

// queue holds the verdicts on one record; a rule that is Several embeds it.
type queue struct {
	waiting []word
	// next of them is to be told.
	next int
	// part is that of the one told last.
	part string
}

// word is a verdict on a part.
type word struct {
	part string
	Verdict
}

// begin forgets those on the record before.
func (q *queue) begin() { q.waiting, q.next = q.waiting[:0], 0 }

// say adds one about a part.
func (q *queue) say(part string, v Verdict) { q.waiting = append(q.waiting, word{part, v}) }

// More is the next of them.
func (q *queue) More() (v Verdict, ok bool) {
	if q.next == len(q.waiting) {
		q.begin()
		return v, false
	}
	w := &q.waiting[q.next]
	q.part = w.part
	q.next++
	return w.Verdict, true
}

// Part is which part the last of them is about.
func (q *queue) Part() string { return q.part }

// never is a time before all others, far enough from the smallest integer to be subtracted.
const never = math.MinInt64 / 4

// finite tells whether x is a number: only of such the difference to itself is 0.
func finite(x float64) bool { return x-x == 0 }
