package window_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/detector/window"
)

// ticks are energies as a block carries them.
func ticks(energies ...float64) []byte {
	var out []byte
	for _, e := range energies {
		out = binary.BigEndian.AppendUint32(out, math.Float32bits(float32(e)))
	}
	return out
}

// level is the energy of a loudness in LUFS.
func level(lufs float64) float64 { return math.Pow(10, (lufs+0.691)/10) }

// stretch is n ticks of a loudness.
func stretch(n int, lufs float64) []byte {
	return ticks(slices.Repeat([]float64{level(lufs)}, n)...)
}

func mono() *window.Loudness { return &window.Loudness{Weights: []float64{1}} }

// loudness of ticks by the words of BS.1770-5 and Tech 3342: all windows are kept and sorted.
func loudness(energies []float64, length int, below float64) (passed []float64) {
	var all []float64
	for end := length; end <= len(energies); end += 10 {
		sum := 0.0
		for _, e := range energies[end-length : end] {
			sum += e
		}
		if m := sum / float64(length); -0.691+10*math.Log10(m) > -70 {
			all = append(all, m)
		}
	}
	sum := 0.0
	for _, m := range all {
		sum += m
	}
	for _, m := range all {
		if m >= sum/float64(len(all))*math.Pow(10, -below/10) {
			passed = append(passed, m)
		}
	}
	slices.Sort(passed)
	return passed
}

func lufs(energy float64) float64 { return -0.691 + 10*math.Log10(energy) }

// The histogram of a tenth of a LU differs from keeping everything by the bin in which the relative gate lies.
func TestLoudnessEqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := mono()
		var energies []float64
		for range rapid.IntRange(1, 12).Draw(t, "stretches") {
			e := float64(float32(level(rapid.Float64Range(-90, 5).Draw(t, "lufs"))))
			part := slices.Repeat([]float64{e}, rapid.IntRange(1, 700).Draw(t, "ticks"))
			energies = append(energies, part...)
			l.Add(ticks(part...))
		}
		passed := loudness(energies, 40, 10)
		got, ok := l.Integrated()
		if ok != (len(passed) > 0) {
			t.Fatalf("integrated %v (%v), %d blocks pass", got, ok, len(passed))
		}
		if ok {
			sum := 0.0
			for _, m := range passed {
				sum += m
			}
			// At most all in one bin: blocks 10 LU below the mean are a tenth each.
			if want := lufs(sum / float64(len(passed))); math.Abs(got-want) > 0.5 {
				t.Fatalf("integrated %.3f, want %.3f", got, want)
			}
		}
		if m, ok := l.Momentary(); ok != (len(energies) >= 40) {
			t.Fatalf("momentary %v (%v) after %d ticks", m, ok, len(energies))
		}
	})
}

// Percentiles of 21 windows: number round(0.1*20) = 2 and round(0.95*20) = 19 from 0.
func TestRange(t *testing.T) {
	l := mono()
	l.Add(stretch(300, -40))
	for range 20 {
		l.Add(stretch(10, -20))
	}
	var energies []float64
	energies = append(energies, slices.Repeat([]float64{level(-40)}, 300)...)
	energies = append(energies, slices.Repeat([]float64{level(-20)}, 200)...)
	all := loudness(energies, 300, 20)
	want := lufs(all[int(math.Round(0.95*float64(len(all)-1)))]) - lufs(all[int(math.Round(0.10*float64(len(all)-1)))])
	if got, ok := l.Range(); !ok || math.Abs(got-want) > 0.1 {
		t.Errorf("range %.3f (%v), want %.3f", got, ok, want)
	}
}

func TestGates(t *testing.T) {
	for _, c := range []struct {
		name   string
		levels []float64 // 40 s each
		want   float64
	}{
		{"at the absolute gate and below", []float64{-70.01, -80}, math.NaN()},
		{"silence does not count", []float64{-20, -75}, -20},
		{"9 LU below the mean counts: the mean of 10^-2 and 10^-2.9", []float64{-20, -29}, -22.5},
		{"14 LU below does not", []float64{-20, -34}, -20},
		{"far above full scale", []float64{60}, 60},
	} {
		l := mono()
		for _, lufs := range c.levels {
			l.Add(stretch(4000, lufs))
		}
		// At each change 3 of 800 blocks are mixed.
		if got, ok := l.Integrated(); ok == math.IsNaN(c.want) || ok && math.Abs(got-c.want) > 0.03 {
			t.Errorf("%s: %.3f (%v), want %.3f", c.name, got, ok, c.want)
		}
	}
}

func TestLoudnessIsUnknownAtFirst(t *testing.T) {
	l := mono()
	type known struct{ m, s, maxM, maxS, i, lra bool }
	look := func() (k known) {
		_, k.m = l.Momentary()
		_, k.s = l.ShortTerm()
		_, k.maxM = l.MaxMomentary()
		_, k.maxS = l.MaxShortTerm()
		_, k.i = l.Integrated()
		_, k.lra = l.Range()
		return k
	}
	for _, step := range []struct {
		name string
		do   func()
		want known
	}{
		{"390 ms", func() { l.Add(stretch(39, -20)) }, known{}},
		{"400 ms", func() { l.Add(stretch(1, -20)) }, known{m: true, maxM: true, i: true}},
		{"2.99 s", func() { l.Add(stretch(259, -20)) }, known{m: true, maxM: true, i: true}},
		{"3 s", func() { l.Add(stretch(1, -20)) }, known{true, true, true, true, true, true}},
		{"a break", l.Break, known{maxM: true, maxS: true, i: true, lra: true}},
		{"a new programme", l.Reset, known{}},
		{"silence", func() { l.Add(ticks(make([]float64, 300)...)) }, known{m: true, s: true, maxM: true, maxS: true}},
	} {
		step.do()
		if got := look(); got != step.want {
			t.Errorf("%s: known is %+v, want %+v", step.name, got, step.want)
		}
	}
	if m, _ := l.Momentary(); m != -120 {
		t.Errorf("silence reads %v, want -120", m)
	}
}

