package rule

import (
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// TruePeak judges, track by track, the true peak of ITU-R BS.1770-5, Annex 2.
type TruePeak struct {
	Options `yaml:",inline"`

	perTrack[struct{}] `yaml:"-"`
}

// NewTruePeak is the rule with its documented defaults.
func NewTruePeak() Rule {
	return &TruePeak{perTrack: perTrack[struct{}]{fresh: func() struct{} { return struct{}{} }}, Options: Options{
		// What lossy coding makes of sound that is mastered to full scale reaches 1 or 2 dBTP. For delivery EBU R 128 allows -1, ATSC A/85 -2.
		Raise: 3, Clear: 2,
		// A peak is a matter of one sample.
		For: 0,
		// Peaks of one loud scene are one defect.
		KeepFiringFor: 10 * time.Second,
		Severity:      "info",
	}}
}

// Judge reads the largest of the channels. Where sound begins, or goes on behind a gap, a decoder's first samples peak as none that was sent.
func (p *TruePeak) Judge(r *Record) (Verdict, bool) {
	b := r.AudioBlock
	if b == nil {
		return Verdict{}, false
	}
	t := p.sent(r)
	if t == nil {
		return Verdict{}, false
	}
	v := Verdict{}
	if peak, ok := truePeak(b.Channels); ok && b.Flags&(warmingUp|soundGap) == 0 {
		v = p.verdict(peak)
	}
	return v.over(r.Time, t.end), true
}

// Describe tells what the figure is.
func (*TruePeak) Describe() Description {
	return Description{
		Version: 1, Records: AudioBlocks, Unit: "dBTP", Summary: "The sound peaks at %s", Gap: time.Second, Parents: []string{"no_signal"},
	}
}

// truePeak of the channels, dBTP; digital silence is at the floor.
func truePeak(channels []schemas.Channel) (peak float64, ok bool) {
	peak = -silenceFloor
	for i := range channels {
		detail := channels[i].Detail
		if detail == nil {
			return 0, false
		}
		if detail.TruePeak != nil {
			peak = max(peak, float64(*detail.TruePeak)/100)
		}
	}
	return peak, len(channels) > 0
}
