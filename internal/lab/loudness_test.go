package lab_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// soundRate is that of the published signals, in Hz.
const soundRate = 48000

// passage is so many seconds of a 1 kHz sine at a level in dBFS of each channel's peak; none is silence.
type passage struct {
	seconds float64
	dBFS    []float64
}

func both(seconds, dBFS float64) passage { return passage{seconds, []float64{dBFS, dBFS}} }
func silence(seconds float64) passage    { return passage{seconds: seconds} }

// sound plays passages, phase continuous.
func sound(channels int, passages ...passage) [][]float32 {
	out := make([][]float32, channels)
	for _, p := range passages {
		begin := len(out[0])
		for i := begin; i < begin+int(math.Round(p.seconds*soundRate)); i++ {
			sine := math.Sin(2 * math.Pi * 1000 * float64(i) / soundRate)
			for c := range out {
				gain := 0.0
				if p.dBFS != nil {
					gain = math.Pow(10, p.dBFS[c]/20)
				}
				out[c] = append(out[c], float32(gain*sine))
			}
		}
	}
	return out
}

// meter is a loudness meter that sees records only.
type meter struct {
	audio    *feature.Audio
	loudness window.Loudness
	truePeak float64
	// each is called after each 10 ms, when there is one.
	each func(l *window.Loudness)
}

func newMeter(layout string, channels int) *meter {
	format := media.AudioFormat{SampleRate: soundRate, Channels: channels, Layout: layout}
	return &meter{audio: feature.NewAudio(format), truePeak: math.Inf(-1),
		loudness: window.Loudness{Weights: window.ChannelWeights(layout, channels, false)}}
}

func (m *meter) play(sound [][]float32) {
	m.audio.Add(&media.Samples{Channels: sound}, func(b *schemas.AudioBlock, _ int) {
		for tick := range len(b.Channels[0].Energy) {
			var energies [][]byte
			for _, c := range b.Channels {
				energies = append(energies, c.KEnergy[4*tick:4*tick+4])
			}
			m.loudness.Add(energies...)
			if m.each != nil {
				m.each(&m.loudness)
			}
		}
		for _, c := range b.Channels {
			if c.Detail.TruePeak != nil {
				m.truePeak = max(m.truePeak, float64(*c.Detail.TruePeak)/100)
			}
		}
	})
}

// near checks a figure of the meter.
func near(t *testing.T, what string, figure func() (float64, bool), want, tolerance float64) {
	t.Helper()
	if got, ok := figure(); !ok || math.Abs(got-want) > tolerance {
		t.Errorf("%s is %.3f (%v), want %.2f within %g", what, got, ok, want, tolerance)
	}
}

// EBU Tech 3341, table 1, cases 1 to 6.
func TestIntegratedLoudness(t *testing.T) {
	for _, c := range []struct {
		name     string
		layout   string
		passages []passage
		want     float64
		steady   bool // M and S are the same at the end
	}{
		{"case 1", "stereo", []passage{both(20, -23)}, -23, true},
		{"case 2", "stereo", []passage{both(20, -33)}, -33, true},
		{"case 3", "stereo", []passage{both(10, -36), both(60, -23), both(10, -36)}, -23, false},
		{"case 4", "stereo", []passage{both(10, -72), both(10, -36), both(60, -23), both(10, -36), both(10, -72)}, -23, false},
		{"case 5", "stereo", []passage{both(20, -26), both(20.1, -20), both(20, -26)}, -23, false},
		{"case 6", "5.0", []passage{{20, []float64{-28, -28, -24, -30, -30}}}, -23, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMeter(c.layout, len(c.passages[0].dBFS))
			m.play(sound(len(c.passages[0].dBFS), c.passages...))
			near(t, "I", m.loudness.Integrated, c.want, 0.1)
			if c.steady {
				near(t, "M", m.loudness.Momentary, c.want, 0.1)
				near(t, "S", m.loudness.ShortTerm, c.want, 0.1)
			}
		})
	}
}

