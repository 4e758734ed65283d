package rule_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// TestDetailIsLostAtOnce shows two and a half seconds of a sharp picture, at 25 a second, and then two and a half of another one, and wants the word of both rules
// that look for losses on the last of them.
func TestDetailIsLostAtOnce(t *testing.T) {
	const lost = 62
	type change = func(f *schemas.VideoFrame, since int)
	// Softness grows by 300 of 256 to the octave, of 72: 4.17. The deviation of the Laplacian falls by 150, the noise by 128: 22 more.
	blurred := func(f *schemas.VideoFrame, _ int) {
		f.Detail.LaplacianFull -= 300
		f.Detail.Noise = 181
	}
	// The noise falls by 256, the deviation by 150. Half of the cells are still, the grid is stronger by a quarter of an octave: 3 for the cells, 2.94 for the
	// Laplacian, 2.46 for the grid, of 5.
	coarse := func(f *schemas.VideoFrame, _ int) {
		f.Detail.LaplacianFull -= 300
		f.Detail.Noise = 128
		f.Grid.Difference = &[72]byte{}
		changed(f, 9, func(column, _ int) bool { return column < 8 })
		f.Block.H8, f.Block.V8 = 24, 24
	}
	// All cells move, but by a quarter, and the borders are as they were.
	moving := func(f *schemas.VideoFrame, _ int) {
		f.Detail.LaplacianFull -= 300
		f.Detail.Noise, f.Difference.Previous = 128, 5000
	}
	both := func(changes ...change) change {
		return func(f *schemas.VideoFrame, since int) {
			for _, c := range changes {
				c(f, since)
			}
		}
	}
	other := func(low int32, bits uint64, from, to int) change {
		return func(f *schemas.VideoFrame, since int) {
			if since == from {
				f.Difference.Low = low
			}
			if since >= from && since < to {
				binary.BigEndian.PutUint64(f.Hash.Perceptual[:], bits)
			}
		}
	}
	for _, test := range []struct {
		name            string
		change          change
		usual           float64
		blur, blockines rule.State
		value           float64
	}{
		{"a scaler", blurred, 0, rule.Bad, rule.Good, 300. / 72},
		{"a quantiser", coarse, 0, rule.Good, rule.Bad, 300. / 72},
		{"a quantiser where all moves", moving, 0, rule.Good, rule.Bad, 300. / 72},
		{"what moves less", func(f *schemas.VideoFrame, _ int) { f.Difference.Previous = 5000 }, 0, rule.Good, rule.Good, 0},
		// 101 to 11 in 4096 are 3.2 octaves.
		{"what moves less, with fewer borders", both(moving, func(f *schemas.VideoFrame, _ int) { f.Macroblock.EdgeShare = 10 }), 0, rule.Good, rule.Good, 0},
		// 20,000 to 12,000 are 0.73 octaves: fewer than 0.8 of 300/256.
		{"fine detail that moves", both(moving, func(f *schemas.VideoFrame, _ int) { f.Difference.Previous = 12_000 }), 0, rule.Good, rule.Good, 0},
		{"a scaler where all moves", both(moving, func(f *schemas.VideoFrame, _ int) { f.Detail.Noise = 181 }), 0, rule.Bad, rule.Good, 300. / 72},
		{"nothing", func(*schemas.VideoFrame, int) {}, 0, rule.Good, rule.Good, 0},
		{"a camera: bit by bit in a second", func(f *schemas.VideoFrame, since int) { f.Detail.LaplacianFull -= int32(min(12*since, 300)) }, 0, rule.Good, rule.Good, 0},
		// 30 a picture: 60 of 300 in two, of which 180 are wanted.
		{"a camera: within ten pictures", func(f *schemas.VideoFrame, since int) { f.Detail.LaplacianFull -= int32(min(30*since, 300)) }, 0, rule.Good, rule.Good, 0},
		// 5000 and a tenth and 2000 are 7500.
		{"something begins to move", both(blurred, func(f *schemas.VideoFrame, _ int) { f.Difference.Low = 8000 }), 0, rule.Good, rule.Good, 0},
		{"another scene", both(blurred, other(100_000, 0, 0, 1)), 0, rule.Good, rule.Good, 0},
		{"another scene by its hash", both(blurred, other(5000, 1<<21-1, 0, 99)), 0, rule.Good, rule.Good, 0},
		// 25,000 are more than twice 5000 and 6000.
		{"something is taken away", both(blurred, other(25_000, 0, 0, 1)), 0, rule.Good, rule.Good, 0},
		{"a key picture pulses later", both(blurred, other(25_000, 0, 25, 26)), 0, rule.Bad, rule.Good, 300. / 72},
		{"over after a second", func(f *schemas.VideoFrame, since int) {
			if since < 25 {
				blurred(f, 0)
			}
		}, 0, rule.Good, rule.Good, 0},
		// Softness is 5 octaves, and 6.17 then; of 6.1 that is good by itself.
		{"then another scene", both(blurred, other(100_000, 0, 25, 26)), 0, rule.Good, rule.Good, 0},
		{"then another scene, no sharper than usual", both(blurred, other(100_000, 0, 25, 26)), 5.5, rule.Bad, rule.Good, (300. - 128) / 72},
		{"then another scene, as sharp as usual", both(blurred, other(100_000, 0, 25, 26)), 6.5, rule.Good, rule.Good, 0},
	} {
		list := make([]*schemas.VideoFrame, 126)
		for i := range list {
			list[i] = measured(func(f *schemas.VideoFrame) {
				f.Difference.Previous, f.Macroblock.EdgeShare = 20_000, 100
				if f.Detail.LaplacianFull = 5 * 256; i >= lost {
					test.change(f, i-lost)
				}
			})
		}
		for _, r := range []struct {
			rule rule.Rule
			want rule.State
		}{{rule.NewBlur(), test.blur}, {rule.NewBlockiness(), test.blockines}} {
			if b, ok := r.rule.(*rule.Blur); ok && test.usual > 0 {
				*b.Baseline() = rule.Restored(16+test.usual, 1, 6, 0)
			}
			v := frames(r.rule, "", list...)[125]
			if v.State != r.want {
				t.Errorf("%s, %T: got %v with %.3f, want %v", test.name, r.rule, v.State, v.Value, r.want)
			}
			// A quantiser is found out as soon as it has two pictures of the four that are compared.
			if early := lost*40_000 - v.From; v.State == rule.Bad && (math.Abs(v.Value-test.value) > 0.02 || early < 0 || early > 80_000) {
				t.Errorf("%s, %T: %.3f since %d, want %.3f since %d", test.name, r.rule, v.Value, v.From, test.value, lost*40_000)
			}
		}
	}
}

