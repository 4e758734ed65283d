package rule_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// measured is a picture of 8 bits with edges and texture: SI is 32 levels, whose square is 10 octaves.
func measured(change func(f *schemas.VideoFrame)) *schemas.VideoFrame {
	f := &schemas.VideoFrame{
		Sampling: 1, Duration: 3600, Detail: &schemas.Detail{SI: 32 * 64, LaplacianFull: 5 * 256, Noise: 256}, Grid: &schemas.Grid{Difference: &[72]byte{}},
		Block: &schemas.Block{H8: 8, V8: 8}, Macroblock: &schemas.Macroblock{}, Decode: &schemas.DecoderState{QPMean: number(int32(28))},
		Sampled: &schemas.Sampled{Banding: number(int32(512)), BandingVersion: number(int32(1))}, Difference: &schemas.Difference{Low: 5000}, Hash: &schemas.PictureHash{},
	}
	changed(f, 9, everywhere)
	change(f)
	return f
}

// inventory tells a rule the depth of the pictures.
func inventory(r rule.Rule, depth int32) {
	r.Judge(&rule.Record{Feature: &schemas.Feature{Inventory: &schemas.Inventory{Tracks: []schemas.Track{{Kind: "audio"}, {Kind: "video", Video: &schemas.VideoFormat{Depth: depth}}}}}})
}

// blur and blockiness need no time to be bad.
func blur() rule.Rule {
	r := rule.NewBlur().(*rule.Blur)
	r.Shot = 0
	return r
}

func blockiness() rule.Rule {
	r := rule.NewBlockiness().(*rule.Blockiness)
	r.Cut = 0
	return r
}

