package rule

import (
	"slices"
	"time"

	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/schemas"
)

// Features of damage are versioned: what is told here of a picture may change only with damageVersion, since models are made for it.
const damageVersion = 2

const (
	// damageSpan is how far back go the pictures that tell what is usual, damageMemory how old they may be.
	damageSpan, damageMemory = 3 * time.Second, 10 * time.Second
	// damageLately is how many pictures are looked back on as one stretch of damage.
	damageLately = 32
	// usualPictures bounds those that tell what is usual; of more than 33 a second some are left out.
	usualPictures = 100
	// damageSince is how many pictures back a hit is told.
	damageSince = 125
	usualStep   = 30 * time.Millisecond
	// damageHits bounds the pictures with damage of their own that are remembered.
	damageHits = 16
	// steadily is how many pictures damage that stays is seen in.
	steadily = 4
	// usualCells bounds the pictures without taint of which each cell's differences are kept.
	usualCells = 8
	// fewestUsual are the pictures without taint that what tainted ones show is compared with.
	fewestUsual = 12
)

// Looks are figures of VideoFrame that say what a picture looks like.
const (
	rowStd = iota
	rowMax
	edgeShare
	edgeMax
	movedShare
	movedMax
	flatShare
	concealmentColour
	grid8
	grid16
	laplacianFull
	laplacianHalf
	noiseSigma
	lowDifference
	difference
	temporal
	looks
)

// lookNames are the names of looks in the features.
var lookNames = [looks]string{"row_std", "row_max", "edge_share", "edge_max", "difference_share", "difference_max", "flat", "concealment_colour",
	"grid8", "grid16", "laplacian_full", "laplacian_half", "noise", "difference_low", "difference", "ti"}

// Looks of which the largest excess, and the mean excess, over what is usual are features.
var (
	peaking   = [...]int{rowStd, rowMax, edgeShare, edgeMax, movedShare, movedMax, concealmentColour, grid8, laplacianFull, lowDifference}
	averaging = [...]int{rowStd, edgeShare, movedShare, laplacianFull, laplacianHalf, lowDifference}
	lingering = [...]int{rowStd, edgeShare, movedShare, movedMax}
	// staying are those of which the least excess in the last pictures is one, and preceding those of which that of the picture before is.
	staying   = [...]int{rowStd, edgeShare}
	preceding = [...]int{rowStd, edgeShare, movedShare}
	// changing are those of which the largest excess in the last 8 and in the last 32 pictures is one, ordinary those of which the median is.
	changing = [...]int{difference, temporal}
	ordinary = [...]int{rowStd, edgeShare, movedShare, laplacianHalf, difference, temporal}
)

// Signs are energies, in squared 1/64 levels, that a tainted picture has and that pictures without taint have not.
const (
	// jump is the square of ti less that of the usual one.
	jump = iota
	// cells is how many cells of the grid differ from the picture before by more than they did in any of the last pictures without taint, and
	// cellEnergy what they differ by, over the whole picture.
	cells
	cellEnergy
	signs
)

var signNames = [signs]string{"jump", "cells", "cell_energy"}

// passingNames are the features of what lasts longer: macroblocks concealed times what pictures usually change by, how far the cells are from those of the last
// picture without taint, on the whole and at most, and how long ago that was.
var passingNames = [...]string{"hits_frozen", "away", "away_most", "tainted_for"}

// hitNames are the features of the pictures with damage of their own since the last picture without taint: of references (no B pictures), and others.
var hitNames = [...]string{"hits", "hits_b", "hit_concealed", "hit_concealed_max", "hit_errors", "hit_lost", "hit_moved_max", "since_reference_hit",
	"last_hit_moved", "last_hit_moved_next", "last_hit_edges", "last_hit_rows", "last_hit_concealed", "own"}

// decoderNames are the features that the decoder tells.
var decoderNames = [...]string{"ancestors", "concealed", "concealed_max8", "concealed_sum32", "errors", "errors_sum8", "errors_sum32", "lost_sum32", "flagged_sum32",
	"tainted_of_32", "since_hit", "since_idr", "picture_type", "qp", "packet_size", "usual_known"}

// DamageFeatures are what models of visible damage score, of a picture that is tainted:
//
//   - look_X: X of VideoFrame; shares and levels as log2(1 + x), grids and Laplacians in log2.
//   - over_X: its excess over the median of up to 3 s of the last pictures without taint, which is 0 where there are none of the last 10 s.
//   - peak_X and mean_X: the largest and the mean excess in the last 8 pictures; long_X: the largest in the last 32.
//   - what the decoder says of it, and of the last 8 and 32; counts as log2(1 + x).
//   - usual_X: that median.
//   - jump, cells and cell_energy are told at signs, of it (look_), the largest of the last 8 (peak_) and 32 (long_), of the last hit, and the sum over hits; away is how
//     far cells are from those of the last picture without taint, tainted_for the time since; in log2(1 + x).
var DamageFeatures = model.Features{Version: damageVersion, Names: damageNames()}

