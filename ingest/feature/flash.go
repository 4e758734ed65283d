package feature

// #include "kernel.h"
import "C"

import (
	"unsafe"

	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// Flash measures how light and how red the picture is, and over how much of it that changed.
type Flash struct {
	light  lightTable
	u, v   chromaPool
	before [poolRows * poolColumns]glow
}

// glow is what a cell shines: relative luminance, and red less green and blue where that is saturated; wholeLight is 1.
type glow struct{ luminance, red int32 }

// chromaPool is struct fw_chroma_pool.
type chromaPool struct {
	means   [poolRows * poolColumns]uint16
	columns [MaxSize]uint32
	row     [MaxSize]uint8
}

// The twins are of one size.
var _ [C.sizeof_struct_fw_chroma_pool]byte = [unsafe.Sizeof(chromaPool{})]byte{}

const (
	// leastLight and leastRed are the changes that do not count yet: a fortieth of what makes a transition (0.10, and 20 of 320), so that a
	// gradual flash counts on all of its way at 60 pictures a second too.
	leastLight, leastRed = wholeLight / 400, wholeLight / 640
	// wholeRed is the red of light that is red alone and of reference white: 320, in 1/64.
	wholeRed = 320 * 64
	// neutral is grey's chroma in means of cells.
	neutral = 128 * C.FW_MEAN_UNIT
)

// Extract writes the group flash. It is nil for a picture smaller than the pool.
func (x *Flash) Extract(p *Picture, out *schemas.VideoFrame) {
	if p.width < poolColumns || p.height < poolRows {
		out.Flash = nil
		return
	}
	if out.Flash == nil {
		out.Flash = new(schemas.Flash)
	}
	coloured := p.u.Width > 0
	if coloured {
		x.u.read(&p.u, p.format.Depth)
		x.v.read(&p.v, p.format.Depth)
	}
	x.light.adopt(p.format)

	var luminance, red int64
	var lighter, darker, redder, paler int
	for i, sum := range p.scan.pool {
		n := p.cells[i]
		y, u, v := int32((C.FW_MEAN_UNIT*uint64(sum)+uint64(n/2))/uint64(n)), int32(neutral), int32(neutral)
		if coloured {
			u, v = int32(x.u.means[i]), int32(x.v.means[i])
		}
		now, before := x.light.glow(y, u, v), x.before[i]
		x.before[i] = now
		luminance, red = luminance+int64(now.luminance), red+int64(now.red)
		lighter, darker = tally(lighter, darker, now.luminance-before.luminance, leastLight)
		redder, paler = tally(redder, paler, now.red-before.red, leastRed)
	}
	f := out.Flash
	const cells = poolRows * poolColumns
	f.LuminanceMean = int32((luminance + cells/2) / cells)
	f.RedMean = int32((wholeRed*red + wholeLight*cells/2) / (wholeLight * cells))
	if p.seen == 0 {
		f.LuminanceChanged, f.RedChanged = nil, nil
		return
	}
	if f.LuminanceChanged == nil {
		f.LuminanceChanged, f.RedChanged = new(int32), new(int32)
	}
	*f.LuminanceChanged, *f.RedChanged = larger(lighter, darker), larger(redder, paler)
}

func (c *chromaPool) read(p *media.Plane, depth int) {
	C.fw_pool_chroma((*C.struct_fw_chroma_pool)(unsafe.Pointer(c)), (*C.uint8_t)(unsafe.SliceData(p.Data)), C.int(p.Stride), C.int(depth),
		C.int(p.Width), C.int(p.Height))
}

// tally counts a change that is more than least.
func tally(up, down int, change, least int32) (int, int) {
	if change > least {
		up++
	}
	if change < -least {
		down++
	}
	return up, down
}

// larger is how many cells rose, or how many fell, negated, where those are more.
func larger(up, down int) int32 {
	if down > up {
		return -int32(down)
	}
	return int32(up)
}
