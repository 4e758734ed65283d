package rule

import (
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// NoSignal judges whether the source gives anything: neither pictures nor sound are being presented.
type NoSignal struct {
	Options `yaml:",inline"`
}

// NewNoSignal is the rule with its documented defaults.
func NewNoSignal() Rule {
	return &NoSignal{Options{
		// A second either gave something or gave nothing.
		Raise: 1, Clear: 1,
		// A reconnection of a second is a hiccup, not an outage.
		For: 2 * time.Second,
		// A source that comes and goes within seconds is one outage.
		KeepFiringFor: 3 * time.Second,
		// Nobody sees or hears anything.
		Severity: "critical",
	}}
}

// Judge reads the heartbeat. Starting up and our own faults are unknown.
func (n *NoSignal) Judge(r *Record) (Verdict, bool) {
	s := r.StreamSecond
	if s == nil {
		return Verdict{}, false
	}
	second := r.Time - time.Second.Microseconds()
	switch {
	case s.State == "down", s.State == "up" && s.FramesDecoded <= 0 && passed(s) <= 0 && s.AudioBlocks <= 0 && s.Dropped <= 0:
		return n.verdict(1).over(second, r.Time), true
	case s.State == "up":
		return n.verdict(0).over(second, r.Time), true
	}
	return Verdict{From: second, To: r.Time}, true
}

// Describe tells what the figure is.
func (*NoSignal) Describe() Description {
	return Description{Version: 1, Records: StreamSeconds, Summary: "The source gives neither pictures nor sound", Gap: 2500 * time.Millisecond}
}

// passed counts the pictures that the source gave and we did not decode.
func passed(s *schemas.StreamSecond) int32 {
	if s.FramesPassed == nil {
		return 0
	}
	return *s.FramesPassed
}
