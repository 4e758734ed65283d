package replay_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/framewatch/framewatch/replay"
)

// happening is something that a rule of black sees: how high its figure rises, for how many seconds, and whether it is a fault.
type happening struct {
	value, lasts float64
	fault        bool
}

// made is a set of streams in each of which all of them happen, a minute apart. It is told of as a detector would.
func made(streams int, all []happening) func(context.Context, []replay.Overlay) ([][]replay.Case, error) {
	return func(ctx context.Context, overlays []replay.Overlay) ([][]replay.Case, error) {
		var out [][]replay.Case
		for _, o := range overlays {
			raise, wait := 0.98, time.Second // the documented defaults
			if v, set := o.Rules["black"]["raise"]; set {
				raise = v.(float64)
			}
			if v, set := o.Rules["black"]["for"]; set {
				wait, _ = time.ParseDuration(v.(string))
			}
			var cases []replay.Case
			for s := range streams {
				c := replay.Case{Name: fmt.Sprintf("stream %d", s), Length: 6 * time.Hour}
				for i, h := range all {
					start := 60 * float64(i+1)
					if h.fault {
						c.Labels = append(c.Labels, label(c.Name, "black", start, start+h.lasts))
					}
					if h.value >= raise && h.lasts >= wait.Seconds() {
						c.Defects = append(c.Defects, defect(c.Name, "black", "", start, start+h.lasts))
					}
				}
				cases = append(cases, c)
			}
			out = append(out, cases)
		}
		return out, ctx.Err()
	}
}

// tuning is one of black over a made set of four streams.
func tuning(all []happening) replay.Tuning {
	return replay.Tuning{Kinds: []string{"black"}, Objective: replay.Objective{Best: replay.BestF1, Alarms: math.Inf(1)}, Train: 0.5, Seed: 3, Most: 200, AtOnce: 16,
		Tolerance: time.Second, Try: made(4, all)}
}

