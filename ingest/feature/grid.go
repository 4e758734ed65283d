package feature

import (
	"math/bits"

	"github.com/framewatch/framewatch/schemas"
)

// Grid measures the mean luma, and the mean absolute difference to the previous picture, of 16x9 cells.
type Grid struct{}

// Extract writes the group grid. It is nil for a picture of fewer than 16 columns or 9 rows, where some cell would be empty.
func (*Grid) Extract(p *Picture, out *schemas.VideoFrame) {
	if p.width < gridColumns || p.height < gridRows {
		out.Grid = nil
		return
	}
	if out.Grid == nil {
		out.Grid = new(schemas.Grid)
	}
	g := out.Grid
	for i := range g.Mean {
		g.Mean[i] = p.cellMean(i%gridColumns, i/gridColumns)
	}
	if p.seen == 0 {
		g.Difference = nil
		return
	}
	if g.Difference == nil {
		g.Difference = new([gridRows * gridColumns / 2]byte)
	}
	for i := range g.Difference {
		g.Difference[i] = p.cellDifference(2*i)<<4 | p.cellDifference(2*i+1)
	}
}

// cellMean is the mean luma of a cell of the grid, rounded to nearest. A cell of the grid is 4x4 of the pool, exactly: c*w/16 = 4c*w/64.
func (p *Picture) cellMean(column, row int) byte {
	var sum uint64
	for r := 4 * row; r < 4*row+4; r++ {
		for c := 4 * column; c < 4*column+4; c++ {
			sum += uint64(p.scan.pool[r*poolColumns+c])
		}
	}
	num, den := p.scale()
	den *= cellPixels(p, column, gridColumns, row, gridRows)
	mean := (2*sum*num + den) / (2 * den)
	if p.full {
		mean += 16
	}
	return byte(mean)
}

// cellDifference is the nibble of a cell: the logarithm of its mean absolute difference in 1/64 level.
func (p *Picture) cellDifference(i int) byte {
	sad := uint64(p.scan.sad[i])
	if sad == 0 {
		return 0
	}
	num, den := p.scale()
	m := 64 * sad * num / (den * cellPixels(p, i%gridColumns, gridColumns, i/gridColumns, gridRows))
	return byte(min(14, bits.Len64(max(m, 1)))) // Len64(m) = 1 + floor(log2 m)
}

// cellPixels counts the pixels of cell (c,r) of a pool of columns by rows: c*w/columns up to (c+1)*w/columns across, rows alike.
func cellPixels(p *Picture, c, columns, r, rows int) uint64 {
	across := (c+1)*p.width/columns - c*p.width/columns
	down := (r+1)*p.height/rows - r*p.height/rows
	return uint64(across * down)
}
