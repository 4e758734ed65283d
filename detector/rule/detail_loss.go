package rule

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"time"
)

const (
	// A loss shows in lossPictures: lossBefore of them have the detail that lossAfter have not any more; those between may fall bit by bit, as what is
	// predicted from sharp pictures does.
	lossBefore, lossAfter, lossPictures = 6, 4, 14
	// lossMemory is how long a loss counts, in which a scene is over or has come to look like that; lossMost how many do.
	lossMemory = 12 * time.Second
	lossMost   = 4
	// lossSteep is the share of a loss that comes within two pictures: what a camera loses it loses bit by bit.
	lossSteep = 0.6
	// A loss lasts while softness is as much as a lossLasts of its growth above what it was.
	lossLasts = 4
	// lossStart is how long a coder may take to find its way when it begins.
	lossStart = 1500 * time.Millisecond
	// Something comes in between where a picture differs from the one before by twice as much as the lossNear before it do and more than lossOther (of
	// difference.low, 1.5 levels); something else is shown where it differs by more than otherLow, 15 levels, or in more than cut bits of the hash.
	lossNear, lossOther, otherLow = 8, 6000, 60_000
)

// lossNoise is the sigma of noise, 2.5 levels, of which the end is no loss, nor what a coder still keeps of it for lossAftermath; sound clips have 2.3 at most.
const lossNoise, lossAftermath = 640, 2 * time.Second

// Least changes for a loss, in 1/256 octave but for the share of the grid's cells that are nearly still, in 144ths. Of the clips named a to m, sound ones keep
// away from both kinds: the Laplacian falls at once by 0.83 where softness grows by 0.15, or softness grows by 0.31 where the Laplacian falls by 0.27; and
// their score is 3.7 at most where more cells come to stand still.
const (
	// By a blur the variance of the Laplacian falls by blurFine and softness grows by blurSoft between any two pictures. Its deviation falls more than the noise
	// does, by 0.12 at least, and macroblocks do not turn flat: what is weak is taken by a quantiser.
	blurFine, blurSoft = 128, 72
	// It moves nothing: pictures differ by as much as before, up to a tenth more and blurLow of difference.low, half a level. What begins to move loses detail too.
	blurEdges, blurFlat, blurLow = -8, 256, 2000
	// By a quantiser the means of pictures change so, more cells stand still, as fewer changes are worth a bit, and borders of macroblocks are not lost. The
	// score adds up by how much, in units of these that count up to scoreMost each: the grid of 8, borders, the Laplacian, still cells.
	coarseFine, coarseSoft, coarseStill, coarseBorders        = 77, 26, 11, -128
	scoreGrid, scoreBorders, scoreFine, scoreStill, scoreMost = 26, 256, 102, 14, 3
	coarseScore                                               = 5
	// Or, where more moves than can come to stand still, pictures change so: they differ less from each other by coarseMoved, and more than fine detail would have it,
	// and borders fall by no more than coarseKept of what the Laplacian does.
	coarseLost, coarseMoved, coarseMore, coarseKept = 90, 102, 0.8, 0.25
	// movedUnit is a 32nd of a level of difference.previous.
	movedUnit = 128
	// coarseLevel is that of grid.difference below which a cell is nearly still: an eighth of a level.
	coarseLevel = 4
)

// detailLoss tells when pictures lose fine detail from one to the next, within a scene in which nothing else happens: scalers and coders begin to do
// worse at once, cameras take longer, and programmes show something else.
type detailLoss struct {
	sequence sequence
	// seen are the newest pictures of what is shown, picture n at n modulo their number, lows their differences.
	seen [lossPictures]detail
	lows [lossNear]int32
	n    int
	hash uint64
	// losses are those that stand, the newest last.
	losses []loss
	// began is when the first picture came that others follow.
	began int64
	// noisy is when the newest picture came with noise.
	noisy int64
}

// detail of one picture, in VideoFrame's units; soft and still as in picture, low is
// difference.low, moved is difference.previous.
type detail struct{ fine, soft, noise, flat, borders, grid, still, low, moved int32 }

// loss is one of detail: at a time, from a softness, to one that must not fall below least for the loss to last. Coarse says that a quantiser made it.
type loss struct {
	at          int64
	from, least int32
	coarse      bool
}

