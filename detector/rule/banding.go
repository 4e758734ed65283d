package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// Banding judges whether gradients have come apart into steps that are seen: small ones by VideoFrame's index of it, which is about that of CAMBI, and those of a
// picture that has lost bits, too large for the index, by the levels that are left.
type Banding struct {
	Options `yaml:",inline"`
	// Index is that of a posterised gradient; 0: not judged.
	Index float64 `yaml:"index"`
	// Growth is by how much the index may be above what is usual, from half of Index on; 0: what is usual does not count.
	Growth float64 `yaml:"growth"`
	// Posterised is the share of the picture that stands on evenly spaced levels, of which each counts up to a fiftieth; 0: not judged.
	Posterised float64 `yaml:"posterised"`

	relative `yaml:"-"`
	held     repeated
	// shares of the newest sampled pictures, the newest first, and when that came; no numbers where none was measured. They are of one epoch, without a break.
	shares [posterisedHold]float64
	shared int64
	epoch  int32
}

// bandingVersion is that of the index for which the defaults are, bandingSpreads how many spreads it must be above its level where that is more than Growth.
const (
	bandingVersion = 1
	bandingSpreads = 3
	// posterisedHold is of how many sampled pictures the one counts that has kept most of its levels: coders keep them best in key pictures, which come every few seconds.
	posterisedHold = 5
	// posterisedUnit is that of the field.
	posterisedUnit = 4096
)

// NewBanding is the rule with its documented defaults.
func NewBanding() Rule {
	return &Banding{Options: Options{
		// By Index or Growth.
		Raise: 1, Clear: 0.9,
		// A shot of a sky, and a title that fades, are over by then.
		For: 20 * time.Second, KeepFiringFor: 5 * time.Second,
		Severity: "info",
	},
		// Sound clips of skies and drawn ones have 15.5 at most for as long as they last, and fades of titles 20 for a second; nothing but a gradient over
		// the whole picture has 22 in steps of one level and 31 in steps of two.
		Index: 20,
		// Seven bits add 4 to 10 to the clips with large gradients.
		Growth: 6,
		// Graphics of few colours have 0.17, all else 0.1 at most; luma of five bits 0.1 to 0.4, of four and three 0.2 to 0.6.
		Posterised: 0.2,
		shared:     never}
}

// Judge reads the index of about one picture a second.
func (b *Banding) Judge(r *Record) (Verdict, bool) {
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	if s := f.Sampled; s == nil || s.Banding == nil || s.BandingVersion == nil || *s.BandingVersion != bandingVersion || f.Sampling == 0 {
		return b.held.take(r.Time, Verdict{From: r.Time, To: r.Time}, s != nil), true
	}
	index := float64(*f.Sampled.Banding) / 256
	b.sample(index)
	return b.held.take(r.Time, b.verdict(b.figure(index, b.posterised(r.Time, f))).over(r.Time, r.Time+duration(f)), true), true
}

// posterised is the largest share of posterisedHold sampled pictures without a break, the new one among them; no number where none was measured.
func (b *Banding) posterised(t int64, f *schemas.VideoFrame) float64 {
	if f.Epoch != b.epoch || t-b.shared > heldFor.Microseconds() {
		for i := range b.shares {
			b.shares[i] = math.NaN()
		}
	}
	b.epoch, b.shared = f.Epoch, t
	copy(b.shares[1:], b.shares[:])
	b.shares[0] = math.NaN() // a record of an older version has none
	if share := f.Sampled.Posterised; share != nil {
		b.shares[0] = float64(*share) / posterisedUnit
	}
	most := math.NaN()
	for _, share := range b.shares {
		most = larger(most, share)
	}
	return most
}

// figure is 1 where one of them is at what is tolerated; no number where nothing is known.
func (b *Banding) figure(index, posterised float64) float64 {
	figure := b.grown(index, b.Index, b.Growth, bandingSpreads)
	if b.Posterised > 0 {
		figure = larger(figure, posterised/b.Posterised)
	}
	return figure
}

// Describe tells what the figure is.
func (*Banding) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames, Unit: "share", Summary: "Gradients have come apart into steps: %s of what is tolerated", Window: posterisedHold * heldFor, Gap: time.Second, Parents: pictureParents,
	}
}

// Validate tells what is wrong with the options.
func (b *Banding) Validate() error {
	if err := notNegative("index", b.Index); err != nil {
		return err
	}
	if err := notNegative("growth", b.Growth); err != nil {
		return err
	}
	if err := notNegative("posterised", b.Posterised); err != nil {
		return err
	}
	return b.Options.Validate()
}
