package rule_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// framed is a picture of 1280x720 that is lit from (left,top) to (right,bottom); soft is by how much further in the brighter threshold lies,
// dark the share of it that is black.
func framed(top, bottom, left, right, soft int32, dark float64) *schemas.VideoFrame {
	f := &schemas.VideoFrame{Sampling: 1, Duration: 3600, Luma: &schemas.Luma{}, Border: &schemas.Border{
		Top24: top, Bottom24: bottom, Left24: left, Right24: right, Top40: top + soft, Bottom40: bottom - soft, Left40: left + soft, Right40: right - soft,
	}}
	for i := 6; i < 24; i++ {
		binary.BigEndian.PutUint16(f.Luma.CDF[2*i:], uint16(dark*65535))
	}
	return f
}

// box runs pictures one after the other and returns the last verdict of each part, with the largest figure that each has had.
func box(r rule.Rule, shots ...shot) (last map[string]rule.Verdict, worst map[string]float64) {
	last, worst = map[string]rule.Verdict{}, map[string]float64{}
	seq := int64(0)
	for _, s := range shots {
		for range s.pictures {
			f := *s.picture
			f.Seq = seq
			v, ok := r.Judge(&rule.Record{Time: seq * 40_000, Feature: &schemas.Feature{VideoFrame: &f}})
			for ok {
				part := partOf(r)
				last[part] = v
				if v.State != rule.Unknown {
					worst[part] = max(worst[part], v.Value)
				}
				v, ok = r.(rule.Several).More()
			}
			seq++
		}
	}
	return last, worst
}

type shot struct {
	picture  *schemas.VideoFrame
	pictures int
}

func TestLetterbox(t *testing.T) {
	full := framed(0, 719, 0, 1279, 0, 0)
	wide := framed(92, 627, 0, 1279, 0, 184./720) // 1280/536 = 2.39:1
	for _, test := range []struct {
		name  string
		shots []shot
		part  string
		state rule.State
		value float64
	}{
		{"nothing", []shot{{full, 400}}, "letterbox", rule.Good, 0},
		{"too early to tell", []shot{{full, 250}, {wide, 45}}, "letterbox", rule.Unknown, 0},
		{"wide", []shot{{full, 350}, {wide, 60}}, "letterbox", rule.Bad, 184. / 720},
		{"wide for long", []shot{{full, 350}, {wide, 320}}, "letterbox", rule.Good, 0},
		{"pillars of 4:3", []shot{{full, 350}, {framed(0, 719, 160, 1119, 1, 0.25), 60}}, "pillarbox", rule.Bad, 0.25},
		// 1 - 536/720 * 960/1280
		{"all around", []shot{{full, 350}, {framed(92, 627, 160, 1119, 1, 0.45), 60}}, "windowbox", rule.Bad, 1 - 536./720*0.75},
		{"all around is one defect", []shot{{full, 350}, {framed(92, 627, 160, 1119, 1, 0.45), 60}}, "letterbox", rule.Good, 0},
		{"borders grow", []shot{{wide, 350}, {framed(120, 599, 0, 1279, 0, 240./720), 60}}, "letterbox", rule.Bad, 56. / 536},
		{"borders go", []shot{{wide, 350}, {full, 60}}, "letterbox", rule.Good, 0},
		{"only above", []shot{{full, 350}, {framed(92, 719, 0, 1279, 0, 92./720), 60}}, "letterbox", rule.Good, 0},
		{"softly dark", []shot{{full, 350}, {framed(92, 627, 0, 1279, 60, 184./720), 60}}, "letterbox", rule.Unknown, 0},
		{"a title on black", []shot{{full, 350}, {framed(300, 419, 0, 1279, 0, 0.95), 60}}, "letterbox", rule.Unknown, 0},
		{"a flash over a wide film", []shot{{wide, 300}, {full, 3}, {wide, 60}}, "letterbox", rule.Good, 0},
		{"nothing but black", []shot{{full, 350}, {framed(720, -1, 1280, -1, 0, 1), 60}}, "letterbox", rule.Unknown, 0},
	} {
		last, _ := box(rule.NewLetterbox(), test.shots...)
		if v := last[test.part]; v.State != test.state || !near(v.Value, test.value) {
			t.Errorf("%s: %s is %v with %v, want %v with %v", test.name, test.part, v.State, v.Value, test.state, test.value)
		}
	}
}

func TestLetterboxThatWeSkip(t *testing.T) {
	skipped := framed(92, 627, 0, 1279, 0, 184./720)
	skipped.Skipped = 2
	if last, _ := box(rule.NewLetterbox(), shot{framed(0, 719, 0, 1279, 0, 0), 350}, shot{skipped, 60}); last["letterbox"].State != rule.Unknown {
		t.Errorf("where we skip pictures: %v, want unknown", last["letterbox"].State)
	}
}

// TestLetterboxExpected: with square samples 536 rows of 1280 are 2.39:1, and 1 - (16/9)/2.39 = 0.26 off.
func TestLetterboxExpected(t *testing.T) {
	for _, test := range []struct {
		name  string
		sar   int32 // of 9
		shots []shot
		state rule.State
		value float64
	}{
		{"as expected", 9, []shot{{framed(0, 719, 0, 1279, 0, 0), 60}}, rule.Good, 0},
		{"wide all along", 9, []shot{{framed(92, 627, 0, 1279, 0, 184./720), 400}}, rule.Bad, 1 - 16./9*536/1280},
		// Samples of 12:9 make 960 columns and 720 rows 16:9.
		{"wide samples", 12, []shot{{framed(0, 719, 160, 1119, 0, 0.25), 60}}, rule.Good, 0},
	} {
		r := rule.NewLetterbox()
		r.(*rule.Letterbox).Expect = 16. / 9
		inventory := &schemas.Inventory{Tracks: []schemas.Track{{Kind: "audio"}, {Kind: "video", Video: &schemas.VideoFormat{Width: 1280, Height: 720, SARNum: test.sar, SARDen: 9}}}}
		late := int64(test.shots[0].pictures-60) * 40_000 // an Inventory counts for twelve seconds
		r.Judge(&rule.Record{Time: late, Feature: &schemas.Feature{Inventory: inventory}})
		if last, _ := box(r, test.shots...); last["aspect"].State != test.state || !near(last["aspect"].Value, test.value) {
			t.Errorf("%s: %v with %v, want %v with %v", test.name, last["aspect"].State, last["aspect"].Value, test.state, test.value)
		}
	}
	for _, wrong := range []string{"expect: -1", "expect: .nan"} {
		if _, err := rule.Catalogue.New("letterbox", []byte(wrong)); err == nil || !strings.Contains(err.Error(), "expect") {
			t.Errorf("%s: got error %v, want one about expect", wrong, err)
		}
	}
}
