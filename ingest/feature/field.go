package feature

import "github.com/framewatch/framewatch/schemas"

// Field measures how the lines of two fields fit together: the five sums of FFmpeg's idet.
type Field struct{}

// Extract writes the group field. As idet does, it looks at the previous picture between its neighbours, so the figures are of one
// picture ago, and nil for the first two; of luma only, on the first 16 of every 64 columns, and nil for fewer than five rows. (To
// leave out rows instead would favour one of the fields by as much as idet's thresholds tell apart.)
func (*Field) Extract(p *Picture, out *schemas.VideoFrame) {
	if p.seen < 2 || p.height < 5 {
		out.Field = nil
		return
	}
	if out.Field == nil {
		out.Field = new(schemas.Field)
	}
	columns := p.width / fieldPeriod * fieldStretch
	columns += min(p.width%fieldPeriod, fieldStretch)

	s := &p.scan
	num, den := p.scale()
	den *= uint64(columns) * uint64(p.height-4)
	perPixel := func(sum uint64) int32 { return int32((2*256*sum*num + den) / (2 * den)) } // 1/256 level, rounded to nearest
	out.Field.Alpha0, out.Field.Alpha1 = perPixel(s.alpha[0]), perPixel(s.alpha[1])
	out.Field.Delta = perPixel(s.delta)
	out.Field.Gamma0, out.Field.Gamma1 = perPixel(s.gamma[0]), perPixel(s.gamma[1])
}
