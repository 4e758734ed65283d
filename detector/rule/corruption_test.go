package rule_test

import (
	"math"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/detector/window"
	"github.com/framewatch/framewatch/schemas"
)

// blocks is a picture by the figures of its macroblocks; ancestors is the decoder's word.
func blocks(rowStd, edges, moved, grid, ancestors int32) *schemas.VideoFrame {
	return &schemas.VideoFrame{
		Sampling: 1, Duration: 3600, Difference: &schemas.Difference{Low: 10_000}, Decode: &schemas.DecoderState{SinceIDR: number(int32(9)), Ancestors: ancestors},
		Macroblock: &schemas.Macroblock{RowStd: rowStd, EdgeShare: edges, DifferenceShare: &moved}, Block: &schemas.Block{H8: grid},
	}
}

// noisyAllOver has a picture's finest scale hold a sigma of 8 levels, and all of its cells differ by as much from the picture before.
func noisyAllOver(f *schemas.VideoFrame) *schemas.VideoFrame {
	f.Detail, f.Grid = &schemas.Detail{Noise: 8 * 256}, &schemas.Grid{Difference: new([window.Cells / 2]byte)}
	for i := range f.Grid.Difference {
		f.Grid.Difference[i] = 0xbb
	}
	return f
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
		{"lost on the way", usual, func() *schemas.VideoFrame {
			f := blocks(160, 300, 400, 40, 3)
			f.Decode.Concealed = 400
			return f
		}, 18, rule.Bad, rule.Unknown, 0},
		{"lost and not seen", usual, func() *schemas.VideoFrame { return blocks(20, 30, 20, 10, 30) }, 12, rule.Good, rule.Unknown, 0},
		{"a mosaic", usual, func() *schemas.VideoFrame { return blocks(160, 300, 0, 40, 0) }, 12, rule.Good, rule.Good, 0.038},
		{"finer texture without a grid", usual, func() *schemas.VideoFrame { return blocks(160, 300, 400, 10, 0) }, 12, rule.Good, rule.Good, 0},
		{"out of black", func() *schemas.VideoFrame { return blocks(2, 0, 0, 0, 0) }, broken, 12, rule.Good, rule.Good, 0},
		{"blocks all along", broken, broken, 12, rule.Good, rule.Good, 0},
		{"noise all over", usual, func() *schemas.VideoFrame { return noisyAllOver(broken()) }, 18, rule.Good, rule.Good, 0},
		{"as fine, but not all over", usual, func() *schemas.VideoFrame {
			f := noisyAllOver(broken())
			f.Grid.Difference = new([window.Cells / 2]byte)
			return f
		}, 18, rule.Good, rule.Bad, 0.938},
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
func by(version int32) func(*schemas.VideoFrame) {
	return func(f *schemas.VideoFrame) { f.Sampled.Model = &version }
}

// TestCorruptionSeen shows 151 pictures, 25 a second, of which the first of each second is sampled; texture of 60 grows from some picture on. By hand, with a
// growth to 120 of log2(121) - 5.875 = 1.044 over what is usual and little else, the evidence is
//
//	-3.796 + 1.384*1.044 + 0.185*log2(21) - 0.103*10/64 + 0.033*5.875 = -1.361
//
// and 0.520 of the mean logit of the two worst tiles: of 250 and 240 that is (3.91 + 2.77) / 2 = 3.34, and the score of 0.376 is 0.814; of 230 and 220 2.03.
func TestCorruptionSeen(t *testing.T) {
	from := func(usual, leap int32, picture int) func(i int) int32 {
		return func(i int) int32 {
			if i >= picture {
				return leap
			}
			return usual
		}
	}
	at := func(picture int) func(i int) int32 { return from(60, 120, picture) }
	byAndBy := func(i int) int32 { return 60 + 30*min(2, int32(i/75)) }
	for _, test := range []struct {
		name          string
		texture       func(i int) int32
		worst, second byte
		change        func(last *schemas.VideoFrame)
		want          rule.State
		score         float64
		from          int64
	}{
		{"nothing", at(999), 25, 20, nil, rule.Good, 0, 0},
		{"damage", at(150), 250, 240, nil, rule.Bad, 0.814, 150},
		{"hardly any", at(150), 230, 220, nil, rule.Good, 0, 0},
		{"in one tile alone", at(150), 250, 20, nil, rule.Good, 0, 0},
		{"since two seconds before", at(100), 250, 240, nil, rule.Bad, 0.814, 100},
		{"of long before", at(99), 250, 240, nil, rule.Good, 0, 0},
		{"where it looks so as ever", at(999), 250, 240, nil, rule.Good, 0, 0},
		{"where texture grows by and by", byAndBy, 255, 255, nil, rule.Good, 0, 0},
		{"where a clear sky is no longer", from(20, 75, 150), 255, 255, nil, rule.Good, 0, 0},
		{"out of black", from(3, 120, 150), 255, 255, nil, rule.Good, 0, 0},
		{"by another network", at(150), 250, 240, by(2), rule.Good, 0, 0},
		{"by another network, whose word counts", at(150), 250, 240, by(2), rule.Bad, 0.814, 150},
		{"that the decoder knows", at(150), 250, 240, func(f *schemas.VideoFrame) { f.Decode.Ancestors = 3 }, rule.Unknown, 0, 0},
		{"in another scene", at(150), 250, 240, func(f *schemas.VideoFrame) { f.Difference.Low = 300_000 }, rule.Good, 0, 0},
		{"in noise", at(150), 250, 240, func(f *schemas.VideoFrame) { noisyAllOver(f) }, rule.Good, 0, 0},
	} {
		var list []*schemas.VideoFrame
		for i := range 151 {
			f := watched(test.texture(i), 25, 20)
			if i == 150 {
				f = watched(test.texture(i), test.worst, test.second)
				if test.change != nil {
					test.change(f)
				}
			}
			if i%25 != 0 {
				f.Sampled = nil
			}
			list = append(list, f)
		}
		c := rule.NewCorruption().(*rule.Corruption)
		if strings.HasSuffix(test.name, "counts") {
			c.Heed(rule.DamageNetwork, 2)
		}
		verdicts := frames(c, "burned-in", list...)
		v := verdicts[len(verdicts)-1]
		if v.State != test.want || math.Abs(v.Value-test.score) > 0.001 || v.State == rule.Bad && v.From != test.from*40_000 {
			t.Errorf("%s: %v with %v from %d us, want %v with %v from picture %d", test.name, v.State, v.Value, v.From, test.want, test.score, test.from)
		}
	}
}

// TestCorruptionWithoutNetwork has only the texture asked.
func TestCorruptionWithoutNetwork(t *testing.T) {
	var list []*schemas.VideoFrame
	for i := range 151 {
		f := watched(60+60*int32(i/150), 250, 240)
		if i%25 != 0 {
			f.Sampled = nil
		}
		list = append(list, f)
	}
	c := rule.NewCorruption().(*rule.Corruption)
	c.Network = false
	verdicts := frames(c, "burned-in", list...)
	if v := verdicts[len(verdicts)-1]; v.State != rule.Good {
		t.Errorf("%v with %v, want good", v.State, v.Value)
	}
}
