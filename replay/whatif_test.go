package replay_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
)

// tried runs a what-if over seconds of a run by other rules and gives the pieces, the last of which is the whole.
func (l *live) tried(t *testing.T, from, to int, rules string) (all []replay.Piece, w replay.WhatIf) {
	t.Helper()
	var lives replay.Lives
	for _, r := range l.defects {
		ev := new(schemas.DefectEvent)
		if err := schemas.Decode(baked(), schemas.DefectEvents, r.Value, ev); err != nil {
			t.Fatal(err)
		}
		lives.Add(0, ev)
	}
	w = replay.WhatIf{Recorded: lives.List(), Most: 1000, Detection: replay.Detection{Records: l.features, Contract: baked(), Log: quiet(),
		Range: replay.Range{From: liveAt(from), To: liveAt(to)}, Change: func(s *schemas.Setting) { s.Rules = rules }}}
	var last replay.Progress
	w.Progress = func(p replay.Progress) {
		if p.Share < 0 || p.Share > 1 || p.Records < last.Records || p.Whole == last.Whole && p.Share < last.Share-1e-9 {
			t.Errorf("after %+v it is %+v", last, p)
		}
		last = p
	}
	if err := w.Run(within(t), func(p replay.Piece) error { all = append(all, p); return nil }); err != nil {
		t.Fatal(err)
	}
	if !last.Whole || last.Share < 0.99 {
		t.Errorf("in the end it is %+v", last)
	}
	return all, w
}

// The pieces come from the newest to the oldest without a gap, a defect that goes on where two meet is told once and with its end, and in the end
// stands what a detection of the whole tells.
func TestWhatIf(t *testing.T) {
	l := newLive(t)
	for name, rules := range map[string]string{
		"the same rules": "{}", "later": `{"no_signal":{"for":"15s","flaps":0},"error_seconds":{"disabled":true}}`, "none": `{"no_signal":{"disabled":true},"error_seconds":{"disabled":true}}`,
		"less severe": `{"no_signal":{"severity":"info","critical_after":"100s","flaps":0},"error_seconds":{"disabled":true}}`,
	} {
		all, w := l.tried(t, 5, 370, rules)
		bounds := []int{370, 250, 10, 5} // at the 250th second a is away, and for longer than a piece is read beyond its end
		if len(all) != len(bounds) {
			t.Fatalf("%s: the pieces are %+v", name, all)
		}
		for i, p := range all[:3] {
			if p.Whole || !p.Range.To.Equal(liveAt(bounds[i])) || !p.Range.From.Equal(liveAt(bounds[i+1])) {
				t.Fatalf("%s: piece %d is %+v", name, i, p)
			}
		}
		told := all[3]
		if !told.Whole || !told.Range.From.Equal(liveAt(5)) || !told.Range.To.Equal(liveAt(370)) {
			t.Fatalf("%s: the whole is %+v", name, told)
		}
		again, _, err := replay.Redetect(within(t), w.Detection)
		if err != nil {
			t.Fatal(err)
		}
		whole := again.Compare(w.Recorded, w.Range)
		if !reflect.DeepEqual(whole, told.Difference) || len(told.Unchanged) != whole.Same {
			t.Errorf("%s: in the end it tells %s with %d unchanged, a detection %s", name, differs(told.Difference), len(told.Unchanged), differs(whole))
		}
		joined := &replay.Difference{}
		unchanged := 0
		for _, p := range []replay.Piece{all[2], all[1], all[0]} {
			joined.Same += p.Same
			joined.Added, joined.Removed, joined.Moved = append(joined.Added, p.Added...), append(joined.Removed, p.Removed...), append(joined.Moved, p.Moved...)
			unchanged += len(p.Unchanged)
		}
		if rules == "{}" && len(joined.Added) == 1 && len(whole.Added) == 0 {
			joined.Added = nil // one of error_seconds, which counts for an hour: a piece does not remember it, which is what the whole is for
		}
		if differs(joined) != differs(whole) || unchanged != whole.Same {
			t.Errorf("%s: the pieces tell %s, the whole %s", name, differs(joined), differs(whole))
		}
		for i, m := range joined.Moved[:min(len(joined.Moved), len(whole.Moved))] {
			if got, want := m.After, whole.Moved[i].After; !got.End.Equal(want.End) || got.Open != want.Open || got.Severity != want.Severity {
				t.Errorf("%s: in a piece it ends %v, %v, %s; in the whole %v, %v, %s", name, got.End, got.Open, got.Severity, want.End, want.Open, want.Severity)
			}
		}
	}
}

func TestWhatIfEnds(t *testing.T) {
	l := newLive(t)
	_, w := l.tried(t, 5, 545, "{}")
	w.Progress = nil
	enough := errors.New("enough")
	if err := w.Run(within(t), func(replay.Piece) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("who has seen enough gets %v", err)
	}
	ctx, cancel := context.WithCancel(within(t))
	w.Progress = func(replay.Progress) { cancel() }
	if err := w.Run(ctx, func(replay.Piece) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("who goes away leaves %v", err)
	}
	w.Progress, w.Most = nil, 2
	if err := w.Run(within(t), func(replay.Piece) error { return nil }); !errors.Is(err, replay.ErrTooMany) {
		t.Errorf("too many defects are %v", err)
	}
}
