package rule_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// detailed gives both channels of a block what ingest measures of them.
func detailed(change func(b *schemas.AudioBlock, left, right *schemas.ChannelDetail)) func(*schemas.AudioBlock) {
	return func(b *schemas.AudioBlock) {
		b.Samples = 4800
		for i := range b.Channels {
			b.Channels[i].Detail = &schemas.ChannelDetail{ConstantRun: 1}
		}
		change(b, b.Channels[0].Detail, b.Channels[1].Detail)
	}
}

// unweighted gives each channel ten slices of so many dBFS.
func unweighted(b *schemas.AudioBlock, dB ...float64) {
	for i, level := range dB {
		b.Channels[i].Energy = make([]byte, 10)
		for s := range b.Channels[i].Energy {
			b.Channels[i].Energy[s] = byte(255 + 2*level)
		}
	}
}

// inventoried tells the rule that track 0 is stereo.
func inventoried(r rule.Rule) rule.Rule {
	r.Judge(&rule.Record{Feature: &schemas.Feature{Inventory: &schemas.Inventory{Tracks: []schemas.Track{
		{Kind: "audio", Audio: &schemas.AudioFormat{Channels: 2, Layout: "stereo"}},
	}}}})
	return r
}

func TestAudioRules(t *testing.T) {
	none := func(*schemas.AudioBlock) {}
	peak := func(left, right int32) func(*schemas.AudioBlock) {
		return detailed(func(_ *schemas.AudioBlock, l, r *schemas.ChannelDetail) { l.TruePeak, r.TruePeak = &left, &right })
	}
	flagged := func(flags int32, change func(*schemas.AudioBlock)) func(*schemas.AudioBlock) {
		return func(b *schemas.AudioBlock) {
			change(b)
			b.Flags |= flags
		}
	}
	runs := func(left, right int32) func(*schemas.AudioBlock) {
		return detailed(func(_ *schemas.AudioBlock, l, r *schemas.ChannelDetail) { l.ClipRuns, r.ClipRuns = left, right })
	}
	// -20 dBFS is a mean square of 0.01.
	pair := func(product float32, dB float64) func(*schemas.AudioBlock) {
		return func(b *schemas.AudioBlock) {
			unweighted(b, dB, dB)
			b.Pairs = &[]float32{product}
		}
	}
	hum := func(share func(seq int64) int32, dB func(seq int64) float64) func(*schemas.AudioBlock) {
		return detailed(func(b *schemas.AudioBlock, l, r *schemas.ChannelDetail) {
			unweighted(b, dB(b.Seq), dB(b.Seq))
			s := share(b.Seq)
			l.Hum, r.Hum = &s, &s
		})
	}
	always := func(share int32) func(int64) int32 { return func(int64) int32 { return share } }
	steady := func(dB float64) func(int64) float64 { return func(int64) float64 { return dB } }
	for _, test := range []struct {
		name        string
		rule        rule.Rule
		left, right func(int) float32
		change      func(*schemas.AudioBlock)
		state       rule.State
		value       float64
	}{
		// True peak is that of the worst channel: +3.5 dBTP of 350 hundredths.
		{"peaks beyond", rule.NewTruePeak(), energy(0.1), energy(0.1), peak(-100, 350), rule.Bad, 3.5},
		{"peaks at full scale", rule.NewTruePeak(), energy(0.1), energy(0.1), peak(0, -200), rule.Good, 0},
		{"peaks where sound begins", rule.NewTruePeak(), energy(0.1), energy(0.1), flagged(1<<3, peak(-100, 350)), rule.Unknown, 0},
		{"peaks behind a gap", rule.NewTruePeak(), energy(0.1), energy(0.1), flagged(1<<2, peak(-100, 350)), rule.Unknown, 0},
		{"peaks not measured", rule.NewTruePeak(), energy(0.1), energy(0.1), none, rule.Unknown, 0},

		// Three runs in each of ten blocks a second, on one channel.
		{"clipped", rule.NewClipping(), energy(0.5), energy(0.5), runs(3, 1), rule.Bad, 30},
		{"clipped now and then", rule.NewClipping(), energy(0.5), energy(0.5), runs(1, 1), rule.Good, 10},
		{"clipping not measured", rule.NewClipping(), energy(0.5), energy(0.5), none, rule.Unknown, 0},

		// A product of -0.0095 of two channels of 0.01 each is a correlation of -0.95.
		{"out of phase", rule.NewPhase(), energy(0.01), energy(0.01), pair(-0.0095, -20), rule.Bad, 0.95},
		{"in phase", rule.NewPhase(), energy(0.01), energy(0.01), pair(0.0095, -20), rule.Good, -0.95},
		{"wide", rule.NewPhase(), energy(0.01), energy(0.01), pair(-0.002, -20), rule.Good, 0.2},
		{"too soft for a phase", rule.NewPhase(), energy(0), energy(0), pair(-1e-6, -60), rule.Unknown, 0},

		// One channel at digital zero, 120 dB below; the other at -20.7 LUFS, or at -50.7, which nobody misses.
		{"dead channel", rule.NewChannelMissing(), energy(0.01), energy(0), none, rule.Bad, 120},
		{"soft on both", rule.NewChannelMissing(), energy(1e-5), energy(0), none, rule.Good, 0},
		{"softer on one", rule.NewChannelMissing(), energy(0.01), energy(1e-5), none, rule.Good, 50.691},

		// All of a sound of -40 dBFS is in the mains' lines; half of it, 3 dB less; it comes and goes; a tenth of what is there.
		{"hum", rule.NewHum(), energy(1e-4), energy(1e-4), hum(always(10000), steady(-40)), rule.Bad, -40},
		{"hum beside noise", rule.NewHum(), energy(1e-4), energy(1e-4), hum(always(5000), steady(-40)), rule.Bad, -43.01},
		{"soft hum", rule.NewHum(), energy(1e-7), energy(1e-7), hum(always(10000), steady(-70)), rule.Good, -70},
		{"bass", rule.NewHum(), energy(1e-4), energy(1e-4), hum(always(10000), func(n int64) float64 { return -30 - 10*float64(n%5) }), rule.Good, -120},
		{"rumble", rule.NewHum(), energy(1e-4), energy(1e-4), hum(always(1000), steady(-20)), rule.Good, -120},

		// Two channels of a mean square of 0.1 are 0.2: -0.691 - 6.990 = -7.681 LUFS, 15.319 above -23.
		{"loud", inventoried(rule.NewLoudness()), energy(0.1), energy(0.1), none, rule.Bad, 15.319},
		{"at the target", inventoried(rule.NewLoudness()), energy(0.0029), energy(0.0029), none, rule.Good, 0},
		{"soft", inventoried(rule.NewLoudness()), energy(1e-6), energy(1e-6), none, rule.Good, 0},
		{"layout not known", rule.NewLoudness(), energy(0.1), energy(0.1), none, rule.Unknown, 0},
	} {
		v := sound(t, test.rule, 0, 100, test.left, test.right, test.change)
		if v.State != test.state || test.state != rule.Unknown && math.Abs(v.Value-test.value) > 0.01 {
			t.Errorf("%s: got %v with %.3f, want %v with %.3f", test.name, v.State, v.Value, test.state, test.value)
		}
		// Where we skipped blocks ourselves nothing is known, but of a peak that was heard.
		if _, peaks := test.rule.(*rule.TruePeak); peaks {
			continue
		}
		v = sound(t, test.rule, 100, 1, test.left, test.right, func(b *schemas.AudioBlock) {
			test.change(b)
			b.Skipped = 3
		})
		if v.State != rule.Unknown {
			t.Errorf("%s, blocks skipped: got %+v, want unknown", test.name, v)
		}
	}
}