// TestQuality shows three seconds of a picture to a rule, of which it usually knows a level, and wants its word on the third.
func TestQuality(t *testing.T) {
	type change = func(f *schemas.VideoFrame)
	softer := func(octaves int32) change {
		return func(f *schemas.VideoFrame) { f.Detail.LaplacianFull = 10*256 - octaves }
	}
	noise := func(sigma, cells byte) change {
		return func(f *schemas.VideoFrame) {
			f.Detail.Noise, f.Grid.Difference = int32(sigma)*256, &[72]byte{}
			changed(f, cells, everywhere)
		}
	}
	grid := func(h, v int32) change { return func(f *schemas.VideoFrame) { f.Block.H8, f.Block.V8 = h, v } }
	qp := func(qp int32) change { return func(f *schemas.VideoFrame) { f.Decode.QPMean, f.Block = &qp, nil } }
	banding := func(index int32) change { return func(f *schemas.VideoFrame) { *f.Sampled.Banding = index * 256 } }
	posterised := func(share float64) change {
		return func(f *schemas.VideoFrame) { f.Sampled.Posterised = number(int32(4096 * share)) }
	}
	const offset = 16
	for _, test := range []struct {
		name          string
		rule          func() rule.Rule
		level, spread float64
		change        change
		state         rule.State
		value         float64
	}{
		// Of 6.1 octaves.
		{"sharp", blur, 0, 0, softer(1280), rule.Good, 5 / 6.1},
		{"soft", blur, 0, 0, softer(1664), rule.Bad, 6.5 / 6.1},
		// 0.8 octaves more than usual, of 0.7; but two spreads of 0.45 are 0.9, of which 0.1 are left: 1 - 0.1/0.7.
		{"softer than usual", blur, offset + 4.2, 0, softer(1280), rule.Bad, 0.8 / 0.7},
		{"no softer than comes and goes", blur, offset + 4.2, 0.45, softer(1280), rule.Good, 1 - 0.1/0.7},
		{"without edges", blur, 0, 0, func(f *schemas.VideoFrame) { f.Detail.SI = 9 * 64 }, rule.Unknown, 0},
		{"key pictures only", blur, 0, 0, func(f *schemas.VideoFrame) { f.Sampling = 0 }, rule.Unknown, 0},
		{"detail not measured", blur, 0, 0, func(f *schemas.VideoFrame) { f.Detail = nil }, rule.Unknown, 0},

		// Cells of level 11 differ by 22.6 levels: a sigma of 20. The lesser is 9 of 4.5.
		{"noisy", rule.NewNoise, 0, 0, noise(9, 11), rule.Bad, 2},
		// Level 9 is 5.66 levels, times sqrt(pi)/2: 5.01. Level 7 is a quarter of that, 1.25.
		{"noisy, but steadier", rule.NewNoise, 0, 0, noise(9, 9), rule.Bad, 5.01 / 4.5},
		{"texture that hardly moves", rule.NewNoise, 0, 0, noise(9, 7), rule.Good, 1.25 / 4.5},
		{"movement without texture", rule.NewNoise, 0, 0, noise(1, 11), rule.Good, 1 / 4.5},
		{"a tenth of the picture is still", rule.NewNoise, 0, 0, func(f *schemas.VideoFrame) {
			noise(9, 0)(f)
			changed(f, 11, func(column, row int) bool { return row > 0 }) // 16 of 144 cells
		}, rule.Good, 1. / 64 / 4.5},
		// Three times the usual one of a level is log2(3) = 1.585 octaves, 1.322 are tolerated.
		{"noisier than usual", rule.NewNoise, offset, 0, noise(3, 11), rule.Bad, 1.585 / 1.322},
		{"more than usual, but not seen", rule.NewNoise, offset - 3, 0, noise(1, 11), rule.Good, 1 / 1.2},
		{"first picture", rule.NewNoise, 0, 0, func(f *schemas.VideoFrame) { f.Grid.Difference = nil }, rule.Unknown, 0},

		// 64 are an octave, of 0.8; the weaker direction counts.
		{"blocky", blockiness, 0, 0, grid(64, 80), rule.Bad, 1.25},
		{"lines in one direction", blockiness, 0, 0, grid(8, 80), rule.Good, 0.125 / 0.8},
		// Half an octave more than none, of 0.35; 0.3 are below half of 0.8.
		{"blockier than usual", blockiness, offset, 0, grid(32, 32), rule.Bad, 2 * 0.5 / 0.8},
		{"more than usual, but not seen", blockiness, offset - 1, 0, grid(19, 19), rule.Good, 2 * 19. / 64 / 0.8},
		{"drawn", blockiness, 0, 0, func(f *schemas.VideoFrame) { grid(64, 80)(f); f.Macroblock.Flat, f.Decode = 2000, nil }, rule.Unknown, 0},
		// Six more double the quantiser's step.
		{"coarse", blockiness, 0, 0, qp(44), rule.Bad, 1.5},
		{"less so", blockiness, 0, 0, qp(38), rule.Good, 0.5},

		{"banded", rule.NewBanding, 0, 0, banding(30), rule.Bad, 1.5},
		{"a sky", rule.NewBanding, 0, 0, banding(14), rule.Good, 0.7},
		// 12 more than usual are twice what is tolerated, but 14 are 1.4 halves of 20.
		{"more than usual", rule.NewBanding, offset + 2, 0, banding(14), rule.Bad, 1.4},
		{"more than usual, but hardly seen", rule.NewBanding, offset, 0, banding(8), rule.Good, 0.8},
		{"luma of few bits", rule.NewBanding, 0, 0, posterised(0.3), rule.Bad, 1.5},
		{"graphics of few colours", rule.NewBanding, 0, 0, posterised(0.17), rule.Good, 0.85},
		{"another version", rule.NewBanding, 0, 0, func(f *schemas.VideoFrame) { *f.Sampled.BandingVersion = 2 }, rule.Unknown, 0},
		{"sampled, but not measured", rule.NewBanding, 0, 0, func(f *schemas.VideoFrame) { f.Sampled.Banding = nil }, rule.Unknown, 0},
	} {
		r := test.rule()
		inventory(r, 8)
		if test.level > 0 {
			*r.(rule.Relative).Baseline() = rule.Restored(test.level, test.spread, 6, 0)
		}
		var list []*schemas.VideoFrame
		for range 76 {
			list = append(list, measured(test.change))
		}
		verdicts := frames(r, "", list...)
		v := verdicts[75]
		if v.State != test.state || v.State != rule.Unknown && math.Abs(v.Value/test.value-1) > 0.003 { // figures are rounded to 1/256 octave
			t.Errorf("%s: got %v with %.4f, want %v with %.4f", test.name, v.State, v.Value, test.state, test.value)
		}
	}
}