func TestTuneFindsTheKnownBest(t *testing.T) {
	// By default a scene that is dark to 98.2 % for 4 s is a false alarm, and a fault of 0.6 s is missed. Right is a raise above 0.982 and up to
	// 0.99 with a wait of no more than 0.6 s: of the grid 0.9856 (a quarter of 4/3 of a logit above 0.98) and 0.5 s are nearest.
	tuned, err := tuning([]happening{{0.999, 5, true}, {0.99, 0.6, true}, {0.982, 4, false}}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	k := tuned.Kinds[0]
	if got := k.Chosen.Level; got.Raise != 0.9856 || got.For != 500*time.Millisecond || !k.Changed() {
		t.Errorf("chosen is %+v", got)
	}
	// In either part two streams: 4 faults of which 2 are found, and 2 false alarms, 2*2/(4+2+2); then all and none.
	for _, part := range []struct{ before, after replay.Accuracy }{{k.InForce().Train, k.Chosen.Train}, {k.InForce().Test, k.Chosen.Test}} {
		if part.before.Labels != 4 || part.before.F1() != 0.5 || part.after.F1() != 1 {
			t.Errorf("F1 goes from %v of %d faults to %v", part.before.F1(), part.before.Labels, part.after.F1())
		}
	}
	if len(tuned.Train) != 2 || len(tuned.Test) != 2 || tuned.TrainDays != 0.5 || tuned.Done != tuned.All {
		t.Errorf("parts are %v and %v, %d of %d done", tuned.Train, tuned.Test, tuned.Done, tuned.All)
	}
	if c := tuned.Compared; len(c) != 1 || c[0].Units != 2 || c[0].F1.Difference != 0.5 || c[0].F1.Low != 0.5 {
		t.Errorf("compared is %+v", c)
	}
	options := tuned.Overlay().Rules["black"]
	if options["raise"] != 0.9856 || options["for"] != "500ms" {
		t.Errorf("the overlay is %v", options)
	}
}

func TestTuneKeepsItsBounds(t *testing.T) {
	// Ten false alarms each as high as a fault, and a fault above them: whoever wants precision gives up half of the recall.
	all := []happening{{0.999, 5, true}, {0.99, 5, true}}
	for range 10 {
		all = append(all, happening{0.99, 5, false})
	}
	for _, test := range []struct {
		name             string
		objective        replay.Objective
		precision, value float64
	}{
		{"precision", replay.Objective{Best: replay.BestPrecision, Alarms: math.Inf(1)}, 1, 0.5},
		{"precision, but nine tenths of the faults", replay.Objective{Best: replay.BestPrecision, Recall: 0.9, Alarms: math.Inf(1)}, 2.0 / 12, 1},
		{"recall", replay.Objective{Best: replay.BestRecall, Alarms: math.Inf(1)}, 2.0 / 12, 1},
		{"recall at no more than 39 false alarms a day", replay.Objective{Best: replay.BestRecall, Alarms: 39}, 1, 0.5},
		{"recall at no more than 40 false alarms a day, which the 10 in 6 hours are", replay.Objective{Best: replay.BestRecall, Alarms: 40}, 2.0 / 12, 1},
	} {
		x := tuning(all)
		x.Objective = test.objective
		tuned, err := x.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := tuned.Kinds[0].Chosen; got.Train.Precision() != test.precision || got.Train.Recall() != test.value || !got.Kept {
			t.Errorf("%s: precision %v, recall %v at %+v", test.name, got.Train.Precision(), got.Train.Recall(), got.Level)
		}
	}
	x := tuning(all)
	x.Objective = replay.Objective{Best: replay.BestPrecision, Recall: 0.9, Alarms: 4}
	if tuned, err := x.Run(t.Context()); err != nil || tuned.Kinds[0].Changed() || tuned.Kinds[0].Chosen.Kept {
		t.Errorf("where nothing keeps the bounds %+v is chosen, error %v", tuned.Kinds[0].Chosen, err)
	}
}

func TestTuneTriesNoMoreThanIsGiven(t *testing.T) {
	x := tuning([]happening{{0.999, 5, true}, {0.5, 5, false}})
	x.Raise, x.For = []float64{0.3, 0.9}, []time.Duration{time.Second, 2 * time.Second}
	tuned, err := x.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	raises := map[float64]bool{}
	for _, c := range tuned.Kinds[0].Candidates {
		raises[c.Raise] = true
	}
	if len(raises) != 3 || tuned.Kinds[0].Changed() { // with what is in force, which is as good as any
		t.Errorf("tried are %v, chosen %+v", raises, tuned.Kinds[0].Chosen.Level)
	}
	x = tuning([]happening{{0.999, 5, true}})
	x.Most = 5
	if tuned, err = x.Run(t.Context()); err != nil || len(tuned.Kinds[0].Candidates) > 5 || tuned.All > 5 {
		t.Errorf("%d candidates, error %v", len(tuned.Kinds[0].Candidates), err)
	}
}

// Whoever breaks it off has what was found so far.
func TestTuneIsBrokenOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	x := tuning([]happening{{0.999, 5, true}, {0.982, 4, false}})
	x.AtOnce = 8
	calls := 0
	x.Progress = func(so *replay.Tuned) {
		if calls++; calls == 2 {
			cancel()
		}
	}
	tuned, err := x.Run(ctx)
	if err != nil || tuned.Done != 16 || tuned.Done == tuned.All || tuned.Compared != nil || tuned.Kinds[0].Chosen.Train.F1() != 1 {
		t.Errorf("error %v, %+v", err, tuned)
	}
	cancel()
	if _, err := x.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("before anything is tried: error %v", err)
	}
}

func TestTuneNeedsWhatToChooseBy(t *testing.T) {
	if _, err := tuning([]happening{{0.999, 5, false}}).Run(t.Context()); err == nil || err.Error() != "tune: no fault is labelled black: there is nothing to choose by" {
		t.Errorf("without a fault: error %v", err)
	}
	x := tuning([]happening{{0.999, 5, true}})
	x.Try = made(1, []happening{{0.999, 5, true}})
	if _, err := x.Run(t.Context()); err == nil {
		t.Error("one stream is parted")
	}
}

