package rule

import (
	"time"

	"github.com/framewatch/framewatch/detector/window"
)

// missingSpan is the stretch of sound that one verdict is about.
const missingSpan = 5 * time.Second

// ChannelMissing judges, track by track, whether one channel of the front pair is silent while the other is not. Other channels are silent by
// design often enough.
type ChannelMissing struct {
	Options `yaml:",inline"`
	// Loud is the level of the other channel, in LUFS, from which a silent one is missed.
	Loud float64 `yaml:"loud"`

	perTrack[*frontPair] `yaml:"-"`
}

// frontPair is the two channels' levels, block by block.
type frontPair [2]window.Quantile

// NewChannelMissing is the rule with its documented defaults.
func NewChannelMissing() Rule {
	fresh := func() *frontPair {
		span := missingSpan.Microseconds()
		return &frontPair{{Span: span}, {Span: span}}
	}
	return &ChannelMissing{perTrack: perTrack[*frontPair]{fresh: fresh}, Options: Options{
		// As of silence: what lies below is no sound.
		Raise: 70, Clear: 65,
		// Somebody who speaks from one side is heard on the other after a while.
		For:           5 * time.Second,
		KeepFiringFor: 2 * time.Second,
		Severity:      "warning",
	}, Loud: -45}
}

// Judge looks at how loud the softer channel is at its loudest, while the other is loud most of the time.
func (c *ChannelMissing) Judge(r *Record) (Verdict, bool) {
	b := r.AudioBlock
	if b == nil || len(b.Channels) < 2 {
		return Verdict{}, false
	}
	t := c.of(r)
	if t == nil {
		return Verdict{}, false
	}
	end, pair := t.end, t.memory
	v := Verdict{From: r.Time, To: end}
	if b.Skipped > 0 || b.Flags&warmingUp != 0 {
		pair[0].Reset()
		pair[1].Reset()
	} else {
		for i := range pair {
			pair[i].Add(end, decibels(r.heard().energies[i])-0.691)
		}
	}
	if pair[0].Full(end) && pair[1].Full(end) {
		soft, loud := pair[0].At(silenceShare), pair[1].At(0.5)
		if other := pair[1].At(silenceShare); other < soft {
			soft, loud = other, pair[0].At(0.5)
		}
		figure := -soft
		if loud < c.Loud {
			figure = 0
		}
		v = c.verdict(figure).within(end, missingSpan, silenceShare)
	}
	return v, true
}

// Describe tells what the figure is.
func (*ChannelMissing) Describe() Description {
	return Description{
		Version: 1, Records: AudioBlocks, Unit: "dB", Summary: "One of the front channels is %s below full scale while the other is loud", Window: missingSpan, Gap: time.Second,
		Parents: []string{"no_signal", "silence"},
	}
}
