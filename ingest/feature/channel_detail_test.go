package feature_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// details are those of the one channel's blocks.
func details(rate int, sound []float32) (out []*schemas.ChannelDetail) {
	got, _ := blocks(rate, 1024, sound)
	for _, b := range got {
		out = append(out, b.Channels[0].Detail)
	}
	return out
}

// within puts samples into 100 ms of zeros at 48 kHz, from sample 1000 on.
func within(samples ...float32) []float32 {
	out := constant(4800, 0)
	copy(out[1000:], samples)
	return out
}

// alternating is n samples that change sign every so many.
func alternating(n, every int, value float32) []float32 {
	out := constant(n, value)
	for i := range out {
		if i/every%2 == 1 {
			out[i] = -value
		}
	}
	return out
}

func TestRunsAndSteps(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	type figures struct{ zero, constant, clipped, clipRuns, notFinite, step, crossings int32 }
	for _, c := range []struct {
		name  string
		sound []float32
		want  figures
	}{
		{"digital zero", constant(4800, 0), figures{zero: 4800, constant: 4800}},
		{"a stuck value", constant(4800, 0.25), figures{constant: 4800}},
		// 0 after 1000 zeros, 3797 more after the three.
		{"a click", within(0.5, 0, 0), figures{zero: 3799, constant: 3799, step: 1 << 19}},
		{"a ramp", within(0.125, 0.25, 0.375, 0.5, 0.375, 0.25, 0.125), figures{zero: 3793, constant: 3793, step: 1 << 17}},
		{"two clipped", within(1, 1), figures{zero: 3798, constant: 3798, clipped: 2, step: 1 << 20}},
		{"three clipped", within(1, 0.9995, 1), figures{zero: 3797, constant: 3797, clipped: 3, clipRuns: 1, step: 1 << 20}},
		{"just not clipped", within(0.998, 0.998, 0.998), figures{zero: 3797, constant: 3797, step: 1046479}}, // 0.998*2^20
		{"clipped on both sides", within(1, 1, -1, -1), figures{zero: 3796, constant: 3796, clipped: 4, step: 2 << 20, crossings: 2}},
		{"five and three", within(-1, -1, -1, -1, -1, 1, 1, 1), figures{zero: 3792, constant: 3792, clipped: 8, clipRuns: 2, step: 2 << 20, crossings: 2}},
		{"each other way", alternating(4800, 1, 0.5), figures{constant: 1, step: 1 << 20, crossings: 4799}},
		{"a square of 500 Hz", alternating(4800, 48, 0.5), figures{constant: 48, step: 1 << 20, crossings: 99}},
		{"no numbers", within(nan, inf, -inf), figures{zero: 4800, constant: 4800, notFinite: 3}},
		{"minus zero", within(float32(math.Copysign(0, -1))), figures{zero: 4800, constant: 4800}},
		{"a step beyond the field", within(math.MaxFloat32), figures{zero: 3799, constant: 3799, clipped: 1, step: math.MaxInt32}},
	} {
		d := details(48000, c.sound)[0]
		got := figures{d.ZeroRun, d.ConstantRun, d.Clipped, d.ClipRuns, d.NotFinite, d.Step, d.ZeroCrossings}
		if got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

// A run goes on over a border, a neighbour may be a block away; after a flush nothing does.
func TestRunsOverBorders(t *testing.T) {
	first, second := alternating(800, 1, 0.5), alternating(800, 1, 0.5)
	copy(first[770:], constant(28, 0))
	copy(first[798:], constant(2, 1))
	copy(second, []float32{1, 0, 0.25})
	type figures struct{ zero, constant, clipRuns, step int32 }
	for _, c := range []struct {
		name  string
		flush bool
		want  [2]figures
	}{
		{"unbroken", false, [2]figures{{28, 28, 0, 1 << 20}, {1, 3, 1, 1 << 20}}},
		{"flushed", true, [2]figures{{28, 28, 0, 1 << 20}, {1, 1, 0, 1 << 20}}},
	} {
		a := feature.NewAudio(media.AudioFormat{SampleRate: 8000, Channels: 1})
		var got []figures
		keep := func(b *schemas.AudioBlock, _ int) {
			d := b.Channels[0].Detail
			got = append(got, figures{d.ZeroRun, d.ConstantRun, d.ClipRuns, d.Step})
		}
		a.Add(&media.Samples{Channels: [][]float32{first}}, keep)
		if c.flush {
			a.Flush(keep)
		}
		a.Add(&media.Samples{Channels: [][]float32{second}}, keep)
		if !reflect.DeepEqual(got, c.want[:]) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	quiet := details(8000, append(constant(800, -0.5), constant(800, 0.5)...))
	if quiet[0].Step != 0 || quiet[1].Step != 1<<20 || quiet[1].ZeroCrossings != 1 {
		t.Errorf("a step between blocks: steps %d and %d, %d crossings; want 0, %d, 1", quiet[0].Step, quiet[1].Step, quiet[1].ZeroCrossings, 1<<20)
	}
}

// Each block has its own figures, whatever way its runs are found.
func TestRunsOfSuccessiveBlocks(t *testing.T) {
	ramp := make([]float32, 800) // no zeros, no neighbours alike, none clipped
	for i := range ramp {
		ramp[i] = float32(i+1) / 1000
	}
	endsClipped, begunClipped, broken := append([]float32(nil), ramp...), append([]float32(nil), ramp...), append([]float32(nil), ramp...)
	endsClipped[798], endsClipped[799], begunClipped[0] = 1, 0.9995, 1
	broken[400] = float32(math.NaN())
	type figures struct{ zero, constant, clipRuns, notFinite int32 }
	for _, c := range []struct {
		name   string
		blocks [][]float32
		want   []figures
	}{
		{"clipped at both ends of what is not", [][]float32{endsClipped, ramp, begunClipped}, []figures{{0, 1, 0, 0}, {0, 1, 0, 0}, {0, 1, 0, 0}}},
		{"clipped over a border", [][]float32{endsClipped, begunClipped}, []figures{{0, 1, 0, 0}, {0, 1, 1, 0}}},
		{"stuck, then zero, then more of it", [][]float32{constant(800, 0.5), constant(800, 0), constant(800, 0), ramp},
			[]figures{{0, 800, 0, 0}, {800, 800, 0, 0}, {1600, 1600, 0, 0}, {0, 1, 0, 0}}},
		{"stuck all along", [][]float32{constant(800, 0.5), constant(800, 0.5)}, []figures{{0, 800, 0, 0}, {0, 1600, 0, 0}}},
		{"one that is no number", [][]float32{broken, ramp}, []figures{{1, 1, 0, 1}, {0, 1, 0, 0}}},
	} {
		var got []figures
		for _, d := range details(8000, slices.Concat(c.blocks...)) {
			got = append(got, figures{d.ZeroRun, d.ConstantRun, d.ClipRuns, d.NotFinite})
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// Samples as they come, one by one, in words.
func TestRunsEqualBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SampledFrom([]float32{0, 0, 0.25, -0.25, 1, -1, 0.9995})
		sound := make([]float32, 0, 2400)
		for len(sound) < 2400 {
			run := rapid.IntRange(1, 900).Draw(t, "run")
			sound = append(sound, constant(min(run, 2400-len(sound)), values.Draw(t, "value"))...)
		}
		var zero, equal, clip int32
		for i, got := range details(8000, sound) {
			want := schemas.ChannelDetail{}
			for j := 800 * i; j < 800*(i+1); j++ {
				x, before := sound[j], sound[max(j-1, 0)]
				equal, zero, clip = equal+1, zero+1, clip+1
				if x != before {
					equal = 1
				}
				if x != 0 {
					zero = 0
				}
				if big := x >= 0.999 || x <= -0.999; !big {
					clip = 0
				} else {
					want.Clipped++
					if x*before < 0 {
						clip = 1
					}
				}
				if clip == 3 {
					want.ClipRuns++
				}
				if x < 0 != (before < 0) {
					want.ZeroCrossings++
				}
				want.ZeroRun, want.ConstantRun = max(want.ZeroRun, zero), max(want.ConstantRun, equal)
				want.Step = max(want.Step, int32(math.Round(math.Abs(float64(x)-float64(before))*(1<<20))))
			}
			got.TruePeak, got.Hum, got.High, got.Flatness, got.Impulse = nil, nil, nil, nil, nil
			if *got != want {
				t.Fatalf("block %d: got %+v, want %+v", i, *got, want)
			}
		}
	})
}

func TestTruePeak(t *testing.T) {
	for _, c := range []struct {
		name  string
		sound []float32
		want  int32
	}{
		// The largest coefficient is 0.972, so that the sample counts: 20*log10(0.5).
		{"one sample", within(0.5), -602},
		// Between the two: 0.5*(0.46508789 + 0.77978516) = 0.62244, 20*log10 of which is -4.118.
		{"two samples", within(0.5, 0.5), -412},
		{"above full scale", within(2, 2), 792},
		{"the largest number", within(math.MaxFloat32), 12041},
	} {
		if got := details(48000, c.sound)[0].TruePeak; got == nil || *got != c.want {
			t.Errorf("%s: got %v, want %d", c.name, show(got), c.want)
		}
	}
	if got := details(48000, constant(4800, 0))[0].TruePeak; got != nil {
		t.Errorf("digital zero has a true peak of %d", *got)
	}
	// The filter remembers: two samples at a border count where the second is.
	sound := constant(9600, 0)
	sound[4799], sound[4800] = 0.5, 0.5
	if got := details(48000, sound)[1].TruePeak; got == nil || *got != -412 {
		t.Errorf("two samples at a border: got %v, want -412", show(got))
	}
}

func TestImpulse(t *testing.T) {
	// at puts samples into a block of noise of +-0.01, evenly spread.
	at := func(place int, values ...float32) []float32 {
		out := hiss(4800)
		for i := range out {
			out[i] *= 0.02
		}
		for i, v := range values {
			out[place+i] += v
		}
		return out
	}
	// struck dies away within two milliseconds.
	struck := make([]float32, 1200)
	for i := range struck {
		struck[i] = 40 * at(0)[i] * float32(math.Exp(-float64(i)/96))
	}
	for _, c := range []struct {
		name        string
		sound       []float32
		least, most int32
	}{
		{"digital zero", constant(4800, 0), 0, 0},
		{"a stuck value", append(constant(4800, 0.25), constant(4800, 0.25)...), 0, 0},
		// One sample in nothing: its fourth difference is 1, -4, 6, -4 and 1 of it, the root mean square of which over 4800 is sqrt(70/4800).
		{"one sample in nothing", within(0.5), 4968, 4968},
		{"noise", at(0), 200, 500},
		{"a sample", at(2000, 0.3), 2500, 4968},
		{"a sample at the end", at(4790, 0.3), 2500, 4968},
		{"a sample at the beginning", at(0, 0.3), 2500, 4968},
		{"a step", at(2000, constant(2800, 0.3)...), 1500, 4968},
		{"what is struck", at(2000, struck...), 200, 800},
	} {
		blocks := details(48000, c.sound)
		if got := blocks[len(blocks)-1].Impulse; got == nil || *got < c.least || *got > c.most {
			t.Errorf("%s: impulse is %v, want %d to %d", c.name, show(got), c.least, c.most)
		}
	}
}

// sines is 100 ms of sines of one amplitude each.
func sines(rate int, amplitude float64, hertz ...float64) []float32 {
	out := make([]float32, rate/10)
	for i := range out {
		for _, f := range hertz {
			out[i] += float32(amplitude * math.Sin(2*math.Pi*f*float64(i)/float64(rate)))
		}
	}
	return out
}

// At 100 ms, sines of multiples of 10 Hz are orthogonal: each has the share of its square.
func TestHum(t *testing.T) {
	for _, rate := range []int{8000, 11025, 22050, 44100, 48000, 96000, 192000} {
		for _, c := range []struct {
			name  string
			sound []float32
			want  int32
		}{
			{"50 Hz", sines(rate, 0.1, 50), 10000},
			{"60 Hz, very soft", sines(rate, 1e-5, 60), 10000},
			{"50 Hz and as much of 1 kHz", sines(rate, 0.1, 50, 1000), 5000},
			{"50 and 60 Hz", sines(rate, 0.1, 50, 60), 5000},
			{"50 Hz and its harmonics, and one of 1 kHz", sines(rate, 0.1, 50, 100, 150, 200, 1000), 8000},
			{"60 Hz and its harmonics, and one of 1 kHz", sines(rate, 0.1, 60, 120, 180, 240, 1000), 8000},
			{"neither", sines(rate, 0.1, 70, 250, 1000), 0},
		} {
			// A block of 1102 samples at 11025 Hz is not quite 100 ms, and the means may leave some samples over.
			if got := details(rate, c.sound)[0].Hum; got == nil || math.Abs(float64(*got-c.want)) > 30 {
				t.Errorf("%s at %d Hz: got %v, want %d within 30", c.name, rate, show(got), c.want)
			}
		}
	}
	offset := sines(48000, 0.1, 50)
	for i := range offset {
		offset[i] += 0.5
	}
	if got := details(48000, offset)[0].Hum; got == nil || *got != 10000 {
		t.Errorf("50 Hz with DC: got %v, want 10000", show(got))
	}
}

// hiss is white noise, within -0.5 and 0.5.
func hiss(n int) []float32 {
	source := rand.New(rand.NewPCG(1, 2))
	out := make([]float32, n)
	for i := range out {
		out[i] = source.Float32() - 0.5
	}
	return out
}

func TestHighBand(t *testing.T) {
	for _, c := range []struct {
		name  string
		rate  int
		sound []float32
		want  int32
		slack int32
	}{
		// 0.5*0.5^2 is -9.03 dB.
		{"12 kHz", 48000, sines(48000, 0.5, 12000), -903, 1},
		{"12 kHz at 44.1", 44100, sines(44100, 0.5, 12000), -903, 1},
		{"12 kHz at 192", 192000, sines(192000, 0.5, 12000), -903, 1},
		// 32 of 128 lines of 1/12: 1/48 is -16.81 dB.
		{"noise", 48000, hiss(4800), -1681, 30},
	} {
		if got := details(c.rate, c.sound)[0].High; got == nil || *got < c.want-c.slack || *got > c.want+c.slack {
			t.Errorf("%s: got %v, want %d within %d", c.name, show(got), c.want, c.slack)
		}
	}
	// Line 16 at 48 kHz is 3 kHz and leaves nothing but rounding elsewhere.
	if got := details(48000, sines(48000, 0.5, 3000))[0].High; got != nil && *got > -10000 {
		t.Errorf("3 kHz: got %d, want less than -10000", *got)
	}
}

func TestFlatness(t *testing.T) {
	// 16 frames of white noise: the mean of logs of a chi-square of 32 degrees is 0.14 dB below the log of its mean; Hann's window makes
	// the estimate a little rougher at the ends of the frames.
	if got := details(48000, hiss(4800))[0].Flatness; got == nil || *got < -50 || *got > 0 {
		t.Errorf("noise: got %v, want -14 or so", show(got))
	}
	// 3 kHz is line 16: Hann's window spreads it over 15, 16 and 17 as 1/4, 1, 1/4 of 1.5 in all. Lines 2 to 85 count, 81 of them as
	// 100 dB below the mean of 1.5/84: (81*-100 + 17.48 + 2*11.46)/84 = -95.95.
	if got := details(48000, sines(48000, 0.5, 3000))[0].Flatness; got == nil || *got < -9597 || *got > -9592 {
		t.Errorf("a tone: got %v, want -9595", show(got))
	}
}

func TestWhatIsUndefined(t *testing.T) {
	tone := sines(48000, 0.5, 12000)
	low := sines(22050, 0.5, 5000)
	for _, c := range []struct {
		name                string
		rate                int
		sound               []float32
		hum, high, flatness bool
	}{
		{"a tone", 48000, tone, true, true, true},
		{"a short block", 48000, tone[:4799], false, false, false},
		{"digital zero", 48000, constant(4800, 0), false, false, false},
		{"DC", 48000, constant(4800, 0.3), false, false, false},
		{"a low rate", 22050, low, true, false, true},
	} {
		d := details(c.rate, c.sound)[0]
		if (d.Hum != nil) != c.hum || (d.High != nil) != c.high || (d.Flatness != nil) != c.flatness {
			t.Errorf("%s: hum %v, high %v, flatness %v; want figures: %v, %v, %v", c.name, show(d.Hum), show(d.High), show(d.Flatness),
				c.hum, c.high, c.flatness)
		}
	}
}

// show prints what may be missing.
func show(v *int32) any {
	if v == nil {
		return "null"
	}
	return *v
}

// Whatever the samples, their number, rate and channels: every figure is within its range, and the pieces in which they come do not matter.
func TestAnySound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int{8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000, 8001, 12345}).Draw(t, "rate")
		sound := make([][]float32, rapid.IntRange(1, 8).Draw(t, "channels"))
		n := rapid.IntRange(1, rate/4).Draw(t, "samples")
		source := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		wild := rapid.Bool().Draw(t, "any bits")
		for c := range sound {
			sound[c] = make([]float32, n)
			for i := range sound[c] {
				if sound[c][i] = source.Float32() - 0.5; wild {
					sound[c][i] = math.Float32frombits(source.Uint32())
				}
			}
		}
		want, _ := blocks(rate, n, sound...)
		got, _ := blocks(rate, rapid.IntRange(max(1, n/100), n).Draw(t, "piece"), sound...)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("pieces make other blocks")
		}
		for c, energies := range kEnergies(got) {
			for i, e := range energies {
				if !(e >= 0 && e <= math.MaxFloat32) {
					t.Fatalf("channel %d, tick %d: energy %v", c, i, e)
				}
			}
		}
		for _, b := range got {
			for c := range b.Channels {
				check(t, b, b.Channels[c].Detail)
			}
		}
	})
}

