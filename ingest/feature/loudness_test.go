package feature_test

import (
	"fmt"
	"math"
	"math/cmplx"
	"testing"
)

// stretch is so many seconds of a tone at a level of each channel, in dBFS.
type stretch struct {
	seconds float64
	dBFS    []float64
}

// tone plays stretches of a sine, phase continuous.
func tone(rate int, hertz float64, stretches ...stretch) [][]float32 {
	out := make([][]float32, len(stretches[0].dBFS))
	for _, s := range stretches {
		begin := len(out[0])
		gain := make([]float64, len(s.dBFS))
		for c, level := range s.dBFS {
			gain[c] = math.Pow(10, level/20)
		}
		for i := begin; i < begin+int(s.seconds*float64(rate)); i++ {
			sine := math.Sin(2 * math.Pi * hertz * float64(i) / float64(rate))
			for c, g := range gain {
				out[c] = append(out[c], float32(sine*g))
			}
		}
	}
	return out
}

// integrated is the gated loudness of ITU-R BS.1770-5 in LUFS, replayed from the 10 ms energies of the blocks: 400 ms windows, 75 %
// overlap, gates at -70 LUFS and 10 LU below the mean of what passes it.
func integrated(energies [][]float64, weights []float64) float64 {
	var windows []float64
	for begin := 0; begin+40 <= len(energies[0]); begin += 10 {
		sum := 0.0
		for c, e := range energies {
			for _, x := range e[begin : begin+40] {
				sum += weights[c] * x / 40
			}
		}
		windows = append(windows, sum)
	}
	absolute := above(windows, math.Pow(10, (-70+0.691)/10))
	return lufs(mean(above(absolute, mean(absolute)/10)))
}

func above(windows []float64, gate float64) (out []float64) {
	for _, w := range windows {
		if w > gate {
			out = append(out, w)
		}
	}
	return out
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func lufs(energy float64) float64 { return -0.691 + 10*math.Log10(energy) }

func stereo(dBFS float64) []float64 { return []float64{dBFS, dBFS} }

// EBU Tech 3341, table 1, cases 1 to 6, and the reference tone of BS.1770: a sine of 997 Hz at full scale in one channel is -3.01 LKFS.
func TestLoudness(t *testing.T) {
	surround := []float64{1, 1, 1, 1.41, 1.41}
	for _, c := range []struct {
		name      string
		hertz     float64
		stretches []stretch
		weights   []float64
		want      float64
		tolerance float64
	}{
		{"BS.1770 997 Hz", 997, []stretch{{10, []float64{0}}}, surround[:1], -3.01, 0.01},
		{"case 1", 1000, []stretch{{20, stereo(-23)}}, surround[:2], -23, 0.1},
		{"case 2", 1000, []stretch{{20, stereo(-33)}}, surround[:2], -33, 0.1},
		{"case 3", 1000, []stretch{{10, stereo(-36)}, {60, stereo(-23)}, {10, stereo(-36)}}, surround[:2], -23, 0.1},
		{"case 4", 1000, []stretch{{10, stereo(-72)}, {10, stereo(-36)}, {60, stereo(-23)}, {10, stereo(-36)}, {10, stereo(-72)}},
			surround[:2], -23, 0.1},
		{"case 5", 1000, []stretch{{20, stereo(-26)}, {20.1, stereo(-20)}, {20, stereo(-26)}}, surround[:2], -23, 0.1},
		{"case 6", 1000, []stretch{{20, []float64{-28, -28, -24, -30, -30}}}, surround, -23, 0.1},
	} {
		for _, rate := range []int{8000, 22050, 44100, 48000, 96000, 192000} {
			if rate != 48000 && rate != 44100 && len(c.stretches) > 1 {
				continue // nothing new, and long
			}
			t.Run(fmt.Sprintf("%s at %d Hz", c.name, rate), func(t *testing.T) {
				got, _ := blocks(rate, 1024, tone(rate, c.hertz, c.stretches...)...)
				if l := integrated(kEnergies(got), c.weights); math.Abs(l-c.want) > c.tolerance {
					t.Errorf("got %.3f LUFS, want %.2f within %g", l, c.want, c.tolerance)
				}
			})
		}
	}
}

// The coefficients at 48 kHz are the tables of BS.1770-5 Annex 1, seen through the response to one click: the first outputs of both
// filters in series are h0 = b0 and h1 = b1 - a1*b0 + (0 - 2 + 1.99004745483398)*b0 of the first filter's b and a.
func TestKWeightingAt48kHz(t *testing.T) {
	const b0, b1, a1 = 1.53512485958697, -2.69169618940638, -1.69065929318241
	const highPass = -2 + 1.99004745483398
	h0, h1 := b0, b1-a1*b0+highPass*b0
	for i, want := range []float64{h0 * h0 / 480, (h0*h0 + h1*h1) / 480} {
		sound := constant(480, 0) // one tick
		sound[479-i] = 1          // whose last sample, or last two, see the click
		got, _ := blocks(48000, 480, sound)
		if k := kEnergies(got)[0][0]; math.Abs(k/want-1) > 1e-6 {
			t.Errorf("click %d before the end: energy %.9g, want %.9g", i, k, want)
		}
	}
}

// A full-scale sine of any frequency reads what the filters printed in BS.1770-5 Annex 1 make of it: 25 Hz 11 dB less than 1 kHz, 10 kHz
// 3.3 dB more. Filters of other rates are warped towards half the rate.
func TestLoudnessOfTones(t *testing.T) {
	shelf := [5]float64{1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585}
	highPass := [5]float64{1, -2, 1, -1.99004745483398, 0.99007225036621}
	for _, rate := range []int{8000, 22050, 44100, 48000, 96000, 192000} {
		for _, hertz := range []float64{25, 100, 500, 1000, 2000, 3500, 7000, 10000} {
			if 6*hertz > float64(rate) && rate != 48000 {
				continue
			}
			got, _ := blocks(rate, rate, tone(rate, hertz, stretch{3, []float64{0}})...)
			l := integrated(kEnergies(got), []float64{1})
			want := lufs(0.5 * power(shelf, hertz/48000) * power(highPass, hertz/48000))
			tolerance := 0.05
			if rate == 8000 {
				tolerance = 0.25
			}
			if math.Abs(l-want) > tolerance {
				t.Errorf("%g Hz at %d Hz: %.3f LUFS, want %.3f within %g", hertz, rate, l, want, tolerance)
			}
		}
	}
}

// power is the squared gain of a section b0, b1, b2, a1, a2 at a frequency, a share of the sample rate.
func power(section [5]float64, frequency float64) float64 {
	z := cmplx.Exp(complex(0, -2*math.Pi*frequency))
	b := complex(section[0], 0) + complex(section[1], 0)*z + complex(section[2], 0)*z*z
	a := 1 + complex(section[3], 0)*z + complex(section[4], 0)*z*z
	h := cmplx.Abs(b / a)
	return h * h
}
