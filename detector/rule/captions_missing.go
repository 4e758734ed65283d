package rule

import "time"

// CaptionsMissing judges for how long a stream that has had captions (CEA-608 or CEA-708) has had none.
type CaptionsMissing struct {
	Options `yaml:",inline"`
}

// NewCaptionsMissing is the rule with its documented defaults.
func NewCaptionsMissing() Rule {
	return &CaptionsMissing{Options{
		// Seconds. Nobody speaks for a minute in many a scene, and music in a break is longer.
		Raise: 180, Clear: 1,
		For: 0, KeepFiringFor: 0,
		Severity: "warning",
	}}
}

// Judge reads the heartbeat.
func (c *CaptionsMissing) Judge(r *Record) (Verdict, bool) {
	s := r.StreamSecond
	if s == nil || s.State != "up" || s.Cues == nil || s.Cues.SinceMS == nil {
		return Verdict{}, false
	}
	since := *s.Cues.SinceMS
	v := c.verdict(float64(since)/1000).over(r.Time-time.Second.Microseconds(), r.Time)
	if v.State == Bad {
		v.From = r.Time - since*1000
	}
	return v, true
}

// Describe tells what the figure is.
func (*CaptionsMissing) Describe() Description {
	return Description{
		Version: 1, Unit: "s", Summary: "There have been no captions for %s", Gap: 2500 * time.Millisecond, Parents: []string{"no_signal"},
	}
}