// TestDamagedSoundSaysNothing: what a decoder makes of blocks that came damaged, five a second, has no verdict and no part in the next one.
func TestDamagedSoundSaysNothing(t *testing.T) {
	for _, r := range []rule.Rule{rule.NewTruePeak(), rule.NewClipping(), rule.NewClick(), rule.NewPhase(), rule.NewHum(), inventoried(rule.NewLoudness())} {
		judged := 0
		for n := range int64(200) {
			flags, level, product, peak, runs, step, impulse, hum := int32(0), -23.0, float32(0.001), int32(-600), int32(0), int32(1000), int32(100), int32(0)
			if n%2 == 1 {
				flags, level, product, peak, runs, step, impulse, hum = 1+int32(n/2%2), 0, -1, 2900, 40, 1<<19, 3500, 10_000
			}
			b := &schemas.AudioBlock{Seq: n, Samples: 4800, Flags: flags, Channels: make([]schemas.Channel, 2), Pairs: &[]float32{product}}
			for c := range b.Channels {
				b.Channels[c].Detail = &schemas.ChannelDetail{TruePeak: &peak, ClipRuns: runs, Step: step, Impulse: &impulse, Hum: &hum}
				b.Channels[c].KEnergy = make([]byte, 40)
				for i := range 10 {
					binary.BigEndian.PutUint32(b.Channels[c].KEnergy[4*i:], math.Float32bits(float32(math.Pow(10, level/10))))
				}
			}
			unweighted(b, level, level)
			v, ok := r.Judge(&rule.Record{Time: n * 100_000, Feature: &schemas.Feature{AudioBlock: b}})
			if ok != (flags == 0) || v.State == rule.Bad {
				t.Errorf("%T: block %d with flags %d: got %+v, %v", r, n, flags, v, ok)
				break
			}
			if v.State == rule.Good {
				judged++
			}
		}
		if judged < 50 {
			t.Errorf("%T: %d blocks of whole sound are good, want 50 of 100 at least", r, judged)
		}
	}
}