// Of the share of even levels the largest of five sampled pictures counts, and none of it where that is turned off.
func TestPosterisedKeyPictures(t *testing.T) {
	second := func(share int32) *schemas.VideoFrame {
		return measured(func(f *schemas.VideoFrame) { f.Duration, f.Sampled.Posterised = 90_000, &share })
	}
	list := []*schemas.VideoFrame{second(100), second(1229), second(100), second(100), second(100), second(100), second(100)}
	r := rule.NewBanding().(*rule.Banding)
	for i, v := range frames(r, "", list...) {
		if want := i >= 1 && i <= 5; (v.State == rule.Bad) != want {
			t.Errorf("second %d: got %v with %.2f, want bad: %v", i, v.State, v.Value, want)
		}
	}
	apart := frames(rule.NewBanding(), "", second(1229), measured(func(f *schemas.VideoFrame) { f.Sampled = nil }), second(100)) // 40 ms each
	if apart[2].State != rule.Bad {
		t.Errorf("80 ms later: got %v, want bad", apart[2].State)
	}
	for name, change := range map[string]func(*schemas.VideoFrame){
		"another epoch":      func(f *schemas.VideoFrame) { f.Epoch++ },
		"an older version's": func(f *schemas.VideoFrame) { f.Sampled.Posterised, f.Epoch = nil, f.Epoch+1 },
	} {
		next := second(100)
		change(next)
		if v := frames(rule.NewBanding(), "", second(1229), next); v[1].State == rule.Bad {
			t.Errorf("%s: got bad of what was before", name)
		}
	}
	old := rule.NewBanding().(*rule.Banding)
	old.Index = 0
	if v := frames(old, "", measured(func(f *schemas.VideoFrame) { f.Sampled.Posterised = nil })); v[0].State != rule.Unknown {
		t.Errorf("neither judged nor measured: got %v, want unknown", v[0].State)
	}
	late := rule.NewBanding()
	late.Judge(&rule.Record{Feature: &schemas.Feature{VideoFrame: second(1229)}})
	if v, _ := late.Judge(&rule.Record{Time: 51_000_000, Feature: &schemas.Feature{VideoFrame: second(100)}}); v.State != rule.Good {
		t.Errorf("51 s later: got %v, want good", v.State)
	}
	r = rule.NewBanding().(*rule.Banding)
	r.Posterised = 0
	for i, v := range frames(r, "", list...) {
		if v.State != rule.Good {
			t.Errorf("turned off, second %d: got %v with %.2f", i, v.State, v.Value)
		}
	}
}

// A depth of ten bits has 12 more quantisers; without a word on the depth, or with one that is old, the quantiser says nothing.
func TestQuantiserNeedsTheDepth(t *testing.T) {
	coarse := func(r rule.Rule, n int) rule.Verdict {
		var list []*schemas.VideoFrame
		for range n {
			list = append(list, measured(func(f *schemas.VideoFrame) { *f.Decode.QPMean, f.Block = 44, nil }))
		}
		return frames(r, "", list...)[n-1]
	}
	for _, test := range []struct {
		depth    int32
		pictures int
		state    rule.State
	}{{8, 76, rule.Bad}, {10, 76, rule.Good}, {0, 76, rule.Unknown}, {8, 15 * 25, rule.Unknown}} {
		r := blockiness()
		inventory(r, test.depth)
		if v := coarse(r, test.pictures); v.State != test.state {
			t.Errorf("%d bits, after %d pictures: got %v with %v, want %v", test.depth, test.pictures, v.State, v.Value, test.state)
		}
	}
}

// One verdict a second, held until the next: of whole seconds, of which at least half of the pictures mean something, and one sample each.
func TestQualityBySeconds(t *testing.T) {
	var list []*schemas.VideoFrame
	for i := range 150 {
		list = append(list, measured(func(f *schemas.VideoFrame) {
			switch {
			case i >= 50 && i < 63: // more than half of the third second
				f.Detail = nil
			case i >= 100: // the time line breaks
				f.Epoch = 1
			}
		}))
	}
	verdicts, sampled := samples(rule.NewBlur(), "", list...)
	for i, want := range map[int]rule.State{0: rule.Unknown, 24: rule.Unknown, 25: rule.Unknown, 49: rule.Unknown, 50: rule.Good, 74: rule.Good, 75: rule.Unknown, 99: rule.Unknown,
		// What was good in the fourth second was told with its end, had the time line not broken there; the first after that is not whole.
		100: rule.Unknown, 125: rule.Unknown, 149: rule.Unknown} {
		if verdicts[i].State != want {
			t.Errorf("picture %d: %v, want %v", i, verdicts[i].State, want)
		}
	}
	if v := verdicts[50]; len(sampled) != 1 || v.From != 1_000_000 || v.To != 2_000_000 {
		t.Errorf("samples with pictures %v, and a verdict on %d to %d, want one of the second from 1 to 2", sampled, v.From, v.To)
	}
}

