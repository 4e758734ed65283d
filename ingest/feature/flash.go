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
	// format is what light has been prepared for.
	format media.VideoFormat
	light  lightTable
	u, v   chromaPool
	shine  shine
}

// shine is struct fw_shine: relative luminance, and red less green and blue where that is saturated; wholeLight is 1.
type shine struct {
	luminance, red                 [poolRows * poolColumns]int32
	luminanceSum, redSum           int64
	lighter, darker, redder, paler int32
}

// chromaPool is struct fw_chroma_pool.
type chromaPool struct {
	means        [poolRows * poolColumns]uint16
	sums, pixels [poolRows * poolColumns]uint32
	columns      [MaxSize]uint16
	pairs        [MaxSize / 2]uint32
	row          [MaxSize]uint8
}

// The twins are of one size.
var (
	_ [C.sizeof_struct_fw_chroma_pool]byte = [unsafe.Sizeof(chromaPool{})]byte{}
	_ [C.sizeof_struct_fw_shine]byte       = [unsafe.Sizeof(shine{})]byte{}
	_ [C.sizeof_struct_fw_light]byte       = [unsafe.Sizeof(lightTable{})]byte{}
)

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
	if x.format != p.format {
		x.format = p.format
		x.light.prepare(p.format)
	}
	x.u.read(&p.u, p.format.Depth)
	x.v.read(&p.v, p.format.Depth)
	n := &x.shine
	C.fw_shine((*C.struct_fw_shine)(unsafe.Pointer(n)), (*C.struct_fw_light)(unsafe.Pointer(&x.light)), (*C.uint32_t)(&p.scan.pool[0]),
		(*C.uint32_t)(&p.cells[0]), (*C.uint16_t)(&x.u.means[0]), (*C.uint16_t)(&x.v.means[0]), leastLight, leastRed)
	f := out.Flash
	const cells = poolRows * poolColumns
	f.LuminanceMean = int32((n.luminanceSum + cells/2) / cells)
	f.RedMean = int32((wholeRed*n.redSum + wholeLight*cells/2) / (wholeLight * cells))
	if p.seen == 0 {
		f.LuminanceChanged, f.RedChanged = nil, nil
		return
	}
	if f.LuminanceChanged == nil {
		f.LuminanceChanged, f.RedChanged = new(int32), new(int32)
	}
	*f.LuminanceChanged, *f.RedChanged = larger(n.lighter, n.darker), larger(n.redder, n.paler)
}

// read pools p; all is neutral when there is no plane.
func (c *chromaPool) read(p *media.Plane, depth int) {
	if p.Width == 0 {
		for i := range c.means {
			c.means[i] = neutral
		}
		return
	}
	C.fw_pool_chroma((*C.struct_fw_chroma_pool)(unsafe.Pointer(c)), (*C.uint8_t)(unsafe.SliceData(p.Data)), C.int(p.Stride), C.int(depth),
		C.int(p.Width), C.int(p.Height))
}

// larger is how many cells rose, or how many fell, negated, where those are more.
func larger(up, down int32) int32 {
	if down > up {
		return -down
	}
	return up
}
