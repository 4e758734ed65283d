package rule

import (
	"fmt"
	"math"
	"time"

	"github.com/framewatch/framewatch/detector/window"
)

// bitrateSpan is the stretch of pictures that one verdict is about.
const bitrateSpan = 5 * time.Second

// Bitrate judges the bit rate of the pictures, by their own time, against the bounds that the stream is expected to keep, and against what it
// usually is.
type Bitrate struct {
	Options `yaml:",inline"`
	// Min and Max are in kbit/s; 0: not bounded.
	Min float64 `yaml:"min"`
	Max float64 `yaml:"max"`
	// Drop is how many times less than usual is too little; 0: what is usual does not count.
	Drop float64 `yaml:"drop"`

	// dropOctaves is the logarithm of Drop; 0: not worked out yet.
	dropOctaves float64

	relative `yaml:"-"`
	epoch    int32
	second   int64
	sizes    window.Sums
}

// bitrateSpreads is how many of its spreads a stream's rate must be below its level where that is more than Drop.
const bitrateSpreads = 3

// NewBitrate is the rule with its documented defaults: without bounds, since only whoever sends the stream knows them.
func NewBitrate() Rule {
	return &Bitrate{Options: Options{
		// How many times more than Max, or less than Min, or less than usual by Drop.
		Raise: 1, Clear: 0.95,
		For: 5 * time.Second, KeepFiringFor: 5 * time.Second,
		Severity: "warning",
	}, Drop: 10, sizes: window.Sums{Span: bitrateSpan.Microseconds()}}
}

// Judge adds up the pictures' packets.
func (b *Bitrate) Judge(r *Record) (Verdict, bool) {
	f := r.VideoFrame
	if f == nil || b.Min == 0 && b.Max == 0 && b.Drop == 0 {
		return Verdict{}, false
	}
	unknown := Verdict{From: r.Time, To: r.Time}
	told := r.Time/1_000_000 > b.second
	b.second = r.Time / 1_000_000
	if f.Epoch != b.epoch || f.Decode == nil || f.Skipped > 0 || f.Sampling != 1 {
		b.epoch = f.Epoch
		b.sizes.Reset()
	}
	if f.Decode == nil || f.Skipped > 0 || f.Sampling != 1 {
		return unknown, true
	}
	b.sizes.Add(r.Time, float64(f.Decode.PacketSize))
	if !b.sizes.Full(r.Time) {
		return unknown, true
	}
	rate := max(b.sizes.Sum(0)*8/1000/bitrateSpan.Seconds(), 1e-3)
	v := unknown
	if figure := b.figure(rate); figure > 0 {
		v = b.verdict(figure).within(r.Time, bitrateSpan, 0.5)
	}
	if told {
		b.usual.Sample = octaves(rate)
	}
	return v, true
}

// figure is by what factor the rate is out of bounds; 0 when there are none, and no baseline yet.
func (b *Bitrate) figure(rate float64) float64 {
	figure := 0.0
	if b.Max > 0 {
		figure = rate / b.Max
	}
	if b.Min > 0 {
		figure = max(figure, b.Min/rate)
	}
	if b.Drop > 0 && b.usual.Known() {
		if b.dropOctaves == 0 {
			b.dropOctaves = math.Log2(b.Drop)
		}
		figure = max(figure, math.Exp2(b.usual.Below(octaves(rate), b.dropOctaves, bitrateSpreads)))
	}
	return figure
}

// octaves is a rate in kbit/s as the baseline has it: every factor of two counts the same, and 1 bit/s is above 0.
func octaves(rate float64) float64 { return math.Log2(rate) + 10 }

// Describe tells what the figure is.
func (*Bitrate) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames, Unit: "", Summary: "The pictures' bit rate is out of bounds by a factor of %s", Window: bitrateSpan, Gap: time.Second,
		// What is still or of one colour takes few bits.
		Parents: []string{"no_signal", "black", "black_with_logo", "flat_colour", "freeze"},
	}
}

// Validate tells what is wrong with the options.
func (b *Bitrate) Validate() error {
	switch {
	case b.Min < 0 || b.Max < 0 || b.Max > 0 && b.Min > b.Max:
		return fmt.Errorf("min %v and max %v are no bounds", b.Min, b.Max)
	case b.Drop != 0 && !(b.Drop > 1 && finite(b.Drop)):
		return errNeither("drop", b.Drop)
	}
	return b.Options.Validate()
}
