package rule_test

import (
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// Flags of VideoFrame: interlaced, and interlaced with the top field first.
const bottomFirst, topFirst = 2, 6

func TestInterlace(t *testing.T) {
	one := schemas.Field{Alpha0: 1500, Alpha1: 1500, Delta: 500}
	still := schemas.Field{Alpha0: 700, Alpha1: 705, Delta: 700}
	film := schemas.Field{Alpha0: 2100, Alpha1: 900, Delta: 1700}
	top := schemas.Field{Alpha0: 2500, Alpha1: 900, Delta: 900}
	bottom := schemas.Field{Alpha0: 900, Alpha1: 2500, Delta: 900}
	for _, test := range []struct {
		name   string
		flags  int32
		fields []schemas.Field // one after the other, over and over
		part   string
		state  rule.State
		value  float64
	}{
		{"progressive", 0, []schemas.Field{one}, "combing", rule.Good, 0},
		{"combed", 0, []schemas.Field{top}, "combing", rule.Bad, 1},
		{"combed, bottom first", 0, []schemas.Field{bottom}, "combing", rule.Bad, 1},
		{"film in 60 fields", 0, []schemas.Field{one, one, one, top, top}, "combing", rule.Good, 0.4},
		{"film whose fields are far apart", 0, []schemas.Field{film, film, one}, "combing", rule.Good, 0.667},
		{"fields of two pictures", 0, []schemas.Field{film}, "combing", rule.Bad, 1},
		{"nothing moves", 0, []schemas.Field{still}, "combing", rule.Unknown, 0},
		{"half of it stands", 0, []schemas.Field{still, top}, "combing", rule.Bad, 1},
		{"told to be interlaced", topFirst, []schemas.Field{top}, "combing", rule.Good, 0},
		{"in order", topFirst, []schemas.Field{top}, "field_order", rule.Good, 0},
		{"in order, bottom first", bottomFirst, []schemas.Field{bottom}, "field_order", rule.Good, 0},
		{"in the wrong order", topFirst, []schemas.Field{bottom}, "field_order", rule.Bad, 1},
		{"in the wrong order, bottom first", bottomFirst, []schemas.Field{top}, "field_order", rule.Bad, 1},
		{"progressive, told to be interlaced", topFirst, []schemas.Field{one}, "field_order", rule.Good, 0},
	} {
		var list []*schemas.VideoFrame
		for i := range 100 {
			list = append(list, &schemas.VideoFrame{Sampling: 1, Duration: 3600, Flags: test.flags, Field: &test.fields[i%len(test.fields)]})
		}
		verdicts := frames(rule.NewInterlace(), test.part, list...)
		if v := verdicts[len(verdicts)-1]; v.State != test.state || v.Value < test.value-0.02 || v.Value > test.value+0.02 {
			t.Errorf("%s: %s is %v with %v, want %v with %v", test.name, test.part, v.State, v.Value, test.state, test.value)
		}
		list[99].Skipped = 1
		verdicts = frames(rule.NewInterlace(), test.part, append(list, list[0])...)
		if v := verdicts[len(verdicts)-1]; v.State != rule.Unknown {
			t.Errorf("%s: where we skipped a picture %s is %v, want unknown", test.name, test.part, v.State)
		}
	}
}
