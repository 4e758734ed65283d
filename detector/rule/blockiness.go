package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// Blockiness judges whether the picture was coded so coarsely that the coder's blocks are seen: by the grid of 8 that they leave, which is seen as well
// in what was coded again, and by the quantiser, where the decoder tells it, for as long as Cut; or by the fine detail that a coarser quantiser takes from one
// picture to the next within a scene, for as long as that lasts but at most 12 s. A coder that smooths its grid over, as HEVC's does, is found only by that.
type Blockiness struct {
	Options `yaml:",inline"`
	// Grid is the strength of the grid of 8, in octaves of the steps between lines, in the direction where it is weaker; 0: not judged.
	Grid float64 `yaml:"grid"`
	// Growth is by how many octaves that may be more than usual, from half of Grid on; 0: what is usual does not count.
	Growth float64 `yaml:"growth"`
	// QP is the mean luma quantiser of H.264, at 8 bits; 0: not judged.
	QP float64 `yaml:"qp"`
	// Cut is for how long that must be so, longer than a coder is short of bits at a cut; at most 14 s.
	Cut time.Duration `yaml:"cut"`

	relative `yaml:"-"`
	held     repeated
	// bits is the depth of the pictures as the Inventory of that time told it; 0: not known yet.
	bits     int32
	told     int64
	grid, qp perSecond
	coarse   lastingSeconds
	lost     detailLoss
}

const (
	// blockFlat is the share of flat macroblocks, in 1/4096, from which on lines on the grid are as likely drawn: graphics, cartoons, titles.
	blockFlat = 4096 * 3 / 10
	// blockSpreads is how many of its spreads a stream's grid must be above its level where that is more than Growth.
	blockSpreads = 3
	// depthHolds is for how long an Inventory tells the depth: they come every ten seconds.
	depthHolds = inventoryEvery + 2*time.Second
	// qpStep is by how much the quantiser must grow for its step to double.
	qpStep = 6
)

// NewBlockiness is the rule with its documented defaults.
func NewBlockiness() Rule {
	return &Blockiness{Options: Options{
		// By Grid, Growth or QP, or at once.
		Raise: 1, Clear: 0.9,
		For: 2 * time.Second, KeepFiringFor: 5 * time.Second,
		Severity: "warning",
	},
		// Coders are short of bits for a moment at each cut.
		Cut: 8 * time.Second,
		// Natural clips have 0.4 at most, MPEG-2 at its coarsest quantiser 0.5 to 3.3, H.264 at a QP of 47 0.2 to 0.9.
		Grid: 0.8, Growth: 0.35,
		// The coarsest of the sound clips has 38.
		QP: 41}
}

// Judge compares the grid and the quantiser, second by second.
func (b *Blockiness) Judge(r *Record) (Verdict, bool) {
	if r.Inventory != nil {
		b.learn(r.Time, r.Inventory)
	}
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	b.lost.see(r, math.NaN())
	strength, means := gridded(f)
	grid, _ := b.grid.add(r, strength, means, true)
	quantiser, coded := b.quantiser(r.Time, f)
	qp, told := b.qp.add(r, quantiser, coded, true)
	if !told {
		return b.held.take(r.Time, Verdict{}, false), true
	}
	v, grid := b.coarse.take(&b.Options, b.qp.before(b.verdict(b.figure(grid, qp))), grid, b.Cut)
	b.sample(grid)
	return b.held.take(r.Time, b.lost.or(&b.Options, v, true), true), true
}

// figure is 1 where one of them is at what is tolerated; no number where nothing is known.
func (b *Blockiness) figure(grid, qp float64) float64 {
	figure := b.grown(grid, b.Grid, b.Growth, blockSpreads)
	if b.QP > 0 {
		figure = larger(figure, 1+(qp-b.QP)/qpStep)
	}
	return figure
}

// Describe tells what the figure is.
func (*Blockiness) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames | Inventories, Unit: "share", Summary: "Coding blocks are seen: %s of what is tolerated", Window: MaxWindow, Gap: time.Second,
		// A picture that moves seldom may be of one kind with its blocks: where a quantiser takes all movement.
		Parents: pictureParents[:len(pictureParents)-1],
	}
}

// Validate tells what is wrong with the options.
func (b *Blockiness) Validate() error {
	for _, o := range []struct {
		name  string
		value float64
	}{{"grid", b.Grid}, {"growth", b.Growth}, {"qp", b.QP}} {
		if err := notNegative(o.name, o.value); err != nil {
			return err
		}
	}
	if err := fewSeconds("cut", b.Cut); err != nil {
		return err
	}
	return b.Options.Validate()
}

// learn takes the depth of the first track of pictures.
func (b *Blockiness) learn(t int64, i *schemas.Inventory) {
	for _, track := range i.Tracks {
		if track.Video != nil {
			b.bits, b.told = track.Video.Depth, t
			return
		}
	}
}

// quantiser is that of a picture as it would be at 8 bits, in 1/256.
func (b *Blockiness) quantiser(t int64, f *schemas.VideoFrame) (qp int32, means bool) {
	if t-b.told > depthHolds.Microseconds() || f.Decode == nil || f.Decode.QPMean == nil || f.Sampling == 0 || b.bits < 8 || b.bits > 16 {
		return 0, false
	}
	return (min(max(*f.Decode.QPMean, 0), 127) - qpStep*(b.bits-8)) * 256, true
}

// gridded is the strength of the grid in the direction where it is weaker, in 1/256 octave.
func gridded(f *schemas.VideoFrame) (strength int32, means bool) {
	if f.Block == nil || f.Macroblock == nil || f.Sampling == 0 || f.Macroblock.Flat >= blockFlat {
		return 0, false
	}
	return 4 * min(f.Block.H8, f.Block.V8), true
}