// A window never holds sound from both sides of a break.
func TestBreak(t *testing.T) {
	l := mono()
	l.Add(stretch(300, -10))
	l.Break()
	l.Add(stretch(40, -30))
	if m, ok := l.Momentary(); !ok || math.Abs(m+30) > 1e-3 {
		t.Errorf("momentary after a break is %.3f (%v), want -30", m, ok)
	}
	if m, ok := l.MaxMomentary(); !ok || math.Abs(m+10) > 1e-3 {
		t.Errorf("largest momentary is %.3f (%v), want -10", m, ok)
	}
}

// What the windows show does not depend on what went before them, to the last bit.
func TestWindowsForget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := ticks(rapid.SliceOfN(rapid.Float64Range(0, 10), 0, 500).Draw(t, "before")...)
		after := ticks(rapid.SliceOfN(rapid.Float64Range(0, 1e-6), 300, 300).Draw(t, "after")...)
		uncut, cut := mono(), mono()
		uncut.Add(before)
		uncut.Add(after)
		cut.Add(after)
		m1, _ := uncut.Momentary()
		m2, _ := cut.Momentary()
		s1, _ := uncut.ShortTerm()
		s2, _ := cut.ShortTerm()
		if m1 != m2 || s1 != s2 {
			t.Fatalf("M %v and %v, S %v and %v", m1, m2, s1, s2)
		}
	})
}

func TestChannelsAreWeighed(t *testing.T) {
	l := &window.Loudness{Weights: []float64{1, 0, 2}}
	energies := func(e float64) []byte { return ticks(slices.Repeat([]float64{e}, 40)...) }
	l.Add(energies(0.01), energies(5), energies(0.02), energies(7)) // 0.01 + 0 + 0.04, the fourth has no weight
	if m, ok := l.Momentary(); !ok || math.Abs(m-lufs(0.05)) > 1e-3 {
		t.Errorf("momentary is %.3f (%v), want %.3f", m, ok, lufs(0.05))
	}
	l.Reset()
	l.Add()
	l.Add(energies(1), nil, energies(1)) // no tick that all channels have
	l.Add(ticks(math.NaN(), -1), ticks(0, 0), ticks(0, 0))
	l.Add(energies(0.01)[:4*38], energies(0)[:4*38], energies(0)[:4*38])
	if m, ok := l.Momentary(); !ok || math.Abs(m-lufs(0.01*38/40)) > 1e-3 {
		t.Errorf("momentary is %.3f (%v), want %.3f", m, ok, lufs(0.01*38/40))
	}
}

func TestChannelWeights(t *testing.T) {
	for _, c := range []struct {
		layout   string
		channels int
		dualMono bool
		want     []float64
	}{
		{"mono", 1, false, []float64{1}},
		{"mono", 1, true, []float64{2}},
		{"stereo", 2, false, []float64{1, 1}},
		{"stereo", 2, true, []float64{1, 1}},
		{"2.1", 3, false, []float64{1, 1, 0}},
		{"3.0", 3, false, []float64{1, 1, 1}},
		{"4.0", 4, false, []float64{1, 1, 1, 1}},
		{"quad", 4, false, []float64{1, 1, 1.41, 1.41}},
		{"5.1", 6, false, []float64{1, 1, 1, 0, 1.41, 1.41}},
		{"5.1(side)", 6, false, []float64{1, 1, 1, 0, 1.41, 1.41}},
		{"6.1", 7, false, []float64{1, 1, 1, 0, 1, 1.41, 1.41}},
		{"7.1", 8, false, []float64{1, 1, 1, 0, 1, 1, 1.41, 1.41}},
		{"7.1(wide)", 8, false, []float64{1, 1, 1, 0, 1.41, 1.41, 1, 1}},
		{"3 channels (FL+LFE+SL)", 3, false, []float64{1, 0, 1.41}},
		{"FL+FR+LFE", 3, false, []float64{1, 1, 0}},
		{"", 6, false, []float64{1, 1, 1, 0, 1.41, 1.41}},
		{"6 channels", 6, false, []float64{1, 1, 1, 0, 1.41, 1.41}},
		{"5.1", 2, false, []float64{1, 1}},
		{"", 9, false, []float64{1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{"", 0, false, []float64{}},
	} {
		if got := window.ChannelWeights(c.layout, c.channels, c.dualMono); !slices.Equal(got, c.want) {
			t.Errorf("%q of %d channels, dual mono %v: got %v, want %v", c.layout, c.channels, c.dualMono, got, c.want)
		}
	}
}

func TestLoudnessAllocatesNothing(t *testing.T) {
	l, block := mono(), stretch(10, -20)
	if n := testing.AllocsPerRun(100, func() { l.Add(block) }); n != 0 {
		t.Errorf("a block allocates %v times, want 0", n)
	}
}

func BenchmarkLoudnessSecond(b *testing.B) {
	l, second := mono(), stretch(100, -20)
	for b.Loop() {
		l.Add(second)
	}
}