// see takes a picture. Usual is the softness, in octaves, of what the stream shows; no number: not known.
func (l *detailLoss) see(r *Record, usual float64) {
	f := r.VideoFrame
	follows := l.sequence.follows(r.Time, f, sequenceGap)
	if !follows {
		l.began = r.Time
	}
	p := r.seen()
	if !p.means || f.Difference == nil || f.Macroblock == nil || f.Hash == nil || f.Block == nil || f.Grid == nil || f.Grid.Difference == nil {
		l.forget()
		return
	}
	hash := binary.BigEndian.Uint64(f.Hash.Perceptual[:])
	switch {
	case !follows && whole(f):
		l.forget()
	case l.n > 0 && (f.Difference.Low > otherLow || bits.OnesCount64(hash^l.hash) > cut):
		l.other(usual)
	case !follows || l.n > 0 && l.differs(f.Difference.Low):
		l.n = 0
	}
	l.hash, l.lows[l.n%lossNear] = hash, f.Difference.Low
	l.seen[l.n%lossPictures] = detail{f.Detail.LaplacianFull, p.softness, f.Detail.Noise, f.Macroblock.Flat,
		f.Macroblock.EdgeShare, min(f.Block.H8, f.Block.V8), p.still, f.Difference.Low, f.Difference.Previous}
	l.n++
	l.last(r.Time)
	if f.Detail.Noise > lossNoise {
		l.noisy = r.Time
	}
	if l.n < lossPictures || r.Time-l.began < lossStart.Microseconds() || l.noisy > l.began && r.Time-l.noisy < lossAftermath.Microseconds() {
		return
	}
	if found, ok := l.change(); ok {
		l.add(found, r.Time, duration(f))
	}
}

// add takes a loss that the newest picture shows, unless it is a known one. A blur that is under way shows what a quantiser does: of both it is the blur.
func (l *detailLoss) add(found loss, t, picture int64) {
	recent := t - 2*lossPictures*picture
	if found.coarse {
		if slices.ContainsFunc(l.losses, func(x loss) bool { return !x.coarse && x.at >= recent }) {
			return
		}
	} else {
		l.losses = slices.DeleteFunc(l.losses, func(x loss) bool { return x.coarse && x.at >= recent })
	}
	if l.known(found, t-lossPictures*picture) {
		return
	}
	found.at = t - (lossAfter-1)*picture
	if len(l.losses) == lossMost {
		l.losses = l.losses[:copy(l.losses, l.losses[1:])]
	}
	l.losses = append(l.losses, found)
}

// forget forgets what is shown.
func (l *detailLoss) forget() { l.n, l.losses = 0, l.losses[:0] }

// other begins something else. A loss lasts if that is no sharper than usual either.
func (l *detailLoss) other(usual float64) {
	l.n = 0
	if math.IsNaN(usual) {
		l.losses = l.losses[:0]
	}
	for i := range l.losses {
		l.losses[i].least = int32(256 * usual)
		l.losses[i].from = l.losses[i].least
	}
}

// differs tells whether something comes between a picture and those before: the picture differs from the one before by more than they do. So do key pictures,
// coarsely coded.
func (l *detailLoss) differs(low int32) bool {
	most := int32(0)
	for _, near := range l.lows[:min(l.n, lossNear)] {
		most = max(most, near)
	}
	return low > 2*most+lossOther
}

// last drops the losses that are over at t.
func (l *detailLoss) last(t int64) {
	if len(l.losses) == 0 || l.n < lossAfter {
		return
	}
	now, kept := l.softness(lossAfter), l.losses[:0]
	for _, x := range l.losses {
		if t-x.at <= lossMemory.Microseconds() && now >= x.least {
			kept = append(kept, x)
		}
	}
	l.losses = kept
}

// known tells whether a loss is one that has been seen since a time.
func (l *detailLoss) known(x loss, since int64) bool {
	return slices.ContainsFunc(l.losses, func(y loss) bool { return y.coarse == x.coarse && y.at >= since })
}

// softness is the mean of the newest pictures, of which there are so many.
func (l *detailLoss) softness(pictures int) (mean int32) {
	pictures = min(pictures, l.n)
	for i := range pictures {
		mean += l.seen[(l.n-1-i)%lossPictures].soft
	}
	return mean / int32(pictures)
}

