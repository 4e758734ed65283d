package rule

import "time"

// Banding judges whether gradients have come apart into steps that are seen, by VideoFrame's index of it, which is about that of CAMBI.
type Banding struct {
	Options `yaml:",inline"`
	// Index is that of a posterised gradient; 0: not judged.
	Index float64 `yaml:"index"`
	// Growth is by how much the index may be above what is usual, from half of Index on; 0: what is usual does not count.
	Growth float64 `yaml:"growth"`

	relative `yaml:"-"`
	held     repeated
}

// bandingVersion is that of the index for which the defaults are, bandingSpreads how many spreads it must be above its level where that is more than Growth.
const (
	bandingVersion = 1
	bandingSpreads = 3
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
		Growth: 6}
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
	return b.held.take(r.Time, b.verdict(b.figure(index)).over(r.Time, r.Time+duration(f)), true), true
}

// figure is 1 where the index is at what is tolerated; no number where nothing is known.
func (b *Banding) figure(index float64) float64 {
	return b.grown(index, b.Index, b.Growth, bandingSpreads)
}

// Describe tells what the figure is.
func (*Banding) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames, Unit: "share", Summary: "Gradients have come apart into steps: %s of what is tolerated", Window: heldFor, Gap: time.Second, Parents: pictureParents,
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
	return b.Options.Validate()
}
