package rule

import (
	"fmt"
	"time"

	"github.com/framewatch/framewatch/detector/window"
)

// bitrateSpan is the stretch of pictures that one verdict is about.
const bitrateSpan = 5 * time.Second

// Bitrate judges the bit rate of the pictures, by their own time, against the bounds that the stream is expected to keep.
type Bitrate struct {
	Options `yaml:",inline"`
	// Min and Max are in kbit/s; 0: not bounded.
	Min float64 `yaml:"min"`
	Max float64 `yaml:"max"`

	epoch int32
	sizes window.Sums
}

// NewBitrate is the rule with its documented defaults: without bounds, since only whoever sends the stream knows them.
func NewBitrate() Rule {
	return &Bitrate{Options: Options{
		// How many times more than Max, or less than Min.
		Raise: 1, Clear: 0.95,
		For: 5 * time.Second, KeepFiringFor: 5 * time.Second,
		Severity: "warning",
	}, sizes: window.Sums{Span: bitrateSpan.Microseconds()}}
}

// Judge adds up the pictures' packets.
func (b *Bitrate) Judge(r *Record) (Verdict, bool) {
	f := r.VideoFrame
	if f == nil || b.Min == 0 && b.Max == 0 {
		return Verdict{}, false
	}
	if f.Epoch != b.epoch || f.Decode == nil || f.Skipped > 0 || f.Sampling != 1 {
		b.epoch = f.Epoch
		b.sizes.Reset()
	}
	if f.Decode == nil || f.Skipped > 0 || f.Sampling != 1 {
		return Verdict{From: r.Time, To: r.Time}, true
	}
	b.sizes.Add(r.Time, float64(f.Decode.PacketSize))
	if !b.sizes.Full(r.Time) {
		return Verdict{From: r.Time, To: r.Time}, true
	}
	rate := b.sizes.Sum(0) * 8 / 1000 / bitrateSpan.Seconds()
	figure := 0.0
	if b.Max > 0 {
		figure = rate / b.Max
	}
	if b.Min > 0 {
		figure = max(figure, b.Min/max(rate, 1e-3))
	}
	return b.verdict(figure).within(r.Time, bitrateSpan, 0.5), true
}

// Describe tells what the figure is.
func (*Bitrate) Describe() Description {
	return Description{
		Version: 1, Unit: "", Summary: "The pictures' bit rate is out of bounds by a factor of %s", Window: bitrateSpan, Gap: time.Second,
		Parents: []string{"no_signal"},
	}
}

// Validate tells what is wrong with the options.
func (b *Bitrate) Validate() error {
	if b.Min < 0 || b.Max < 0 || b.Max > 0 && b.Min > b.Max {
		return fmt.Errorf("min %v and max %v are no bounds", b.Min, b.Max)
	}
	return b.Options.Validate()
}
