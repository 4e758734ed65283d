package rule_test

import (
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

func TestNoSignal(t *testing.T) {
	for _, test := range []struct {
		name   string
		second schemas.StreamSecond
		state  rule.State
	}{
		{"down", schemas.StreamSecond{State: "down"}, rule.Bad},
		{"up and full", schemas.StreamSecond{State: "up", FramesDecoded: 25, AudioBlocks: 10}, rule.Good},
		{"sound only", schemas.StreamSecond{State: "up", AudioBlocks: 10}, rule.Good},
		{"pictures that we passed over", schemas.StreamSecond{State: "up", FramesPassed: new(int32(12))}, rule.Good},
		{"none passed over", schemas.StreamSecond{State: "up", FramesPassed: new(int32(0))}, rule.Bad},
		{"pictures only", schemas.StreamSecond{State: "up", FramesDecoded: 1}, rule.Good},
		{"up and empty", schemas.StreamSecond{State: "up"}, rule.Bad},
		{"empty because we dropped it", schemas.StreamSecond{State: "up", Dropped: 35}, rule.Good},
		{"first contact not made", schemas.StreamSecond{State: "starting"}, rule.Unknown},
		{"our worker crashed", schemas.StreamSecond{State: "fault"}, rule.Unknown},
		{"a state of a later version", schemas.StreamSecond{State: "paused"}, rule.Unknown},
	} {
		v, ok := rule.NewNoSignal().Judge(&rule.Record{Time: 9_000_000, Feature: &schemas.Feature{StreamSecond: &test.second}})
		if !ok || v.State != test.state || v.From != 8_000_000 || v.To != 9_000_000 {
			t.Errorf("%s: got %+v, want state %v of the second before", test.name, v, test.state)
		}
	}
}

// TestNoMonitor walks through ticks and heartbeats, in seconds.
func TestNoMonitor(t *testing.T) {
	r := rule.NewNoMonitor()
	for _, step := range []struct {
		tick  int64
		beat  bool // before the tick
		state rule.State
		value float64
	}{
		{10, false, rule.Unknown, 0}, // the first tick: nobody was there before
		{11, false, rule.Good, 1},
		{12, true, rule.Good, 0},
		{13, false, rule.Good, 1},
		{16, false, rule.Good, 4},
		{17, false, rule.Bad, 5},
		{19, false, rule.Bad, 7},
		{25, false, rule.Unknown, 0}, // six seconds without a tick: the detector was away
		{26, false, rule.Good, 1},
		{29, false, rule.Good, 4},
		{30, false, rule.Bad, 5},
		{33, false, rule.Bad, 8},
		{36, false, rule.Bad, 10}, // the figure ends there
		{37, true, rule.Good, 0},
		{47, true, rule.Good, 0}, // away, but the heartbeat came
	} {
		if step.beat {
			if _, ok := r.Judge(&rule.Record{Feature: &schemas.Feature{StreamSecond: &schemas.StreamSecond{}}}); ok {
				t.Fatalf("a heartbeat before %d has a verdict", step.tick)
			}
		}
		v, ok := r.Judge(&rule.Record{Time: step.tick * 1e6, Feature: &schemas.Feature{Tick: &schemas.Tick{}}})
		if !ok || v.State != step.state || v.State != rule.Unknown && v.Value != step.value {
			t.Errorf("tick %d: got %+v, want state %v with %v", step.tick, v, step.state, step.value)
		}
	}
}

// TestEveryRule: its defaults are valid, its memory is bounded, and its parents exist.
func TestEveryRule(t *testing.T) {
	for _, kind := range rule.Catalogue.Names() {
		r, err := rule.Catalogue.New(kind, nil)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		d := r.Describe()
		if d.Window > rule.MaxWindow || d.Version < 1 || d.Gap <= 0 || d.Summary == "" {
			t.Errorf("%s: described as %+v", kind, d)
		}
		for _, parent := range d.Parents {
			if _, ok := rule.Catalogue[parent]; !ok {
				t.Errorf("%s: parent %q does not exist", kind, parent)
			}
		}
	}
}
