package rule

import (
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// TSError judges MPEG-TS by ETSI TR 101 290, priority 1 and 2, indicator by indicator. The part is the indicator's name.
type TSError struct {
	Options `yaml:",inline"`
	// Ignore are indicators that are not judged.
	Ignore []string `yaml:"ignore"`

	queue `yaml:"-"`
}

// tsErrors are the indicators with the errors of a second. Those that are timed make no sense of segments, each of which begins with its
// tables and comes at once.
var tsErrors = []struct {
	part  string
	timed bool
	count func(t *schemas.Transport) int32
}{
	{"TS_sync_loss", false, func(t *schemas.Transport) int32 { return t.SyncLosses }},
	{"Sync_byte_error", false, func(t *schemas.Transport) int32 { return t.SyncByteErrors }},
	{"PAT_error", true, func(t *schemas.Transport) int32 { return known(t.PATErrors) }},
	{"PMT_error", true, func(t *schemas.Transport) int32 { return known(t.PMTErrors) }},
	{"Continuity_count_error", false, func(t *schemas.Transport) (sum int32) {
		for _, n := range t.ContinuityErrors {
			sum += n
		}
		return sum
	}},
	{"PID_error", true, func(t *schemas.Transport) int32 { return t.PIDMissing }},
	{"Transport_error", false, func(t *schemas.Transport) int32 { return t.TransportErrors }},
	{"CRC_error", false, func(t *schemas.Transport) int32 { return t.CRCErrors }},
	{"PCR_repetition_error", true, func(t *schemas.Transport) int32 { return known(t.PCRErrors) }},
	{"PCR_discontinuity_indicator_error", true, func(t *schemas.Transport) int32 { return t.PCRDiscontinuities }},
	{"PTS_error", true, func(t *schemas.Transport) int32 { return known(t.PTSErrors) }},
	{"CAT_error", false, func(t *schemas.Transport) int32 { return known(t.CATErrors) }},
}

// NewTSError is the rule with its documented defaults.
func NewTSError() Rule {
	return &TSError{Options: Options{
		// Errors in a second.
		Raise: 1, Clear: 1,
		For: 0,
		// Errors that come in bursts are one defect.
		KeepFiringFor: 10 * time.Second,
		Severity:      "warning",
	}}
}

// Judge counts the errors of the second.
func (e *TSError) Judge(r *Record) (Verdict, bool) {
	s := r.StreamSecond
	if s == nil || s.Transport == nil {
		return Verdict{}, false
	}
	e.begin()
	for _, indicator := range tsErrors {
		if indicator.timed && s.Playlist != nil || slices.Contains(e.Ignore, indicator.part) {
			continue
		}
		v := e.verdict(float64(indicator.count(s.Transport)))
		if s.Dropped > 0 {
			v = Verdict{} // what is missing was lost by us
		}
		e.say(indicator.part, v.over(r.Time-time.Second.Microseconds(), r.Time))
	}
	return e.More()
}

// Describe tells what the figure is.
func (*TSError) Describe() Description {
	return Description{
		Version: 1, Records: StreamSeconds, Unit: "/s", Summary: "The transport stream has %s errors of TR 101 290", Gap: 2500 * time.Millisecond, Parents: []string{"no_signal"},
	}
}

// Validate tells what is wrong with the options.
func (e *TSError) Validate() error {
	names := make([]string, len(tsErrors))
	for i, indicator := range tsErrors {
		names[i] = indicator.part
	}
	return validated(&e.Options, "ignore", e.Ignore, names)
}

// known is what a figure is, 0 when it is not known.
func known(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}
