package rule_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// TestAVOffset: the stream's sound usually leads by 400 ms, give or take 10.
func TestAVOffset(t *testing.T) {
	second := func(least, greatest int32, change func(s *schemas.StreamSecond)) *schemas.Feature {
		s := &schemas.StreamSecond{State: "up", Session: 7, Timing: &schemas.Timing{SkewMin: &least, SkewMax: &greatest}}
		if change != nil {
			change(s)
		}
		return &schemas.Feature{StreamSecond: s}
	}
	usual := rule.Restored(400, 10, 60, 0)
	for _, test := range []struct {
		name     string
		baseline rule.Baseline
		skew     int32
		change   func(s *schemas.StreamSecond)
		state    rule.State
		value    float64
	}{
		{"as usual", usual, 400_000, nil, rule.Good, 0},
		{"45 ms early", usual, 355_000, nil, rule.Good, 0.5},
		{"90 ms early", usual, 310_000, nil, rule.Bad, 1},
		{"125 ms late", usual, 525_000, nil, rule.Good, 125. / 185},
		{"185 ms late", usual, 585_000, nil, rule.Bad, 1},
		{"late where it often is", rule.Restored(400, 100, 60, 0), 600_000, nil, rule.Good, 0.5},
		{"when nothing is usual yet", rule.Restored(400, 10, 5, 0), 590_000, nil, rule.Unknown, 0},
		{"down", usual, 590_000, func(s *schemas.StreamSecond) { s.State = "down" }, rule.Unknown, 0},
		{"when we lost something", usual, 590_000, func(s *schemas.StreamSecond) { s.Dropped = 1 }, rule.Unknown, 0},
		{"when we decode key pictures only", usual, 590_000, func(s *schemas.StreamSecond) { s.Sampling = number[int32](0) }, rule.Unknown, 0},
		{"in a new epoch", usual, 590_000, func(s *schemas.StreamSecond) { s.Epoch = 1 }, rule.Unknown, 0},
		{"after a restart", usual, 590_000, func(s *schemas.StreamSecond) { s.Session = 8 }, rule.Unknown, 0},
		{"without sound", usual, 590_000, func(s *schemas.StreamSecond) { s.Timing = nil }, rule.Unknown, 0},
	} {
		r := rule.NewAVOffset().(*rule.AVOffset)
		*r.Baseline() = test.baseline
		judged(r, second(0, 0, nil), 0)
		// The skew moves within the second; its middle counts.
		got := judged(r, second(test.skew-10_000, test.skew+10_000, test.change), 12*time.Second)[""]
		if got.State != test.state || got.State != rule.Unknown && math.Abs(got.Value-test.value) > 1e-6 {
			t.Errorf("%s: got %+v, want %v and %v", test.name, got, test.state, test.value)
		}
		if learns := got.Sample != 0; learns != (test.state != rule.Unknown || strings.HasPrefix(test.name, "when nothing")) {
			t.Errorf("%s: learns %v", test.name, got.Sample)
		}
	}
	if _, err := rule.Catalogue.New("av_offset", []byte("early: 0")); err == nil || !strings.Contains(err.Error(), "early 0 is not above 0") {
		t.Errorf("got %v", err)
	}
}
