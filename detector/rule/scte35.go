package rule

import "time"

// SCTE35 judges the cues of ad breaks: whether they come at all (part "missing"), and whether each is told in the playlist too (part "unmatched").
type SCTE35 struct {
	Options `yaml:",inline"`
	// Every is the longest time between two cues, splice_null with them, that the stream is expected to have; 0: none are expected.
	Every time.Duration `yaml:"every"`

	queue `yaml:"-"`
}

// NewSCTE35 is the rule with its documented defaults.
func NewSCTE35() Rule {
	return &SCTE35{Options: Options{
		// How often the longest time has passed, or how many cues of a second have no tag.
		Raise: 1, Clear: 1,
		For: 0, KeepFiringFor: 10 * time.Second,
		Severity: "warning",
	}}
}

// Judge reads the second's cues. A stream without a PID for them has none to judge, unless they are expected.
func (c *SCTE35) Judge(r *Record) (Verdict, bool) {
	s := r.StreamSecond
	if s == nil || s.State != "up" {
		return Verdict{}, false
	}
	c.begin()
	from := r.Time - time.Second.Microseconds()
	if c.Every > 0 && s.Splice != nil && s.Splice.SinceMS != nil {
		c.say("missing", c.verdict(float64(*s.Splice.SinceMS)/float64(c.Every.Milliseconds())).over(from, r.Time))
	}
	if s.Splice != nil && s.Splice.Unmatched != nil {
		c.say("unmatched", c.verdict(float64(*s.Splice.Unmatched)).over(from, r.Time))
	}
	return c.More()
}

// Describe tells what the figure is.
func (*SCTE35) Describe() Description {
	return Description{Version: 1, Records: StreamSeconds, Unit: "", Summary: "SCTE-35 cues are missing: %s", Gap: 2500 * time.Millisecond, Parents: []string{"no_signal"}}
}

// Validate tells what is wrong with the options.
func (c *SCTE35) Validate() error {
	if c.Every < 0 {
		return errNegative("every", c.Every)
	}
	return c.Options.Validate()
}
