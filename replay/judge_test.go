package replay_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
)

// life is a defect of stream s, black, that ended.
func life(id string, onset, end float64) replay.Life {
	return replay.Life{Defect: replay.Defect{ID: id, Stream: "s", Kind: "black", Onset: since0(onset), End: since0(end)}}
}

// said is a verdict of an author on a stretch of the stream s, or on a defect; it is given at 1000 s unless it is changed.
func said(author, label, defect string, start, end float64) replay.Verdict {
	return replay.Verdict{Stream: "s", Kind: "black", Label: label, Author: author, Defect: defect, Start: since0(start), End: since0(end), Given: since0(1000)}
}

// told is one line on a judgement.
func toldOf(j *replay.Judgement) string {
	var b strings.Builder
	for _, k := range j.Kinds {
		fmt.Fprintf(&b, "%s: %d defects, %d confirmed, %d false, %d disputed, %d missed", k.Kind, k.Defects, k.Confirmed, k.False, k.Disputed, k.Missed)
		for _, o := range k.Onsets {
			fmt.Fprintf(&b, ", onset %v", o)
		}
	}
	fmt.Fprintf(&b, "; %d aside", len(j.Aside))
	return b.String()
}

func TestVerdictsJudgeDefects(t *testing.T) {
	const right, wrong, missed = replay.Confirmed, replay.FalseAlarm, replay.Missed
	at := func(v replay.Verdict, given float64) replay.Verdict { v.Given = since0(given); return v }
	open := life("a", 10, 12)
	open.Open = true
	retracted := life("a", 10, 12)
	retracted.Retracted = true
	other := life("a", 10, 12)
	other.Stream = "t"
	of := func(list ...replay.Life) []replay.Life { return list }
	for _, test := range []struct {
		name     string
		lives    []replay.Life
		verdicts []replay.Verdict
		want     string
	}{
		{"nothing is said", of(life("a", 10, 12)), nil, "black: 1 defects, 0 confirmed, 0 false, 0 disputed, 0 missed; 0 aside"},
		{"by id, with the defect's own span", of(life("a", 10, 12)), []replay.Verdict{said("ann", right, "a", 10, 12)},
			"black: 1 defects, 1 confirmed, 0 false, 0 disputed, 0 missed; 0 aside"},
		{"by id, with the onset corrected", of(life("a", 10, 12)), []replay.Verdict{said("ann", right, "a", 9.5, 12)},
			"black: 1 defects, 1 confirmed, 0 false, 0 disputed, 0 missed, onset 500ms; 0 aside"},
		{"two authors agree, each once", of(life("a", 10, 12)), []replay.Verdict{said("ann", wrong, "a", 10, 12), said("bob", wrong, "a", 10, 12)},
			"black: 1 defects, 0 confirmed, 1 false, 0 disputed, 0 missed; 0 aside"},
		{"two authors contradict each other", of(life("a", 10, 12)), []replay.Verdict{said("ann", wrong, "a", 10, 12), said("bob", right, "", 10, 12)},
			"black: 1 defects, 0 confirmed, 0 false, 1 disputed, 0 missed; 0 aside"},
		{"an author thinks again", of(life("a", 10, 12)), []replay.Verdict{at(said("ann", right, "a", 10, 12), 2000), said("ann", wrong, "a", 10, 12)},
			"black: 1 defects, 1 confirmed, 0 false, 0 disputed, 0 missed; 0 aside"},
		{"of one author the defect's name goes before a later stretch", of(life("a", 10, 12)), []replay.Verdict{said("ann", right, "a", 10, 12), at(said("ann", wrong, "", 9, 30), 2000)},
			"black: 1 defects, 1 confirmed, 0 false, 0 disputed, 0 missed; 0 aside"},
		{"wherever the stretch begins", of(life("a", 10, 12)), []replay.Verdict{said("ann", right, "a", 10, 12), at(said("ann", wrong, "", 11, 30), 2000)},
			"black: 1 defects, 1 confirmed, 0 false, 0 disputed, 0 missed; 0 aside"},
		{"what was said to be missed is taken back", nil, []replay.Verdict{said("ann", missed, "", 10, 12), at(said("ann", wrong, "", 10, 12), 2000)}, "; 1 aside"},
		{"of one author's stretches the last given holds", of(life("a", 10, 12)), []replay.Verdict{at(said("ann", wrong, "", 9, 13), 2000), said("ann", right, "", 10, 12)},
			"black: 1 defects, 0 confirmed, 1 false, 0 disputed, 0 missed; 0 aside"},
		{"a stretch over two defects, whose onset is the first's", of(life("a", 10, 12), life("b", 15, 16)), []replay.Verdict{said("ann", right, "", 9, 16)},
			"black: 2 defects, 2 confirmed, 0 false, 0 disputed, 0 missed, onset 1s; 0 aside"},
		{"a name judges that defect alone", of(life("a", 10, 12), life("b", 11, 13)), []replay.Verdict{said("ann", wrong, "b", 11, 13)},
			"black: 2 defects, 0 confirmed, 1 false, 0 disputed, 0 missed; 0 aside"},
		{"a defect that begins a second after the stretch", of(life("a", 13, 14)), []replay.Verdict{said("ann", right, "", 10, 12)},
			"black: 1 defects, 1 confirmed, 0 false, 0 disputed, 0 missed, onset 3s; 0 aside"},
		{"more than a second after it", of(life("a", 13.1, 14)), []replay.Verdict{said("ann", right, "", 10, 12)},
			"black: 1 defects, 0 confirmed, 0 false, 0 disputed, 1 missed; 0 aside"},
		{"no verdict on what was over when its stretch began", of(life("a", 8, 9.9)), []replay.Verdict{said("ann", wrong, "", 10, 12)},
			"black: 1 defects, 0 confirmed, 0 false, 0 disputed, 0 missed; 1 aside"},
		{"an open defect goes on", of(open), []replay.Verdict{said("ann", right, "", 26, 28)},
			"black: 1 defects, 1 confirmed, 0 false, 0 disputed, 0 missed, onset 16s; 0 aside"},
		{"but not for ever", of(open), []replay.Verdict{said("ann", missed, "", 28, 30)},
			"black: 1 defects, 0 confirmed, 0 false, 0 disputed, 1 missed; 0 aside"},
		{"a retracted defect counts nowhere", of(retracted), []replay.Verdict{said("ann", wrong, "a", 10, 12)}, "; 1 aside"},
		{"and tells of nothing", of(retracted), []replay.Verdict{said("ann", missed, "", 10, 12)},
			"black: 0 defects, 0 confirmed, 0 false, 0 disputed, 1 missed; 0 aside"},
		{"missed, and told of after all", of(life("a", 11, 12)), []replay.Verdict{said("ann", missed, "", 10, 12)},
			"black: 1 defects, 1 confirmed, 0 false, 0 disputed, 0 missed, onset 1s; 0 aside"},
		{"two people miss the same fault", nil, []replay.Verdict{said("ann", missed, "", 10, 12), said("bob", missed, "", 11, 14), said("cem", missed, "", 13.5, 15), said("ann", missed, "", 20, 21)},
			"black: 0 defects, 0 confirmed, 0 false, 0 disputed, 2 missed; 0 aside"},
		{"another stream's defect", of(other), []replay.Verdict{said("ann", right, "", 10, 12)},
			"black: 1 defects, 0 confirmed, 0 false, 0 disputed, 1 missed; 0 aside"},
		{"a defect that is not there, and none like it", nil, []replay.Verdict{said("ann", right, "gone", 10, 12)}, "; 1 aside"},
		{"a defect that was detected again under another id", of(life("a2", 10.4, 12)), []replay.Verdict{said("ann", right, "a", 10, 12)},
			"black: 1 defects, 1 confirmed, 0 false, 0 disputed, 0 missed, onset 400ms; 0 aside"},
		{"the onset that goes with a disputed defect", of(life("a", 10, 12)), []replay.Verdict{said("ann", right, "a", 9, 12), said("bob", wrong, "a", 10, 12)},
			"black: 1 defects, 0 confirmed, 0 false, 1 disputed, 0 missed; 0 aside"},
	} {
		if got := toldOf(replay.Judge(test.lives, test.verdicts, replay.Range{}, time.Second)); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

// A range counts what began in it: a defect of before still tells of a fault, and a verdict on it is no miss.
func TestRangeIsOfWhatBeganInIt(t *testing.T) {
	lives := []replay.Life{life("before", 5, 15), life("in", 20, 21), life("after", 40, 41)}
	verdicts := []replay.Verdict{
		said("ann", replay.Confirmed, "", 12, 15), said("ann", replay.FalseAlarm, "in", 20, 21), said("ann", replay.FalseAlarm, "after", 40, 41),
		said("ann", replay.Missed, "", 30, 31), said("ann", replay.Missed, "", 50, 51),
	}
	j := replay.Judge(lives, verdicts, replay.Range{From: since0(10), To: since0(40)}, time.Second)
	if got, want := toldOf(j), "black: 1 defects, 0 confirmed, 1 false, 0 disputed, 1 missed; 0 aside"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if len(j.Alarms) != 1 || j.Alarms[0].ID != "in" || len(j.Said) != 1 || j.Said["in"] != replay.FalseAlarm || len(j.Missed) != 1 || !j.Missed[0].Start.Equal(since0(30)) {
		t.Errorf("alarms %v, missed %v", j.Alarms, j.Missed)
	}
}

func TestPrecisionIsOfTheJudged(t *testing.T) {
	j := replay.Judged{Defects: 100, Confirmed: 3, False: 1, Disputed: 2, Onsets: []time.Duration{time.Second, 3 * time.Second}}
	if j.Judged() != 4 || j.Precision() != 0.75 || j.Onset(0.5) != time.Second || j.Onset(0.99) != 3*time.Second {
		t.Errorf("%d judged, precision %v, onsets %v and %v", j.Judged(), j.Precision(), j.Onset(0.5), j.Onset(0.99))
	}
	// 9 of 10 and z = 1.96: (0.9 + 0.192 -+ 1.96 sqrt(0.009 + 0.0096)) / 1.384.
	if low, high := (replay.Judged{Confirmed: 9, False: 1}).Interval(); math.Abs(low-0.596) > 0.0005 || math.Abs(high-0.982) > 0.0005 {
		t.Errorf("9 of 10 are between %v and %v", low, high)
	}
	if low, high := (replay.Judged{Confirmed: 5}).Interval(); high != 1 || math.Abs(low-0.566) > 0.0005 { // 5 / (5 + 1.96^2)
		t.Errorf("5 of 5 are between %v and %v", low, high)
	}
	if none := (replay.Judged{Defects: 1}); !math.IsNaN(none.Precision()) || none.Onset(0.5) != 0 {
		t.Errorf("of no verdict precision is %v", none.Precision())
	}
}

func TestStandingAreTheLastOfEachSubject(t *testing.T) {
	first, again := said("ann", replay.Missed, "", 10, 12), said("ann", replay.Confirmed, "", 10, 12)
	again.Given = again.Given.Add(time.Second)
	elsewhere := said("ann", replay.Missed, "", 10, 12)
	elsewhere.Stream = "t"
	late, early := said("bob", replay.Confirmed, "d", 3, 4), said("bob", replay.FalseAlarm, "d", 1, 2)
	got := replay.Standing([]replay.Verdict{again, first, elsewhere, first, late, early})
	// Both of bob's were given at the same time: the last in the list holds.
	if len(got) != 3 || got[0] != early || got[1] != again || got[2] != elsewhere {
		t.Errorf("got %+v", got)
	}
}

func TestLivesKnowTheLastOfEachDefect(t *testing.T) {
	var lives replay.Lives
	for _, ev := range []schemas.DefectEvent{
		{ID: "b", Revision: 1, State: "opened", Onset: 20, End: 21}, {ID: "a", Revision: 3, State: "closed", Onset: 10, End: 15},
		{ID: "a", Revision: 1, State: "opened", Onset: 10, End: 11}, {ID: "c", Revision: 2, State: "retracted", Onset: 30, End: 29},
	} {
		lives.Add(0, &ev)
	}
	list := lives.List()
	if len(list) != 3 || list[0].ID != "a" || list[0].Open || list[0].End.UnixMicro() != 15 || !list[1].Open || !list[2].Retracted || list[2].End.UnixMicro() != 30 {
		t.Errorf("got %+v", list)
	}
}
