package feature

// #cgo noescape fw_sound_clean
// #cgo nocallback fw_sound_clean
// #cgo noescape fw_sound_scan
// #cgo nocallback fw_sound_scan
// #cgo noescape fw_sound_impulse
// #cgo nocallback fw_sound_impulse
// #include "kernel_sound.h"
import "C"

import (
	"math"
	"unsafe"
)

// Sizes that both sides of the wall to C know.
const (
	soundHistory = C.FW_SOUND_HISTORY
	soundFrames  = C.FW_SOUND_FRAMES
	soundHums    = C.FW_SOUND_HUMS
)

// weight is struct fw_weight.
type weight struct{ weighted, plain, sum float64 }

// soundScan is struct fw_sound: what one pass over a block of one channel gathers.
type soundScan struct {
	peakBits, truePeakBits, stepBits uint32
	zeros, equal, clipped, crossings int32
}

// The twins are of one size.
var (
	_ [C.sizeof_struct_fw_biquad]byte = [unsafe.Sizeof(biquad{})]byte{}
	_ [C.sizeof_struct_fw_weight]byte = [unsafe.Sizeof(weight{})]byte{}
	_ [C.sizeof_struct_fw_sound]byte  = [unsafe.Sizeof(soundScan{})]byte{}
)

// peak and truePeak are the largest absolute sample and interpolated sample, step the largest difference of neighbours.
func (s *soundScan) peak() float64     { return float64(math.Float32frombits(s.peakBits)) }
func (s *soundScan) truePeak() float64 { return float64(math.Float32frombits(s.truePeakBits)) }
func (s *soundScan) step() float64     { return float64(math.Float32frombits(s.stepBits)) }

// clean copies samples to to, finite and at most 2^20, and counts those that were no finite numbers.
func clean(to, samples []float32) int {
	return int(C.fw_sound_clean(floats(to), floats(samples), C.int(len(samples))))
}

// read scans the samples of buffer after its history. from is 1 when the first has no neighbour before it, otherwise 0.
func (s *soundScan) read(buffer []float32, from int) {
	samples := buffer[soundHistory:]
	C.fw_sound_scan(floats(samples), C.int(len(samples)), C.int(from), (*C.struct_fw_sound)(unsafe.Pointer(s)))
}

// impulse is by how much the largest fourth difference of the samples of buffer after its history stands out: over the root mean square of all of them, or, where that is
// larger, of those from guard on up to span after it, or before it where there are too few. 0: there is none.
func impulse(buffer []float32, guard, span int) float64 {
	samples := buffer[soundHistory:]
	return float64(C.fw_sound_impulse(floats(samples), C.int(len(samples)), C.int(guard), C.int(span)))
}

func floats(s []float32) *C.float { return (*C.float)(unsafe.SliceData(s)) }
