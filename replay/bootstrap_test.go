package replay_test

import (
	"math"
	"testing"
	"time"

	"github.com/framewatch/framewatch/replay"
)

// found is a case of a stream whose fault, of 10 s from 10 s on, is found or not, and with so many false alarms after it.
func found(stream string, hit bool, alarms int) replay.Case {
	c := replay.Case{Name: stream, Length: time.Hour, Labels: []replay.Label{label(stream, "black", 10, 20)}}
	if hit {
		c.Defects = append(c.Defects, defect(stream, "black", "", 10, 20))
	}
	for i := range alarms {
		at := 100 * float64(i+1)
		c.Defects = append(c.Defects, defect(stream, "black", "", at, at+1))
	}
	return c
}

func TestPairedBootstrapByHand(t *testing.T) {
	// In b both find the fault; in a the first does and the second does not. Of two streams two are drawn: a quarter of the draws is a twice, with a
	// difference of -1 in recall, a half one of each, with -1/2, a quarter b twice, with 0. So the middle 95 % reach from -1 to 0.
	before := []replay.Case{found("a", true, 0), found("b", true, 0)}
	after := []replay.Case{found("a", false, 0), found("b", true, 0)}
	c := replay.Compare(before, after, time.Second, 7)[0]
	if c.Kind != "black" || c.Units != 2 || c.Before.Hits != 2 || c.After.Hits != 1 {
		t.Fatalf("compared is %+v", c)
	}
	if want := (replay.Interval{Difference: -0.5, Low: -1, High: 0, Draws: replay.Draws}); c.Recall != want {
		t.Errorf("recall: got %+v, want %+v", c.Recall, want)
	}
	// F1 of a twice is 0 against 1, of one of each 2/(2+1) against 1.
	if c.F1.Low != -1 || c.F1.High != 0 || math.Abs(c.F1.Difference+1.0/3) > 1e-12 {
		t.Errorf("F1: got %+v", c.F1)
	}
	// Where a is drawn twice the second has found nothing, and no precision: about a quarter of the draws have none.
	if share := float64(c.Precision.Draws) / replay.Draws; share < 0.70 || share > 0.80 || c.Precision.Low != 0 || c.Precision.High != 0 {
		t.Errorf("precision: got %+v", c.Precision)
	}
	if again := replay.Compare(before, after, time.Second, 7)[0]; again.F1 != c.F1 || again.Precision != c.Precision {
		t.Errorf("the same seed gives %+v and %+v", c, again)
	}
}

// The draws are paired: a difference that every stream has is a difference of every draw, however different the streams are.
func TestPairedBootstrapKeepsTheStreamsTogether(t *testing.T) {
	var before, after []replay.Case
	for i, alarms := range []int{0, 3, 0, 9} {
		name := string(rune('a' + i))
		before, after = append(before, found(name, false, alarms)), append(after, found(name, true, alarms))
	}
	c := replay.Compare(before, after, time.Second, 1)[0]
	if want := (replay.Interval{Difference: 1, Low: 1, High: 1, Draws: replay.Draws}); c.Recall != want {
		t.Errorf("recall: got %+v, want %+v", c.Recall, want)
	}
	// After: 4 of 16 that were told are right.
	if c.After.Precision() != 0.25 || c.Precision.Difference != 0.25 {
		t.Errorf("precision: got %+v of %+v", c.Precision, c.After)
	}
}

// So configurations that find the same differ in no draw, whatever is drawn.
func TestPairedBootstrapOfTheSame(t *testing.T) {
	same := []replay.Case{found("a", true, 0), found("b", false, 5), found("c", true, 2), found("d", false, 0)}
	c := replay.Compare(same, same, time.Second, 1)[0]
	for _, i := range []replay.Interval{c.Recall, c.F1, c.Precision} {
		if i.Difference != 0 || i.Low != 0 || i.High != 0 {
			t.Errorf("got %+v", i)
		}
	}
}

// Clips of one recording are drawn together: they are no independent evidence.
func TestBootstrapDrawsRecordings(t *testing.T) {
	before := []replay.Case{found("a", true, 0), found("b", true, 0), found("c", true, 0)}
	after := []replay.Case{found("a", false, 0), found("b", true, 0), found("c", true, 0)}
	for _, list := range [][]replay.Case{before, after} {
		for i := range list {
			list[i].Source = "one"
		}
	}
	c := replay.Compare(before, after, time.Second, 1)[0]
	if c.Units != 1 || c.Recall.Low != c.Recall.High || c.Recall.Difference != c.Recall.Low {
		t.Errorf("of one recording: got %+v", c)
	}
}

func TestNothingToCompareHasNoInterval(t *testing.T) {
	clean := []replay.Case{{Name: "a", Length: time.Hour}}
	alarm := []replay.Case{{Name: "a", Length: time.Hour, Defects: []replay.Defect{defect("a", "freeze", "", 1, 2)}}}
	c := replay.Compare(clean, alarm, time.Second, 1)[0]
	if c.Kind != "freeze" || !math.IsNaN(c.Recall.Difference) || !math.IsNaN(c.Recall.Low) || c.After.False != 1 {
		t.Errorf("got %+v", c)
	}
}
