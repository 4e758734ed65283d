package rule

import (
	"math"

	"github.com/framewatch/framewatch/detector/window"
)

// picture are figures of a record's picture that several rules want. They are worked out once for each record.
type picture struct {
	known bool
	// softness is by how many octaves, in 1/256, the variance of gradients exceeds that of the Laplacian. It means something where there are edges.
	softness int32
	means    bool
	// still is how many cells of the grid nearly stand still; 0 where that was not measured.
	still int32
}

// seen are the figures of the record, which is a VideoFrame.
func (r *Record) seen() *picture {
	p := &r.picture
	if p.known {
		return p
	}
	*p = picture{known: true}
	f := r.VideoFrame
	if d := f.Detail; d != nil && f.Sampling > 0 && d.SI >= blurContrast*64 {
		p.softness, p.means = int32(512*math.Log2(float64(d.SI)/64))-d.LaplacianFull, true
	}
	if g := f.Grid; g != nil && g.Difference != nil {
		p.still = int32(window.NibblesBelow(g.Difference, coarseLevel))
	}
	return p
}
