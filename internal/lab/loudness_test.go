package lab_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os/exec"
	"slices"
	"strconv"
	"strings"
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
	const front, side = -3, -1.5
	none := math.NaN()
	for _, c := range []struct {
		layout string
		want   []float64
	}{
		{"mono", []float64{front}},
		{"stereo", []float64{front, front}},
		{"2.1", []float64{front, front, none}},
		{"quad", []float64{front, front, side, side}},
		{"5.0", []float64{front, front, front, side, side}},
		{"5.1", []float64{front, front, front, none, side, side}},
		{"5.1(side)", []float64{front, front, front, none, side, side}},
		{"6.1", []float64{front, front, front, none, front, side, side}},
		{"7.1", []float64{front, front, front, none, front, front, side, side}},
	} {
		for channel, want := range c.want {
			all := sound(len(c.want), silence(1))
			all[channel] = sound(1, passage{1, []float64{0}})[0]
			m := newMeter(c.layout, len(c.want))
			m.play(all)
			if got, ok := m.loudness.Integrated(); ok == math.IsNaN(want) || ok && math.Abs(got-want) > 0.02 {
				t.Errorf("channel %d of %s: %.3f LUFS (%v), want %.2f", channel, c.layout, got, ok, want)
			}
		}
	}
}

// One channel at -23 dBFS reads -26.0 LUFS, as BS.1770-5 has it: -3 at full scale. Played by both loudspeakers it is as loud as the stereo
// pair of EBU Tech 3341's case 1; who wants that says so (dual mono).
func TestLoudnessOfMono(t *testing.T) {
	for _, c := range []struct {
		name     string
		channels int
		dualMono bool
		want     float64
	}{{"mono", 1, false, -26}, {"dual mono", 1, true, -23}, {"the same in both of stereo", 2, false, -23}, {"and with dual mono", 2, true, -23}} {
		m := newMeter("", c.channels)
		m.loudness.Weights = window.ChannelWeights("", c.channels, c.dualMono)
		m.play(sound(c.channels, passage{5, []float64{-23, -23}}))
		near(t, c.name+", I", m.loudness.Integrated, c.want, 0.02)
	}
}

// Where FFmpeg's ebur128 fails: it slides its windows by 100 ms, ours slide by 10. In cases 13 and 14 of EBU Tech 3341 tones of 400 ms begin
// at any multiple of 20 ms; ours reads them all within 0.1, FFmpeg's only those that begin at a multiple of 100 ms. (FFmpeg 5.1 is up to
// 0.45 LU low, which is beyond the tolerance. Should another be better, this test has nothing against it: go test -v shows both.)
func TestMomentaryLoudnessBesideFFmpeg(t *testing.T) {
	for _, c := range []struct {
		name  string
		slot  int // of each tone, 10 ms; case 13's are a programme each, of which the rest is silence
		level func(i int) float64
	}{
		{"case 13", 200, func(int) float64 { return -23 }},
		{"case 14", 80, func(i int) float64 { return float64(i) - 38 }},
	} {
		const tones = 20
		m := newMeter("stereo", 2)
		var ours []float64
		m.each = func(l *window.Loudness) {
			momentary, _ := l.Momentary()
			ours = append(ours, momentary)
		}
		all := make([][]float32, 2)
		for i := range tones {
			late := float64(i) * 0.02
			tone := sound(2, silence(late), both(0.4, c.level(i)), silence(float64(c.slot)/100-0.4-late))
			all[0], all[1] = append(all[0], tone[0]...), append(all[1], tone[1]...)
		}
		m.play(all)
		theirs := ebur128(t, all)
		if len(ours) != tones*c.slot || len(theirs) < tones*c.slot/10 {
			t.Fatalf("%s: %d readings of ours, %d of FFmpeg's; want %d and a tenth", c.name, len(ours), len(theirs), tones*c.slot)
		}
		for i := range tones {
			want, slot := c.level(i), c.slot
			our, their := slices.Max(ours[slot*i:slot*(i+1)]), slices.Max(theirs[slot/10*i:slot/10*(i+1)])
			t.Logf("%s, tone %2d, %3d ms late: want %.0f, ours %.2f, FFmpeg's %.2f (%+.2f)", c.name, i+1, 20*i, want, our, their, their-want)
			if math.Abs(our-want) > 0.1 {
				t.Errorf("%s, tone %d: ours is %.2f, want %.0f within 0.1", c.name, i+1, our, want)
			}
			if i%5 == 0 && math.Abs(their-our) > 0.1 || their > our+0.1 {
				t.Errorf("%s, tone %d: ours is %.2f, FFmpeg's %.2f", c.name, i+1, our, their)
			}
		}
	}
}

// ebur128 gives the momentary loudness that FFmpeg's filter tells each 100 ms.
func ebur128(t *testing.T, sound [][]float32) (m []float64) {
	t.Helper()
	var raw bytes.Buffer
	for i := range sound[0] {
		for c := range sound {
			binary.Write(&raw, binary.LittleEndian, sound[c][i])
		}
	}
	ffmpeg := exec.Command("ffmpeg", strings.Fields(fmt.Sprintf("-v error -f f32le -ar %d -ac %d -i - -af ebur128=metadata=1,ametadata=print:file=- -f null /dev/null",
		soundRate, len(sound)))...)
	ffmpeg.Stdin = &raw
	printed, err := ffmpeg.Output()
	if err != nil {
		t.Fatalf("ffmpeg ebur128: %v", err)
	}
	for _, line := range strings.Split(string(printed), "\n") {
		if _, value, ok := strings.Cut(line, "lavfi.r128.M="); ok {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			if math.IsNaN(v) { // it says so of silence
				v = -120
			}
			m = append(m, v)
		}
	}
	return m
}
