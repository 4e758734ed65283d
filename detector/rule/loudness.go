package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/schemas"
)

// Loudness judges, track by track, how far short-term loudness (EBU Tech 3341) is above the target, or below it.
type Loudness struct {
	Options `yaml:",inline"`
	// Target in LUFS: -23 by EBU R 128, -24 by ATSC A/85.
	Target float64 `yaml:"target"`
	// Below is how much softer than the target counts as much as a LU too loud, as a factor; 0: soft sound is not judged.
	Below float64 `yaml:"below"`
	// DualMono has one channel alone count as two with the same sound.
	DualMono bool `yaml:"dual_mono"`

	layouts         map[int32]string
	perTrack[*loud] `yaml:"-"`
}

// NewLoudness is the rule with its documented defaults.
func NewLoudness() Rule {
	return &Loudness{layouts: map[int32]string{}, perTrack: perTrack[*loud]{fresh: newLoud},
		Options: Options{
			// Ten louder is -13 LUFS: nothing that goes out by R 128 or A/85 stays there, nor what is made for phones. EBU R 128 s1 allows 5.
			Raise: 10, Clear: 8,
			// An explosion is over by then.
			For:           20 * time.Second,
			KeepFiringFor: 5 * time.Second,
			Severity:      "warning",
		}, Target: -23}
}

// Judge measures the last three seconds.
func (l *Loudness) Judge(r *Record) (Verdict, bool) {
	if r.Inventory != nil {
		l.learn(r.Inventory)
		return Verdict{}, false
	}
	b := r.AudioBlock
	if b == nil {
		return Verdict{}, false
	}
	t := l.sent(r)
	if t == nil {
		return Verdict{}, false
	}
	m, end := t.memory, t.end
	v := Verdict{From: r.Time, To: end}
	layout, known := l.layouts[b.Track]
	if !known || b.Skipped > 0 || b.Flags&(warmingUp|soundGap) != 0 {
		m.energies.Reset()
	} else {
		m.weigh(layout, len(b.Channels), l.DualMono)
		m.energies.Add(end, m.energy(r.heard().energies))
	}
	if m.energies.Full(end) {
		deviation := decibels(m.energies.Sum(0)/float64(m.energies.Len())) - 0.691 - l.Target
		if deviation < 0 {
			deviation *= -l.Below
		}
		v = l.verdict(math.Max(deviation, 0)).within(end, loudnessSpan, 0.5)
	}
	return v, true
}

// loudnessSpan is that of short-term loudness.
const loudnessSpan = 3 * time.Second

// inventoryEvery is how often an Inventory comes.
const inventoryEvery = 10 * time.Second

// Describe tells what the figure is.
func (*Loudness) Describe() Description {
	return Description{
		Version: 1, Records: AudioBlocks | Inventories, Unit: "LU", Summary: "Loudness is %s off its target", Window: loudnessSpan + inventoryEvery, Gap: time.Second,
		Parents: []string{"no_signal", "silence"},
	}
}

// learn takes the layouts of the tracks.
func (l *Loudness) learn(i *schemas.Inventory) {
	for _, t := range i.Tracks {
		if t.Audio != nil && (len(l.layouts) < maxTracks || l.layouts[t.Index] != "") {
			l.layouts[t.Index] = t.Audio.Layout
		}
	}
}

// loud is what is remembered of a track: the weights of its channels, and its blocks' weighted energies.
type loud struct {
	layout   string
	weights  []float64
	energies window.Sums
}

func newLoud() *loud { return &loud{energies: window.Sums{Span: loudnessSpan.Microseconds()}} }

// weigh sets the weights; with others, what was heard before does not count.
func (m *loud) weigh(layout string, channels int, dualMono bool) {
	if m.layout == layout && len(m.weights) == channels {
		return
	}
	m.layout, m.weights = layout, window.ChannelWeights(layout, channels, dualMono)
	m.energies.Reset()
}

// energy of a block: the weighted sum of its channels' means.
func (m *loud) energy(channels []float64) float64 {
	sum := 0.0
	for i, energy := range channels {
		sum += m.weights[i] * energy
	}
	return sum
}