func damageNames() (names []string) {
	for _, name := range lookNames {
		names = append(names, "look_"+name)
	}
	for _, name := range lookNames {
		names = append(names, "over_"+name)
	}
	for _, look := range peaking {
		names = append(names, "peak_"+lookNames[look])
	}
	for _, look := range averaging {
		names = append(names, "mean_"+lookNames[look])
	}
	for _, look := range lingering {
		names = append(names, "long_"+lookNames[look])
	}
	for _, look := range staying {
		names = append(names, "least_"+lookNames[look])
	}
	for _, look := range preceding {
		names = append(names, "before_"+lookNames[look])
	}
	names = append(append(names, decoderNames[:]...), hitNames[:]...)
	for _, look := range changing {
		names = append(names, "peak_"+lookNames[look], "long_"+lookNames[look])
	}
	for _, look := range ordinary {
		names = append(names, "usual_"+lookNames[look])
	}
	for _, sign := range signNames {
		names = append(names, "look_"+sign, "peak_"+sign, "long_"+sign, "hits_"+sign, "last_hit_"+sign)
	}
	return append(names, passingNames[:]...)
}

// damageFeatures is how many there are.
const damageFeatures = 2*looks + len(peaking) + len(averaging) + len(lingering) + len(staying) + len(preceding) + len(decoderNames) + len(hitNames) +
	2*len(changing) + len(ordinary) + 5*signs + len(passingNames)

// sighting is what one picture shows, and what the decoder says of it.
type sighting struct {
	time    int64
	figures [looks]int32
	// concealed macroblocks, errors, lost reference pictures.
	concealed, errors, lost int32
	// tainted, hit: with a damaged packet more than the picture before; flagged by the decoder.
	tainted, hit, flagged bool
	signs                 [signs]float64
}

// course keeps what the last pictures show, and makes the features of it. Nothing of it is older than damageMemory and damageSpan.
type course struct {
	// lately are the newest pictures, picture n at n modulo their number.
	lately [damageLately]sighting
	n      int
	// usual are the figures of pictures without taint, picture m at m modulo their number.
	usual [usualPictures]usualLook
	m     int
	// grids are of the newest of them, picture m at m modulo their number; most is the largest difference of each cell, as it is coded.
	grids [usualCells]usualGrid
	most  [len(schemas.Grid{}.Mean)]byte
	// hits are the newest pictures with damage of their own, hit h at h modulo their number.
	hits [damageHits]hit
	h    int
	// ancestors of the picture before.
	ancestors int32
	// medians of the usual ones, in the units of the features, at the time of the newest of them; counted of so many.
	medians [looks]float64
	at      int64
	known   bool
	// compared is when they were made.
	compared int64
	features [damageFeatures]float64
}

// hit is a picture with damage of its own.
type hit struct {
	time int64
	// n is the picture's number.
	n                       int
	reference               bool
	concealed, errors, lost int32
	// moved, edges and rows are its looks, next that of moved of the picture after it.
	moved, next, edges, rows int32
	// signs are the largest of the pictures that are shown just before it, which may hang on it, and its own.
	signs [signs]float64
}

// usualLook is what one picture without taint shows.
type usualLook struct {
	time    int64
	figures [looks]int32
}

// usualGrid is what its cells show.
type usualGrid struct {
	mean       [len(schemas.Grid{}.Mean)]byte
	difference [len(schemas.Grid{}.Mean) / 2]byte
	known      bool
}

// forget begins anew.
func (d *course) forget() {
	d.n, d.m, d.h, d.known, d.ancestors, d.compared = 0, 0, 0, false, 0, never
}

