package feature

import (
	"math"
	"strings"

	"github.com/framewatch/framewatch/ingest/media"
)

// MaxSize is the largest width and height that is measured, in pixels.
const MaxSize = 16384

// Picture is what the extractors share about one frame: everything that one pass over its luma gathers, on the 8-bit scale of its own
// range. A picture that cannot be read is 0x0. Valid during Extract.
type Picture struct {
	format        media.VideoFormat
	width, height int
	// full tells that luma runs over 0-255 and not over 16-235.
	full bool
	// planes are our own copies of luma, 8 bits a sample, rows padded with zeros to stride: this picture's, the previous one's, and that
	// of the one before.
	planes [3][]byte
	stride int
	// u and v are the frame's own planes of chroma; of no size where there are none.
	u, v media.Plane
	// kept counts the pictures in planes that the next one may be compared to; seen is what it was for this one.
	kept, seen int
	// gap says that pictures were left out before this one.
	gap  bool
	scan scan
	// flat is the luma of each macroblock that has but one, else -1.
	flat []int16
	// bounds are the smallest samples above each of levels.
	bounds [len(levels)]uint16
	// cells are the pixels of each cell of the 64x36 pool.
	cells [poolRows * poolColumns]uint32
	// before are the previous picture's sums of the 64x36 pool.
	before [poolRows * poolColumns]uint32
}

// load reads f. A change of format or size starts anew, as reset does.
func (p *Picture) load(f *media.Frame) {
	width, height := f.Y.Width, f.Y.Height
	if !readable(&f.Y, f.Format.Depth) {
		width, height = 0, 0
	}
	if f.Format != p.format || width != p.width || height != p.height {
		p.reformat(f.Format, width, height)
	}
	p.u, p.v = media.Plane{}, media.Plane{}
	if width > 0 && readable(&f.U, f.Format.Depth) && readable(&f.V, f.Format.Depth) && f.U.Width == f.V.Width && f.U.Height == f.V.Height {
		p.u, p.v = f.U, f.V
	}
	p.seen = min(p.kept, len(p.planes)-1)
	if width == 0 {
		return
	}
	p.before = p.scan.pool
	p.planes[0], p.planes[1], p.planes[2] = p.planes[2], p.planes[0], p.planes[1]
	p.scan.read(&f.Y, f.Format.Depth, p.stride, p.planes[:p.seen+1], p.edgeLimit(), p.flat, sampledEvery(p.height), &p.bounds)
	p.kept++
}

func (p *Picture) reset() { p.kept = 0 }

func (p *Picture) reformat(format media.VideoFormat, width, height int) {
	p.format, p.width, p.height = format, width, height
	p.full = fullRange(format)
	p.bounds = p.levelBounds()
	for i := range p.cells {
		p.cells[i] = uint32(cellPixels(p, i%poolColumns, poolColumns, i/poolColumns, poolRows))
	}
	p.stride = (width + rowAlign - 1) / rowAlign * rowAlign
	for i := range p.planes {
		p.planes[i] = make([]byte, p.stride*height+rowAlign)
	}
	p.flat = make([]int16, (width/macroblock)*(height/macroblock))
	p.reset()
}

// fullRange tells whether 8-bit luma runs over 0-255; what signals nothing is limited.
func fullRange(format media.VideoFormat) bool {
	return format.Range == "full" || format.Range != "limited" && strings.HasPrefix(format.PixelFormat, "yuvj")
}

// pixels counts the luma samples.
func (p *Picture) pixels() uint64 { return uint64(p.width) * uint64(p.height) }

// scale is the size of one step of luma on the limited scale, as a fraction: full range's 255 steps are limited range's 219.
func (p *Picture) scale() (numerator, denominator uint64) {
	if p.full {
		return 219, 255
	}
	return 1, 1
}

// nearest rounds to the nearest whole number, halves up. Figures lie exactly between two often enough, so what arithmetic on floats may lose
// of a half is granted: every order of summing up, and every processor, gives the same.
func nearest(x float64) int32 { return int32(math.Floor(x + 0.5 + 1e-9)) }

// readable tells whether every sample that the plane claims to have is there.
func readable(y *media.Plane, depth int) bool {
	if y.Width < 1 || y.Height < 1 || y.Width > MaxSize || y.Height > MaxSize || depth < 8 || depth > 16 {
		return false
	}
	row := y.Width * sampleSize(depth)
	return y.Stride >= row && len(y.Data) >= y.Stride*(y.Height-1)+row
}

// sampleSize is the bytes of a sample of so many bits.
func sampleSize(depth int) int {
	if depth > 8 {
		return 2
	}
	return 1
}