// EBU Tech 3341, cases 9 and 12: windows as long as the period see the same wherever they begin.
func TestSteadyLoudness(t *testing.T) {
	var nine, twelve []passage
	for range 5 {
		nine = append(nine, both(1.34, -20), both(1.66, -30))
	}
	for range 25 {
		twelve = append(twelve, both(0.18, -20), both(0.22, -30))
	}
	for _, c := range []struct {
		name     string
		passages []passage
		after    int // ticks
		figure   func(*window.Loudness) (float64, bool)
	}{
		{"case 9, S", nine, 300, (*window.Loudness).ShortTerm},
		{"case 12, M", twelve, 100, (*window.Loudness).Momentary},
	} {
		m, ticks := newMeter("stereo", 2), 0
		m.each = func(l *window.Loudness) {
			if ticks++; ticks >= c.after {
				near(t, fmt.Sprintf("%s after %d ms", c.name, 10*ticks), func() (float64, bool) { return c.figure(l) }, -23, 0.1)
			}
		}
		m.play(sound(2, c.passages...))
		if ticks < 2*c.after {
			t.Errorf("%s: only %d ticks were seen", c.name, ticks)
		}
	}
}

// EBU Tech 3341, cases 10 and 13 for meters of files (each segment is a programme) and 11 and 14 for live meters (one programme). Tones
// begin at any multiple of 10 ms: with a hop of 100 ms a meter reads up to 0.45 LU low in cases 13 and 14, as FFmpeg's ebur128 does.
func TestMaximumLoudness(t *testing.T) {
	for i := range 20 {
		n := float64(i)
		m := newMeter("stereo", 2)
		m.play(sound(2, silence(n*0.15), both(3, -23), silence(1)))
		near(t, fmt.Sprintf("case 10-%d, maximum S", i+1), m.loudness.MaxShortTerm, -23, 0.1)
		m = newMeter("stereo", 2)
		m.play(sound(2, silence(n*0.02), both(0.4, -23), silence(1)))
		near(t, fmt.Sprintf("case 13-%d, maximum M", i+1), m.loudness.MaxMomentary, -23, 0.1)
	}
	eleven, fourteen := newMeter("stereo", 2), newMeter("stereo", 2)
	for i := range 20 {
		n := float64(i)
		eleven.play(sound(2, silence(n*0.15), both(3, n-38), silence(3-n*0.15)))
		near(t, fmt.Sprintf("case 11, tone %d, maximum S", i+1), eleven.loudness.MaxShortTerm, n-38, 0.1)
		fourteen.play(sound(2, silence(n*0.02), both(0.4, n-38), silence(0.4-n*0.02)))
		near(t, fmt.Sprintf("case 14, tone %d, maximum M", i+1), fourteen.loudness.MaxMomentary, n-38, 0.1)
	}
}

// EBU Tech 3341, cases 15 to 19: sines of a quarter, sixth or eighth of the sample rate, faded in and out over 10 ms.
func TestTruePeakOfSines(t *testing.T) {
	for _, c := range []struct {
		name                     string
		part, amplitude, degrees float64
		want                     float64
	}{
		{"case 15", 4, 0.50, 0, -6},
		{"case 16", 4, 0.50, 45, -6},
		{"case 17", 6, 0.50, 60, -6},
		{"case 18", 8, 0.50, 67.5, -6},
		{"case 19", 4, 1.41, 45, 3},
	} {
		const length, fade = soundRate, soundRate / 100
		wave := make([]float32, length)
		for i := range wave {
			gain := min(1, float64(i)/fade, float64(length-1-i)/fade)
			wave[i] = float32(gain * c.amplitude * math.Sin(2*math.Pi*float64(i)/c.part+c.degrees*math.Pi/180))
		}
		checkTruePeak(t, c.name, wave, c.want)
	}
}

