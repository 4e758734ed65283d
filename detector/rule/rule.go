// Package rule holds one file per kind of defect: a record goes in, a verdict about now comes out. Duration, hysteresis and
// suppression are the detector's.
package rule

import (
	"time"

	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/schemas"
)

// State is what a rule knows about now.
type State uint8

// The states of a verdict. Unknown is the zero value: nothing is ever good because data is missing.
const (
	Unknown State = iota
	Good
	Bad
)

// Verdict is a rule's word on one record.
type Verdict struct {
	State State
	// Part names which part of the stream it is about, e.g. "track 1"; empty: the whole.
	Part string
	// Value is the rule's figure; larger is worse. Meaningless when Unknown.
	Value float64
}

// Rule judges the records of one stream in order. It reads records and its own fields: no broker, no clock, no goroutine, no file.
// A rule forgets by itself what is older than Window, so that a rebuilt rule equals one that never stopped.
type Rule interface {
	// Judge looks at one record. ok is false when the record says nothing about what the rule judges.
	Judge(r *Record) (v Verdict, ok bool)
	// Options are those that every rule has.
	Options() *Options
	// Describe tells what the rule's figure is.
	Describe() Description
}

// Record is one record of one stream with its instant.
type Record struct {
	// Time of the record, microseconds since the Unix epoch (from 0 when analysing offline).
	Time int64
	// Feature holds the record itself.
	*schemas.Feature
}

// Description is what does not change of a kind of defect.
type Description struct {
	// Version of the rule's definition, part of the defect's id.
	Version int
	// Unit of the verdict's value.
	Unit string
	// Summary is a sentence about the defect with one %s for the figure, e.g. "%s of the picture is black".
	Summary string
	// Window is the stretch of stream time that the rule remembers.
	Window time.Duration
	// Parents are kinds that explain this one: while one of them is pending or firing for the stream, this one is unknown.
	Parents []string
}

// Options are the options of every rule; a rule embeds them.
type Options struct {
	// Raise is the figure at and above which the verdict is bad.
	Raise float64 `yaml:"raise"`
	// Clear is the figure below which a firing defect is good again; at most Raise.
	Clear float64 `yaml:"clear"`
	// For is how long the verdict must be bad before the defect opens.
	For time.Duration `yaml:"for"`
	// KeepFiringFor is how long the verdict must be good before the defect closes.
	KeepFiringFor time.Duration `yaml:"keep_firing_for"`
	// Severity when opened: info, warning or critical.
	Severity string `yaml:"severity"`
	// CriticalAfter raises the severity to critical when the defect has lasted so long; 0: never.
	CriticalAfter time.Duration `yaml:"critical_after"`
	// Disabled turns the rule off.
	Disabled bool `yaml:"disabled"`
}

// Options returns o itself, so that a rule has them by embedding.
func (o *Options) Options() *Options { return o }

// Catalogue lists the rules.
var Catalogue = catalogue.Catalogue[Rule]{}
