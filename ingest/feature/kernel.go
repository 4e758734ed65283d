package feature

// #cgo CFLAGS: -O3 -Wno-psabi
// #include "kernel.h"
import "C"

import (
	"unsafe"

	"github.com/framewatch/framewatch/ingest/media"
)

// Sizes that both sides of the wall to C know.
const (
	sobelUnit    = C.FW_SOBEL_UNIT
	rowAlign     = C.FW_ROW_ALIGN
	fieldStretch = C.FW_FIELD_STRETCH
	fieldPeriod  = C.FW_FIELD_PERIOD
	macroblock   = C.FW_MACROBLOCK
	poolColumns  = C.FW_POOL_COLUMNS
	poolRows     = C.FW_POOL_ROWS
	gridColumns  = C.FW_GRID_COLUMNS
	gridRows     = C.FW_GRID_ROWS
	smallColumns = C.FW_SMALL_COLUMNS
	smallRows    = C.FW_SMALL_ROWS
)

// scan is struct fw_scan: what one pass over a picture's luma gathers.
type scan struct {
	hash      uint64
	sadBefore uint64
	alpha     [2]uint64
	delta     uint64
	gamma     [2]uint64
	squares   uint64
	below     [len(levels)]uint32
	lowEnd    uint32
	highEnd   uint32
	pool      [poolRows * poolColumns]uint32
	small     [smallRows * smallColumns]uint32
	sad       [gridRows * gridColumns]uint32
	edges     [2]uint32
	edgeMax   [2]uint32
	detail    detailSums
	allBelow  [len(levels) + 1]uint32
	counts    [len(levels)][rowAlign]uint8
	combs     [2][4][8]uint32

	rows    [MaxSize]uint32
	columns [MaxSize]uint32

	rowSteps    [MaxSize]uint32
	columnSteps [MaxSize]uint32

	band       [MaxSize]uint16
	difference [MaxSize]uint16
	pairs      [MaxSize / 2]uint32
	steps      [2][MaxSize]uint16
	across     [2][3][MaxSize/macroblock + 1]uint16
	changes    [2][MaxSize]uint8
	low, high  [MaxSize]uint8
	half       [3][MaxSize/2 + rowAlign]uint16
	lanes      [32]uint32
	clocked    uint64
	spent      [len(partNames)]uint64
}

// detailSums is struct fw_detail.
type detailSums struct {
	sobel, sobelSquares uint64
	laplacian           [2]int64
	laplacianSquares    [2]uint64
	noise               uint64
	change              int64
	changeSquares       uint64
}

// The twins are of one size.
var _ [C.sizeof_struct_fw_scan]byte = [unsafe.Sizeof(scan{})]byte{}

// read fills s from y and copies it, 8 bits a sample, to planes[0]; planes[1] and planes[2], where there, are the pictures before it.
// An edge between macroblocks counts above edgeLimit in 1/32 level; flat has room for each whole macroblock. One
// row in every is looked at for detail; bounds are what samples are counted below.
func (s *scan) read(y *media.Plane, depth, stride int, planes [][]byte, edgeLimit int, flat []int16, every int, bounds *[len(levels)]uint16) {
	var p [3]*C.uint8_t
	for i, plane := range planes {
		p[i] = (*C.uint8_t)(unsafe.SliceData(plane))
	}
	C.fw_scan_luma((*C.struct_fw_scan)(unsafe.Pointer(s)), (*C.uint8_t)(unsafe.SliceData(y.Data)), C.int(y.Stride), C.int(depth),
		C.int(y.Width), C.int(y.Height), p[0], p[1], p[2], C.int(stride), C.int(edgeLimit), (*C.int16_t)(unsafe.SliceData(flat)), C.int(every),
		(*C.uint16_t)(&bounds[0]))
}

// shrink pools the plane to width by height means of 8 bits.
func shrink(p *media.Plane, depth, width, height int) []byte {
	to := make([]byte, width*height)
	C.fw_shrink((*C.uint8_t)(unsafe.SliceData(p.Data)), C.int(p.Stride), C.int(depth), C.int(p.Width), C.int(p.Height),
		(*C.uint8_t)(unsafe.SliceData(to)), C.int(width), C.int(height))
	return to
}
