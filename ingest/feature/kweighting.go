package feature

// #cgo noescape fw_sound_weigh
// #cgo nocallback fw_sound_weigh
// #include "kernel_sound.h"
import "C"

import (
	"math"
	"math/cmplx"
	"unsafe"
)

// biquad is struct fw_biquad: a second-order section in transposed direct form II, in double precision.
type biquad struct{ b0, b1, b2, a1, a2, s1, s2 float64 }

// response at z, the delay of one sample.
func (q *biquad) response(z complex128) complex128 {
	return (complex(q.b0, 0) + complex(q.b1, 0)*z + complex(q.b2, 0)*z*z) / (1 + complex(q.a1, 0)*z + complex(q.a2, 0)*z*z)
}

// settle ends a decay that nothing hears, before it reaches denormal numbers, which are slow.
func (q *biquad) settle() {
	const inaudible = 1e-30
	if math.Abs(q.s1) < inaudible && math.Abs(q.s2) < inaudible {
		q.s1, q.s2 = 0, 0
	}
}

// kWeighting is the pair of filters of ITU-R BS.1770-5 Annex 1: the head's shelf, then the RLB high-pass.
type kWeighting struct{ shelf, highPass biquad }

// newKWeighting designs the filters for a sample rate. Warped by the bilinear transform, they are as in the Recommendation within 0.05 dB
// from 22.05 kHz on and 0.25 dB at 8 kHz, and as loud at 997 Hz, to which its -0.691 belongs, at every rate.
func newKWeighting(sampleRate int) kWeighting {
	const reference, calibration = 48000, 997
	w, standard := transformed(sampleRate), transformed(reference)
	gain := standard.gain(calibration/float64(reference)) / w.gain(calibration/float64(sampleRate))
	w.highPass.b0, w.highPass.b1, w.highPass.b2 = gain*w.highPass.b0, gain*w.highPass.b1, gain*w.highPass.b2
	return w
}

// transformed are the filters by the bilinear transform of the analogue prototypes that give the tables of the Recommendation at 48 kHz.
func transformed(sampleRate int) kWeighting {
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

// gain of both filters at a frequency, a share of the sample rate.
func (w *kWeighting) gain(frequency float64) float64 {
	z := cmplx.Rect(1, -2*math.Pi*frequency)
	return cmplx.Abs(w.shelf.response(z) * w.highPass.response(z))
}

// weigh takes the samples of a tick through the filters.
func (w *kWeighting) weigh(samples []float32) (sums weight) {
	C.fw_sound_weigh((*C.struct_fw_biquad)(unsafe.Pointer(&w.shelf)), (*C.struct_fw_biquad)(unsafe.Pointer(&w.highPass)), floats(samples),
		C.int(len(samples)), (*C.struct_fw_weight)(unsafe.Pointer(&sums)))
	w.shelf.settle()
	w.highPass.settle()
	return sums
}