// see takes the next picture. It has the groups macroblock, with its difference, block and difference.
func (d *course) see(t int64, f *schemas.VideoFrame, tainted bool) {
	l := &d.lately[d.n%damageLately]
	d.n++
	*l = sighting{time: t, tainted: tainted}
	m := f.Macroblock
	l.figures = [looks]int32{
		rowStd: m.RowStd, rowMax: m.RowMax, edgeShare: m.EdgeShare, edgeMax: m.EdgeMax, movedShare: *m.DifferenceShare, flatShare: m.Flat,
		concealmentColour: m.ConcealmentColour, grid8: max(f.Block.H8, f.Block.V8), grid16: max(f.Block.H16, f.Block.V16),
		lowDifference: f.Difference.Low, difference: f.Difference.Previous,
	}
	if m.DifferenceMax != nil {
		l.figures[movedMax] = *m.DifferenceMax
	}
	if s := f.Detail; s != nil {
		l.figures[laplacianFull], l.figures[laplacianHalf], l.figures[noiseSigma] = s.LaplacianFull, s.LaplacianHalf, s.Noise
		if s.TI != nil {
			l.figures[temporal] = *s.TI
		}
	}
	if s := f.Decode; s != nil {
		l.concealed, l.errors, l.lost, l.flagged = s.Concealed, s.Errors, s.LostBefore, s.ErrorFlags != 0
		l.hit = s.Ancestors > d.ancestors
		d.ancestors = s.Ancestors
	}
	d.strike(l, f, tainted)
	if newest := &d.usual[(d.m+usualPictures-1)%usualPictures]; !tainted && (d.m == 0 || stepped(newest.time, t, usualStep)) {
		d.usual[d.m%usualPictures] = usualLook{t, l.figures}
		d.grids[d.m%usualCells].take(f.Grid)
		d.m++
	}
}

// strike takes what the newest picture says of hits: without taint all are over.
func (d *course) strike(l *sighting, f *schemas.VideoFrame, tainted bool) {
	if !tainted {
		d.h = 0
		return
	}
	if last := &d.hits[(d.h+damageHits-1)%damageHits]; d.h > 0 && last.n == d.n-1 {
		last.next = l.figures[movedShare]
	}
	const corrupt = 1<<3 | 1<<4
	if l.concealed == 0 && l.errors == 0 && l.lost == 0 && !l.flagged && f.Flags&corrupt == 0 {
		return
	}
	d.hits[d.h%damageHits] = hit{time: l.time, n: d.n, reference: pictureType(f) != typeB, concealed: l.concealed, errors: l.errors, lost: l.lost,
		moved: l.figures[movedShare], next: l.figures[movedShare], edges: l.figures[edgeShare], rows: l.figures[rowStd]}
	d.h++
}

// typeB is AV_PICTURE_TYPE_B.
const typeB = 3

func pictureType(f *schemas.VideoFrame) int32 { return f.Flags >> 8 & 7 }

// describe gives the features of the newest picture, which is tainted, until the next is seen.
func (d *course) describe(t int64, f *schemas.VideoFrame) []float64 {
	if !d.known || stepped(d.compared, t, time.Second) && d.n > 1 && !d.lately[(d.n-2)%damageLately].tainted {
		d.compare(t)
	}
	usual := d.known && t-d.at <= damageMemory.Microseconds()
	x := d.features[:0]
	newest := &d.lately[(d.n-1)%damageLately]
	d.sign(t, newest, f.Grid, usual)
	for i := range looks {
		x = append(x, feature(i, newest.figures[i]))
	}
	for i := range looks {
		x = append(x, excess(x[i], d.medians[i], usual))
	}
	x = d.peaks(t, x, peaking[:], corruptionPictures, usual)
	x = d.means(t, x, usual)
	x = d.peaks(t, x, lingering[:], damageLately, usual)
	for _, kind := range staying {
		least := newest.figures[kind]
		for i := 1; i < steadily; i++ {
			if l := d.back(i, t); l != nil {
				least = min(least, l.figures[kind])
			}
		}
		x = append(x, excess(feature(kind, least), d.medians[kind], usual))
	}
	for _, kind := range preceding {
		before := newest
		if l := d.back(1, t); l != nil {
			before = l
		}
		x = append(x, excess(feature(kind, before.figures[kind]), d.medians[kind], usual))
	}
	x = d.struck(t, d.decoder(t, f, x, usual), usual)
	for _, kind := range changing {
		x = d.peaks(t, x, []int{kind}, corruptionPictures, usual)
		x = d.peaks(t, x, []int{kind}, damageLately, usual)
	}
	for _, kind := range ordinary {
		x = append(x, excess(d.medians[kind], 0, usual))
	}
	return d.passing(t, x, f.Grid, usual)
}

// struck is what the hits say.
func (d *course) struck(t int64, x []float64, usual bool) []float64 {
	var references, others, concealed, most, errors, lost, moved int32
	since := int32(damageSince)
	var last hit
	for i := d.h - 1; i >= max(d.h-damageHits, 0); i-- {
		h := &d.hits[i%damageHits]
		if t-h.time > damageMemory.Microseconds() {
			break
		}
		if !h.reference {
			others++
			continue
		}
		if references++; references == 1 {
			last, since = *h, min(since, int32(d.n-h.n))
		}
		concealed, errors, lost = concealed+min(h.concealed, 1<<20), errors+min(h.errors, 1<<20), lost+min(h.lost, 1<<20)
		most, moved = max(most, h.concealed), max(moved, h.moved)
	}
	over := func(kind int, figure int32) float64 {
		return excess(feature(kind, figure), d.medians[kind], usual && references > 0)
	}
	own := d.h > 0 && d.hits[(d.h-1)%damageHits].n == d.n
	return append(x, float64(references), float64(others), log1(concealed), log1(most), log1(errors), log1(lost), over(movedShare, moved), float64(since),
		over(movedShare, last.moved), over(movedShare, last.next), over(edgeShare, last.edges), over(rowStd, last.rows), log1(last.concealed), float64(one(own)))
}

