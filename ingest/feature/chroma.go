package feature

// #include "kernel.h"
import "C"

import (
	"math"
	"unsafe"

	"github.com/framewatch/framewatch/schemas"
)

// Chroma measures how colourful the picture is, and in which hues.
type Chroma struct {
	scan chromaScan
	// colours tells of each u<<8|v its distance from neutral in 1/256 level, times 8, plus its sector of hue.
	colours [1 << 16]uint32
}

// chromaScan is struct fw_chroma.
type chromaScan struct {
	sum, squares [2]uint64
	hue          [2][8]uint64
	levels       [2][256]uint32
	rows         [2][MaxSize]uint8
}

// The twins are of one size.
var _ [C.sizeof_struct_fw_chroma]byte = [unsafe.Sizeof(chromaScan{})]byte{}

// NewChroma makes a Chroma.
func NewChroma() Extractor {
	c := &Chroma{}
	for u := range 256 {
		for v := range 256 {
			distance := math.Round(256 * math.Hypot(float64(u-128), float64(v-128)))
			c.colours[u<<8|v] = uint32(distance)<<3 | uint32(sector(u-128, v-128))
		}
	}
	return c
}

// Extract writes the group chroma; it is nil for a grey format. Saturation and hue are taken from a sample of the
// samples of a sample of the rows of the planes. Full-range chroma is drawn together around neutral to limited range's 224 steps.
func (x *Chroma) Extract(p *Picture, out *schemas.VideoFrame) {
	if p.u.Width == 0 {
		out.Chroma = nil
		return
	}
	if out.Chroma == nil {
		out.Chroma = new(schemas.Chroma)
	}
	c, every, step := &x.scan, sampledEvery(p.u.Height), sampledStep(p.u.Width)
	C.fw_scan_chroma((*C.struct_fw_chroma)(unsafe.Pointer(c)), (*C.uint8_t)(unsafe.SliceData(p.u.Data)), C.int(p.u.Stride),
		(*C.uint8_t)(unsafe.SliceData(p.v.Data)), C.int(p.v.Stride), C.int(p.format.Depth), C.int(p.u.Width), C.int(p.u.Height),
		C.int(every), C.int(step), (*C.uint32_t)(&x.colours[0]))

	scale := 1.0
	if p.full {
		scale = 224.0 / 255
	}
	n := uint64(p.u.Width) * uint64(p.u.Height)
	out.Chroma.UMean, out.Chroma.UStd = aroundNeutral(c.sum[0], c.squares[0], n, scale)
	out.Chroma.VMean, out.Chroma.VStd = aroundNeutral(c.sum[1], c.squares[1], n, scale)

	sampled := uint64((p.u.Width+step-1)/step) * uint64(sampledRows(p.u.Height, every))
	var saturation uint64
	for i := range c.hue[0] {
		saturation += c.hue[0][i] + c.hue[1][i]
	}
	out.Chroma.SaturationMean = nearest(float64(saturation) / float64(sampled) * scale)
	out.Chroma.SaturationP90 = nearest(float64(percentile(&c.levels, sampled, 90)) * scale)
	for i := range out.Chroma.Hue {
		out.Chroma.Hue[i] = byte((255*(c.hue[0][i]+c.hue[1][i]) + saturation/2) / max(saturation, 1))
	}
}

// sampledStep is the distance of the samples that are looked at, of so many in a row.
func sampledStep(columns int) int {
	if columns > 512 {
		return 4
	}
	return 2
}

// aroundNeutral gives mean and standard deviation in 1/256 level, scaled about 128.
func aroundNeutral(sum, squares, n uint64, scale float64) (mean, std int32) {
	m, s := moments(sum, squares, n)
	return nearest((128 + (m-128)*scale) * 256), nearest(s * scale * 256)
}

// percentile is the smallest level that at least so many percent of n do not exceed.
func percentile(levels *[2][256]uint32, n, percent uint64) int {
	var below uint64
	for level := range levels[0] {
		below += uint64(levels[0][level]) + uint64(levels[1][level])
		if below*100 >= n*percent {
			return level
		}
	}
	return 255
}

// sector is the eighth of the plane of U (to the right) and V (up) in which a colour lies: i covers the angles from 45i degrees up to,
// and without, 45(i+1).
func sector(u, v int) int {
	switch {
	case u > 0 && v >= 0:
		return choose(v < u, 0, 1)
	case u <= 0 && v > 0:
		return choose(-u < v, 2, 3)
	case u < 0 && v <= 0:
		return choose(-v < -u, 4, 5)
	}
	return choose(u < -v, 6, 7)
}

func choose(first bool, a, b int) int {
	if first {
		return a
	}
	return b
}
