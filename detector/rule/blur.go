package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// Blur judges whether the picture has lost its fine detail: whether its edges have less of the finest scale than those of this stream usually have, or
// less than those of any sharp picture, for as long as Shot; or have lost it from one picture to the next within a scene, for as long as that lasts but
// at most 12 s. What was enlarged has lost it too.
type Blur struct {
	Options `yaml:",inline"`
	// Soft is by how many octaves the variance of gradients (SI squared) exceeds that of the Laplacian where no sharp picture is; 0: not judged.
	Soft float64 `yaml:"soft"`
	// Loss is by how many octaves that may be more than usual; 0: what is usual does not count.
	Loss float64 `yaml:"loss"`
	// Shot is for how long that must be so, longer than a shot of shallow focus; at most 14 s.
	Shot time.Duration `yaml:"shot"`

	relative `yaml:"-"`
	held     repeated
	softness perSecond
	soft     lastingSeconds
	lost     detailLoss
}

const (
	// blurContrast is the least SI, in levels, of a picture with edges to tell by: below are title cards, dark scenes and gradients.
	blurContrast = 10
	// blurSpreads is how many of its spreads a stream's softness must be above its level where that is more than Loss: shots differ.
	blurSpreads = 2
	// blurStill is the difference.low, 0.002 levels, up to which a picture stands still: a second of such shows no longer than the one before that a shot is soft, as
	// a freeze between two shots does. What is predicted of a frozen picture has 1 at most.
	blurStill = 8
)

// NewBlur is the rule with its documented defaults.
func NewBlur() Rule {
	return &Blur{Options: Options{
		// By Soft or Loss, or at once.
		Raise: 1, Clear: 0.9,
		// A camera that looks for its focus has found it by then.
		For: 2 * time.Second, KeepFiringFor: 5 * time.Second,
		Severity: "info",
	},
		// One shot of shallow focus is over by then.
		Shot: 14 * time.Second,
		// Of 21 natural clips the softest has 5.7; a Gaussian kernel of 9 samples makes 4.7 to 7.2, enlarging to twice the size 4.7 to 6.5.
		Soft: 6.1,
		// A kernel of 3 adds 0.7 or more to three clips of five, one of 9 to nine of ten; another coder's quantiser never more than 0.3.
		Loss: 0.7}
}

// Judge compares the variances, second by second.
func (b *Blur) Judge(r *Record) (Verdict, bool) {
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	p := r.seen()
	b.lost.see(r, b.usual.level())
	mean, told := b.softness.add(r, p.softness, p.means, !isStill(f))
	if !told {
		return b.held.take(r.Time, Verdict{}, false), true
	}
	v, mean := b.soft.take(&b.Options, b.softness.before(b.verdict(b.figure(mean))), mean, b.Shot)
	b.sample(mean)
	return b.held.take(r.Time, b.lost.or(&b.Options, v, false), true), true
}

// figure is 1 where the softness is at what is tolerated; no number where nothing is known.
func (b *Blur) figure(mean float64) float64 {
	figure := math.NaN()
	if b.Soft > 0 {
		figure = mean / b.Soft
	}
	if b.Loss > 0 && b.usual.Known() {
		figure = larger(figure, 1+b.usual.Above(mean+sampleOffset, b.Loss, blurSpreads)/b.Loss)
	}
	return figure
}

// Describe tells what the figure is.
func (*Blur) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames, Unit: "share", Summary: "The picture is soft: its loss of fine detail is %s of what is tolerated", Window: MaxWindow, Gap: time.Second,
		Parents: pictureParents,
	}
}

// Validate tells what is wrong with the options.
func (b *Blur) Validate() error {
	if err := notNegative("soft", b.Soft); err != nil {
		return err
	}
	if err := notNegative("loss", b.Loss); err != nil {
		return err
	}
	if err := fewSeconds("shot", b.Shot); err != nil {
		return err
	}
	return b.Options.Validate()
}

// isStill tells whether a picture is the one before, as a coder keeps it.
func isStill(f *schemas.VideoFrame) bool {
	return f.Difference != nil && f.Difference.Low <= blurStill
}
