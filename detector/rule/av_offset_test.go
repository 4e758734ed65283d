package rule_test

import (
	"math"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// TestAVOffset plays pictures and sound, 25 and 10 a second, and looks at the verdict on the last whole second. The end of a block leads
// by up to 140 ms when it comes and by 20 ms at least before the next: by 80 in the middle; from a second on the time stamps are moved.
func TestAVOffset(t *testing.T) {
	usual := rule.Restored(80, 5, 60, 0)
	for _, test := range []struct {
		name     string
		baseline rule.Baseline
		seconds  int64
		from     int64 // second from which on sound is moved
		moved    int64 // milliseconds
		change   func(v *schemas.VideoFrame, second int64)
		state    rule.State
		value    float64
	}{
		{"as usual", usual, 3, 0, 0, nil, rule.Good, 0},
		{"45 ms early", usual, 3, 0, -45, nil, rule.Good, 0.5},
		{"90 ms early", usual, 3, 0, -90, nil, rule.Bad, 1},
		{"125 ms late", usual, 3, 0, 125, nil, rule.Good, 125. / 185},
		{"185 ms late", usual, 3, 0, 185, nil, rule.Bad, 1},
		{"late where it often is", rule.Restored(80, 100, 60, 0), 3, 0, 200, nil, rule.Good, 0.5},
		{"nothing is usual yet", rule.Restored(80, 5, 5, 0), 3, 0, 200, nil, rule.Unknown, 0},
		{"against four seconds before", rule.Baseline{}, 8, 6, 185, nil, rule.Bad, 1},
		{"and only three", rule.Baseline{}, 5, 3, 185, nil, rule.Unknown, 0},
		{"in the second of a new epoch", usual, 3, 0, 185, func(v *schemas.VideoFrame, second int64) { v.Epoch = int32(second / 2) }, rule.Unknown, 0},
		{"where pictures are passed over", usual, 3, 0, 185, func(v *schemas.VideoFrame, _ int64) { v.Sampling = 4 }, rule.Unknown, 0},
		{"where we skipped some", usual, 3, 0, 185, func(v *schemas.VideoFrame, _ int64) { v.Skipped = 1 }, rule.Unknown, 0},
	} {
		r := rule.NewAVOffset().(*rule.AVOffset)
		*r.Baseline() = test.baseline
		var last rule.Verdict
		for at := int64(0); at <= test.seconds*1000; at += 20 {
			f := &schemas.Feature{}
			if at%100 == 0 {
				pts := at
				if at >= test.from*1000 {
					pts += test.moved
				}
				f.AudioBlock = &schemas.AudioBlock{Track: 1, PTS: pts * 90, Channels: []schemas.Channel{{KEnergy: make([]byte, 40)}}}
				r.Judge(&rule.Record{Time: at * 1000, Feature: f})
			}
			if at%40 != 0 {
				continue
			}
			v := &schemas.VideoFrame{PTS: at * 90, Sampling: 1}
			if test.change != nil {
				test.change(v, at/1000)
			}
			if got, ok := r.Judge(&rule.Record{Time: at * 1000, Feature: &schemas.Feature{VideoFrame: v}}); ok {
				last = got
			}
		}
		if last.State != test.state || last.State != rule.Unknown && math.Abs(last.Value-test.value) > 1e-6 {
			t.Errorf("%s: got %+v, want %v and %v", test.name, last, test.state, test.value)
		}
	}
	if _, err := rule.Catalogue.New("av_offset", []byte("early: 0")); err == nil || !strings.Contains(err.Error(), "early 0 is not above 0") {
		t.Errorf("got %v", err)
	}
}
