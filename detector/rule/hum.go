package rule

import (
	"time"

	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/schemas"
)

// humSpan is the stretch of sound that one verdict is about.
const humSpan = 5 * time.Second

// Hum judges, track by track, how strong the lines of the mains are that are there all the time: 50 Hz or 60 Hz and their harmonics. Bass and
// speech come and go.
type Hum struct {
	Options `yaml:",inline"`
	// Steady is how far the level of the lines may rise from its 10th percentile to its median within five seconds, in dB, and still be hum.
	Steady float64 `yaml:"steady"`
	// Share is the least share of the sound that they have where that is at its softest.
	Share float64 `yaml:"share"`

	perTrack[*humming] `yaml:"-"`
}

// humming is what is remembered of a track.
type humming struct{ levels, shares window.Quantile }

// NewHum is the rule with its documented defaults.
func NewHum() Rule {
	fresh := func() *humming {
		span := humSpan.Microseconds()
		return &humming{window.Quantile{Span: span}, window.Quantile{Span: span}}
	}
	return &Hum{perTrack: perTrack[*humming]{fresh: fresh}, Options: Options{
		// Softer hum is not heard where a programme is.
		Raise: -55, Clear: -58,
		For:           5 * time.Second,
		KeepFiringFor: 3 * time.Second,
		Severity:      "info",
	}, Steady: 3, Share: 0.5}
}

// Judge takes the softest that the lines get.
func (h *Hum) Judge(r *Record) (Verdict, bool) {
	b := r.AudioBlock
	if b == nil {
		return Verdict{}, false
	}
	t := h.sent(r)
	if t == nil {
		return Verdict{}, false
	}
	m, end := t.memory, t.end
	v := Verdict{From: r.Time, To: end}
	level, share, ok := humLines(b.Channels)
	switch {
	case b.Skipped > 0 || b.Flags&soundGap != 0:
		m.levels.Reset()
		m.shares.Reset()
	case ok:
		m.levels.Add(end, level)
		m.shares.Add(end, share)
		if m.levels.Full(end) {
			figure := m.levels.At(0.1)
			if m.levels.At(0.5)-figure > h.Steady || m.shares.At(0.9) < h.Share {
				figure = -silenceFloor
			}
			v = h.verdict(figure).within(end, humSpan, 0.9)
		}
	}
	return v, true
}

// Describe tells what the figure is.
func (*Hum) Describe() Description {
	return Description{
		Version: 1, Records: AudioBlocks, Unit: "dBFS", Summary: "The sound hums at %s", Window: humSpan, Gap: time.Second, Parents: []string{"no_signal", "silence"},
	}
}

// humLines is the level of the mains' lines in the channel where they are strongest, in dBFS, and their share of that channel. ok is false where
// it was not measured.
func humLines(channels []schemas.Channel) (level, share float64, ok bool) {
	energy := -1.0
	for i := range channels {
		c := &channels[i]
		if c.Detail == nil {
			return 0, 0, false
		}
		if c.Detail.Hum == nil {
			continue
		}
		part := float64(*c.Detail.Hum) / 10000
		if e := meanSquare(c) * part; e > energy {
			energy, share = e, part
		}
	}
	return decibels(energy), share, len(channels) > 0
}
