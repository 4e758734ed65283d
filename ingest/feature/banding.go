package feature

// #include "kernel_banding.h"
import "C"

import (
	"unsafe"

	"github.com/framewatch/framewatch/ingest/media"
)

const (
	// bandingVersion is that of the definition: a change of any figure is a change of it.
	bandingVersion = 1
	// bandingWidth by bandingHeight, either way up, is the smallest picture that is looked at.
	bandingWidth, bandingHeight = 320, 180
	// bandingBlocks lie along the longer side, each of leastBlock samples or more. Two are CAMBI's window: 63 of 3840 columns.
	bandingBlocks, leastBlock = 120, 4
	// bandingUnit is the field's.
	bandingUnit = 256

	bandingScales = C.FW_BANDING_SCALES
	bandingSteps  = C.FW_BANDING_STEPS
)

// banding is struct fw_banding. It measures how much of a picture consists of steps that are small, wide and visible, as CAMBI does (P.
// Tandon, M. Afonso, J. Sole, L. Krasula, "CAMBI: Contrast-aware Multiscale Banding Index", PCS 2021, in the later form of Netflix's
// libvmaf), with CAMBI's window, neighbourhood, contrast, weights and pooling. The differences:
//   - Windows lie half a window apart instead of around each sample, and all samples of one are judged by it, which is far less work.
//   - Steps of up to 8 codes of 10 bits count instead of 4, so that two levels of 8 bits do as well as one.
//   - A neighbourhood is smooth with 22 even samples of 49 at any size, which is CAMBI's for 1920x1080; it asks less of smaller pictures.
//   - What is visible is counted from black as BT.1886 has it with a display whose black gives no light; CAMBI's gives 0.01 of 300 cd/m2.
//   - The first scale has every second row, and none is filtered to the most frequent of 3x3 codes.
//   - The size that a picture was encoded at is not known: one that was enlarged reads too low.
type banding struct {
	tally [bandingScales][C.FW_BANDING_MOST + 1]uint32

	blocks [bandingScales][2]struct {
		used    [C.FW_BANDING_COLUMNS]uint64
		samples [C.FW_BANDING_COLUMNS][C.FW_BANDING_CODES + 16]uint16
	}
	window  [bandingSteps + C.FW_BANDING_CODES + bandingSteps]uint32
	codes   [C.FW_BANDING_RING][MaxSize + 1]uint16
	even    [C.FW_BANDING_RING][MaxSize]uint8
	columns [MaxSize + 6]uint8
	smooth  [2][MaxSize + 1]uint16
	changes [MaxSize]uint8
}

// The twins are of one size.
var _ [C.sizeof_struct_fw_banding]byte = [unsafe.Sizeof(banding{})]byte{}

// bands tells whether a picture is large enough, and no strip.
func bands(width, height int) bool {
	long, short := max(width, height), min(width, height)
	return long >= bandingWidth && short >= bandingHeight && short >= 2*bandingBlock(width, height)
}

// bandingBlock is the width and height of a block, in samples.
func bandingBlock(width, height int) int { return max(leastBlock, max(width, height)/bandingBlocks) }

// measure gives the index of a plane that has bands, in 1/bandingUnit.
func (b *banding) measure(y *media.Plane, depth int, full bool) int32 {
	width, height, block := y.Width, y.Height, bandingBlock(y.Width, y.Height)
	limits := visibleBelow(full)
	C.fw_scan_banding((*C.struct_fw_banding)(unsafe.Pointer(b)), (*C.uint8_t)(unsafe.SliceData(y.Data)), C.int(y.Stride), C.int(depth),
		C.int(width), C.int(height), C.int(block), (*C.int32_t)(&limits[0]))
	index, samples, weight := 0.0, 2*block*block, 1<<(bandingScales-1)
	for s := range b.tally {
		windows := max(0, width/block-1) * max(0, height/block-1)
		index += float64(float64(weight) * meanOfMost(&b.tally[s], uint64(windows*samples)))
		width, height, weight, samples = (width+1)/2, (height+1)/2, weight/2, 4*block*block
	}
	return nearest(bandingUnit * index)
}

// meanOfMost is the mean of the largest three fifths of so many contrasts, of which those that are not in the tally are 0.
func meanOfMost(tally *[C.FW_BANDING_MOST + 1]uint32, samples uint64) float64 {
	most := samples * 3 / 5
	var sum, taken uint64
	for contrast := len(tally) - 1; contrast > 0 && taken < most; contrast-- {
		n := min(uint64(tally[contrast]), most-taken)
		sum, taken = sum+n*uint64(contrast), taken+n
	}
	return float64(sum) / float64(C.FW_BANDING_UNIT*max(most, 1))
}

// visibleBelow tells of the steps of 1, 2 and so on codes below which code they are seen. A step of d from v codes above black changes the
// light by 2.4 d/v, 2.4 being the exponent of BT.1886, and CAMBI's observer sees a change of more than 0.019: d * 126 > v. Full range has
// 1020 codes from black to white instead of 876.
func visibleBelow(full bool) (limits [bandingSteps]int32) {
	for i := range limits {
		limits[i] = 126 * int32(i+1)
		if full {
			limits[i] = limits[i] * 1020 / 876
		} else {
			limits[i] += 64
		}
	}
	return limits
}
