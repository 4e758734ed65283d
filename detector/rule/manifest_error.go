package rule

import (
	"math"
	"time"
)

// ManifestError judges the playlist of HLS or DASH: segments that are not to be had (part "segment"), that left the list before they were fetched
// ("missed"), a list that goes back ("sequence"), segments of another duration than they are listed with ("duration").
type ManifestError struct {
	Options `yaml:",inline"`
	// Duration is how far a segment's duration may be from the listed one, as a share of the target duration.
	Duration float64 `yaml:"duration"`

	queue `yaml:"-"`
	// sequence is what the list began with when it was last looked at, in what session and when.
	session, sequence, last int64
}

// manifestGap is the longest time between two heartbeats that are compared.
const manifestGap = 2500 * time.Millisecond

// NewManifestError is the rule with its documented defaults.
func NewManifestError() Rule {
	return &ManifestError{Options: Options{
		// Of each, so many in a second.
		Raise: 1, Clear: 1,
		For: 0, KeepFiringFor: 15 * time.Second,
		Severity: "warning",
	}, Duration: 0.5, session: never}
}

// Judge counts what went wrong in the second.
func (m *ManifestError) Judge(r *Record) (Verdict, bool) {
	s := r.StreamSecond
	if s == nil || s.Playlist == nil {
		return Verdict{}, false
	}
	p := s.Playlist
	back := 0.0
	if m.session == s.Session && r.Time-m.last <= manifestGap.Microseconds() && p.MediaSequence < m.sequence {
		back = 1
	}
	m.session, m.sequence, m.last = s.Session, p.MediaSequence, r.Time
	wrong := 0.0
	if p.TargetMS > 0 && math.Abs(float64(p.DurationErrorMS)) > m.Duration*float64(p.TargetMS) {
		wrong = 1
	}
	m.begin()
	for _, part := range []struct {
		name   string
		figure float64
	}{{"segment", float64(p.SegmentErrors)}, {"missed", float64(known(p.SegmentsMissed))}, {"sequence", back}, {"duration", wrong}} {
		v := m.verdict(part.figure).over(r.Time-time.Second.Microseconds(), r.Time)
		if s.State == "fault" || part.name == "missed" && s.Restarts > 0 && s.State != "up" {
			v.State = Unknown // our own doing
		}
		m.say(part.name, v)
	}
	return m.More()
}

// Describe tells what the figure is.
func (*ManifestError) Describe() Description {
	return Description{
		Version: 1, Records: StreamSeconds, Unit: "/s", Summary: "The playlist or its segments have %s errors", Window: manifestGap, Gap: manifestGap,
	}
}

// Validate tells what is wrong with the options.
func (m *ManifestError) Validate() error {
	if !(m.Duration > 0) {
		return errPositive("duration", m.Duration)
	}
	return m.Options.Validate()
}
