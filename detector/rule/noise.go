package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/schemas"
)

// Noise judges whether the picture is noisy: whether its finest scale and the quietest of its cells both have more of it than this stream usually has,
// or more than any programme. Texture has the first, movement the second; grain that is always there is usual.
type Noise struct {
	Options `yaml:",inline"`
	// Sigma is the standard deviation of noise, in levels, that no programme has; 0: not judged.
	Sigma float64 `yaml:"sigma"`
	// Rise is how many times more than usual is too much, from Least levels on; 0: what is usual does not count.
	Rise  float64 `yaml:"rise"`
	Least float64 `yaml:"least"`

	relative `yaml:"-"`
	held     repeated
	sigma    perSecond
}

const (
	// quietCells of the grid's are those that noise shows in: a tenth, where nothing moves if anything is still.
	quietCells = columns * rows / 10
	// noiseSpreads is how many of its spreads a stream's noise must be above its level where that is more than Rise.
	noiseSpreads = 3
)

// NewNoise is the rule with its documented defaults.
func NewNoise() Rule {
	return &Noise{Options: Options{
		// By Sigma or Rise.
		Raise: 1, Clear: 0.9,
		// A shot of rain or confetti is over by then.
		For: 10 * time.Second, KeepFiringFor: 5 * time.Second,
		Severity: "info",
	},
		// Of 21 natural clips the noisiest has 1.6; of noise with a sigma of 10 x264 leaves 5.3 and more at a CRF of 23, 2.6 and more at a QP of 32.
		Sigma: 4.5,
		// A scene of another light has twice; what is below a level is seen by nobody.
		Rise: 2.5, Least: 1.2}
}

// Judge takes the lesser of what the finest scale and the quiet cells have, second by second.
func (n *Noise) Judge(r *Record) (Verdict, bool) {
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	octaves, means := noisy(f)
	mean, told := n.sigma.add(r, octaves, means, true)
	if !told {
		return n.held.take(r.Time, Verdict{}, false), true
	}
	n.sample(mean)
	return n.held.take(r.Time, n.sigma.before(n.verdict(n.figure(mean))), true), true
}

// figure is 1 where the noise, in octaves of levels, is at what is tolerated; no number where nothing is known.
func (n *Noise) figure(mean float64) float64 {
	figure, sigma := math.NaN(), math.Exp2(mean)
	if n.Sigma > 0 {
		figure = sigma / n.Sigma
	}
	if n.Rise == 0 || !n.usual.Known() || math.IsNaN(mean) {
		return figure
	}
	rise := math.Log2(n.Rise)
	above := 1 + n.usual.Above(mean+sampleOffset, rise, noiseSpreads)/rise
	return larger(figure, min(above, sigma/n.Least))
}

// Describe tells what the figure is.
func (*Noise) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames, Unit: "share", Summary: "The picture is noisy: %s of what is tolerated", Window: 2 * time.Second, Gap: time.Second,
		Parents: pictureParents,
	}
}

// Validate tells what is wrong with the options.
func (n *Noise) Validate() error {
	if err := notNegative("sigma", n.Sigma); err != nil {
		return err
	}
	if n.Rise != 0 && !(n.Rise > 1 && finite(n.Rise)) {
		return errNeither("rise", n.Rise)
	}
	if !(n.Least > 0 && finite(n.Least)) {
		return errPositive("least", n.Least)
	}
	return n.Options.Validate()
}

// noisy is the noise of a picture in octaves of levels, in 1/256: what Immerkaer's mask finds, but no more than the quietest cells differ from the
// picture before, of which the mean is 2/sqrt(pi) times its sigma.
func noisy(f *schemas.VideoFrame) (octaves int32, means bool) {
	if f.Detail == nil || f.Sampling == 0 || f.Grid == nil || f.Grid.Difference == nil {
		return 0, false
	}
	fine := fineNoise(f.Detail.Noise)
	// The quietest cells need not be looked at closer than whether they have as much.
	level := 0
	for level < len(quietNoise)-1 && quietNoise[level] < fine {
		level++
	}
	return min(fine, quietNoise[quiet(f.Grid.Difference, level)]), true
}

// quiet is the difference level that the quietest cells reach, at most so much.
func quiet(cells *[window.Cells / 2]byte, most int) int {
	level := most
	for level > 0 && window.NibblesBelow(cells, level) > quietCells {
		level--
	}
	return level
}

// quietNoise is the sigma, in octaves of levels, of noise that makes each level of the grid's differences, in 1/256: in the middle of the level's octave
// of 1/64 levels.
var quietNoise = func() (table [16]int32) {
	table[0] = -6 * 256
	for level := 1; level < len(table); level++ {
		table[level] = int32(256 * (float64(level) - 0.5 - 6 + math.Log2(math.Sqrt(math.Pi)/2)))
	}
	return table
}()

// fineNoise is a sigma in 1/256 level as octaves of levels, in 1/256, at least 1/64 level.
func fineNoise(sigma int32) int32 {
	if uint(sigma) < uint(len(fineNoises)) {
		return fineNoises[sigma]
	}
	return octavesOf(sigma)
}

func octavesOf(sigma int32) int32 { return int32(256 * (math.Log2(float64(max(sigma, 4))) - 8)) }

// fineNoises is fineNoise of what most pictures have: less than four levels.
var fineNoises = func() (table [1024]int32) {
	for sigma := range table {
		table[sigma] = octavesOf(int32(sigma))
	}
	return table
}()
