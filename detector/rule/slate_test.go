package rule_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// The six colours of bars at 75 %, each a sixth, and the hues of a face and a wall.
var (
	barHues  = [8]byte{0, 42, 42, 42, 0, 42, 42, 42}
	faceHues = [8]byte{10, 20, 120, 60, 5, 0, 0, 40}
)

// shown is a picture of 160x90 pixels with colour, of which so many rows of nine move.
func shown(luma func(x, y int) byte, hues [8]byte, moving int) *schemas.VideoFrame {
	f := drawn(luma)
	f.Luma.Std = 40 * 256
	f.Chroma = &schemas.Chroma{SaturationMean: 60 * 256, Hue: hues}
	return changed(f, 9, func(_, row int) bool { return row >= 9-moving })
}

// eightBars are of 100/0/75/0, sevenBars those of RP 219 between grey sides.
func eightBars(x, _ int) byte { return []byte{235, 162, 131, 112, 84, 65, 35, 16}[x/20] }

func sevenBars(x, y int) byte {
	switch {
	case y >= 60:
		return byte(16 + x)
	case x < 20 || x >= 140:
		return 104
	}
	return []byte{180, 162, 131, 112, 84, 65, 35}[(x-20)*7/120]
}

// stripes are those of a test card in no order, and something else below.
func stripes(x, y int) byte {
	if y >= 65 {
		return byte(x)
	}
	return []byte{16, 106, 41, 210, 145, 81, 235, 170}[x/20]
}

// circle is like a test card: the same on both sides, with bars in its middle.
func circle(x, y int) byte {
	if d := (x-80)*(x-80) + (y-45)*(y-45); d < 35*35 {
		return eightBars(x, y)
	}
	if x/10%2 == y/10%2 && x < 80 || (159-x)/10%2 == y/10%2 && x >= 80 {
		return 180
	}
	return 90
}

// tone is a block of a sine of that frequency at -18 dBFS peak.
func tone(frequency int32) *schemas.Feature {
	peak := int32(-1800)
	c := schemas.Channel{Peak: &peak, Energy: make([]byte, 10), KEnergy: make([]byte, 40), Detail: &schemas.ChannelDetail{ZeroCrossings: frequency / 5}}
	for i := range c.Energy {
		c.Energy[i] = 255 - 2*21 // -21 dB: 3 below the peak
	}
	return &schemas.Feature{AudioBlock: &schemas.AudioBlock{Samples: 4800, Channels: []schemas.Channel{c}}}
}

func TestSlateKnowsBarsAndTestCards(t *testing.T) {
	grey := shown(eightBars, barHues, 0)
	grey.Chroma.SaturationMean = 256
	lopsided := func(x, y int) byte { return byte(40 + x) } // 10 levels from cell to cell are no border
	for _, test := range []struct {
		name       string
		picture    *schemas.VideoFrame
		tone       int32
		bars, card float64
	}{
		{"eight bars", shown(eightBars, barHues, 0), 0, 1, 0},
		{"bars between grey", shown(sevenBars, barHues, 2), 0, 1, 0},
		{"bars that move", shown(eightBars, barHues, 3), 0, 0, 0},
		{"bars of another six colours", shown(eightBars, faceHues, 0), 0, 0, 0},
		{"grey bars", grey, 0, 0, 0},
		{"the other way round", shown(func(x, y int) byte { return eightBars(159-x, y) }, barHues, 0), 0, 0, 1},
		{"stripes with a clock below", shown(stripes, barHues, 2), 0, 0, 1},
		{"a test card", shown(circle, barHues, 0), 0, 0, 1},
		{"one that is not mirrored", shown(lopsided, barHues, 0), 0, 0, 0.5},
		{"one with a tone", shown(lopsided, barHues, 0), 1000, 0, 1},
		{"one with another tone", shown(lopsided, barHues, 0), 700, 0, 0.5},
		{"a face", shown(circle, faceHues, 0), 1000, 0, 0},
	} {
		r := rule.NewSlate()
		if test.tone > 0 {
			judged(r, tone(test.tone), 0)
		}
		got := judged(r, &schemas.Feature{VideoFrame: test.picture}, 0)
		if b, c := got["colour bars"], got["test card"]; b.Value != test.bars || c.Value != test.card || (b.State == rule.Bad) != (test.bars == 1) || (c.State == rule.Bad) != (test.card == 1) {
			t.Errorf("%s: got bars %+v and card %+v, want %v and %v", test.name, b, c, test.bars, test.card)
		}
	}
	first := drawn(eightBars) // nothing to compare it with
	first.Grid.Difference = nil
	if got := judged(rule.NewSlate(), &schemas.Feature{VideoFrame: first}, 0); got["colour bars"].State != rule.Unknown || got["test card"].State != rule.Unknown {
		t.Errorf("without differences: got %+v, want unknown", got)
	}
}

func TestSlateKnowsItsCatalogue(t *testing.T) {
	const hash = 0x0f0f33335555aa01
	r, err := rule.Catalogue.New("slate", []byte("slates: {back soon: [0f0f33335555aa01, ff00ff00ff00ff00]}"))
	if err != nil {
		t.Fatal(err)
	}
	at := func(hash uint64, std int32) rule.Verdict {
		f := &schemas.VideoFrame{Luma: &schemas.Luma{Std: std}, Hash: &schemas.PictureHash{}}
		binary.BigEndian.PutUint64(f.Hash.Perceptual[:], hash)
		return judged(r, &schemas.Feature{VideoFrame: f}, 0)["back soon"]
	}
	for _, test := range []struct {
		hash  uint64
		std   int32
		state rule.State
		value float64
	}{
		{hash, 9000, rule.Bad, 1},
		{hash ^ 0x3f, 9000, rule.Bad, 58. / 64},  // six bits
		{hash ^ 0x7f, 9000, rule.Good, 57. / 64}, // seven
		{0xff00ff00ff00ff01, 9000, rule.Bad, 63. / 64},
		{hash, 900, rule.Good, 0}, // hardly a picture
	} {
		if got := at(test.hash, test.std); got.State != test.state || math.Abs(got.Value-test.value) > 1e-9 {
			t.Errorf("hash %016x: got %+v, want %v and %v", test.hash, got, test.state, test.value)
		}
	}
	for text, want := range map[string]string{
		"slates: {a: [12]}":                          `"12" is not 16 hexadecimal digits`,
		"slates: {a: [zzzzzzzzzzzzzzzz]}":            "is not 16 hexadecimal digits",
		"slates: {a: ['0000000000000001']}":          "next to no detail",
		"slates: {a: []}":                            "a has 0 hashes",
		"slates: {test card: [0f0f33335555aa01]}":    `the name "test card" is empty, too long or taken`,
		"slates: {a: [0f0f33335555aa01], b: [00ff]}": `slates: b: "00ff"`,
	} {
		if _, err := rule.Catalogue.New("slate", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
