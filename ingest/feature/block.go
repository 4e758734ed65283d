package feature

import (
	"math"

	"github.com/framewatch/framewatch/schemas"
)

// Block measures how strongly the grids of 8 and of 16 stand out over the whole picture, and where they begin.
type Block struct{}

// Extract writes the group block. It is nil for fewer than 32 columns or rows, where a grid of 16 has a single line.
func (*Block) Extract(p *Picture, out *schemas.VideoFrame) {
	if p.width < 2*macroblock || p.height < 2*macroblock {
		out.Block = nil
		return
	}
	if out.Block == nil {
		out.Block = new(schemas.Block)
	}
	b := out.Block
	num, den := p.scale()
	level := float64(num) / float64(den)
	b.H8, b.H16, b.PhaseH = gridStrength(p.scan.columnSteps[:p.width-1], level/float64((p.height+1)/2))
	b.V8, b.V16, b.PhaseV = gridStrength(p.scan.rowSteps[:p.height-1], level/float64(p.width))
}

// gridStrength finds the grids in the steps at lines 1, 2 and so on, of a unit in levels.
func gridStrength(steps []uint32, unit float64) (by8, by16, phase int32) {
	var sums, lines [16]float64
	for i, step := range steps {
		sums[(i+1)%16] += float64(step)
		lines[(i+1)%16]++
	}
	pair := func(i int) float64 { return (sums[i] + sums[i+8]) / (lines[i] + lines[i+8]) }
	best := 0
	for i := 1; i < 8; i++ {
		if pair(i) > pair(best) {
			best = i
		}
	}
	off, count := 0.0, 0.0
	for i := range sums {
		if i%8 != best {
			off, count = off+sums[i], count+lines[i]
		}
	}
	at := best
	if sums[best+8]/lines[best+8] > sums[best]/lines[best] {
		at = best + 8
	}
	// The summand, in levels, keeps the strength defined and near 0 where there is next to nothing to compare.
	const nothing = 1.0 / 16
	strength := func(on float64) int32 {
		return nearest(64 * math.Log2((on*unit+nothing)/(off/count*unit+nothing)))
	}
	return strength(pair(best)), strength(sums[at] / lines[at]), int32(at)
}
