package rule_test

import (
	"strings"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// TestFreeze feeds three seconds of pictures. The differences are those measured on real clips, as their test names tell.
func TestFreeze(t *testing.T) {
	grey := func() *schemas.VideoFrame { return drawn(flat(100)) }
	key := func(n, gop int64, f *schemas.VideoFrame) *schemas.VideoFrame {
		if n%gop == 0 {
			f.Flags = 1
			changed(f, 10, everywhere)
		}
		return f
	}
	for _, test := range []struct {
		name  string
		rate  int64
		frame func(n int64) *schemas.VideoFrame
		state rule.State
	}{
		{"exact repeats", 25, func(int64) *schemas.VideoFrame { return grey() }, rule.Bad},
		{"key pictures pulse twice a second", 25, func(n int64) *schemas.VideoFrame { return key(n, 12, grey()) }, rule.Bad},
		{"intra pictures that are no key pictures pulse", 25, func(n int64) *schemas.VideoFrame {
			f := grey()
			if n%10 == 0 {
				f.Flags = 1 << 8 // AV_PICTURE_TYPE_I
				changed(f, 10, everywhere)
			}
			return f
		}, rule.Bad},
		{"all pictures are intra coded and equal", 25, func(int64) *schemas.VideoFrame { f := grey(); f.Flags = 1; return f }, rule.Bad},
		{"all pictures are intra coded and move", 25, func(int64) *schemas.VideoFrame { f := changed(grey(), 8, everywhere); f.Flags = 1; return f }, rule.Good},
		{"400 kb/s: four cells in a hundred tremble, one picture in twelve pulses", 25, func(n int64) *schemas.VideoFrame {
			f := changed(grey(), 4, func(c, r int) bool { return c%5 == 2 && r%5 == 2 })
			if n%13 == 5 {
				changed(f, 9, everywhere)
			}
			return key(n, 50, f)
		}, rule.Bad},
		{"a ticker runs along the bottom", 25, func(int64) *schemas.VideoFrame {
			return changed(grey(), 10, func(_, r int) bool { return r >= 7 })
		}, rule.Bad},
		{"a clock runs in the upper right corner", 25, func(int64) *schemas.VideoFrame {
			return changed(grey(), 9, func(c, r int) bool { return c >= 13 && r < 2 })
		}, rule.Bad},
		{"a talking head: six cells of the middle move", 25, func(int64) *schemas.VideoFrame {
			return changed(grey(), 7, func(c, r int) bool { return c >= 7 && c < 9 && r >= 3 && r < 6 })
		}, rule.Good},
		{"a static scene with the grain of a camera", 25, func(int64) *schemas.VideoFrame { return changed(grey(), 5, everywhere) }, rule.Good},
		{"a dark scene with a little noise", 25, func(int64) *schemas.VideoFrame {
			return changed(drawn(flat(26)), 4, func(c, _ int) bool { return c%2 == 0 })
		}, rule.Good},
		{"25 pictures a second sent as 50: each second one is equal", 50, func(n int64) *schemas.VideoFrame {
			if n%2 == 0 {
				return grey()
			}
			return changed(grey(), 8, everywhere)
		}, rule.Good},
		{"an animation that moves five times a second", 25, func(n int64) *schemas.VideoFrame {
			if n%5 != 0 {
				return grey()
			}
			return changed(grey(), 8, everywhere)
		}, rule.Good},
		{"half a level of luma a second: too slow for any two pictures", 25, func(n int64) *schemas.VideoFrame {
			f := grey()
			f.Luma.Mean += int32(n * 128 / 25)
			return f
		}, rule.Good},
		{"clouds: three cells drift by two levels", 25, func(n int64) *schemas.VideoFrame {
			return drawn(with(flat(100), 100+byte(n/25), 40, 40, 30, 10))
		}, rule.Good},
		{"one in four pictures is measured", 6, func(int64) *schemas.VideoFrame { f := grey(); f.Sampling, f.Skipped = 4, 3; return f }, rule.Bad},
		{"one in four, and they move", 6, func(int64) *schemas.VideoFrame {
			f := changed(grey(), 9, everywhere)
			f.Sampling, f.Skipped = 4, 3
			return f
		}, rule.Good},
		{"key pictures only", 2, func(int64) *schemas.VideoFrame { f := grey(); f.Sampling = 0; return f }, rule.Unknown},
		{"we skipped two pictures", 25, func(int64) *schemas.VideoFrame { f := grey(); f.Skipped = 2; return f }, rule.Unknown},
		{"a slide show of two pictures a second", 2, func(int64) *schemas.VideoFrame { return grey() }, rule.Unknown},
	} {
		if v := feed(t, rule.NewFreeze(), 0, 3_000_000, test.rate, test.frame); v.State != test.state {
			t.Errorf("%s: got %+v, want state %v", test.name, v, test.state)
		}
	}
}

// TestFreezeBeginsWithTheWindow: the first second of an epoch shows nothing, nor does the first after a gap.
func TestFreezeBeginsWithTheWindow(t *testing.T) {
	r := rule.NewFreeze()
	epoch := int32(0)
	seen := int32(0)
	still := func(int64) *schemas.VideoFrame {
		f := drawn(flat(100))
		if f.Epoch = epoch; epoch != seen {
			f.Grid.Difference = nil
		}
		seen = epoch
		return f
	}
	for _, test := range []struct {
		from, till int64
		epoch      int32
		state      rule.State
	}{
		{0, 1_000_000, 0, rule.Unknown}, {1_000_000, 2_000_000, 0, rule.Bad},
		{4_000_000, 5_000_000, 0, rule.Unknown}, {5_000_000, 6_000_000, 0, rule.Bad},
		{6_000_000, 7_000_000, 1, rule.Unknown}, {7_000_000, 8_000_000, 1, rule.Bad},
	} {
		epoch = test.epoch
		if v := feed(t, r, test.from, test.till, 25, still); v.State != test.state {
			t.Errorf("before %d: got %v, want %v", test.till, v.State, test.state)
		}
	}
}

// TestFreezeSpeaksOfItsWindow: nine tenths of a second must be still, so a verdict of still says that it began 0.9 s ago, and one that is
// the last that it lasted until 0.1 s ago.
func TestFreezeSpeaksOfItsWindow(t *testing.T) {
	v := feed(t, rule.NewFreeze(), 0, 3_000_000, 25, func(int64) *schemas.VideoFrame { return drawn(flat(100)) })
	if v.From != 2_960_000-900_000 || v.To != 2_960_000-100_000 || v.Value != 1 {
		t.Errorf("got %+v, want 2060000 to 2860000 with 1", v)
	}
}

// TestFreezeAfterASlowChange: a change that is too slow to be seen between two pictures stays remembered for four seconds, unless it ends with
// pictures that come again exactly as they were.
func TestFreezeAfterASlowChange(t *testing.T) {
	// Up to 5 s the mean rises by a quarter of a level a second.
	rise := func(n int64) *schemas.VideoFrame {
		f := drawn(flat(100))
		f.Luma.Mean += int32(min(n, 125) * 64 / 25)
		f.Difference = &schemas.Difference{Previous: 40, Low: 30}
		return f
	}
	repeated := func(n int64) *schemas.VideoFrame {
		f := rise(n)
		if n > 125 {
			f.Difference = &schemas.Difference{}
		}
		return f
	}
	// A coder that sends the same change with key pictures alone, one every two seconds.
	skipped := func(n int64) *schemas.VideoFrame {
		f := drawn(flat(100))
		f.Luma.Mean += int32(n / 50 * 128)
		f.Difference = &schemas.Difference{}
		if n%50 == 0 {
			f.Flags = 1
			f.Difference = &schemas.Difference{Previous: 2000, Low: 500}
			changed(f, 5, everywhere)
		}
		return f
	}
	for _, test := range []struct {
		name  string
		till  int64
		frame func(n int64) *schemas.VideoFrame
		state rule.State
	}{
		{"while it changes", 5_000_000, rise, rule.Good},
		{"the same with a little grain: 1 s later not yet", 6_200_000, rise, rule.Good},
		{"repeated exactly: 1 s later", 6_200_000, repeated, rule.Bad},
		{"sent with key pictures alone", 9_000_000, skipped, rule.Good},
		{"and on", 13_900_000, skipped, rule.Good},
	} {
		if v := feed(t, rule.NewFreeze(), 0, test.till, 25, test.frame); v.State != test.state {
			t.Errorf("%s: got %+v, want state %v", test.name, v, test.state)
		}
	}
}

// TestFreezeComparesPicturesCodedAlike: a still picture that is coded again the same way comes out nearly the same, so what differs lives. The differences
// to the picture before are those of both: none that shows.
func TestFreezeComparesPicturesCodedAlike(t *testing.T) {
	const intra, predicted, both = 1 << 8, 2 << 8, 3 << 8 // AV_PICTURE_TYPE_I, P and B
	// gop is a key picture each so many pictures, and after each two of type B one of type P.
	gop := func(n, length int64) *schemas.VideoFrame {
		f := drawn(flat(100))
		f.Difference = &schemas.Difference{Previous: 60, Low: 50}
		switch n %= length; {
		case n == 0:
			f.Flags = intra | 1
		case n%3 == 0:
			f.Flags = predicted
		default:
			f.Flags = both
		}
		return changed(f, 4, func(c, r int) bool { return c%5 == 2 && r%5 == 2 })
	}
	// lighter adds to the mean of luma, in 1/256 level; brighter a level to the first n cells of the whole rows of the middle.
	lighter := func(f *schemas.VideoFrame, by int64) *schemas.VideoFrame { f.Luma.Mean += int32(by); return f }
	brighter := func(f *schemas.VideoFrame, n int) *schemas.VideoFrame {
		for i := range n {
			f.Grid.Mean[2*16+i]++
		}
		return f
	}
	ticker := func(f *schemas.VideoFrame) *schemas.VideoFrame {
		return changed(f, 10, func(_, r int) bool { return r >= 7 })
	}
	// clock has a digit in the upper right corner change once a second: its cell, and the whole picture's mean and spread by what that makes of them.
	clock := func(f *schemas.VideoFrame, second int64) *schemas.VideoFrame {
		digit := int32(second % 3)
		f.Grid.Mean[14] += byte(8 * digit)
		f.Luma.Mean += 16 * digit
		f.Luma.Std += 26 * digit
		return f
	}
	for _, test := range []struct {
		name  string
		frame func(n int64) *schemas.VideoFrame
		state rule.State
	}{
		{"the same light throughout", func(n int64) *schemas.VideoFrame { return gop(n, 250) }, rule.Bad},
		{"P pictures get lighter by a sixteenth of a level a second", func(n int64) *schemas.VideoFrame { return lighter(gop(n, 250), n*16/25) }, rule.Good},
		{"by a sixty-fourth a second, a sixteenth in four", func(n int64) *schemas.VideoFrame { return lighter(gop(n, 250), n*4/25) }, rule.Bad},
		{"their spread grows by a sixteenth a second", func(n int64) *schemas.VideoFrame {
			f := gop(n, 250)
			f.Luma.Std += int32(n * 16 / 25)
			return f
		}, rule.Good},
		{"they get lighter under a ticker", func(n int64) *schemas.VideoFrame { return ticker(lighter(gop(n, 250), n*16/25)) }, rule.Bad},
		{"a clock goes on once a second", func(n int64) *schemas.VideoFrame { return clock(gop(n, 250), n/25) }, rule.Bad},
		{"a clock goes on while they get lighter", func(n int64) *schemas.VideoFrame { return clock(lighter(gop(n, 250), n*40/25), n/25) }, rule.Good},
		{"cells get brighter under a ticker", func(n int64) *schemas.VideoFrame { return ticker(brighter(gop(n, 250), int(n/5))) }, rule.Good},
		{"17 cells are brighter from 5 s on", func(n int64) *schemas.VideoFrame { return brighter(gop(n, 250), int(min(n/125, 1)*17)) }, rule.Bad},
		{"18 are", func(n int64) *schemas.VideoFrame { return brighter(gop(n, 250), int(min(n/125, 1)*18)) }, rule.Good},
		{"a key picture each second is lighter than those between, always as much", func(n int64) *schemas.VideoFrame {
			f := gop(n, 25)
			if f.Flags&1 != 0 {
				lighter(f, 60)
			}
			return f
		}, rule.Bad},
		{"and each more than the one before", func(n int64) *schemas.VideoFrame {
			f := gop(n, 25)
			if f.Flags&1 != 0 {
				lighter(f, n*16/25)
			}
			return f
		}, rule.Good},
		{"pictures of type B are lighter than those of type P", func(n int64) *schemas.VideoFrame {
			f := gop(n, 250)
			if f.Flags == both {
				lighter(f, 60)
			}
			return f
		}, rule.Bad},
		{"half a second after each key picture it is mended by half a level", func(n int64) *schemas.VideoFrame {
			return lighter(gop(n, 50), -max(0, 80-n%50*8))
		}, rule.Bad},
		{"a second after each", func(n int64) *schemas.VideoFrame { return lighter(gop(n, 50), -max(0, 96-n%50*4)) }, rule.Good},
	} {
		for _, begin := range []int64{0, 5_000_000} {
			if v := feed(t, rule.NewFreeze(), begin, begin+8_000_000, 25, test.frame); v.State != test.state {
				t.Errorf("%s, from %d us on: got %+v, want state %v", test.name, begin, v, test.state)
			}
		}
	}
}

// TestFreezeForgetsLifeOfLongAgo: what lived before we had no time for a minute counts no more when the next key picture is seen.
func TestFreezeForgetsLifeOfLongAgo(t *testing.T) {
	frame := func(n int64) *schemas.VideoFrame {
		f := drawn(flat(100))
		f.Flags, f.Difference = 2<<8, &schemas.Difference{Previous: 60, Low: 50}
		switch {
		case n < 100: // it gets lighter
			f.Luma.Mean += int32(n)
		case n < 1600:
			f.Skipped = 1
		case n == 1603:
			f.Flags = 1
		}
		return f
	}
	if v := feed(t, rule.NewFreeze(), 0, 65_200_000, 25, frame); v.State != rule.Bad {
		t.Errorf("got %+v, want bad", v)
	}
}

// TestFreezeOptions: what is 0 is not judged, and nothing is negative.
func TestFreezeOptions(t *testing.T) {
	for _, options := range []string{"drift: 0", "drift_cells: 0", "coded_drift: 0", "coded_cells: 0"} {
		r, err := rule.Catalogue.New("freeze", []byte(options))
		if err != nil {
			t.Fatalf("%s: %v", options, err)
		}
		if v := feed(t, r, 0, 8_000_000, 25, func(int64) *schemas.VideoFrame { return drawn(flat(100)) }); v.State != rule.Bad {
			t.Errorf("%s: got %+v of a still picture, want bad", options, v)
		}
		if _, err := rule.Catalogue.New("freeze", []byte(strings.Replace(options, ": 0", ": -1", 1))); err == nil {
			t.Errorf("%s is not refused when it is negative", options)
		}
	}
}

// TestFreezeRemembersLifeOverAKeyPicture: P pictures had got lighter when a key picture came that is as the one before. Until those after it have had a
// second to show anything, it counts.
func TestFreezeRemembersLifeOverAKeyPicture(t *testing.T) {
	frame := func(n int64) *schemas.VideoFrame {
		f := drawn(flat(100))
		f.Flags, f.Difference = 2<<8, &schemas.Difference{Previous: 60, Low: 50}
		if n%50 == 0 {
			f.Flags = 1
		} else if n < 100 {
			f.Luma.Mean += int32(n % 50)
		}
		return f
	}
	for _, test := range []struct {
		till  int64
		state rule.State
	}{{4_000_000, rule.Good}, {4_040_000, rule.Good}, {5_480_000, rule.Good}, {5_560_000, rule.Bad}} {
		if v := feed(t, rule.NewFreeze(), 0, test.till, 25, frame); v.State != test.state {
			t.Errorf("before %d: got %+v, want state %v", test.till, v, test.state)
		}
	}
}

// TestFreezeOfAStillShot: what lived is held. Pictures that come exactly again tell so at once; else it takes as long as the past is remembered.
func TestFreezeOfAStillShot(t *testing.T) {
	held := func(difference int32) func(n int64) *schemas.VideoFrame {
		return func(n int64) *schemas.VideoFrame {
			f := drawn(flat(100))
			f.Luma.Mean += int32(min(n, 100) * 16 / 25)
			f.Flags, f.Difference = 2<<8, &schemas.Difference{Previous: 60, Low: 50}
			if n > 100 {
				f.Difference.Previous, f.Difference.Low = difference, difference
			}
			return f
		}
	}
	for _, test := range []struct {
		name       string
		difference int32
		till       int64
		state      rule.State
	}{
		{"while it lives", 60, 4_000_000, rule.Good},
		{"held exactly, 1.2 s later", 0, 5_200_000, rule.Bad},
		{"encoded again, 1.2 s later", 60, 5_200_000, rule.Good},
		{"encoded again, 4 s later", 60, 8_000_000, rule.Bad},
	} {
		if v := feed(t, rule.NewFreeze(), 0, test.till, 25, held(test.difference)); v.State != test.state {
			t.Errorf("%s: got %+v, want state %v", test.name, v, test.state)
		}
	}
}