func check(t *rapid.T, b *schemas.AudioBlock, d *schemas.ChannelDetail) {
	for name, v := range map[string]int32{"zero_run": d.ZeroRun, "clipped": d.Clipped, "clip_runs": d.ClipRuns, "not_finite": d.NotFinite,
		"zero_crossings": d.ZeroCrossings} {
		if v < 0 || name != "zero_run" && v > b.Samples {
			t.Fatalf("%s is %d in %d samples", name, v, b.Samples)
		}
	}
	if most := math.Ceil(100 * math.Sqrt(float64(b.Samples))); d.Impulse == nil || *d.Impulse < 0 || float64(*d.Impulse) > most {
		t.Fatalf("impulse is %v in %d samples", show(d.Impulse), b.Samples)
	}
	if d.ConstantRun < 1 || d.Step < 0 || d.Hum != nil && (*d.Hum < 0 || *d.Hum > 10000) || d.Flatness != nil && (*d.Flatness > 0 || *d.Flatness < -10000) ||
		d.TruePeak != nil && *d.TruePeak > 13000 || d.High != nil && *d.High > 13000 {
		t.Fatalf("out of range: %+v, hum %v, high %v, flatness %v, true peak %v", *d, show(d.Hum), show(d.High), show(d.Flatness), show(d.TruePeak))
	}
}
