package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// corruptionSpan is how far back goes what a scene usually shows.
	corruptionSpan = 3 * time.Second
	// corruptionPictures is how many pictures damage is looked for in, and must be seen in, one after the other.
	corruptionPictures = 8
	// perOctave is how finely histograms tell logarithms apart, gridZero the level of a grid of no strength.
	perOctave, gridZero = 4, 16
)

// Corruption judges whether macroblocks are visibly damaged: pictures that lack what was lost on the way to us (part "in-band"), which the decoder
// knows, and pictures that were damaged before they were encoded (part "burned-in"), which only the pixels show. The figure is a score from 0 to
// 1, the least of the last eight pictures; in-band it is that of the model "corruption".
type Corruption struct {
	Options `yaml:",inline"`
	// Network has the edge's network say what was damaged before it was encoded, where it has been asked, besides the texture.
	Network bool `yaml:"network"`

	queue    `yaml:"-"`
	joining  joining
	sequence sequence
	// began is the time of the first picture without a break.
	began int64
	// last are the newest pictures, picture n at n modulo their number.
	last [corruptionPictures]symptom
	n    int
	// inBandScores and burnedInScores are theirs.
	inBandScores, burnedInScores [corruptionPictures]float64
	// rows and grid are of the scene.
	rows, grid window.Histogram
	// course is what the model's features are made of; features are those of the newest picture, nil where it is not tainted.
	course   course
	features []float64
	model    *model.Trees

	// seen is what the edge's network says, which knows more of burned-in damage than the scores do.
	seen glimpses

	inBand, burnedIn lasting
}

// symptom is what one picture shows.
type symptom struct {
	// Logarithms of VideoFrame's figures, and the grid's strength in log2.
	rows, moved, flat, grid float64
	// Excesses over what is usual.
	rowsGrown, gridGrown float64
	// low is the difference to the picture before.
	low int32
}

// NewCorruption is the rule with its documented defaults.
func NewCorruption() Rule {
	scene := window.Histogram{Span: corruptionSpan.Microseconds()}
	return &Corruption{
		Options: Options{
			// Of losses of 0.12 to 1 % of the packets, 23 of 24 are found in-band and 13 of 24 burned-in, and nothing else
			// (evaluate --kinds corruption --half all --clean 0).
			Raise: 0.75, Clear: 0.5,
			For: untilHeartbeat,
			// Damage that comes again with the next packets that are lost is one defect.
			KeepFiringFor: 5 * time.Second,
			Severity:      "warning", CriticalAfter: 10 * time.Second,
		},
		Network: true,
		rows:    scene, grid: scene, course: course{compared: never}, model: Shipped(corruptionModel), seen: newGlimpses(),
	}
}

// corruptionModel is the name of the model that scores the part in-band.
const corruptionModel = "corruption"

// ModelOf names the model of a part.
func (*Corruption) ModelOf(part string) string {
	if part == "in-band" {
		return corruptionModel
	}
	return ""
}

// Use takes the model of its part.
func (c *Corruption) Use(m *model.Trees) {
	if m.Name == corruptionModel {
		c.model = m
	}
}

// Heed takes which version of the edge's network counts.
func (c *Corruption) Heed(name string, version int64) {
	if name == DamageNetwork {
		c.seen.heeded = version
	}
}

// Features are those of the picture that was judged last, as the model scores them; nil where it does not. They are valid until the next.
func (c *Corruption) Features() []float64 { return c.features }

// Judge scores what the newest pictures show.
func (c *Corruption) Judge(r *Record) (Verdict, bool) {
	if r.StreamSecond != nil && c.joining.hear(r.Time, r.StreamSecond) {
		c.inBand, c.burnedIn = lasting{}, lasting{}
	}
	f := r.VideoFrame
	if f == nil {
		return Verdict{}, false
	}
	ours := c.joining.ours(r.Time, f)
	tainted := f.Decode != nil && f.Decode.Ancestors > 0
	from, to := r.Time-(corruptionPictures-1)*duration(f), r.Time+duration(f)
	inBand, burnedIn := Verdict{}.over(from, to), Verdict{}.over(from, to)
	if c.see(r.Time, f, tainted) {
		if !ours {
			inBand = c.verdict(lowest(&c.inBandScores)).over(from, to)
		}
		if !tainted {
			burnedIn = c.verdict(lowest(&c.burnedInScores)).over(from, to)
			if c.Network {
				burnedIn = c.seen.or(&c.Options, r.Time, to, burnedIn)
			}
		}
	}
	inBand, burnedIn = c.inBand.take(r.Time, inBand), c.burnedIn.take(r.Time, burnedIn)
	c.begin()
	c.say("in-band", inBand)
	c.say("burned-in", burnedIn)
	return c.More()
}

// Describe tells what the figure is.
func (*Corruption) Describe() Description {
	return Description{
		Version: 3, Records: VideoFrames | StreamSeconds, Unit: "", Summary: "Macroblocks are damaged, by a score of %s",
		Window: damageMemory + damageSpan + time.Second, Gap: time.Second, Parents: []string{"no_signal", "black", "flat_colour"},
	}
}