// excess of a figure over its median.
func excess(x, median float64, usual bool) float64 {
	if !usual {
		return 0
	}
	return x - median
}

// feature is a figure in the unit of the features.
func feature(kind int, x int32) float64 {
	switch kind {
	case grid8, grid16:
		return float64(x) / 64
	case laplacianFull, laplacianHalf:
		return float64(x) / 256
	}
	return log1(x)
}

// compare makes the medians of the last pictures without taint. It is done when a taint begins, and not twice in a second.
func (d *course) compare(t int64) {
	d.compared = t
	newest := &d.usual[(d.m+usualPictures-1)%usualPictures]
	if d.m == 0 || t-newest.time > damageMemory.Microseconds() {
		d.known = false
		return
	}
	var column [looks][usualPictures]int32
	n := 0
	for i := d.m - 1; i >= max(d.m-usualPictures, 0); i-- {
		u := &d.usual[i%usualPictures]
		if newest.time-u.time >= damageSpan.Microseconds() {
			break
		}
		for kind := range looks {
			column[kind][n] = u.figures[kind]
		}
		n++
	}
	if d.known = n >= fewestUsual; !d.known {
		return
	}
	d.at = newest.time
	d.compareCells(n)
	for kind := range looks {
		values := column[kind][:n]
		slices.Sort(values)
		d.medians[kind] = feature(kind, values[(n-1)/2])
	}
}

// back is the picture so many before the newest; nil where there is none, or it is too old.
func (d *course) back(i int, t int64) *sighting {
	if i >= d.n {
		return nil
	}
	l := &d.lately[(d.n-1-i)%damageLately]
	if t-l.time > damageMemory.Microseconds() {
		return nil
	}
	return l
}

// peaks are the largest excesses in the last pictures.
func (d *course) peaks(t int64, x []float64, kinds []int, pictures int, usual bool) []float64 {
	for _, kind := range kinds {
		most := d.lately[(d.n-1)%damageLately].figures[kind]
		for i := 1; i < pictures; i++ {
			l := d.back(i, t)
			if l == nil {
				break
			}
			most = max(most, l.figures[kind])
		}
		x = append(x, excess(feature(kind, most), d.medians[kind], usual))
	}
	return x
}

// means are the mean excesses in the last eight pictures.
func (d *course) means(t int64, x []float64, usual bool) []float64 {
	for _, kind := range averaging {
		sum, n := 0.0, 0
		for i := range corruptionPictures {
			l := d.back(i, t)
			if l == nil {
				break
			}
			sum += feature(kind, l.figures[kind])
			n++
		}
		x = append(x, excess(sum/float64(n), d.medians[kind], usual))
	}
	return x
}

// decoder is what the decoder says of the newest pictures.
func (d *course) decoder(t int64, f *schemas.VideoFrame, x []float64, usual bool) []float64 {
	var concealedMost, concealed, errors8, errors, lost, flagged, tainted int32
	since := int32(damageLately)
	for i := range damageLately {
		l := d.back(i, t)
		if l == nil {
			break
		}
		concealed, errors, lost = concealed+min(l.concealed, 1<<20), errors+min(l.errors, 1<<20), lost+min(l.lost, 1<<20)
		flagged, tainted = flagged+one(l.flagged), tainted+one(l.tainted)
		if i < corruptionPictures {
			concealedMost, errors8 = max(concealedMost, l.concealed), errors8+min(l.errors, 1<<20)
		}
		if l.hit {
			since = min(since, int32(i))
		}
	}
	s := f.Decode
	sinceIDR, qp := int32(250), 0.0
	if s.SinceIDR != nil {
		sinceIDR = min(sinceIDR, *s.SinceIDR)
	}
	if s.QPMean != nil {
		qp = float64(*s.QPMean)
	}
	return append(x, log1(min(s.Ancestors, 63)), log1(s.Concealed), log1(concealedMost), log1(concealed), log1(s.Errors), log1(errors8), log1(errors), log1(lost),
		log1(flagged), float64(tainted), float64(since), log1(sinceIDR), float64(pictureType(f)), qp, log1(s.PacketSize), float64(one(usual)))
}

func one(is bool) int32 {
	if is {
		return 1
	}
	return 0
}
