package rule

import (
	"time"

	"github.com/framewatch/framewatch/detector/window"
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
	last   int64
	breaks window.Sums
}

// NewPTSError is the rule with its documented defaults.
func NewPTSError() Rule {
	return &PTSError{Options: Options{
		// An ad break has two: out and back in.
		Raise: 3, Clear: 3,
		For: 0, KeepFiringFor: 5 * time.Second,
		Severity: "warning",
	}, breaks: window.Sums{Span: ptsSpan.Microseconds()}}
}

// Judge counts the breaks of the last seconds, in pictures.
func (p *PTSError) Judge(r *Record) (Verdict, bool) {
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	broken := 0.0
	switch {
	case !p.began || f.Session != p.session || r.Time-p.last > time.Second.Microseconds():
		p.breaks.Reset()
	case f.Epoch > p.epoch:
		broken = 1
	}
	p.session, p.epoch, p.last, p.began = f.Session, f.Epoch, r.Time, true
	p.breaks.Add(r.Time, broken)
	if !p.breaks.Full(r.Time) {
		return Verdict{From: r.Time, To: r.Time}, true
	}
	return p.verdict(p.breaks.Sum(0)).over(r.Time, r.Time), true
}

// Describe tells what the figure is.
func (*PTSError) Describe() Description {
	return Description{
		Version: 1, Unit: "", Summary: "The time line broke %s times in ten seconds", Window: ptsSpan, Gap: time.Second, Parents: []string{"no_signal"},
	}
}