// between is loud but for the slices from the first up to the last.
func between(first, last int) func(int) float32 {
	return func(slice int) float32 {
		if slice >= first && slice < last {
			return 0
		}
		return 0.01
	}
}

func TestAudioDropout(t *testing.T) {
	// fading falls by 6 dB a slice from slice 1005 on, and comes back at once: a soft lead-in.
	fading := func(slice int) float32 {
		if slice >= 1005 && slice < 1030 {
			return 0.01 / float32(math.Pow(4, float64(slice-1004)))
		}
		return 0.01
	}
	softer := func(slice int) float32 {
		if slice >= 1020 {
			return 0.0001
		}
		return between(1010, 1020)(slice)
	}
	for _, test := range []struct {
		name   string
		energy func(int) float32
		change func(*schemas.AudioBlock)
		want   float64 // ms, 0: none
		from   int64   // ms
	}{
		{"a hole of 60 ms", between(1010, 1016), func(*schemas.AudioBlock) {}, 60, 10_100},
		{"across blocks", between(1005, 1025), func(*schemas.AudioBlock) {}, 200, 10_050},
		{"a pause", between(1010, 1050), func(*schemas.AudioBlock) {}, 0, 0},
		{"softly", fading, func(*schemas.AudioBlock) {}, 0, 0},
		{"to something else", softer, func(*schemas.AudioBlock) {}, 0, 0},
		{"none", energy(0.01), func(*schemas.AudioBlock) {}, 0, 0},
		// 240 samples of 4800 in 100 ms are 5 ms.
		{"5 ms of digital zero", energy(0.01), detailed(func(b *schemas.AudioBlock, l, r *schemas.ChannelDetail) {
			if b.Seq == 102 {
				l.ZeroRun, r.ZeroRun = 240, 260
			}
		}), 5, 10_200},
		{"on one channel only", energy(0.01), detailed(func(b *schemas.AudioBlock, l, r *schemas.ChannelDetail) { l.ZeroRun = 240 }), 0, 0},
		{"after samples were missing", between(1010, 1016), func(b *schemas.AudioBlock) {
			if b.Seq == 101 {
				b.Flags = 1 << 2
			}
		}, 0, 0},
	} {
		r, found := rule.NewAudioDropout(), rule.Verdict{}
		for n := 95; n < 115; n++ {
			if v := sound(t, r, n, 1, test.energy, test.energy, test.change); v.State == rule.Bad {
				found = v
			}
		}
		if found.Value != test.want || test.want > 0 && found.From != test.from*1000 {
			t.Errorf("%s: found %.1f ms from %d, want %.1f ms from %d ms", test.name, found.Value, found.From, test.want, test.from)
		}
	}
}

func TestClick(t *testing.T) {
	const full = 1 << 20
	for _, test := range []struct {
		name   string
		energy func(int) float32
		// step and impulse are those of one block a second.
		step, impulse int32
		want          float64
	}{
		// Five within five seconds.
		{"a click a second", energy(0.01), full / 2, 3500, 5},
		{"soft ones", energy(0.01), full / 20, 2000, 5},
		{"what nobody hears", energy(0.01), full / 50, 3500, 0},
		{"what is struck", energy(0.01), full / 2, 900, 0},
		// A beep of 60 ms begins with a step and is louder than the rest all the while.
		{"beeps", func(slice int) float32 { return beep(slice + 50) }, full / 2, 3500, 0},
	} {
		r := rule.NewClick()
		v := sound(t, r, 0, 101, test.energy, test.energy, detailed(func(b *schemas.AudioBlock, l, r *schemas.ChannelDetail) {
			usual, impulse := int32(400), choose(b.Seq%10 == 5, test.impulse, 400)
			l.Step, l.Impulse, r.Step, r.Impulse = choose(b.Seq%10 == 5, test.step, full/20), &impulse, 0, &usual
		}))
		if v.State == rule.Unknown || v.Value != test.want {
			t.Errorf("%s: got %v with %.0f, want %.0f", test.name, v.State, v.Value, test.want)
		}
		if v.State == rule.Bad && (v.From != 5_500_000 || v.To != 9_600_000) {
			t.Errorf("%s: the clicks are from %d to %d, want 5.5 s to 9.6 s", test.name, v.From, v.To)
		}
	}
	if v := sound(t, rule.NewClick(), 0, 101, energy(0.01), energy(0.01), detailed(func(_ *schemas.AudioBlock, l, r *schemas.ChannelDetail) { l.Step, r.Step = full, full })); v.State != rule.Unknown {
		t.Errorf("of an edge that does not measure impulses: got %v, want unknown", v.State)
	}
}

func choose(first bool, a, b int32) int32 {
	if first {
		return a
	}
	return b
}
