package rule

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// clickSpan is the stretch in which clicks are counted, clickPast that which a step is compared with.
	clickSpan = 5 * time.Second
	clickPast = 2 * time.Second
)

// Click judges, track by track, how often a channel clicks: a step between two samples that is far larger than those before and after it. What
// is struck goes on for a while.
type Click struct {
	Options `yaml:",inline"`
	// Step is the least step that counts, of full scale, and Stands how many times those around it.
	Step   float64 `yaml:"step"`
	Stands float64 `yaml:"stands"`

	perTrack[*clicks] `yaml:"-"`
}

// clicks is what is remembered of a track: the steps of the last seconds, that of the last block when it may be a click, which the next one tells,
// and the clicks.
type clicks struct {
	past window.Quantile
	// last is the step of the last block, from and to its place; candidate that it may be a click.
	last      float64
	candidate bool
	from, to  int64
	// slices are the energies of that block's stretches of 10 ms.
	slices []float64
	// began is when the track was first heard, found are the clicks of the last seconds.
	began int64
	found []stretch
}

// stretch is one of time, in microseconds.
type stretch struct{ from, to int64 }

// NewClick is the rule with its documented defaults.
func NewClick() Rule {
	fresh := func() *clicks {
		return &clicks{past: window.Quantile{Span: clickPast.Microseconds()}, began: never}
	}
	return &Click{perTrack: perTrack[*clicks]{fresh: fresh}, Options: Options{
		// One click may be meant.
		Raise: 3, Clear: 2,
		For:           0,
		KeepFiringFor: 3 * time.Second,
		Severity:      "warning",
	}, Step: 0.1, Stands: 8}
}

// Judge counts the clicks of the last seconds.
func (c *Click) Judge(r *Record) (Verdict, bool) {
	b := r.AudioBlock
	if b == nil {
		return Verdict{}, false
	}
	t := c.of(r)
	if t == nil {
		return Verdict{}, false
	}
	m, end := t.memory, t.end
	v := Verdict{From: r.Time, To: end}
	step, ok := largestStep(b.Channels)
	if !ok || b.Skipped > 0 || b.Flags&(warmingUp|soundGap) != 0 {
		*m = *c.fresh()
	} else {
		c.add(m, r.Time, end, step, b.Channels)
		if n := len(m.found); end-m.began >= (clickSpan + clickPast).Microseconds() {
			if v = c.verdict(float64(n)).over(r.Time, end); v.State == Bad {
				v = v.over(m.found[0].from, m.found[n-1].to)
			}
		}
	}
	return v, true
}

// Describe tells what the figure is.
func (*Click) Describe() Description {
	return Description{
		Version: 1, Records: AudioBlocks, Unit: "", Summary: "There were %s clicks in five seconds", Window: clickSpan + clickPast, Gap: time.Second,
		Parents: []string{"no_signal", "silence", "clipping"},
	}
}

// add puts in the largest step of a block and counts the block before it when that was a click.
func (c *Click) add(m *clicks, from, to int64, step float64, channels []schemas.Channel) {
	if m.began == never {
		m.began = from
	}
	for len(m.found) > 0 && m.found[0].to <= to-clickSpan.Microseconds() {
		m.found = m.found[1:]
	}
	if m.candidate && c.apart(m.last, step) && brief(append(m.slices, slices10(channels)...)) {
		m.found = append(m.found, stretch{m.from, m.to})
	}
	m.candidate = m.past.Full(to) && step >= max(c.Step, c.Stands*m.past.At(0.75)) && c.apart(step, m.last)
	if m.candidate {
		m.slices = append(m.slices[:0], slices10(channels)...)
	}
	m.last, m.from, m.to = step, from, to
	m.past.Add(to, step)
}

// largestStep between two samples of a channel, of full scale.
func largestStep(channels []schemas.Channel) (step float64, ok bool) {
	for i := range channels {
		detail := channels[i].Detail
		if detail == nil {
			return 0, false
		}
		step = max(step, float64(detail.Step)/(1<<20))
	}
	return step, len(channels) > 0
}

// apart tells whether a step stands out beside that of the block next to it.
func (c *Click) apart(step, next float64) bool { return step >= next*c.Stands/2 }

// brief tells whether little of a stretch of sound is much louder than most of it: what is struck goes on, and so does a tone.
func brief(energies []float64) bool {
	const much, little = 4, 3
	sorted := slices.Sorted(slices.Values(energies))
	usual, loud := sorted[len(sorted)/2], 0
	for _, e := range energies {
		if e > much*usual {
			loud++
		}
	}
	return loud <= little
}

// slices10 are the energies of each 10 ms of a block, of all channels together.
func slices10(channels []schemas.Channel) []float64 {
	var sums []float64
	for i := range channels {
		k := channels[i].KEnergy
		for s := range len(k) / 4 {
			if s == len(sums) {
				sums = append(sums, 0)
			}
			sums[s] += float64(math.Float32frombits(binary.BigEndian.Uint32(k[4*s:])))
		}
	}
	return sums
}
