package rule_test

import (
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

func TestBlack(t *testing.T) {
	noisy := func(x, y int) byte { return 16 + byte((x*7+y*13)%6) } // 16 to 21
	for _, test := range []struct {
		name    string
		picture func(x, y int) byte
		state   rule.State
		value   float64
	}{
		{"black", flat(16), rule.Bad, 1},
		{"full-range black would be 0 after normalising below black", flat(4), rule.Bad, 1},
		{"codec noise on black", noisy, rule.Bad, 1},
		{"raised black up to the level", flat(24), rule.Bad, 1},
		{"a night scene just above it", flat(25), rule.Good, 0},
		// 20x10 of 160x90 pixels: 1.39 % in the upper right corner.
		{"a logo of 1.4 % in a corner", with(flat(16), 235, 130, 5, 20, 10), rule.Bad, 1 - 200.0/14400},
		// 30x20: 4.17 %.
		{"a logo of 4.2 % in a corner", with(flat(16), 235, 125, 5, 30, 20), rule.Good, 1 - 600.0/14400},
		{"a title in the middle, 1.1 %", with(flat(16), 235, 70, 44, 40, 4), rule.Good, 0},
		{"dim letters in the middle: 9 pixels of 60 in a cell of 100 make 20", with(flat(16), 60, 80, 40, 3, 3), rule.Good, 0},
		{"grey", flat(128), rule.Good, 0},
	} {
		if v := one(rule.NewBlack(), drawn(test.picture)); v.State != test.state || !near(v.Value, test.value) {
			t.Errorf("%s: got %v with %.4f, want %v with %.4f", test.name, v.State, v.Value, test.state, test.value)
		}
	}
}

// TestDarkBlueIsNotBlack: blackdetect looks at luma only, and saturated blue has luma 32 of BT.709; a darker one passes any level.
func TestDarkBlueIsNotBlack(t *testing.T) {
	f := drawn(flat(22))
	f.Chroma = &schemas.Chroma{SaturationMean: 60 * 256}
	if v := one(rule.NewBlack(), f); v.State != rule.Good {
		t.Errorf("dark blue: got %v", v)
	}
	f.Chroma.SaturationMean = 2 * 256
	if v := one(rule.NewBlack(), f); v.State != rule.Bad {
		t.Errorf("a trace of colour on black: got %v", v)
	}
}

// TestBlackLastsItsDuration: blackdetect's end omits the last picture's duration.
func TestBlackLastsItsDuration(t *testing.T) {
	if v := one(rule.NewBlack(), drawn(flat(16))); v.From != 5_000_000 || v.To != 5_040_000 {
		t.Errorf("speaks of %d to %d, want 5000000 to 5040000", v.From, v.To)
	}
}

func TestBlackOfNothingMeasuredIsUnknown(t *testing.T) {
	if v := one(rule.NewBlack(), &schemas.VideoFrame{}); v.State != rule.Unknown {
		t.Errorf("got %v", v)
	}
	if _, ok := rule.NewBlack().Judge(&rule.Record{Feature: &schemas.Feature{AudioBlock: &schemas.AudioBlock{}}}); ok {
		t.Error("black has a word on sound")
	}
}

func TestBlackWithLogo(t *testing.T) {
	logo := with(flat(16), 235, 125, 5, 30, 20)
	second := with(logo, 200, 5, 70, 10, 10)
	for _, test := range []struct {
		name    string
		picture func(n int64) func(x, y int) byte
		state   rule.State
	}{
		{"a logo in a corner", func(int64) func(int, int) byte { return logo }, rule.Bad},
		{"logos in two corners", func(int64) func(int, int) byte { return second }, rule.Bad},
		{"a logo that turns", func(n int64) func(int, int) byte { return with(flat(16), 100+byte(n%2)*100, 125, 5, 30, 20) }, rule.Bad},
		{"no logo: that is black", func(int64) func(int, int) byte { return flat(16) }, rule.Good},
		{"a title in the middle", func(int64) func(int, int) byte { return with(flat(16), 235, 60, 40, 40, 10) }, rule.Good},
		{"a face beside the logo", func(int64) func(int, int) byte { return with(logo, 90, 60, 30, 40, 50) }, rule.Good},
		{"a bright picture", func(int64) func(int, int) byte { return flat(120) }, rule.Good},
		{"a light that blinks in a corner", func(n int64) func(int, int) byte {
			if n%10 < 5 {
				return logo
			}
			return flat(16)
		}, rule.Good},
	} {
		v := feed(t, rule.NewBlackWithLogo(), 0, 2_000_000, 25, func(n int64) *schemas.VideoFrame { return drawn(test.picture(n)) })
		if v.State != test.state {
			t.Errorf("%s: got %+v, want state %v", test.name, v, test.state)
		}
	}
}

// TestLogoMustHaveStood: in the first second nothing is known, and a gap begins anew.
func TestLogoMustHaveStood(t *testing.T) {
	r := rule.NewBlackWithLogo()
	logo := func(int64) *schemas.VideoFrame { return drawn(with(flat(16), 235, 125, 5, 30, 20)) }
	for _, test := range []struct {
		from, till int64
		state      rule.State
	}{{0, 1_000_000, rule.Unknown}, {1_000_000, 1_040_000, rule.Bad}, {5_000_000, 5_400_000, rule.Unknown}, {5_400_000, 6_040_000, rule.Bad}} {
		if v := feed(t, r, test.from, test.till, 25, logo); v.State != test.state {
			t.Errorf("before %d: got %v, want %v", test.till, v.State, test.state)
		}
	}
}
