package rule

import (
	"slices"
	"time"
)

// ptsSpan is the stretch in which breaks of the time line are counted.
const ptsSpan = 10 * time.Second

// PTSError judges how often the time line breaks: time stamps that jump, forth or back, within what one worker was given. One break may be a
// splice.
type PTSError struct {
	Options `yaml:",inline"`

	session int64
	epoch   int32
	began   bool
	// last is the time of the newest picture.
	last int64
	// since is when the stretch began that is looked at, breaks are the times of the breaks in it.
	since  int64
	breaks []int64
}

// NewPTSError is the rule with its documented defaults.
func NewPTSError() Rule {
	return &PTSError{Options: Options{
		// An ad break has two: out and back in.
		Raise: 3, Clear: 3,
		For: 0, KeepFiringFor: 5 * time.Second,
		Severity: "warning",
	}}
}

// Judge counts the breaks of the last seconds, in pictures.
func (p *PTSError) Judge(r *Record) (Verdict, bool) {
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	for len(p.breaks) > 0 && p.breaks[0] <= r.Time-ptsSpan.Microseconds() {
		p.breaks = slices.Delete(p.breaks, 0, 1)
	}
	switch {
	case !p.began || f.Session != p.session || r.Time-p.last > time.Second.Microseconds():
		p.since, p.breaks = r.Time, p.breaks[:0]
	case f.Epoch > p.epoch:
		p.breaks = append(p.breaks, r.Time)
	}
	p.session, p.epoch, p.last, p.began = f.Session, f.Epoch, r.Time, true
	if r.Time-p.since < ptsSpan.Microseconds() {
		return Verdict{From: r.Time, To: r.Time}, true
	}
	return p.verdict(float64(len(p.breaks))).over(r.Time, r.Time), true
}

// Describe tells what the figure is.
func (*PTSError) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames, Unit: "", Summary: "The time line broke %s times in ten seconds", Window: ptsSpan, Gap: time.Second, Parents: []string{"no_signal"},
	}
}
