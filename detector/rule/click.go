package rule

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// clickSpan is the stretch in which clicks are counted.
const clickSpan = 5 * time.Second

// Click judges, track by track, how often a channel clicks: a place where samples are lost, added or changed, which stands out from all around it as no sound does
// that has gone through air or a low-pass filter. What is struck goes on for a while.
type Click struct {
	Options `yaml:",inline"`
	// Step is the least step between two samples that counts, of full scale, Impulse by how much its place must stand out, as AudioBlock tells it.
	Step    float64 `yaml:"step"`
	Impulse float64 `yaml:"impulse"`

	perTrack[*clicks] `yaml:"-"`
}

// clicks is what is remembered of a track: the last block when it may have a click, which the next one tells, and the clicks.
type clicks struct {
	// candidate tells that the last block, from and to where it is, may have a click.
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
	fresh := func() *clicks { return &clicks{began: never} }
	return &Click{perTrack: perTrack[*clicks]{fresh: fresh}, Options: Options{
		// One click may be meant.
		Raise: 3, Clear: 2,
		For:           0,
		KeepFiringFor: 3 * time.Second,
		Severity:      "warning",
	},
		// A click of -16 dBFS is one of -22 when it has been through AAC.
		Step: 0.04,
		// Natural clips reach 11, noise that dies away within a millisecond 9.
		Impulse: 13}
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
	if damaged(b) {
		m.candidate = false // there is nothing to compare it with
		return Verdict{}, false
	}
	v := Verdict{From: r.Time, To: end}
	clicked, ok := c.clicked(b.Channels)
	if !ok || b.Skipped > 0 || b.Flags&(warmingUp|soundGap) != 0 {
		*m = *c.fresh()
	} else {
		m.add(r.Time, end, clicked, b.Channels)
		if n := len(m.found); end-m.began >= clickSpan.Microseconds() {
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
		Version: 2, Records: AudioBlocks, Unit: "", Summary: "There were %s clicks in five seconds", Window: clickSpan, Gap: time.Second,
		Parents: []string{"no_signal", "silence", "clipping"},
	}
}

// add counts the block before when that had a click, and puts in a block that may have one.
func (m *clicks) add(from, to int64, clicked bool, channels []schemas.Channel) {
	if m.began == never || from-m.to > clickSpan.Microseconds() { // all between came damaged
		m.began = from
	}
	for len(m.found) > 0 && m.found[0].to <= to-clickSpan.Microseconds() {
		m.found = m.found[1:]
	}
	if m.candidate && brief(append(m.slices, slices10(channels)...)) {
		m.found = append(m.found, stretch{m.from, m.to})
	}
	if m.candidate = clicked; clicked {
		m.slices = append(m.slices[:0], slices10(channels)...)
	}
	m.from, m.to = from, to
}

// clicked tells whether a channel has a step that stands out; ok is false where that was not measured.
func (c *Click) clicked(channels []schemas.Channel) (clicked, ok bool) {
	for i := range channels {
		detail := channels[i].Detail
		if detail == nil || detail.Impulse == nil {
			return false, false
		}
		clicked = clicked || float64(detail.Step) >= c.Step*(1<<20) && float64(*detail.Impulse) >= 100*c.Impulse
	}
	return clicked, len(channels) > 0
}

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