// A loss counts for twelve seconds; by then it is how the scene looks. A coder that begins may take a second and a half.
func TestALossIsForgotten(t *testing.T) {
	for _, test := range []struct {
		name        string
		lost, after int
		state       rule.State
	}{
		{"eleven seconds later", 62, 62 + 11*25, rule.Bad},
		{"fourteen seconds later", 62, 62 + 14*25, rule.Good},
		{"in the first second", 25, 76, rule.Good},
	} {
		r := blockiness()
		list := make([]*schemas.VideoFrame, test.after+1)
		for i := range list {
			list[i] = measured(func(f *schemas.VideoFrame) {
				f.Decode.QPMean, f.Detail.Noise = nil, 512
				if i >= test.lost {
					f.Detail.LaplacianFull -= 300
					f.Detail.Noise = 128
					f.Macroblock.EdgeShare = 100
					f.Grid.Difference = &[72]byte{}
				}
			})
		}
		if v := frames(r, "", list...)[test.after]; v.State != test.state {
			t.Errorf("%s: got %v with %v, want %v", test.name, v.State, v.Value, test.state)
		}
	}
}

// The end of noise is no loss, nor what a coder keeps of it for a while.
func TestTheEndOfNoiseIsNoLoss(t *testing.T) {
	for noise, want := range map[int32]rule.State{600: rule.Bad, 700: rule.Good} {
		r := blockiness()
		var list []*schemas.VideoFrame
		for i := range 126 {
			list = append(list, measured(func(f *schemas.VideoFrame) {
				f.Decode.QPMean, f.Detail.LaplacianFull, f.Detail.Noise = nil, 7*256, 400
				switch {
				case i < 50:
					f.Detail.Noise = noise
				case i >= 75: // the next key picture has none of it
					f.Detail.LaplacianFull -= 300
					f.Detail.Noise = 128
					f.Grid.Difference = &[72]byte{}
				}
			}))
		}
		if v := frames(r, "", list...)[125]; v.State != want {
			t.Errorf("noise of %d: got %v with %v, want %v", noise, v.State, v.Value, want)
		}
	}
}
