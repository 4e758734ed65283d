package replay_test

import (
	"math"
	"testing"
	"time"

	"github.com/framewatch/framewatch/replay"
)

// since0 is a time of a story, in seconds.
func since0(seconds float64) time.Time { return time.UnixMicro(int64(seconds * 1e6)) }

func label(stream, kind string, start, end float64) replay.Label {
	return replay.Label{Stream: stream, Kind: kind, Start: since0(start), End: since0(end)}
}

func defect(stream, kind, part string, onset, end float64) replay.Defect {
	return replay.Defect{ID: stream + kind + part, Stream: stream, Kind: kind, Part: part, Onset: since0(onset), End: since0(end)}
}

func TestMatchGivesADefectToOneLabel(t *testing.T) {
	labels := []replay.Label{label("a", "black", 10, 12), label("a", "black", 13, 14), label("a", "freeze", 10, 12), label("b", "black", 10, 12)}
	defects := []replay.Defect{
		defect("a", "freeze", "", 20, 30), // after all
		defect("a", "black", "", 10.5, 14),
		defect("a", "black", "", 15.0, 15.5), // a second after the second label
		defect("b", "black", "", 8, 8.9),     // 1.1 s before it
	}
	want := []int{1, 2, -1, -1}
	for i, got := range replay.Match(labels, defects, time.Second) {
		if got != want[i] {
			t.Errorf("label %d is matched with %d, want %d", i, got, want[i])
		}
	}
}

func TestEvaluateByHand(t *testing.T) {
	brief := label("d", "black", 5, 5.2)
	brief.Optional = true
	levelled := label("a", "black", 10, 12)
	levelled.Level = "2 s"
	e := replay.Evaluate([]replay.Case{
		// Found 0.2 s late; found again: false. The freeze beside it is explained, the silence is not.
		{Name: "a", Length: time.Hour, Labels: []replay.Label{levelled}, Companions: []string{"freeze"}, Defects: []replay.Defect{
			defect("a", "black", "", 10.2, 11), defect("a", "black", "", 11.5, 12), defect("a", "freeze", "", 10, 12), defect("a", "silence", "", 10, 12),
		}},
		// Missed: what is found is at another time, and so is false; a companion by itself too.
		{Name: "b", Length: time.Hour, Labels: []replay.Label{label("b", "black", 10, 12)}, Companions: []string{"freeze"}, Defects: []replay.Defect{
			defect("b", "black", "", 30, 32), defect("b", "freeze", "", 30, 32),
		}},
		// Found 0.5 s early; another part of the same is no second defect.
		{Name: "c", Length: time.Hour, Labels: []replay.Label{label("c", "silence", 10, 12)}, Defects: []replay.Defect{
			defect("c", "silence", "track 1", 9.5, 12), defect("c", "silence", "track 2", 9.6, 12),
		}},
		// Need not be found, and is neither hit nor false when it is.
		{Name: "d", Length: time.Hour, Labels: []replay.Label{brief}, Defects: []replay.Defect{defect("d", "black", "", 5, 5.2)}},
		// Clean for a day, with one alarm.
		{Name: "e", Length: 24 * time.Hour, Defects: []replay.Defect{defect("e", "black", "", 7, 9)}},
	}, time.Second)

	kinds := map[string]*replay.Accuracy{}
	for _, a := range e.Kinds {
		kinds[a.Kind] = a
	}
	black := kinds["black"]
	// Of two faults one; false are 11.5 s in a, 30 s in b and 7 s in e. 2*1/(2+1+3).
	if black.Labels != 2 || black.Hits != 1 || black.False != 3 || black.Clean != 1 || black.F1() != 1.0/3 || black.Precision() != 0.25 || black.Recall() != 0.5 {
		t.Errorf("black is %+v, F1 %v", *black, black.F1())
	}
	// It ends at 11 instead of 12 in a: a second early.
	if black.End(0.5) != -time.Second || kinds["silence"].End(0.99) != 0 || len(kinds["silence"].Ends) != 1 || kinds["freeze"].End(0.5) != 0 {
		t.Errorf("ends are %v and %v", black.Ends, kinds["silence"].Ends)
	}
	if silence := kinds["silence"]; silence.Hits != 1 || silence.False != 1 || silence.Onset(0.5) != 500*time.Millisecond {
		t.Errorf("silence is %+v", *silence)
	}
	// The freeze in a is explained; that in b stands by no label.
	if freeze := kinds["freeze"]; freeze.Labels != 0 || freeze.False != 1 || !math.IsNaN(freeze.Recall()) {
		t.Errorf("freeze is %+v", *freeze)
	}
	if len(e.Levels) != 1 || e.Levels[0].Level != "2 s" || e.Levels[0].Hits != 1 {
		t.Errorf("levels are %+v", e.Levels)
	}
	if e.Length != 28*time.Hour || e.Clean != 24*time.Hour || e.CleanAlarms != 1 || e.PerDay(e.CleanAlarms) != 1 {
		t.Errorf("length %v, clean %v, %d alarms in it", e.Length, e.Clean, e.CleanAlarms)
	}
	if len(e.Missed) != 1 || e.Missed[0].Stream != "b" || len(e.Unexpected) != 5 {
		t.Errorf("missed %v, unexpected %v", e.Missed, e.Unexpected)
	}
}

