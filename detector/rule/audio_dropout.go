package rule

import (
	"math"
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// AudioDropout judges, track by track, whether sound is cut out for a moment: it falls to nothing at once and comes back as it was. Pauses
// begin and end softly or with another level, and take longer.
type AudioDropout struct {
	Options `yaml:",inline"`
	// Longest is the length from which a hole is a pause.
	Longest time.Duration `yaml:"longest"`
	// Loud is the level in LUFS, within 50 ms on both sides, from which a hole is one; Alike how far the two sides may be apart, in LU.
	Loud  float64 `yaml:"loud"`
	Alike float64 `yaml:"alike"`

	// loudEnergy is that of Loud; 0: not worked out yet.
	loudEnergy      float64
	perTrack[*hole] `yaml:"-"`
}

const (
	// nothing is the level below which there is as good as no sound, LUFS: lossy coding smears the edges of a hole.
	nothing = -60
	// edge is how many slices of 10 ms on each side of a hole are looked at.
	edge = 5
	// fewestZeros and mostZeros are the samples of digital zero, in microseconds, that make a hole within slices that are not silent.
	fewestZeros, mostZeros = 1500, 20_000
)

// nothingEnergy is that of nothing.
var nothingEnergy = leastEnergy(nothing)

// hole is what is remembered of a track.
type hole struct {
	// before are the energies of the last slices ahead of the hole, that of slice n at n modulo their number; heard is how many there were.
	before [edge]float64
	heard  int
	// began is when the hole began, length how many slices it has; 0: there is none.
	began  int64
	length int
	// after are the energies of the slices since its end, of which so many have come.
	after [edge]float64
	since int
}

// NewAudioDropout is the rule with its documented defaults.
func NewAudioDropout() Rule {
	return &AudioDropout{perTrack: perTrack[*hole]{fresh: func() *hole { return &hole{} }}, Options: Options{
		// The least that is looked for.
		Raise: 1.5, Clear: 1.5,
		// A hole is over when it is seen to be one.
		For: 0,
		// Holes that come in a row are one defect.
		KeepFiringFor: 5 * time.Second,
		Severity:      "warning",
	}, Longest: 300 * time.Millisecond, Loud: -40, Alike: 12}
}

// Judge looks for a hole that has ended in the block; the figure is its length.
func (d *AudioDropout) Judge(r *Record) (Verdict, bool) {
	b := r.AudioBlock
	if b == nil {
		return Verdict{}, false
	}
	t := d.of(r)
	if t == nil {
		return Verdict{}, false
	}
	end := t.end
	v := d.verdict(0).over(r.Time, end)
	if b.Skipped > 0 || b.Flags&(warmingUp|soundGap) != 0 {
		*t.memory = hole{}
		v = Verdict{From: r.Time, To: end}
	} else {
		energies := r.heard().loudest
		if short := d.zeros(t.memory, b, energies); short > 0 {
			v = d.verdict(short).over(r.Time, end)
		}
		for i, energy := range energies {
			if length, ok := d.add(t.memory, r.Time+int64(i)*slice, energy); ok {
				v = d.verdict(float64(length)*slice/1000).over(t.memory.began, t.memory.began+int64(length)*slice)
				t.memory.length = 0
			}
		}
	}
	return v, true
}

// Describe tells what the figure is.
func (*AudioDropout) Describe() Description {
	return Description{
		Version: 1, Records: AudioBlocks, Unit: "ms", Summary: "The sound is cut out for %s", Window: time.Second, Gap: time.Second, Parents: []string{"no_signal", "silence"},
	}
}

// add puts in a slice. ok tells that a hole of so many slices has been found.
func (d *AudioDropout) add(h *hole, at int64, energy float64) (length int, ok bool) {
	switch {
	case math.IsNaN(energy):
		*h = hole{}
		return 0, false
	case energy < nothingEnergy && h.since == 0:
		if h.length == 0 {
			h.began = at
		}
		h.length = min(h.length+1, int(d.Longest.Microseconds()/slice)+1)
		return 0, false
	case h.length == 0:
		h.before[h.heard%edge] = energy
		h.heard++
		return 0, false
	}
	h.after[h.since] = energy
	if h.since++; h.since < edge {
		return 0, false
	}
	length, ok = h.length, d.cut(h)
	h.before, h.heard, h.since = h.after, edge, 0
	if !ok {
		h.length = 0
	}
	return length, ok
}

// cut tells whether the hole that has ended is one.
func (d *AudioDropout) cut(h *hole) bool {
	if h.heard < edge || int64(h.length)*slice > d.Longest.Microseconds() {
		return false
	}
	before, after := levelOf(middle(h.before)), levelOf(middle(h.after))
	return min(before, after) >= d.Loud && math.Abs(before-after) <= d.Alike
}

// middle is the median energy: the fall may lie within one slice, and lossy coding smears it over another.
func middle(energies [edge]float64) float64 {
	slices.Sort(energies[:])
	return energies[edge/2]
}

// zeros is the length in milliseconds of a hole that is shorter than a slice: digital zero in all channels amid loud sound.
func (d *AudioDropout) zeros(h *hole, b *schemas.AudioBlock, energies []float64) float64 {
	if h.length > 0 || len(b.Channels) == 0 || b.Samples == 0 {
		return 0
	}
	n := len(b.Channels[0].KEnergy) / 4
	if d.loudEnergy == 0 {
		d.loudEnergy = leastEnergy(d.Loud)
	}
	for _, energy := range energies[:n] {
		if energy < d.loudEnergy {
			return 0
		}
	}
	shortest := int64(math.MaxInt64)
	for i := range b.Channels {
		detail := b.Channels[i].Detail
		if detail == nil {
			return 0
		}
		shortest = min(shortest, int64(detail.ZeroRun)*int64(n)*slice/int64(b.Samples))
	}
	if shortest < fewestZeros || shortest > mostZeros {
		return 0
	}
	return float64(shortest) / 1000
}
