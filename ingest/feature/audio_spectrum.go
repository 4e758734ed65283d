package feature

// #cgo noescape fw_sound_spectrum
// #cgo nocallback fw_sound_spectrum
// #cgo noescape fw_sound_hum
// #cgo nocallback fw_sound_hum
// #include "kernel_sound.h"
import "C"

import (
	"math"
	"unsafe"
)

const (
	// highFrom and highTo bound the band where hiss is heard and speech is not, in Hz.
	highFrom, highTo = 10_000, 16_000
	// flatFrom is the first line of the spectrum that counts for its flatness: the window spreads DC over the first two.
	flatFrom = 2
	// flatFloor is the least share of the mean that a line counts as.
	flatFloor = 1e-10
	// humRate is about the rate of the means in which hum is looked for, in Hz.
	humRate = 6000
)

// humHertz are the fundamentals of the mains and three harmonics each.
var humHertz = [soundHums]float64{50, 100, 150, 200, 60, 120, 180, 240}

// spectrum looks at blocks of one sample rate by frequency.
type spectrum struct {
	rate int
	// size of a frame in samples; window is Hann's, periodic; turns are cos and -sin of each line.
	size                int
	window, turns, work []float32
	// power of each line of the last block, the sum over all frames.
	power []float32
	// pool samples make one mean for hum. twice are 2*cos of its frequencies; gain turns squared Fourier sums of n means into n*n mean squares.
	pool        int
	twice, gain [soundHums]float64
}

func newSpectrum(rate int) *spectrum {
	s := &spectrum{rate: rate, size: 1, pool: max(1, rate/humRate)}
	for 2*s.size*soundFrames*ticksPerSecond <= rate*ticksPerBlock {
		s.size *= 2
	}
	s.window = make([]float32, s.size)
	s.turns = make([]float32, s.size)
	s.work = make([]float32, s.size*soundFrames)
	s.power = make([]float32, s.size/2+1)
	for i := range s.window {
		s.window[i] = float32(0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(s.size)))
	}
	for i := range s.size / 2 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(s.size))
		s.turns[2*i], s.turns[2*i+1] = float32(cos), float32(-sin)
	}
	for i, hertz := range humHertz {
		w := 2 * math.Pi * hertz / float64(rate)
		s.twice[i] = 2 * math.Cos(w*float64(s.pool))
		mean := math.Sin(w*float64(s.pool)/2) / (float64(s.pool) * math.Sin(w/2)) // what the mean leaves of a sine
		s.gain[i] = 2 / (mean * mean)
	}
	return s
}

// whole tells that the block is as long as one is, give or take a sample.
func (s *spectrum) whole(block []float32) bool {
	return len(block) >= s.rate*ticksPerBlock/ticksPerSecond
}

// hum is the mean square of what the mains have: at 50 Hz and its harmonics or at 60 Hz and its, whichever is more.
func (s *spectrum) hum(block []float32, mean float64) float64 {
	var power [soundHums]float64
	C.fw_sound_hum(floats(block), C.int(len(block)), C.int(s.pool), C.double(mean), (*C.double)(&s.twice[0]), (*C.double)(unsafe.Pointer(&power)))
	var mains [2]float64
	n := float64(len(block) / s.pool)
	for i, p := range power {
		mains[i/4] += p * s.gain[i] / (n * n)
	}
	return max(mains[0], mains[1])
}

// transform takes the spectrum of the block.
func (s *spectrum) transform(block []float32) {
	C.fw_sound_spectrum(floats(block), C.int(len(block)), C.int(s.size), floats(s.window), floats(s.turns), floats(s.work), floats(s.power))
}

// band is the mean square of what lies from one frequency up to another, in Hz; 0 when there is not all of the band.
func (s *spectrum) band(from, to int) float64 {
	if 2*to > s.rate {
		return 0
	}
	sum := 0.0
	for k := s.line(from); k < s.line(to); k++ {
		sum += float64(s.power[k])
	}
	// Twice, since the lines of negative frequencies are alike; the squares of Hann's window sum up to 3/8 of its size.
	return 2 * sum / soundFrames / (float64(s.size) * float64(s.size) * 3 / 8)
}

// flatness is the geometric over the arithmetic mean of the lines below 16 kHz: 1 for white noise. Silence has none: 0.
func (s *spectrum) flatness() float64 {
	lines := s.power[flatFrom:min(s.line(highTo), len(s.power)-1)]
	sum := 0.0
	for _, p := range lines {
		sum += float64(p)
	}
	mean := sum / float64(len(lines))
	if mean == 0 {
		return 0
	}
	logs := 0.0
	for _, p := range lines {
		logs += math.Log(max(float64(p)/mean, flatFloor))
	}
	return math.Exp(logs / float64(len(lines)))
}

// line is the first at or above a frequency in Hz.
func (s *spectrum) line(hertz int) int { return (hertz*s.size + s.rate - 1) / s.rate }
