package replay_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/replay"
)

// truthOf is one line on what is known.
func truthOf(t *replay.Truth) string {
	var words []string
	for _, l := range t.Faults {
		word := fmt.Sprintf("fault %g-%g", float64(l.Start.UnixMicro())/1e6, float64(l.End.UnixMicro())/1e6)
		if l.Assumed {
			word += " assumed"
		}
		if l.Optional {
			word += " optional"
		}
		words = append(words, word)
	}
	for _, l := range t.Sound {
		words = append(words, fmt.Sprintf("sound %g-%g", float64(l.Start.UnixMicro())/1e6, float64(l.End.UnixMicro())/1e6))
	}
	return strings.Join(words, ", ")
}

func TestTruthIsOfVerdicts(t *testing.T) {
	const right, wrong, missed = replay.Confirmed, replay.FalseAlarm, replay.Missed
	retracted := life("a", 10, 12)
	retracted.Retracted = true
	of := func(list ...replay.Life) []replay.Life { return list }
	for _, test := range []struct {
		name     string
		lives    []replay.Life
		verdicts []replay.Verdict
		want     string
	}{
		{"nobody has judged", of(life("a", 10, 12)), nil, ""},
		{"confirmed: it begins where the detector said", of(life("a", 10, 12)), []replay.Verdict{said("ann", right, "a", 10, 12)}, "fault 10-12 assumed"},
		{"the onset is corrected", of(life("a", 10, 12)), []replay.Verdict{said("ann", right, "a", 9.5, 12)}, "fault 9.5-12"},
		{"of two onsets the earlier", of(life("a", 10, 12)), []replay.Verdict{said("ann", right, "a", 9.5, 12), said("bob", right, "a", 9, 12)}, "fault 9-12"},
		{"a false alarm", of(life("a", 10, 12)), []replay.Verdict{said("ann", wrong, "a", 10, 12)}, "sound 10-12"},
		{"disputed", of(life("a", 10, 12)), []replay.Verdict{said("ann", wrong, "a", 10, 12), said("bob", right, "a", 10, 12)}, "fault 10-12 assumed optional"},
		{"missed by two people", nil, []replay.Verdict{said("ann", missed, "", 10, 12), said("bob", missed, "", 11, 14)}, "fault 10-14"},
		{"a stretch in which nothing was told", nil, []replay.Verdict{said("ann", wrong, "", 10, 12)}, "sound 10-12"},
		{"a defect that is not on the log", nil, []replay.Verdict{said("ann", right, "gone", 10, 12), said("bob", right, "gone", 10, 13)}, "fault 10-13 assumed"},
		{"and is disputed", nil, []replay.Verdict{said("ann", right, "gone", 10, 12), said("bob", wrong, "gone", 10, 12)}, "fault 10-12 assumed optional"},
		{"a retracted defect says nothing", of(retracted), []replay.Verdict{said("ann", right, "a", 10, 12)}, ""},
	} {
		if got := truthOf(replay.NewTruth(test.lives, test.verdicts, time.Second)); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// Where only some is known, what nobody has judged is neither right nor wrong.
func TestEvaluateWhereSomeIsKnown(t *testing.T) {
	given, assumed := label("a", "black", 10, 12), label("a", "black", 50, 52)
	assumed.Assumed = true
	c := replay.Case{Name: "a", Length: 12 * time.Hour, Some: true, Labels: []replay.Label{given, assumed}, Sound: []replay.Label{label("a", "black", 100, 110), label("a", "freeze", 200, 210)},
		Defects: []replay.Defect{
			defect("a", "black", "", 10.5, 11), defect("a", "black", "", 11.5, 12), // once, and again
			defect("a", "black", "", 51, 52),   // found, but nobody knows when it began
			defect("a", "black", "", 105, 106), // a false alarm
			defect("a", "black", "", 205, 206), // not judged: the stretch is about freezes
			defect("a", "silence", "", 105, 106),
		}}
	e := replay.Evaluate([]replay.Case{c}, time.Second)
	black := e.Kind("black")
	if black.Labels != 2 || black.Hits != 2 || black.False != 1 || black.Unjudged != 1 || len(black.Onsets) != 1 || black.Onsets[0] != 500*time.Millisecond {
		t.Errorf("black is %+v", black)
	}
	if silence := e.Kind("silence"); silence.Unjudged != 1 || silence.False != 0 {
		t.Errorf("silence is %+v", silence)
	}
	if e.Rate(black.False) != 2 || len(e.Unjudged) != 2 { // one in half a day
		t.Errorf("%v false alarms a day, unjudged %v", e.Rate(black.False), e.Unjudged)
	}
	c.Some = false
	if all := replay.Evaluate([]replay.Case{c}, time.Second).Kind("black"); all.False != 3 || all.Unjudged != 0 { // also what was told again
		t.Errorf("where all is known black is %+v", all)
	}
}