// A shot that is soft is no longer for a freeze in it, nor are two with one between; pictures of film in twice as many are no freeze.
func TestQualityStandsStill(t *testing.T) {
	for _, test := range []struct {
		name  string
		low   func(i int) int32
		state rule.State
	}{
		{"all moves", func(int) int32 { return 5000 }, rule.Bad},
		{"every other picture is the one before", func(i int) int32 { return int32(i%2) * 100_000 }, rule.Bad},
		{"a freeze of five seconds", func(i int) int32 {
			if i >= 200 && i < 325 && i%50 > 2 { // key pictures, and what mends them
				return 1
			}
			return 100_000
		}, rule.Good},
	} {
		var list []*schemas.VideoFrame
		for i := range 450 {
			list = append(list, measured(func(f *schemas.VideoFrame) { f.Detail.LaplacianFull, f.Difference.Low = 3*256, test.low(i) }))
		}
		verdicts, _ := samples(rule.NewBlur(), "", list...)
		if got := verdicts[len(verdicts)-1].State; got != test.state {
			t.Errorf("%s: %v, want %v", test.name, got, test.state)
		}
	}
}

// What is soft is bad only once it has been for fourteen seconds, of all of which the verdict speaks; until then nothing is learned of it.
func TestQualityLasts(t *testing.T) {
	var list []*schemas.VideoFrame
	for i := range 450 {
		list = append(list, measured(func(f *schemas.VideoFrame) {
			if i >= 50 {
				f.Detail.LaplacianFull = 3 * 256
			}
		}))
		list[i].Difference.Low = int32(i%2) * 100_000 // scenes of one picture
	}
	verdicts, sampled := samples(rule.NewBlur(), "", list...)
	for i, v := range verdicts {
		want, sample := rule.Good, slices.Contains(sampled, i)
		switch {
		case i < 50:
			want = rule.Unknown
		case i >= 16*25:
			want = rule.Bad
		}
		if v.State != want {
			t.Errorf("picture %d: %v, want %v", i, v.State, want)
		}
		if first := i%25 == 0 && i >= 50; sample != (first && (i < 75 || i >= 16*25)) {
			t.Errorf("picture %d: learned %v", i, sample)
		}
		if i == 16*25 && (v.From != 2_000_000 || v.To != 16_000_000) {
			t.Errorf("it speaks of %d to %d, want of 2 s to 16 s", v.From, v.To)
		}
	}
}

func TestQualityAllocatesNothing(t *testing.T) {
	for _, r := range []rule.Rule{rule.NewBlur(), rule.NewNoise(), rule.NewBlockiness(), rule.NewBanding(), rule.NewBitrate()} {
		record := rule.Record{Feature: &schemas.Feature{VideoFrame: measured(func(*schemas.VideoFrame) {})}}
		judge := func() { record.Time += 40_000; r.Judge(&record) }
		for range 1000 {
			judge()
		}
		if n := testing.AllocsPerRun(1000, judge); n != 0 {
			t.Errorf("%T allocates %v times a picture, want 0", r, n)
		}
	}
}

func TestQualityOptions(t *testing.T) {
	for _, test := range []struct{ kind, options, wrong string }{
		{"blur", "soft: -1", "soft -1"}, {"blur", "loss: .inf", "loss +Inf"}, {"noise", "sigma: -2", "sigma -2"}, {"noise", "rise: 1", "rise 1 is neither"},
		{"noise", "least: 0", "least 0 is not above 0"}, {"blockiness", "qp: .nan", "qp NaN"}, {"blockiness", "growth: -1", "growth -1"},
		{"blur", "shot: 15s", "shot 15s is not within 0s and 14s"}, {"blockiness", "cut: -1s", "cut -1s is not within"},
		{"banding", "index: -1", "index -1"}, {"banding", "growth: .nan", "growth NaN"}, {"banding", "posterised: -1", "posterised -1"}, {"bitrate", "drop: 0.5", "drop 0.5 is neither"},
	} {
		_, err := rule.Catalogue.New(test.kind, []byte(test.options))
		if err == nil || !strings.Contains(err.Error(), test.wrong) {
			t.Errorf("%s with %s: got %v, want %q", test.kind, test.options, err, test.wrong)
		}
	}
	// Everything turned off: nothing is ever known.
	r, err := rule.Catalogue.New("blur", []byte("{soft: 0, loss: 0}"))
	if err != nil {
		t.Fatal(err)
	}
	if v := feed(t, r, 0, int64(3*time.Second/time.Microsecond), 25, func(int64) *schemas.VideoFrame { return measured(func(*schemas.VideoFrame) {}) }); v.State != rule.Unknown {
		t.Errorf("turned off: %v", v.State)
	}
}
