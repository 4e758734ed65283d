package rule

import "time"

// CaptionsMissing judges for how long a stream that has had captions (CEA-608 or CEA-708), or must have them, has had none.
type CaptionsMissing struct {
	Options `yaml:",inline"`

	// wanted says that the stream must have them.
	wanted bool
}

// NewCaptionsMissing is the rule with its documented defaults.
func NewCaptionsMissing() Rule {
	return &CaptionsMissing{Options: Options{
		// Seconds. Nobody speaks for a minute in many a scene, and music in a break is longer.
		Raise: 180, Clear: 1,
		For: 0, KeepFiringFor: 0,
		Severity: "warning",
	}}
}

// Judge reads the heartbeat.
func (c *CaptionsMissing) Judge(r *Record) (Verdict, bool) {
	s := r.StreamSecond
	if s == nil || s.State != "up" {
		return Verdict{}, false
	}
	var since int64
	switch {
	case s.Cues != nil && s.Cues.SinceMS != nil:
		since = *s.Cues.SinceMS
	case c.wanted:
		since = s.At / 1000 // none since the session began
	default:
		return Verdict{}, false
	}
	// It is said of the second: the last captions are the same again when another fault has come and gone, and that would be the same defect again.
	return c.verdict(float64(since)/1000).over(r.Time-time.Second.Microseconds(), r.Time), true
}

// Want takes whether the stream must have captions.
func (c *CaptionsMissing) Want(w Wanted) { c.wanted = w.Captions }

// Describe tells what the figure is.
func (*CaptionsMissing) Describe() Description {
	return Description{
		Version: 1, Records: StreamSeconds, Unit: "s", Summary: "There have been no captions for %s", Gap: 2500 * time.Millisecond, Parents: []string{"no_signal"},
	}
}