// change tells whether the newest pictures show a loss.
func (l *detailLoss) change() (x loss, ok bool) {
	oldest, newest := &l.seen[l.n%lossPictures], &l.seen[(l.n-1)%lossPictures]
	if oldest.fine-newest.fine < coarseFine/2 || newest.soft-oldest.soft < coarseSoft/2 {
		return x, false // as nearly all
	}
	before, between, after := l.commons(0, lossBefore), l.commons(lossBefore, lossPictures-lossAfter-lossBefore), l.commons(lossPictures-lossAfter, lossAfter)
	change := after.mean.less(before.mean)
	if l.steepest() < -change.fine*lossSteep {
		return x, false
	}
	x.from, x.coarse = int32(before.mean.soft), change.quantised()
	x.least = x.from + int32(change.soft/lossLasts)
	evenly := max(between.lowMost, after.lowMost) <= before.lowMost+before.lowMost/10+blurLow
	blurred := evenly && before.fineLeast-after.fineMost >= blurFine && after.softLeast-before.softMost >= blurSoft && change.fine/2-change.noise <= blurEdges && change.flat < blurFlat
	x.coarse = x.coarse && !blurred
	return x, x.coarse || blurred
}

// steepest is the largest fall of the Laplacian over two pictures.
func (l *detailLoss) steepest() (fall float64) {
	for i := range lossPictures - 2 {
		fall = max(fall, float64(l.seen[(l.n+i)%lossPictures].fine-l.seen[(l.n+i+2)%lossPictures].fine))
	}
	return fall
}

// averages are figures of pictures in 1/256 octave, still as in detail.
type averages struct{ fine, soft, noise, flat, borders, grid, still, moved float64 }

func (a averages) less(b averages) averages {
	return averages{a.fine - b.fine, a.soft - b.soft, a.noise - b.noise, a.flat - b.flat, a.borders - b.borders, a.grid - b.grid, a.still - b.still, a.moved - b.moved}
}

// quantised tells whether a change is that of a coarser quantiser.
func (c averages) quantised() bool {
	if c.fine > -coarseFine || c.soft < coarseSoft {
		return false
	}
	if c.fine <= -coarseLost && c.moved <= min(c.fine*coarseMore, -coarseMoved) && c.borders >= c.fine*coarseKept {
		return true
	}
	if c.still < coarseStill || c.borders < coarseBorders && c.flat < blurFlat {
		return false
	}
	return within(c.grid/scoreGrid)+within(c.borders/scoreBorders)+within(-c.fine/scoreFine)+within(c.still/scoreStill) >= coarseScore
}

// within is what a figure adds to the score.
func within(x float64) float64 { return min(max(x, 0), scoreMost) }

// commons are what pictures have in common: bounds, and means.
type commons struct {
	fineLeast, fineMost, softLeast, softMost, lowMost int32
	mean                                              averages
}

// commons of so many pictures from one on, 0 being the oldest.
func (l *detailLoss) commons(from, pictures int) commons {
	s := commons{fineLeast: math.MaxInt32, fineMost: math.MinInt32, softLeast: math.MaxInt32, softMost: math.MinInt32}
	n := float64(pictures)
	for i := range pictures {
		d := &l.seen[(l.n+from+i)%lossPictures]
		s.fineLeast, s.fineMost = min(s.fineLeast, d.fine), max(s.fineMost, d.fine)
		s.softLeast, s.softMost = min(s.softLeast, d.soft), max(s.softMost, d.soft)
		s.lowMost = max(s.lowMost, d.low)
		m := &s.mean
		m.fine, m.soft, m.noise = m.fine+float64(d.fine)/n, m.soft+float64(d.soft)/n, m.noise+float64(fineNoise(d.noise))/n
		m.flat, m.borders = m.flat+256*log1(d.flat)/n, m.borders+256*log1(d.borders)/n
		m.grid, m.still, m.moved = m.grid+4*float64(d.grid)/n, m.still+float64(d.still)/n, m.moved+256*log1(d.moved/movedUnit)/n
	}
	return s
}

// now is how many times blurSoft softness is above that before the greatest loss that stands, at least 1, and since when; 0: none stands.
func (l *detailLoss) now(coarse bool) (figure float64, since int64) {
	for _, x := range l.losses {
		if by := max(1, float64(l.softness(lossAfter)-x.from)/blurSoft); x.coarse == coarse && by > figure {
			figure, since = by, x.at
		}
	}
	return figure, since
}

// or is a verdict on a second, or that on a loss which stands.
func (l *detailLoss) or(o *Options, v Verdict, coarse bool) Verdict {
	now, since := l.now(coarse)
	if now == 0 || now < o.Raise {
		return v
	}
	if v.State == Bad {
		since = min(since, v.From)
	}
	return o.verdict(max(now, v.Value)).over(since, v.To)
}
