package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/detector/window"
)

// phaseSpan is the stretch of sound that one verdict is about.
const phaseSpan = 3 * time.Second

// Phase judges, track by track, whether the front pair is out of phase: what is in the middle is cancelled where both are mixed to one.
type Phase struct {
	Options `yaml:",inline"`
	// Quiet is the mean square of a channel, in dBFS, below which its phase does not matter.
	Quiet float64 `yaml:"quiet"`

	// quiet is the same as a share of full scale; 0: not worked out yet.
	quiet                  float64
	perTrack[*window.Sums] `yaml:"-"`
}

// NewPhase is the rule with its documented defaults.
func NewPhase() Rule {
	return &Phase{perTrack: perTrack[*window.Sums]{fresh: func() *window.Sums { return &window.Sums{Span: phaseSpan.Microseconds()} }}, Options: Options{
		// Wide stereo and reverberation reach 0.3; a channel wired the wrong way round is near 1.
		Raise: 0.6, Clear: 0.4,
		// Effects are over in a moment.
		For:           3 * time.Second,
		KeepFiringFor: 2 * time.Second,
		Severity:      "warning",
	}, Quiet: -50}
}

// Judge correlates the two channels: the figure is 1 when one is the other upside down, and -1 when they are the same.
func (p *Phase) Judge(r *Record) (Verdict, bool) {
	b := r.AudioBlock
	if b == nil || len(b.Channels) < 2 || b.Pairs == nil || len(*b.Pairs) == 0 {
		return Verdict{}, false
	}
	t := p.sent(r)
	if t == nil {
		return Verdict{}, false
	}
	end := t.end
	v := Verdict{From: r.Time, To: end}
	if b.Skipped > 0 {
		t.memory.Reset()
	} else {
		dc := float64(b.Channels[0].DC) * float64(b.Channels[1].DC) / (1 << 40)
		t.memory.Add(end, meanSquare(&b.Channels[0]), meanSquare(&b.Channels[1]), float64((*b.Pairs)[0])-dc)
	}
	if t.memory.Full(end) {
		blocks := float64(t.memory.Len())
		left, right, product := t.memory.Sum(0), t.memory.Sum(1), t.memory.Sum(2)
		if p.quiet == 0 {
			p.quiet = math.Pow(10, p.Quiet/10)
		}
		if quiet := p.quiet * blocks; left >= quiet && right >= quiet {
			v = p.verdict(-product/math.Sqrt(left*right)).within(end, phaseSpan, 0.8)
		}
	}
	return v, true
}

// Describe tells what the figure is.
func (*Phase) Describe() Description {
	return Description{
		Version: 1, Records: AudioBlocks, Unit: "", Summary: "The front channels are out of phase: their correlation is -%s", Window: phaseSpan, Gap: time.Second,
		Parents: []string{"no_signal", "silence"},
	}
}
