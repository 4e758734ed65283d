package rule_test

import (
	"math"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
)

// span has a baseline learn so many samples of each value.
func span(b *rule.Baseline, bad bool, values ...float64) {
	for range 5 {
		for _, x := range values {
			b.Take(x)
		}
	}
	b.Learn(bad)
}

func TestBaselineIsMeanAndSpread(t *testing.T) {
	b := rule.Baseline{}
	// Mean 10, mean square distance from it 4.
	span(&b, false, 8, 12)
	if b.Level != 10 || b.Spread != 2 || b.Spans != 1 {
		t.Fatalf("after one span: %+v, want level 10, spread 2", b)
	}
	// Mean 16: of both spans' values 8, 12, 16, 16 the mean is 13, and the mean square distance (25 + 1 + 9 + 9) / 4 = 11.
	span(&b, false, 16, 16)
	if b.Level != 13 || math.Abs(b.Spread-math.Sqrt(11)) > 1e-12 || b.Spans != 2 {
		t.Errorf("after two spans: %+v, want level 13, spread 3.3166", b)
	}
	// Two above the level of 13 are 4, less a margin of 3; three spreads are 9.95.
	if got := b.Above(17, 3, 0); got != 1 {
		t.Errorf("17 is %v above, want 1", got)
	}
	if got := b.Below(3, 3, 3); math.Abs(got-(10-3*math.Sqrt(11))) > 1e-12 {
		t.Errorf("3 is %v below, want 0.05", got)
	}
}

func TestBaselineIsKnownAfterAMinute(t *testing.T) {
	b := rule.Baseline{}
	for i := range 6 {
		if b.Known() {
			t.Errorf("known after %d spans", i)
		}
		span(&b, false, 1)
	}
	if !b.Known() {
		t.Error("not known after six spans")
	}
}

// A figure that moves is followed within ten minutes: the newest 60 spans weigh 1 - (59/60)^60 = 63.5 %.
func TestBaselineFollows(t *testing.T) {
	b := rule.Baseline{}
	for range 100 {
		span(&b, false, 0)
	}
	for range 60 {
		span(&b, false, 1)
	}
	if want := 1 - math.Pow(59./60, 60); math.Abs(b.Level-want) > 1e-9 {
		t.Errorf("level is %v, want %v", b.Level, want)
	}
}

// A defect is not learned while it lasts; after an hour of it all is forgotten, and learned anew.
func TestBaselineDoesNotLearnFromWhatIsBad(t *testing.T) {
	b := rule.Baseline{}
	for range 10 {
		span(&b, false, 8, 12)
	}
	was := b
	for range 359 {
		span(&b, true, 1)
	}
	if b.Level != was.Level || b.Spread != was.Spread || b.Spans != was.Spans || b.Bad != 359 {
		t.Fatalf("after an hour that was bad: %+v, want %+v", b, was)
	}
	good := b
	if span(&good, false, 10); good.Bad != 0 || good.Spans != 11 {
		t.Errorf("a good span: %+v, want 11 spans, none bad", good)
	}
	if span(&b, true, 1); b != (rule.Baseline{}) {
		t.Errorf("after more than an hour: %+v, want nothing known", b)
	}
}

// What was not measured tells nothing: neither that it is as usual nor that it is bad.
func TestBaselineOfNothingMeasured(t *testing.T) {
	b := rule.Baseline{}
	span(&b, false, 8, 12)
	was := b
	b.Learn(true)
	b.Take(math.NaN())
	for range 4 {
		b.Take(100)
	}
	b.Learn(false)
	if b != was {
		t.Errorf("got %+v, want %+v", b, was)
	}
	for range 5 {
		b.Take(100)
	}
	b.Drop()
	b.Learn(false)
	if b != was {
		t.Errorf("after what was dropped: %+v, want %+v", b, was)
	}
}

func TestRestoredBaselineThatCannotHaveBeen(t *testing.T) {
	if got, want := rule.Restored(1, 2, 60, 359), (rule.Baseline{Level: 1, Spread: 2, Spans: 60, Bad: 359}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, got := range []rule.Baseline{
		rule.Restored(math.NaN(), 0, 1, 0), rule.Restored(0, math.Inf(1), 1, 0), rule.Restored(0, -1, 1, 0),
		rule.Restored(0, 0, 61, 0), rule.Restored(0, 0, -1, 0), rule.Restored(0, 0, 1, 360), rule.Restored(0, 0, 1, -1),
	} {
		if got != (rule.Baseline{}) {
			t.Errorf("got %+v, want nothing known", got)
		}
	}
}
