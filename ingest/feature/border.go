package feature

import "github.com/framewatch/framewatch/schemas"

// Border measures where the picture begins and ends within black bars.
type Border struct{}

// Extract writes the group border. Where no row or column is bright enough the first is one past the last there is and the last is -1.
func (*Border) Extract(p *Picture, out *schemas.VideoFrame) {
	if p.pixels() == 0 {
		out.Border = nil
		return
	}
	if out.Border == nil {
		out.Border = new(schemas.Border)
	}
	b, rows, columns := out.Border, p.scan.rows[:p.height], p.scan.columns[:p.width]
	b.Top24, b.Bottom24 = extent(rows, p.sumAbove(24, p.width))
	b.Left24, b.Right24 = extent(columns, p.sumAbove(24, p.height))
	b.Top40, b.Bottom40 = extent(rows, p.sumAbove(40, p.width))
	b.Left40, b.Right40 = extent(columns, p.sumAbove(40, p.height))
}

// sumAbove is the largest sum of n samples whose mean does not exceed a level of the limited scale.
func (p *Picture) sumAbove(level, n int) uint32 {
	if p.full {
		level -= 16
	}
	num, den := p.scale()
	return uint32(uint64(level) * uint64(n) * den / num)
}

// extent gives the first and the last of the lines whose sum exceeds a limit.
func extent(lines []uint32, limit uint32) (first, last int32) {
	first, last = int32(len(lines)), -1
	for i, sum := range lines {
		if sum > limit {
			first = int32(i)
			break
		}
	}
	for i := len(lines) - 1; i >= int(first); i-- {
		if lines[i] > limit {
			return first, int32(i)
		}
	}
	return first, last
}