// see takes a picture, and tells whether enough have come one after the other to score it.
func (c *Corruption) see(t int64, f *schemas.VideoFrame, tainted bool) bool {
	if !c.sequence.follows(t, f, sequenceGap) || f.Macroblock == nil || f.Macroblock.DifferenceShare == nil || f.Block == nil || f.Difference == nil {
		c.began, c.n, c.features = t, 0, nil
		c.rows.Reset()
		c.grid.Reset()
		c.course.forget()
		c.seen.forget()
		return false
	}
	m := f.Macroblock
	now := symptom{
		rows: log1(m.RowStd), moved: log1(*m.DifferenceShare), flat: log1(m.Flat),
		grid: float64(max(f.Block.H8, f.Block.V8)) / 64, low: f.Difference.Low,
	}
	cut := c.cuts(now.low)
	if cut {
		c.rows.Reset()
		c.grid.Reset()
	}
	c.compare(t, &now)
	newest := c.n % corruptionPictures
	c.last[newest] = now
	c.n++
	c.inBandScores[newest], c.burnedInScores[newest] = 0, 0
	c.course.see(t, f, tainted)
	if c.features = nil; tainted {
		c.features = c.course.describe(t, f)
		c.inBandScores[newest] = c.model.Figure(c.features)
	} else if score := c.burnedInScore(&now); score > 0 && !drowned(f) {
		c.burnedInScores[newest] = score
	}
	c.seen.follow(t, now.rows, tainted || cut)
	if !tainted && !cut && wasSeen(f) && !drowned(f) {
		shown := c.symptoms(&now)
		c.seen.take(t, f.Sampled, &shown)
	}
	return t-c.began >= (corruptionSpan+time.Second).Microseconds() && c.n >= 2*corruptionPictures
}

// drowned tells that a picture is noisy all over, more than any programme (Noise.Sigma): its blocks look damaged everywhere.
func drowned(f *schemas.VideoFrame) bool {
	octaves, means := noisy(f)
	return means && octaves >= drowning
}

// drowning is a sigma of 4.5 levels, in octaves of levels, in 1/256.
var drowning = octavesOf(4.5 * 256)

// compare sets the excesses of a picture over what is usual, and keeps it for others.
func (c *Corruption) compare(t int64, now *symptom) {
	c.rows.Add(t, int(perOctave*now.rows))
	c.grid.Add(t, int(math.Floor(perOctave*2*now.grid))+gridZero)
	now.rowsGrown = now.rows - centre(c.rows.At(0.3), perOctave)
	now.gridGrown = now.grid - centre(c.grid.At(0.3)-gridZero, 2*perOctave)
}

// cuts tells whether a picture that differs so much from the one before begins another scene.
func (c *Corruption) cuts(low int32) bool {
	first, second := int32(0), int32(0)
	if low <= 20_000 {
		return false
	}
	for i := range c.last[:min(c.n, corruptionPictures)] {
		switch s := &c.last[i]; {
		case s.low > first:
			first, second = s.low, first
		case s.low > second:
			second = s.low
		}
	}
	return low/4 > second
}

// burnedInScore is that of the newest picture, by what the last ones show together.
func (c *Corruption) burnedInScore(newest *symptom) float64 {
	s := c.symptoms(newest)
	if !s.grow() {
		return 0
	}
	return s.burnedIn()
}

// symptoms are what the last pictures show together, up to the newest.
func (c *Corruption) symptoms(newest *symptom) symptoms {
	last := c.last[:min(c.n, corruptionPictures)]
	s, n := symptoms{usualRows: newest.rows - newest.rowsGrown}, float64(len(last))
	for i := range last {
		p := &last[i]
		raise(&s.rowsGrown, p.rowsGrown)
		raise(&s.gridGrown, p.gridGrown)
		s.moved, s.grid, s.flat = s.moved+p.moved/n, s.grid+p.grid/n, s.flat+p.flat/n
	}
	return s
}

// raise lifts most to x where x is more.
func raise(most *float64, x float64) {
	if x > *most {
		*most = x
	}
}

// lowest of the newest pictures' scores.
func lowest(scores *[corruptionPictures]float64) float64 {
	low := 1.0
	for _, score := range scores {
		if score < low {
			low = score
		}
	}
	return low
}

// centre of a histogram's level of which there are so many to one.
func centre(level, toOne int) float64 { return (float64(level) + 0.5) / float64(toOne) }

// log1 is the logarithm to base 2 of one more than a figure, from 0.
func log1(x int32) float64 {
	if uint(x) < uint(len(logs)) {
		return logs[x]
	}
	return math.Log2(1 + float64(max(x, 0)))
}

// logs is log1 of what most figures are.
var logs = func() (table [1024]float64) {
	for x := range table {
		table[x] = math.Log2(1 + float64(x))
	}
	return table
}()
