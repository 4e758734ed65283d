package feature

import (
	"math"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// Macroblock measures what lost or broken macroblocks leave behind: steps at their borders, and blocks of one colour.
type Macroblock struct{}

const (
	// visibleEdge is the excess, in levels, above which a border counts.
	visibleEdge = 8
	// excessUnit is the kernel's for an excess: 1/32 level.
	excessUnit = 32
	// wholeShare is the unit of shares: 1/4096.
	wholeShare = 4096
)

// Extract writes the group macroblock. It is nil for a picture of fewer than 2x2 macroblocks.
func (*Macroblock) Extract(p *Picture, out *schemas.VideoFrame) {
	columns, rows := p.width/macroblock, p.height/macroblock
	if columns < 2 || rows < 2 {
		out.Macroblock = nil
		return
	}
	if out.Macroblock == nil {
		out.Macroblock = new(schemas.Macroblock)
	}
	m := out.Macroblock
	m.RowMax, m.RowStd, m.RowArgmax = p.rowExcess(rows)
	borders := uint64((columns-1)*rows + columns*(rows-1))
	m.EdgeShare, m.EdgeMax = share(uint64(p.scan.edges[0]), borders), p.edgeMax(0)
	if p.seen == 0 {
		m.DifferenceShare, m.DifferenceMax = nil, nil
	} else {
		if m.DifferenceShare == nil {
			m.DifferenceShare, m.DifferenceMax = new(int32), new(int32)
		}
		*m.DifferenceShare, *m.DifferenceMax = share(uint64(p.scan.edges[1]), borders), p.edgeMax(1)
	}
	var flat, concealed uint64
	for i, luma := range p.flat {
		if luma < 0 {
			continue
		}
		flat++
		if p.concealment(luma, i%columns, i/columns) {
			concealed++
		}
	}
	m.Flat, m.ConcealmentColour = share(flat, uint64(len(p.flat))), share(concealed, uint64(len(p.flat)))
}

// edgeLimit is the largest excess, in the kernel's unit, that does not count.
func (p *Picture) edgeLimit() int {
	num, den := p.scale()
	return int(visibleEdge * excessUnit * den / num)
}

// edgeMax is the largest excess in levels, rounded to nearest.
func (p *Picture) edgeMax(which int) int32 {
	num, den := p.scale()
	den *= excessUnit
	return int32((2*uint64(p.scan.edgeMax[which])*num + den) / (2 * den))
}

// rowExcess gives the largest excess of the steps between two rows of macroblocks over their neighbours', the deviation of all of them,
// both in 1/64 level, and the lower of the two rows where it is largest.
func (p *Picture) rowExcess(rows int) (largest, std, at int32) {
	most := math.Inf(-1)
	var sum, squares float64
	num, den := p.scale()
	for r := 1; r < rows; r++ {
		steps := p.scan.rowSteps[macroblock*r-2 : macroblock*r+1]
		twice := 2*int64(steps[1]) - int64(steps[0]) - int64(steps[2])
		excess := 32 * float64(twice*int64(num)) / float64(int64(den)*int64(p.width))
		sum, squares = sum+excess, squares+float64(excess*excess)
		if excess > most {
			most, at = excess, int32(r)
		}
	}
	n := float64(rows - 1)
	mean := sum / n
	return nearest(most), nearest(math.Sqrt(max(0, squares/n-float64(mean*mean)))), at
}

// concealment tells whether a flat macroblock has a colour that decoders leave where they have nothing: as coded, luma and chroma within
// 2 of 128, or both chroma at most 32, as of a buffer of zeros. Chroma is looked at in the middle of the macroblock.
func (p *Picture) concealment(luma int16, column, row int) bool {
	grey := func(v int) bool { return v >= 126 && v <= 130 }
	if p.u.Width == 0 {
		return grey(int(luma))
	}
	x, y := (macroblock*column+macroblock/2)*p.u.Width/p.width, (macroblock*row+macroblock/2)*p.u.Height/p.height
	u, v := sample(&p.u, p.format.Depth, x, y), sample(&p.v, p.format.Depth, x, y)
	return grey(int(luma)) && grey(u) && grey(v) || u <= 32 && v <= 32
}

// sample is one sample of a plane at 8 bits.
func sample(p *media.Plane, depth, x, y int) int {
	if depth == 8 {
		return int(p.Data[y*p.Stride+x])
	}
	at := y*p.Stride + 2*x
	return min(255, (int(p.Data[at])|int(p.Data[at+1])<<8)>>(depth-8))
}

// share is a part of a whole in 1/4096, rounded up so that 0 means none.
func share(part, whole uint64) int32 { return int32((part*wholeShare + whole - 1) / whole) }
