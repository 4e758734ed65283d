package rule

import (
	"math"
	"time"

	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// corruptionSpan is how far back goes what a scene usually shows, corruptionMemory what pictures without taint do.
	corruptionSpan, corruptionMemory = 3 * time.Second, 10 * time.Second
	// corruptionPictures is how many pictures damage is looked for in, and must be seen in, one after the other.
	corruptionPictures = 8
	// fewestClean are the pictures without taint that tell what those with it are compared with.
	fewestClean = 12
	// perOctave is how finely histograms tell logarithms apart, gridZero the level of a grid of no strength.
	perOctave, gridZero = 4, 16
)

// Corruption judges whether macroblocks are visibly damaged: pictures that lack what was lost on the way to us (part "in-band"), which the decoder
// knows, and pictures that were damaged before they were encoded (part "burned-in"), which only the pixels show. The figure is a score from 0 to
// 1, the least of the last eight pictures.
type Corruption struct {
	Options `yaml:",inline"`

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
	// rows and grid are of the scene, cleanRows and cleanEdges of pictures without taint.
	rows, grid, cleanRows, cleanEdges window.Histogram

	inBand, burnedIn lasting
}

// symptom is what one picture shows.
type symptom struct {
	// Logarithms of VideoFrame's figures, and the grid's strength in log2.
	rows, edges, moved, flat, grid float64
	// Excesses over what is usual.
	grown, rowsGrown, gridGrown float64
	// low is the difference to the picture before.
	low int32
}

// NewCorruption is the rule with its documented defaults.
func NewCorruption() Rule {
	scene, clean := window.Histogram{Span: corruptionSpan.Microseconds()}, window.Histogram{Span: corruptionMemory.Microseconds()}
	return &Corruption{
		Options: Options{
			// Of losses of 0.12 to 1 % of the packets, 18 of 24 are found in-band and 2 of 24 burned-in, and nothing else
			// (evaluate --kinds corruption --half all --clean 0).
			Raise: 0.75, Clear: 0.5,
			For: untilHeartbeat,
			// Damage that comes again with the next packets that are lost is one defect.
			KeepFiringFor: 5 * time.Second,
			Severity:      "warning", CriticalAfter: 10 * time.Second,
		},
		rows: scene, grid: scene, cleanRows: clean, cleanEdges: clean,
	}
}

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
	inBand, burnedIn := Verdict{}, Verdict{}
	if c.see(r.Time, f, tainted) {
		if !ours {
			inBand = c.verdict(lowest(&c.inBandScores))
		}
		if !tainted {
			burnedIn = c.verdict(lowest(&c.burnedInScores))
		}
	}
	from, to := r.Time-(corruptionPictures-1)*duration(f), r.Time+duration(f)
	inBand, burnedIn = c.inBand.take(r.Time, inBand.over(from, to)), c.burnedIn.take(r.Time, burnedIn.over(from, to))
	c.begin()
	c.say("in-band", inBand)
	c.say("burned-in", burnedIn)
	return c.More()
}

// Describe tells what the figure is.
func (*Corruption) Describe() Description {
	return Description{
		Version: 1, Records: VideoFrames | StreamSeconds, Unit: "", Summary: "Macroblocks are damaged, by a score of %s",
		Window: corruptionMemory + time.Second, Gap: time.Second, Parents: []string{"no_signal", "black", "flat_colour"},
	}
}

// see takes a picture, and tells whether enough have come one after the other to score it.
func (c *Corruption) see(t int64, f *schemas.VideoFrame, tainted bool) bool {
	if !c.sequence.follows(t, f, sequenceGap) || f.Macroblock == nil || f.Macroblock.DifferenceShare == nil || f.Block == nil || f.Difference == nil {
		c.began, c.n = t, 0
		for _, h := range []*window.Histogram{&c.rows, &c.grid, &c.cleanRows, &c.cleanEdges} {
			h.Reset()
		}
		return false
	}
	m := f.Macroblock
	now := symptom{
		rows: log1(m.RowStd), edges: log1(m.EdgeShare), moved: log1(*m.DifferenceShare), flat: log1(m.Flat),
		grid: float64(max(f.Block.H8, f.Block.V8)) / 64, low: f.Difference.Low,
	}
	if c.cuts(now.low) {
		c.rows.Reset()
		c.grid.Reset()
	}
	c.compare(t, &now, tainted)
	newest := c.n % corruptionPictures
	c.last[newest] = now
	c.n++
	c.inBandScores[newest], c.burnedInScores[newest] = c.scores(f, &now, tainted)
	return t-c.began >= (corruptionSpan+time.Second).Microseconds() && c.n >= 2*corruptionPictures
}

// compare sets the excesses of a picture over what is usual, and keeps it for others.
func (c *Corruption) compare(t int64, now *symptom, tainted bool) {
	rows, edges := int(perOctave*now.rows), int(perOctave*now.edges)
	c.rows.Add(t, rows)
	c.grid.Add(t, int(math.Floor(perOctave*2*now.grid))+gridZero)
	now.rowsGrown = now.rows - centre(c.rows.At(0.3), perOctave)
	now.gridGrown = now.grid - centre(c.grid.At(0.3)-gridZero, 2*perOctave)
	c.cleanRows.Advance(t)
	c.cleanEdges.Advance(t)
	switch {
	case !tainted:
		c.cleanRows.Add(t, rows)
		c.cleanEdges.Add(t, edges)
	case c.cleanRows.Len() < fewestClean:
		now.grown = visible // nothing is left to compare with
	default:
		now.grown = max(now.rows-centre(c.cleanRows.At(0.5), perOctave), now.edges-centre(c.cleanEdges.At(0.5), perOctave))
	}
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

// scores are those of the newest picture, by what the last ones show together.
func (c *Corruption) scores(f *schemas.VideoFrame, newest *symptom, tainted bool) (inBand, burnedIn float64) {
	last := c.last[:min(c.n, corruptionPictures)]
	s := symptoms{rows: newest.rows, usualRows: newest.rows - newest.rowsGrown}
	for i := range last {
		raise(&s.grown, last[i].grown)
		raise(&s.rowsGrown, last[i].rowsGrown)
		raise(&s.gridGrown, last[i].gridGrown)
	}
	if tainted {
		s.packets = log1(f.Decode.Ancestors)
		return s.inBand(), 0
	}
	if !s.grow() {
		return 0, 0
	}
	n := float64(len(last))
	for i := range last {
		p := &last[i]
		s.moved, s.grid, s.flat = s.moved+p.moved/n, s.grid+p.grid/n, s.flat+p.flat/n
	}
	return 0, s.burnedIn()
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
