package detector_test

import (
	"testing"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// TestTraceIsWhatTheDefectWasMadeOf traces the rule of each defect of a log, and wants its figure bad where the defect is, as large as the defect says,
// and good before.
func TestTraceIsWhatTheDefectWasMadeOf(t *testing.T) {
	log, err := readLog("video a moving*10s still*6s moving*6s\naudio a tone*12s silent*5s tone*5s\nheartbeat a up*22s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	p, last := detector.New(detector.Config{}), map[string]*schemas.DefectEvent{}
	for _, e := range log {
		p.Fold(e.Input, func(o detector.Output) {
			if o.Defect != nil {
				last[o.Defect.Kind] = o.Defect
			}
		})
	}
	for _, kind := range []string{"freeze", "silence"} {
		ev := last[kind]
		if ev == nil || ev.State != "closed" {
			t.Fatalf("no %s was found", kind)
		}
		trace, err := detector.NewTrace(kind, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		raise, _ := trace.Levels()
		bad, worst, early := 0, 0.0, false
		for _, e := range log {
			trace.Take(e.Feature, func(part string, at int64, v rule.Verdict) {
				if part != ev.Part || v.State == rule.Unknown {
					return
				}
				if v.Value >= raise {
					bad, worst = bad+1, max(worst, v.Value)
					early = early || at < ev.Onset
				}
			})
		}
		if bad == 0 || early || worst != ev.Value {
			t.Errorf("%s: %d bad verdicts, the worst of %v, before its onset: %v; the defect has %v", kind, bad, worst, early, ev.Value)
		}
	}
	if _, err := detector.NewTrace("frieze", nil); err == nil {
		t.Error("an unknown kind is traced")
	}
}

// TestFiguresAreThoseOfRollUps compares the figures of single records with the roll-up that the detector makes of them.
func TestFiguresAreThoseOfRollUps(t *testing.T) {
	log, err := readLog("video a moving*25s\naudio a tone*25s\nheartbeat a up*25s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	var rolls []*schemas.Health
	p := detector.New(detector.Config{})
	least, most := map[string]float64{}, map[string]float64{}
	units := detector.FigureUnits()
	for _, e := range log {
		p.Fold(e.Input, func(o detector.Output) {
			if o.Health != nil && o.Health.SpanMS > 0 {
				rolls = append(rolls, o.Health)
			}
		})
		detector.Figures(e.Feature, func(i int, x float64) {
			name := units[i][0]
			if _, seen := most[name]; !seen {
				least[name], most[name] = x, x
			}
			least[name], most[name] = min(least[name], x), max(most[name], x)
		})
	}
	compared := 0
	for _, h := range rolls {
		for _, f := range h.Figures {
			compared++
			if f.Min < least[f.Name] || f.Max > most[f.Name] {
				t.Errorf("%s is %v to %v in a roll-up, %v to %v in the records", f.Name, f.Min, f.Max, least[f.Name], most[f.Name])
			}
		}
	}
	if compared < 6 {
		t.Errorf("%d figures were compared", compared)
	}
}
