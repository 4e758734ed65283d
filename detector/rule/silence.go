package rule

import (
	"time"

	"github.com/framewatch/framewatch/detector/window"
)

const (
	// silenceSpan is the stretch of sound that one verdict is about.
	silenceSpan = time.Second
	// silenceShare of that stretch must be silent: a few clicks may take the rest, a beep may not.
	silenceShare = 0.95
)

// Silence judges, track by track, whether all channels are silent.
type Silence struct {
	Options `yaml:",inline"`

	perTrack[*window.Upper] `yaml:"-"`
}

// NewSilence is the rule with its documented defaults.
func NewSilence() Rule {
	return &Silence{perTrack: perTrack[*window.Upper]{fresh: silentWindow}, Options: Options{
		// The absolute gate of ITU-R BS.1770: what lies below is no sound. A webcam's quiet room lies at 63.
		Raise: 70, Clear: 65,
		// Speakers pause for a second, and never so quietly.
		For: 2 * time.Second,
		// One sound of half a second after a long silence may be a click.
		KeepFiringFor: 500 * time.Millisecond,
		Severity:      "warning",
		// No programme is silent for half a minute.
		CriticalAfter: 30 * time.Second,
	}}
}

// Judge looks at how loud the loudest channel is, most of the time, K-weighted so that neither DC nor rumble counts as sound.
func (s *Silence) Judge(r *Record) (Verdict, bool) {
	b := r.AudioBlock
	if b == nil {
		return Verdict{}, false
	}
	t := s.of(r)
	if t == nil {
		return Verdict{}, false
	}
	energies, end := t.memory, t.end
	for i, energy := range r.heard().loudest {
		energies.Add(r.Time+int64(i+1)*slice, energy)
	}
	unknown := Verdict{From: r.Time, To: end}
	if b.Skipped > 0 || b.Flags&warmingUp != 0 {
		energies.Reset()
		return unknown, true
	}
	if !energies.Full(end) {
		return unknown, true
	}
	v := s.verdict(-levelOf(energies.At(silenceShare))).within(end, silenceSpan, silenceShare)
	return v, true
}

// Describe tells what the figure is.
func (*Silence) Describe() Description {
	return Description{
		Version: 1, Records: AudioBlocks, Unit: "dB", Summary: "The sound is %s below full scale", Window: silenceSpan, Gap: time.Second, Parents: []string{"no_signal"},
	}
}

func silentWindow() *window.Upper { return &window.Upper{Span: silenceSpan.Microseconds()} }
