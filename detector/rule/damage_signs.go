package rule

import (
	"math"

	"github.com/framewatch/framewatch/schemas"
)

// take keeps a picture's cells.
func (u *usualGrid) take(g *schemas.Grid) {
	if u.known = g != nil && g.Difference != nil; u.known {
		u.mean, u.difference = g.Mean, *g.Difference
	}
}

// nibble is the difference of a cell, as it is coded.
func nibble(difference *[len(schemas.Grid{}.Mean) / 2]byte, cell int) byte {
	return difference[cell/2] >> (4 * (1 - cell%2)) & 15
}

// squared is about the square of a coded difference, in squared 1/64 levels: of the middle of its octave.
var squared = func() (table [16]float64) {
	for n := 1; n < len(table); n++ {
		table[n] = math.Pow(1.5*math.Exp2(float64(n-1)), 2)
	}
	return table
}()

// compareCells makes the largest differences of the cells, of the newest of so many pictures without taint.
func (d *course) compareCells(pictures int) {
	d.most = [len(d.most)]byte{}
	for i := range min(pictures, usualCells) {
		u := &d.grids[(d.m-1-i)%usualCells]
		if !u.known {
			continue
		}
		for cell := range d.most {
			d.most[cell] = max(d.most[cell], nibble(&u.difference, cell))
		}
	}
}

// sign sets the signs of the newest picture, which is tainted, and of the hit that it is.
func (d *course) sign(t int64, newest *sighting, g *schemas.Grid, usual bool) {
	newest.signs = [signs]float64{}
	if usual {
		ordinary := math.Exp2(d.medians[temporal]) - 1
		newest.signs[jump] = max(0, float64(newest.figures[temporal])*float64(newest.figures[temporal])-ordinary*ordinary)
		if g != nil && g.Difference != nil {
			for cell := range d.most {
				if now := nibble(g.Difference, cell); now > d.most[cell] {
					newest.signs[cells]++
					newest.signs[cellEnergy] += (squared[now] - squared[d.most[cell]]) / float64(len(d.most))
				}
			}
		}
	}
	if h := &d.hits[(d.h+damageHits-1)%damageHits]; d.h > 0 && h.n == d.n {
		h.signs = d.largest(t, steadily)
	}
}

// largest are the signs' of the last pictures.
func (d *course) largest(t int64, pictures int) (most [signs]float64) {
	for i := range pictures {
		l := d.back(i, t)
		if l == nil || !l.tainted {
			break
		}
		for s := range most {
			most[s] = max(most[s], l.signs[s])
		}
	}
	return most
}

// passing is what the signs say, and the hits of references by theirs.
func (d *course) passing(t int64, x []float64, g *schemas.Grid, usual bool) []float64 {
	short, long := d.largest(t, corruptionPictures), d.largest(t, damageLately)
	var sum, last [signs]float64
	concealed, references := 0.0, 0
	for i := d.h - 1; i >= max(d.h-damageHits, 0); i-- {
		h := &d.hits[i%damageHits]
		if t-h.time > damageMemory.Microseconds() {
			break
		}
		if !h.reference {
			continue
		}
		if references++; references == 1 {
			last = h.signs
		}
		concealed += float64(max(h.concealed, 0))
		for s := range sum {
			sum[s] += h.signs[s]
		}
	}
	newest := &d.lately[(d.n-1)%damageLately]
	for s := range signs {
		for _, energy := range [...]float64{newest.signs[s], short[s], long[s], sum[s], last[s]} {
			x = append(x, math.Log2(1+energy))
		}
	}
	// What stands still where there was motion differs by as much as pictures do.
	frozen := concealed * math.Exp2(2*excess(d.medians[temporal], 0, usual))
	mean, most, since := d.away(t, g)
	return append(x, math.Log2(1+frozen), math.Log2(1+mean), math.Log2(1+most), math.Log2(1+since))
}

// away is how far the cells are from those of the last picture without taint, in squared 1/8 levels, the mean of all and the largest, and how long ago that
// was, in units of 40 ms; 0 where there is none.
func (d *course) away(t int64, g *schemas.Grid) (mean, most, since float64) {
	u := &d.usual[(d.m+usualPictures-1)%usualPictures]
	if d.m == 0 || t-u.time > damageMemory.Microseconds() {
		return 0, 0, 0
	}
	before := &d.grids[(d.m-1)%usualCells]
	if g != nil && before.known {
		for cell := range g.Mean {
			step := float64(g.Mean[cell]) - float64(before.mean[cell])
			mean += 64 * step * step / float64(len(g.Mean))
			most = max(most, 64*step*step)
		}
	}
	return mean, most, float64(t-u.time) / 40_000
}