// What is told of all the time finds no fault.
func TestWhatAlwaysFiresFindsNothing(t *testing.T) {
	always := replay.Case{Name: "a", Length: time.Minute, Labels: []replay.Label{label("a", "black", 10, 12)}, Defects: []replay.Defect{defect("a", "black", "", 0, 60)}}
	if black := replay.Evaluate([]replay.Case{always}, time.Second).Kind("black"); black.Hits != 1 {
		t.Errorf("however early: %+v", black)
	}
	always.Early = 3 * time.Second
	if black := replay.Evaluate([]replay.Case{always}, time.Second).Kind("black"); black.Hits != 0 || black.False != 1 || black.F1() != 0 {
		t.Errorf("3 s at most: %+v", black)
	}
	always.Defects[0].Onset = since0(7)
	if black := replay.Evaluate([]replay.Case{always}, time.Second).Kind("black"); black.Hits != 1 || black.False != 0 {
		t.Errorf("3 s early: %+v", black)
	}
}

func TestOnsetIsByNearestRank(t *testing.T) {
	a := replay.Accuracy{}
	if a.Onset(0.5) != 0 {
		t.Error("an onset error without a hit")
	}
	for i := range 100 {
		a.Onsets = append(a.Onsets, time.Duration(i+1)*time.Millisecond)
	}
	for p, want := range map[float64]time.Duration{0.5: 50 * time.Millisecond, 0.99: 99 * time.Millisecond, 1: 100 * time.Millisecond, 0: time.Millisecond} {
		if got := a.Onset(p); got != want {
			t.Errorf("the %v quantile is %v, want %v", p, got, want)
		}
	}
}

func TestSequencesAreWholeStreams(t *testing.T) {
	artefacts := []replay.Artefact{{Name: "loss", Kinds: []string{"corruption", "decode_error"}}}
	loss := []replay.Label{label("", "corruption", 1, 2)}
	found := []replay.Defect{defect("", "decode_error", "", 7, 8)} // at another time: the stream counts
	got := replay.EvaluateSequences([]replay.Case{
		{Labels: loss, Defects: found}, {Labels: loss, Defects: found}, {Labels: loss}, {Defects: found}, {}, {Defects: []replay.Defect{defect("", "black", "", 1, 2)}},
	}, artefacts)[0]
	want := replay.Sequences{Artefact: "loss", TruePositive: 2, FalseNegative: 1, FalsePositive: 1, TrueNegative: 2}
	// 4 of 6 right; 2*2/(4+1+1).
	if got != want || got.Accuracy() != 4.0/6 || got.F1() != 4.0/6 {
		t.Errorf("got %+v, accuracy %v, F1 %v, want %+v", got, got.Accuracy(), got.F1(), want)
	}
}
