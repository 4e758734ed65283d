package rule

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// silenceSpan is the stretch of sound that one verdict is about.
	silenceSpan = time.Second
	// silenceShare of that stretch must be silent: a few clicks may take the rest, a beep may not.
	silenceShare = 0.95
	// silenceFloor is digital zero, in dB below full scale.
	silenceFloor = 120
	// maxTracks bounds the tracks that are judged.
	maxTracks = 64
	// warmingUp is the flag of a block whose K-weighting is not to be trusted yet.
	warmingUp = 1 << 3
	// slice is what one energy in AudioBlock stands for, in microseconds.
	slice = 10_000
)

// Silence judges, track by track, whether all channels are silent.
type Silence struct {
	Options `yaml:",inline"`

	tracks []*silentTrack
}

// silentTrack is what is remembered of one track.
type silentTrack struct {
	index  int32
	epoch  int32
	part   string
	levels window.Quantile
}

// NewSilence is the rule with its documented defaults.
func NewSilence() Rule {
	return &Silence{Options: Options{
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
	t := s.track(b.Track)
	if t == nil {
		return Verdict{}, false
	}
	if b.Epoch != t.epoch {
		t.epoch = b.Epoch
		t.levels.Reset()
	}
	end := r.Time + t.add(r.Time, b)
	unknown := Verdict{Part: t.part, From: r.Time, To: end}
	if b.Skipped > 0 || b.Flags&warmingUp != 0 {
		t.levels.Reset()
		return unknown, true
	}
	if !t.levels.Full(end) {
		return unknown, true
	}
	span := silenceSpan.Microseconds()
	v := s.verdict(-t.levels.At(silenceShare)).over(end-int64(silenceShare*float64(span)), end-int64((1-silenceShare)*float64(span)))
	v.Part = t.part
	return v, true
}

// Describe tells what the figure is.
func (*Silence) Describe() Description {
	return Description{
		Version: 1, Unit: "dB", Summary: "The sound is %s below full scale", Window: silenceSpan, Gap: time.Second, Parents: []string{"no_signal"},
	}
}

// track finds or makes the memory of one track; nil when there are too many.
func (s *Silence) track(index int32) *silentTrack {
	for _, t := range s.tracks {
		if t.index == index {
			return t
		}
	}
	if len(s.tracks) == maxTracks {
		return nil
	}
	t := &silentTrack{index: index, part: fmt.Sprintf("track %d", index), levels: window.Quantile{Span: silenceSpan.Microseconds()}}
	s.tracks = append(s.tracks, t)
	return t
}

// add puts the block's levels into the window, one each 10 ms, and returns the block's length in microseconds.
func (t *silentTrack) add(at int64, b *schemas.AudioBlock) int64 {
	n := 0
	for _, c := range b.Channels {
		n = max(n, len(c.KEnergy)/4)
	}
	for i := range n {
		t.levels.Add(at+int64(i+1)*slice, level(b.Channels, i))
	}
	return int64(n) * slice
}

// level of the loudest channel in the i-th 10 ms, in LUFS as one channel of weight 1 (ITU-R BS.1770-5, annex 1), at least
// -silenceFloor; no number when the energies are none.
func level(channels []schemas.Channel, i int) float64 {
	loudest := 0.0
	for _, c := range channels {
		if len(c.KEnergy) < 4*(i+1) {
			continue
		}
		energy := float64(math.Float32frombits(binary.BigEndian.Uint32(c.KEnergy[4*i:])))
		if math.IsNaN(energy) {
			return energy
		}
		loudest = max(loudest, energy)
	}
	if loudest <= 0 {
		return -silenceFloor
	}
	return max(-0.691+10*math.Log10(loudest), -silenceFloor)
}
