package rule_test

import (
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

func TestStutter(t *testing.T) {
	const motion = 20_000
	repeated := func(pattern ...int32) func(int) int32 {
		return func(i int) int32 { return pattern[i%len(pattern)] }
	}
	alike := func(int) byte { return 0 }
	for _, test := range []struct {
		name  string
		moves func(i int) int32
		look  func(i int) byte // what the perceptual hash is filled with
		state rule.State
		value float64
	}{
		{"even movement", repeated(motion), alike, rule.Good, 0},
		{"nothing moves", repeated(0), alike, rule.Unknown, 0},
		{"hardly anything moves", repeated(500, 500, 0, 1000), alike, rule.Unknown, 0},
		// One of five is held, and twice as much changes after it.
		{"held and left out", repeated(motion, motion, motion, 0, 2*motion), alike, rule.Bad, 0.2},
		{"encoded again", repeated(motion, motion, motion, 900, 2*motion), alike, rule.Bad, 0.2},
		{"film in 30 pictures", repeated(motion, motion, motion, motion, 0), alike, rule.Good, 0},
		{"film in 60 pictures", repeated(motion, 0, motion, 0, 0), alike, rule.Good, 0},
		{"12 in 25 pictures", func(i int) int32 {
			if i*12/25 == (i+1)*12/25 {
				return 0
			}
			return motion
		}, alike, rule.Good, 0},
		{"25 in 50 pictures", repeated(motion, 0), alike, rule.Good, 0},
		// Ten pictures of the 100 of four seconds are held.
		// Film of 30 pictures a second, of which 25 are shown twice each: one of them comes by a jump.
		{"25 of 30 in 50 pictures", repeated(motion, 0, motion, 0, motion, 0, motion, 0, 2*motion, 0), alike, rule.Good, 0},
		{"one long hold", func(i int) int32 {
			switch {
			case i >= 140 && i < 150:
				return 0
			case i == 150:
				return 4 * motion
			}
			return motion
		}, alike, rule.Bad, 0.1},
		{"a hold that ends with a cut", func(i int) int32 {
			switch {
			case i >= 140 && i < 150:
				return 0
			case i == 150:
				return 8 * motion
			}
			return motion
		}, func(i int) byte {
			if i < 150 {
				return 0
			}
			return 0x55
		}, rule.Good, 0},
		{"a pause", func(i int) int32 {
			if i >= 140 && i < 150 {
				return 0
			}
			return motion
		}, alike, rule.Good, 0},
	} {
		var list []*schemas.VideoFrame
		for i := range 200 {
			f := &schemas.VideoFrame{Sampling: 1, Duration: 3600, Difference: &schemas.Difference{Low: test.moves(i)}, Hash: &schemas.PictureHash{}}
			for b := range f.Hash.Perceptual {
				f.Hash.Perceptual[b] = test.look(i)
			}
			list = append(list, f)
		}
		verdicts := frames(rule.NewStutter(), "", list...)
		if v := verdicts[len(verdicts)-1]; v.State != test.state || v.Value < test.value-0.02 || v.Value > test.value+0.02 {
			t.Errorf("%s: %v with %v, want %v with %v", test.name, v.State, v.Value, test.state, test.value)
		}
		// Pictures 155 and on are looked at in the step that begins with 155.
		list[155].Skipped = 3
		verdicts = frames(rule.NewStutter(), "", list[:160]...)
		if v := verdicts[len(verdicts)-1]; v.State != rule.Unknown {
			t.Errorf("%s: where we skipped pictures it is %v, want unknown", test.name, v.State)
		}
	}
}
