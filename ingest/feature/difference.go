package feature

import "github.com/framewatch/framewatch/schemas"

// Difference measures how much luma changed since the previous picture and the one before it.
type Difference struct{}

// Extract writes the group difference; it is nil for the first picture.
func (*Difference) Extract(p *Picture, out *schemas.VideoFrame) {
	if p.seen == 0 {
		out.Difference = nil
		return
	}
	if out.Difference == nil {
		out.Difference = new(schemas.Difference)
	}
	d := out.Difference
	var sad uint64
	for _, s := range p.scan.sad {
		sad += uint64(s)
	}
	d.Previous = p.mafd(sad)
	d.Low = p.lowDifference()
	if p.seen < 2 {
		d.Previous2 = nil
		return
	}
	if d.Previous2 == nil {
		d.Previous2 = new(int32)
	}
	*d.Previous2 = p.mafd(p.scan.sadBefore)
}

// mafd is FFmpeg's mean absolute frame difference (libavfilter/vf_freezedetect.c, vf_scdet.c): sum / pixels / 256, here in units of
// 2^-20 and rounded up.
func (p *Picture) mafd(sad uint64) int32 {
	num, den := p.scale()
	den *= p.pixels()
	return int32((sad*4096*num + den - 1) / den)
}

// lowDifference is the same over the means of the 64x36 pool. In a picture smaller than the pool each row or column is a cell.
func (p *Picture) lowDifference() int32 {
	var sum, cells uint64 // sum in 2^-20 level
	for i, now := range p.scan.pool {
		n := uint64(p.cells[i])
		if n == 0 {
			continue
		}
		cells++
		before := p.before[i]
		sum += uint64(max(now, before)-min(now, before)) << 20 / n
	}
	num, den := p.scale()
	den *= cells * 256
	return int32((sum*num + den - 1) / den)
}
