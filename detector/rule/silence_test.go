package rule_test

import (
	"encoding/binary"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// TestSilence feeds three seconds of sound. The figure is the level of the loudest channel below full scale: -0.691 + 10 log10 of the energy.
func TestSilence(t *testing.T) {
	nan := float32(math.NaN())
	for _, test := range []struct {
		name        string
		left, right func(slice int) float32
		state       rule.State
		value       float64
	}{
		{"digital zero", energy(0), energy(0), rule.Bad, 120},
		{"a converter's noise", energy(1e-10), energy(1e-10), rule.Bad, 100.691},
		{"just silent: 69.309 + 0.691", energy(1e-7), energy(0), rule.Bad, 70.691},
		{"a quiet room", energy(5e-7), energy(5e-7), rule.Good, 63.701},
		{"one live channel", energy(0), energy(0.01), rule.Good, 20.691},
		{"a click of 10 ms in 200", every(20, 0.5), energy(0), rule.Bad, 120},
		{"a beep of 60 ms a second", beep, energy(0), rule.Good, 3.701},
		{"no number", energy(nan), energy(0), rule.Unknown, 0},
		{"an energy below zero", energy(-1), energy(0), rule.Bad, 120},
	} {
		r := rule.NewSilence()
		v := sound(t, r, 0, 30, test.left, test.right, func(*schemas.AudioBlock) {})
		if v.State != test.state || test.state != rule.Unknown && math.Abs(v.Value-test.value) > 0.01 {
			t.Errorf("%s: got %v with %.3f, want %v with %.3f", test.name, v.State, v.Value, test.state, test.value)
		}
	}
}

func TestSilenceIsUnknown(t *testing.T) {
	for _, test := range []struct {
		name   string
		blocks int
		change func(b *schemas.AudioBlock)
	}{
		{"in the first second", 9, func(*schemas.AudioBlock) {}},
		{"after an epoch began", 30, func(b *schemas.AudioBlock) { b.Epoch = int32(b.Seq / 25) }},
		{"where we skipped blocks", 30, func(b *schemas.AudioBlock) { b.Skipped = int32(b.Seq / 25) }},
		{"while the filter warms up", 30, func(b *schemas.AudioBlock) { b.Flags = int32(b.Seq/25) << 3 }},
	} {
		if v := sound(t, rule.NewSilence(), 0, test.blocks, energy(0), energy(0), test.change); v.State != rule.Unknown {
			t.Errorf("%s: got %+v", test.name, v)
		}
	}
}

// TestTracksAreJudgedApart: one is silent and the other is not.
func TestTracksAreJudgedApart(t *testing.T) {
	r := rule.NewSilence()
	for i := range 30 {
		for track, want := range []rule.State{rule.Bad, rule.Good} {
			level := []float32{0, 0.1}[track]
			v := sound(t, r, i, 1, energy(level), energy(level), func(b *schemas.AudioBlock) { b.Track = int32(track) })
			if part := []string{"track 0", "track 1"}[track]; partOf(r) != part || i > 10 && v.State != want {
				t.Fatalf("block %d: got %+v of %s, want %s and state %v", i, v, partOf(r), part, want)
			}
		}
	}
}

// TestEnergiesCompareAsLevels: of two float32s in a row the larger has the larger level, or both have the least there is; so the least energy of a level
// parts those that have it from those that have not.
func TestEnergiesCompareAsLevels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.Uint32Range(0, math.Float32bits(math.MaxFloat32)-1).Draw(t, "bits")
		e, next := float64(math.Float32frombits(bits)), float64(math.Float32frombits(bits+1))
		level, above := rule.LevelOf(e), rule.LevelOf(next)
		if !(level < above) && above > -120 {
			t.Fatalf("%v has level %v, %v has %v", e, level, next, above)
		}
		for _, wanted := range []float64{level, above, -60, -40, -120, math.NaN()} {
			for _, x := range []float64{e, next} {
				if least := rule.LeastEnergy(wanted); x < least != (rule.LevelOf(x) < wanted) {
					t.Fatalf("%v of level %v is below %v: %v, the least of level %v", x, rule.LevelOf(x), least, x < least, wanted)
				}
			}
		}
	})
}

func energy(e float32) func(int) float32 { return func(int) float32 { return e } }

// every is zero but for one slice in n.
func every(n int, e float32) func(int) float32 {
	return func(slice int) float32 {
		if slice%n == 0 {
			return e
		}
		return 0
	}
}

// beep is six slices of each second.
func beep(slice int) float32 {
	if slice%100 < 6 {
		return 0.5
	}
	return 0
}

// sound judges so many blocks of 100 ms of two channels from the first on and returns the last verdict.
func sound(t *testing.T, r rule.Rule, first, blocks int, left, right func(slice int) float32, change func(b *schemas.AudioBlock)) rule.Verdict {
	t.Helper()
	var last rule.Verdict
	for n := first; n < first+blocks; n++ {
		b := &schemas.AudioBlock{Seq: int64(n), Channels: make([]schemas.Channel, 2)}
		for c, e := range []func(int) float32{left, right} {
			b.Channels[c].KEnergy = make([]byte, 40)
			for i := range 10 {
				binary.BigEndian.PutUint32(b.Channels[c].KEnergy[4*i:], math.Float32bits(e(10*n+i)))
			}
		}
		change(b)
		v, ok := r.Judge(&rule.Record{Time: int64(n) * 100_000, Feature: &schemas.Feature{AudioBlock: b}})
		if !ok {
			t.Fatalf("no verdict on block %d", n)
		}
		last = v
	}
	return last
}