// Both parts have faults of each kind that two streams have.
func TestTuneParts(t *testing.T) {
	for seed := range uint64(20) {
		x := tuning(nil)
		x.Seed, x.Kinds = seed, []string{"black", "freeze"}
		x.Try = func(_ context.Context, overlays []replay.Overlay) ([][]replay.Case, error) {
			var cases []replay.Case
			for i := range 10 {
				c := replay.Case{Name: fmt.Sprint("s", i), Length: time.Hour}
				if i < 2 {
					c.Labels = append(c.Labels, label(c.Name, "freeze", 1, 2))
				}
				if i < 6 {
					c.Labels = append(c.Labels, label(c.Name, "black", 1, 2))
				}
				cases = append(cases, c)
			}
			return slices.Repeat([][]replay.Case{cases}, len(overlays)), nil
		}
		tuned, err := x.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		black, freeze := tuned.Kinds[0].Chosen, tuned.Kinds[1].Chosen
		if len(tuned.Train) != 5 || black.Train.Labels != 3 || black.Test.Labels != 3 || freeze.Train.Labels != 1 || freeze.Test.Labels != 1 {
			t.Errorf("seed %d: %v choose, with %d and %d faults", seed, tuned.Train, black.Train.Labels, freeze.Train.Labels)
		}
	}
}

func TestCurveByHand(t *testing.T) {
	inForce, err := replay.LevelOf("{}", "black")
	if err != nil || inForce.Raise != 0.98 || inForce.Clear != 0.95 || inForce.For != time.Second {
		t.Fatalf("in force is %+v, error %v", inForce, err)
	}
	levels := []replay.Level{{Raise: 0.5}, {Raise: 0.9}, inForce, {Raise: 0.995}}
	var overlays []replay.Overlay
	for _, l := range levels {
		l.For = time.Second
		overlays = append(overlays, l.Overlay("black"))
	}
	cases, err := made(1, []happening{{0.999, 5, true}, {0.985, 5, true}, {0.95, 5, false}, {0.6, 5, false}, {0.6, 5, false}})(t.Context(), overlays)
	if err != nil {
		t.Fatal(err)
	}
	c := replay.NewCurve("black", inForce, levels, cases, time.Second)
	for i, want := range []struct{ precision, recall float64 }{{2.0 / 5, 1}, {2.0 / 3, 1}, {1, 1}, {1, 0.5}} {
		if p := c.Points[i]; p.Precision() != want.precision || p.Recall() != want.recall || p.InForce != (i == 2) {
			t.Errorf("at %v precision is %v, recall %v, want %v", p.Raise, p.Precision(), p.Recall(), want)
		}
	}
	if best := c.Best(); best.Raise != 0.98 {
		t.Errorf("best is %+v", best)
	}
}

func TestLevelsAreAroundWhatIsInForce(t *testing.T) {
	for kind, want := range map[string]struct {
		first, after, last replay.Level
	}{
		// A share: 1/(1+(1-p)/p*exp(-4/3 x)) at x = -3, 0.25 and 3, of 0.98 and 0.95.
		"black": {replay.Level{Raise: 0.473, Clear: 0.258}, replay.Level{Raise: 0.9856, Clear: 0.9637}, replay.Level{Raise: 0.999626, Clear: 0.999037}},
		// A figure above 0: an eighth of it, 2^0.25 times and eight times.
		"flash": {replay.Level{Raise: 0.875, Clear: 0.625}, replay.Level{Raise: 8.32, Clear: 5.95}, replay.Level{Raise: 56, Clear: 40}},
		// Decibels below full scale: 18 less, 1.5 and 18 more.
		"hum": {replay.Level{Raise: -73, Clear: -76}, replay.Level{Raise: -53.5, Clear: -56.5}, replay.Level{Raise: -37, Clear: -40}},
	} {
		inForce, err := replay.LevelOf("{}", kind)
		if err != nil {
			t.Fatal(err)
		}
		all := inForce.Levels(kind)
		if len(all) != 13 || all[6] != inForce {
			t.Fatalf("%s: %d levels: %+v", kind, len(all), all)
		}
		for i, w := range map[int]replay.Level{0: want.first, 7: want.after, 12: want.last} {
			if w.For = inForce.For; all[i] != w {
				t.Errorf("%s: level %d is %+v, want %+v", kind, i, all[i], w)
			}
		}
	}
	// A level that the rule refuses is not among them, nor one that is there already.
	if _, err := replay.LevelOf("{}", "blak"); err == nil {
		t.Error("there is a level of a kind that there is not")
	}
}
