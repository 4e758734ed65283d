package feature

// #cgo noescape fw_sound_weigh
// #cgo nocallback fw_sound_weigh
// #include "kernel_sound.h"
import "C"

import (
	"math"
	"unsafe"
)

// biquad is struct fw_biquad: a second-order section in transposed direct form II, in double precision.
type biquad struct{ b0, b1, b2, a1, a2, s1, s2 float64 }

// settle ends a decay that nothing hears, before it reaches denormal numbers, which are slow.
func (q *biquad) settle() {
	const inaudible = 1e-30
	if math.Abs(q.s1) < inaudible && math.Abs(q.s2) < inaudible {
		q.s1, q.s2 = 0, 0
	}
}

// kWeighting is the pair of filters of ITU-R BS.1770-5 Annex 1: the head's shelf, then the RLB high-pass.
type kWeighting struct{ shelf, highPass biquad }

// newKWeighting designs the filters for a sample rate, from the analogue prototypes whose bilinear transform at 48 kHz is the table of
// the Recommendation.
func newKWeighting(sampleRate int) kWeighting {
	const (
		shelfHz, shelfDB, shelfQ = 1681.974450955533, 3.999843853973347, 0.7071752369554196
		midGain                  = 0.4996667741545416 // exponent: gain at the corner, as part of the shelf's
		highPassHz, highPassQ    = 38.13547087602444, 0.5003270373238773
	)
	k := math.Tan(math.Pi * shelfHz / float64(sampleRate))
	top := math.Pow(10, shelfDB/20)
	mid := math.Pow(top, midGain)
	a0 := 1 + k/shelfQ + k*k
	shelf := biquad{
		b0: (top + mid*k/shelfQ + k*k) / a0, b1: 2 * (k*k - top) / a0, b2: (top - mid*k/shelfQ + k*k) / a0,
		a1: 2 * (k*k - 1) / a0, a2: (1 - k/shelfQ + k*k) / a0,
	}
	k = math.Tan(math.Pi * highPassHz / float64(sampleRate))
	a0 = 1 + k/highPassQ + k*k
	highPass := biquad{b0: 1, b1: -2, b2: 1, a1: 2 * (k*k - 1) / a0, a2: (1 - k/highPassQ + k*k) / a0}
	return kWeighting{shelf, highPass}
}

// weigh takes the samples of a tick through the filters.
func (w *kWeighting) weigh(samples []float32) (sums weight) {
	C.fw_sound_weigh((*C.struct_fw_biquad)(unsafe.Pointer(&w.shelf)), (*C.struct_fw_biquad)(unsafe.Pointer(&w.highPass)), floats(samples),
		C.int(len(samples)), (*C.struct_fw_weight)(unsafe.Pointer(&sums)))
	w.shelf.settle()
	w.highPass.settle()
	return sums
}
