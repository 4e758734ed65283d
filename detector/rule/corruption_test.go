package rule_test

import (
	"math"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// blocks is a picture by the figures of its macroblocks; ancestors is the decoder's word.
func blocks(rowStd, edges, moved, grid, ancestors int32) *schemas.VideoFrame {
	return &schemas.VideoFrame{
		Sampling: 1, Duration: 3600, Difference: &schemas.Difference{Low: 10_000}, Decode: &schemas.DecoderState{SinceIDR: number(int32(9)), Ancestors: ancestors},
		Macroblock: &schemas.Macroblock{RowStd: rowStd, EdgeShare: edges, DifferenceShare: &moved}, Block: &schemas.Block{H8: grid},
	}
}

// TestCorruption shows 120 pictures and then others. The score of damage burned in, by hand, with log2(1+x) of the figures:
//
//	-5.2 + 0.687*8.65 - 0.954*40/64 + 0.874*(7.33-4.39) = 2.71, of which the logistic function is 0.938
func TestCorruption(t *testing.T) {
	usual := func() *schemas.VideoFrame { return blocks(20, 30, 20, 10, 0) }
	broken := func() *schemas.VideoFrame { return blocks(160, 300, 400, 40, 0) }
	for _, test := range []struct {
		name             string
		before, then     func() *schemas.VideoFrame
		pictures         int
		inBand, burnedIn rule.State
		score            float64
	}{
		{"clean", usual, usual, 12, rule.Good, rule.Good, 0},
		{"burned in", usual, broken, 18, rule.Good, rule.Bad, 0.938},
		{"too short", usual, broken, 7, rule.Good, rule.Good, 0},
		{"lost on the way", usual, func() *schemas.VideoFrame { return blocks(160, 300, 400, 40, 3) }, 18, rule.Bad, rule.Unknown, 0},
		{"lost and not seen", usual, func() *schemas.VideoFrame { return blocks(20, 30, 20, 10, 30) }, 12, rule.Good, rule.Unknown, 0},
		{"a mosaic", usual, func() *schemas.VideoFrame { return blocks(160, 300, 0, 40, 0) }, 12, rule.Good, rule.Good, 0.038},
		{"finer texture without a grid", usual, func() *schemas.VideoFrame { return blocks(160, 300, 400, 10, 0) }, 12, rule.Good, rule.Good, 0},
		{"out of black", func() *schemas.VideoFrame { return blocks(2, 0, 0, 0, 0) }, broken, 12, rule.Good, rule.Good, 0},
		{"blocks all along", broken, broken, 12, rule.Good, rule.Good, 0},
		{"another scene", usual, func() *schemas.VideoFrame {
			f := broken()
			f.Difference.Low = 300_000
			return f
		}, 1, rule.Good, rule.Good, 0},
		{"we skip", usual, func() *schemas.VideoFrame {
			f := broken()
			f.Skipped = 1
			return f
		}, 12, rule.Unknown, rule.Unknown, 0},
		{"not measured", usual, func() *schemas.VideoFrame { return &schemas.VideoFrame{Sampling: 1, Decode: &schemas.DecoderState{}} }, 12, rule.Unknown, rule.Unknown, 0},
		{"before the first key picture", func() *schemas.VideoFrame {
			f := usual()
			f.Decode.SinceIDR, f.Decode.Ancestors = nil, 1
			return f
		}, func() *schemas.VideoFrame {
			f := broken()
			f.Decode.SinceIDR, f.Decode.Ancestors = nil, 1
			return f
		}, 12, rule.Unknown, rule.Unknown, 0},
	} {
		var list []*schemas.VideoFrame
		for range 120 {
			list = append(list, test.before())
		}
		for range test.pictures {
			list = append(list, test.then())
		}
		if test.name == "another scene" {
			for range 11 {
				list = append(list, broken())
			}
		}
		for part, want := range map[string]rule.State{"in-band": test.inBand, "burned-in": test.burnedIn} {
			verdicts := frames(rule.NewCorruption(), part, list...)
			v := verdicts[len(verdicts)-1]
			if v.State != want || want == rule.Bad && part == "burned-in" && (v.Value < test.score-0.02 || v.Value > test.score+0.02) {
				t.Errorf("%s: %s is %v with %v, want %v with %v", test.name, part, v.State, v.Value, want, test.score)
			}
			if part == "burned-in" && want == rule.Good && (v.Value < test.score-0.02 || v.Value > test.score+0.02) {
				t.Errorf("%s: score %v, want %v", test.name, v.Value, test.score)
			}
		}
	}
}

// TestCorruptionOfOurs: what we lost damages pictures up to the next clean key picture.
func TestCorruptionOfOurs(t *testing.T) {
	r := rule.NewCorruption()
	var last rule.State
	for i := range int64(150) {
		f := blocks(20, 30, 20, 10, 0)
		if f.Seq = i; i >= 120 {
			f = blocks(160, 300, 400, 40, 3)
			f.Seq = i
		}
		if i == 118 {
			r.Judge(&rule.Record{Time: i * 40_000, Feature: &schemas.Feature{StreamSecond: &schemas.StreamSecond{State: "up", Dropped: 2}}})
		}
		v, _ := r.Judge(&rule.Record{Time: i * 40_000, Feature: &schemas.Feature{VideoFrame: f}})
		last = v.State
	}
	if last != rule.Unknown {
		t.Errorf("in-band is %v, want unknown", last)
	}
}

// watched is a picture by its texture, as the edge's network is shown it: two tiles look worst.
func watched(rowStd int32, worst, second byte) *schemas.VideoFrame {
	f := blocks(rowStd, 30, 20, 10, 0)
	f.Sampled = &schemas.Sampled{Model: number(int32(1)), Tiles: []byte{9, worst, 7, second}}
	return f
}

// by is a picture as another version has looked at it.
func by(version int32, f *schemas.VideoFrame) *schemas.VideoFrame {
	f.Sampled.Model = &version
	return f
}

// TestCorruptionSeen shows six seconds of 25 pictures, of which the first is sampled, and then the first pictures of two more seconds. Texture of 40 instead
// of 20 has grown by log2(41/21) = 0.97. Tiles of 230 and 220 have logits of ln(230/25) = 2.22 and ln(220/35) = 1.84, on the mean 2.03: 2.03 - 1.9 = 0.13,
// of which the logistic function is 0.532. Of 250 and 240 they are 3.91 and 2.77, on the mean 3.34: 1.44 and 0.808.
func TestCorruptionSeen(t *testing.T) {
	quiet := func() *schemas.VideoFrame { return watched(20, 25, 20) }
	for _, test := range []struct {
		name   string
		before func() *schemas.VideoFrame
		then   func() *schemas.VideoFrame
		want   rule.State
		score  float64
		once   bool
	}{
		{"nothing", quiet, quiet, rule.Good, 0, false},
		// Logits of 25 and 20 are -2.22 and -2.46, so it is a mean of 0.5, 2.84 above the usual.
		{"in one picture alone", quiet, func() *schemas.VideoFrame { return watched(40, 250, 240) }, rule.Good, 0, true},
		{"damage", quiet, func() *schemas.VideoFrame { return watched(40, 250, 240) }, rule.Bad, 0.808, false},
		{"hardly any", quiet, func() *schemas.VideoFrame { return watched(40, 230, 220) }, rule.Good, 0.532, false},
		// Of 250 and 20 they are 3.91 and -2.46, on the mean 0.72: -1.18.
		{"in one tile alone", quiet, func() *schemas.VideoFrame { return watched(40, 250, 20) }, rule.Good, 0.236, false},
		{"without more texture", quiet, func() *schemas.VideoFrame { return watched(20, 250, 240) }, rule.Good, 0, false},
		{"as ever", func() *schemas.VideoFrame { return watched(20, 240, 235) }, func() *schemas.VideoFrame { return watched(40, 250, 240) }, rule.Good, 0, false},
		{"by another network, whose word counts", func() *schemas.VideoFrame { return by(2, watched(20, 25, 20)) }, func() *schemas.VideoFrame { return by(2, watched(40, 250, 240)) }, rule.Bad, 0.808, false},
		{"by one that has just come", quiet, func() *schemas.VideoFrame { return by(2, watched(40, 250, 240)) }, rule.Good, 0, false},
		{"by another model", quiet, func() *schemas.VideoFrame {
			f := watched(40, 250, 240)
			f.Sampled.Model = number(int32(2))
			return f
		}, rule.Good, 0, false},
		{"that the decoder knows", quiet, func() *schemas.VideoFrame {
			f := watched(40, 250, 240)
			f.Decode.Ancestors = 3
			return f
		}, rule.Unknown, 0, false},
		{"in another scene", quiet, func() *schemas.VideoFrame {
			f := watched(40, 250, 240)
			f.Difference.Low = 300_000
			return f
		}, rule.Good, 0, false},
	} {
		var list []*schemas.VideoFrame
		for i := range 176 {
			f := test.before()
			if i == 150 && !test.once || i == 175 {
				f = test.then()
			}
			if i%25 != 0 {
				f.Sampled = nil
			}
			list = append(list, f)
		}
		c := rule.NewCorruption().(*rule.Corruption)
		c.Network = true
		if strings.HasSuffix(test.name, "counts") || strings.HasSuffix(test.name, "come") {
			c.Heed(rule.DamageNetwork, 2)
		}
		verdicts := frames(c, "burned-in", list...)
		v := verdicts[len(verdicts)-1]
		if v.State != test.want || math.Abs(v.Value-test.score) > 0.01 {
			t.Errorf("%s: %v with %v, want %v with %v", test.name, v.State, v.Value, test.want, test.score)
		}
	}
}