// EBU Tech 3341, cases 20 to 23: a sine of a sixth of the sample rate that has one period of a quarter at full scale in it, made at four
// times the rate, low-passed, and taken at each of the four offsets.
func TestTruePeakBetweenSamples(t *testing.T) {
	const length, fade, over = 4 * soundRate, 4 * soundRate / 100, 4
	fast := make([]float64, length)
	for i := range fast {
		gain := 0.5 * min(1, float64(i)/fade, float64(length-1-i)/fade)
		fast[i] = gain * math.Sin(2*math.Pi*float64(i)/(6*over))
	}
	const begin = length / 2 / (6 * over) * (6 * over) // where the phase is 0
	burst := func(i int) float64 { return math.Sin(2 * math.Pi * float64(i) / (4 * over)) }
	for i := range 4 * over {
		fast[begin+i] = burst(i)
	}
	for i := begin + 4*over; i < length; i++ { // phase continuous: the period has put the sine off
		gain := 0.5 * min(1, float64(length-1-i)/fade)
		fast[i] = gain * math.Sin(2*math.Pi*float64(i-begin-4*over)/(6*over))
	}
	slow := lowPassed(fast, 0.5/over)
	for offset := range over {
		wave := make([]float32, 0, soundRate)
		for i := offset; i < length; i += over {
			wave = append(wave, float32(slow[i]))
		}
		checkTruePeak(t, fmt.Sprintf("case %d", 20+offset), wave, 0)
	}
}

// lowPassed is the wave through a sinc of 257 samples under Hann's window; cutoff is a share of the sample rate.
func lowPassed(wave []float64, cutoff float64) []float64 {
	const half = 128
	taps := make([]float64, 2*half+1)
	sum := 0.0
	for k := -half; k <= half; k++ {
		x, sinc := 2*math.Pi*cutoff*float64(k), 1.0
		if k != 0 {
			sinc = math.Sin(x) / x
		}
		taps[k+half] = sinc * (0.5 + 0.5*math.Cos(math.Pi*float64(k)/(half+1)))
		sum += taps[k+half]
	}
	out := make([]float64, len(wave))
	for i := half; i < len(wave)-half; i++ {
		for k, tap := range taps {
			out[i] += tap / sum * wave[i+k-half]
		}
	}
	return out
}

// checkTruePeak plays the wave in both channels. The tolerance is the published one: 0.2 above, 0.4 below.
func checkTruePeak(t *testing.T, name string, wave []float32, want float64) {
	t.Helper()
	m := newMeter("stereo", 2)
	m.play([][]float32{wave, wave})
	if m.truePeak < want-0.4 || m.truePeak > want+0.2 {
		t.Errorf("%s: true peak %.2f dBTP, want %.1f, at most 0.4 less or 0.2 more", name, m.truePeak, want)
	}
}

// EBU Tech 3342, cases 1 to 4: within 1 LU. Ours are within 0.2.
func TestLoudnessRange(t *testing.T) {
	for i, c := range []struct {
		levels []float64
		want   float64
	}{
		{[]float64{-20, -30}, 10},
		{[]float64{-20, -15}, 5},
		{[]float64{-40, -20}, 20},
		{[]float64{-50, -35, -20, -35, -50}, 15},
	} {
		m := newMeter("stereo", 2)
		for _, level := range c.levels {
			m.play(sound(2, both(20, level)))
		}
		near(t, fmt.Sprintf("case %d, LRA", i+1), m.loudness.Range, c.want, 0.2)
	}
}

// ITU-R BS.1770-5: a full-scale sine of 997 Hz in one front channel reads -3.01 LKFS; at the side 10*log10(1.41) = 1.49 more; in the LFE
// nothing. (Of 1 kHz here: 0.01 louder.)
func TestLoudnessOfOneChannel(t *testing.T) {
	for channel, want := range []float64{-3, -3, -3, math.NaN(), -1.5, -1.5} {
		all := sound(6, silence(5))
		all[channel] = sound(1, passage{5, []float64{0}})[0]
		m := newMeter("5.1(side)", 6)
		m.play(all)
		if got, ok := m.loudness.Integrated(); ok == math.IsNaN(want) || ok && math.Abs(got-want) > 0.02 {
			t.Errorf("channel %d of 5.1: %.3f LUFS (%v), want %.2f", channel, got, ok, want)
		}
	}
}
