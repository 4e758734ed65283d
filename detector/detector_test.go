package detector_test

import (
	"io"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/schemas"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func TestEffectiveRules(t *testing.T) {
	text, err := detector.EffectiveRules([]byte(`{"black": {"for": "3s", "raise": 0.9, "clear": 0.8}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"black:\n", "for: 3s", "raise: 0.9\n", "no_monitor:\n", "severity: critical"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	again, err := detector.EffectiveRules([]byte(text))
	if err != nil || again != text {
		t.Errorf("what is printed is not what is read: %v\n%s", err, again)
	}
}

func TestRulesThatCannotBeUsed(t *testing.T) {
	for _, test := range []struct{ rules, want string }{
		{`{"blck": {}}`, `"blck" is unknown, did you mean "black"?`},
		{`{"black": {"fro": "1s"}}`, `unknown key "fro", did you mean "for"?`},
		{`{"black": {"for": "30s"}}`, "for 30s is not within 0s and 20s"},
		{`{"freeze": {"keep_firing_for": "-1s"}}`, "keep_firing_for -1s is not within"},
		{`{"black": {"clear": 0.99}}`, "clear 0.99 is above raise 0.98"},
		{`{"black": {"level": 33}}`, "level 33 is not one of the measured levels"},
		{`{"black": {"severity": "bad"}}`, `severity "bad" is unknown`},
		{`{"silence": {"raise": .nan}}`, "raise and clear must be numbers"},
		{`[]`, "rules: "},
		{`{`, "rules: "},
	} {
		if _, err := detector.EffectiveRules([]byte(test.rules)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.rules, err, test.want)
		}
	}
}

// TestBadRulesKeepThoseInForce sends rules that cannot be used in the middle of black: the defect goes on, and the log says why once.
func TestBadRulesKeepThoseInForce(t *testing.T) {
	log, err := readLog("video a moving*2s black*20s moving*2s\nheartbeat a up*24s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range log {
		if s := e.Feature.Setting; s != nil && e.time > epochStart {
			s.Rules = `{"black": {"raise": "high"}}`
		}
	}
	var said strings.Builder
	events, _ := tellStory(t, detector.New(detector.Config{Log: slog.New(slog.NewTextHandler(&said, nil))}), log)
	compare(t, "events", events, `
		3.00s a black opened warning onset 2.00s end 3.04s
		11.96s a black updated critical onset 2.00s end 12.00s
		21.96s a black updated critical onset 2.00s end 22.00s
		22.52s a black closed critical onset 2.00s end 22.00s resolved`)
	if n := strings.Count(said.String(), "rules cannot be used"); n != 1 || !strings.Contains(said.String(), "stream=a") {
		t.Errorf("said %d times: %s", n, said.String())
	}
}

// TestDisablingARuleClosesItsDefects turns black off at ten seconds.
func TestDisablingARuleClosesItsDefects(t *testing.T) {
	log, err := readLog("video a moving*2s black*12s\nheartbeat a up*14s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range log {
		if s := e.Feature.Setting; s != nil && e.time > epochStart {
			s.Rules = `{"black": {"disabled": true}, "freeze": {"disabled": true}}`
		}
	}
	events, _ := tellStory(t, detector.New(detector.Config{}), log)
	compare(t, "events", events, `
		3.00s a black opened warning onset 2.00s end 3.04s
		10.00s a black closed warning onset 2.00s end 10.00s removed`)
}

// TestOpenDefectsOutlastOtherRules gives black other options of its own at ten seconds: the defect that is open is told of as if they had not changed,
// and the next one is judged by them.
func TestOpenDefectsOutlastOtherRules(t *testing.T) {
	log, err := readLog("video a moving*2s black*12s moving*2s black*6s moving*2s\nheartbeat a up*24s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range log {
		if s := e.Feature.Setting; s != nil && e.time > epochStart {
			s.Rules = `{"black": {"for": "4s"}}`
		}
	}
	events, _ := tellStory(t, detector.New(detector.Config{}), log)
	compare(t, "events", events, `
		3.00s a black opened warning onset 2.00s end 3.04s
		11.96s a black updated critical onset 2.00s end 12.00s
		14.52s a black closed critical onset 2.00s end 14.00s resolved
		20.00s a black opened warning onset 16.00s end 20.04s
		22.52s a black closed warning onset 16.00s end 22.00s resolved`)
}

// TestNothingIsToldBeforeASetting: whose rules are not known is not judged.
func TestNothingIsToldBeforeASetting(t *testing.T) {
	log, err := readLog("video a black*9s\nheartbeat a up*9s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	p := detector.New(detector.Config{})
	for _, e := range log {
		if e.Feature.Setting == nil {
			p.Fold(e.Input, func(out detector.Output) { t.Errorf("offset %d tells %+v", e.Offset, out) })
		}
	}
}

// TestOlderGenerationsAreIgnored lets a deposed owner go on sending, an hour ahead and with other rules.
func TestOlderGenerationsAreIgnored(t *testing.T) {
	log, err := readLog("video a moving*2s black*4s moving*3s\nheartbeat a up*9s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	p := detector.New(detector.Config{})
	var events []string
	for _, e := range log {
		p.Fold(e.Input, func(out detector.Output) {
			if out.Defect != nil {
				events = append(events, describe(out.Defect))
			}
		})
		if e.Feature.Tick == nil {
			continue
		}
		for _, old := range []*schemas.Feature{
			{Tick: &schemas.Tick{Time: e.time + 4_000_000, Generation: 0}},
			{Setting: &schemas.Setting{Time: e.time + 1, Generation: 0, Stream: "a", Removed: true}},
		} {
			p.Fold(detector.Input{Offset: e.Offset, Feature: old}, func(out detector.Output) { t.Errorf("an old owner causes %+v", out) })
		}
	}
	compare(t, "events", events, `
		3.00s a black opened warning onset 2.00s end 3.04s
		6.52s a black closed warning onset 2.00s end 6.00s resolved`)
}

// TestGenerationsMayBeginAnew: when the group has been made anew, its owner is believed once the old one is silent.
func TestGenerationsMayBeginAnew(t *testing.T) {
	log, err := readLog("heartbeat a up*4s none*20s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range log {
		if tick := e.Feature.Tick; tick != nil && e.time <= epochStart+2_000_000 {
			tick.Generation = 7
		}
	}
	events, _ := tellStory(t, detector.New(detector.Config{}), log)
	// The tick at 7 s is the first that is 5 s ahead of the old owner's last; nobody was there before it.
	compare(t, "events", events, `
		12.00s a no_monitor opened critical onset 7.00s end 12.00s
		22.00s a no_monitor updated critical onset 7.00s end 22.00s`)
}

// TestFiringTellsWhatIsStillGoingOn at the end of a file, up to its last picture.
func TestFiringTellsWhatIsStillGoingOn(t *testing.T) {
	log, err := readLog("video a moving*2s black*4s\nheartbeat a up*6s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	p := detector.New(detector.Config{})
	tellStory(t, p, log)
	firing := p.Firing()
	if len(firing) != 1 || firing[0].Kind != "black" || firing[0].End != epochStart+6_000_000 {
		t.Errorf("got %+v, want black until 6 s", firing)
	}
}

// TestEventFields looks at all that one event holds.
func TestEventFields(t *testing.T) {
	log, err := readLog("video a moving*2s corner*2s\nheartbeat a up*4s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	var got *schemas.DefectEvent
	p := detector.New(detector.Config{})
	for _, e := range log {
		p.Fold(e.Input, func(out detector.Output) {
			if out.Defect != nil {
				got = out.Defect
			}
		})
	}
	if got == nil {
		t.Fatal("no event")
	}
	if got.Revision != 1 || got.Session != 1 || got.Edge != "http://edge" || got.Profile != "default" || got.RuleVersion != 1 ||
		got.Threshold != 0.98 || got.Unit != "share" || math.Abs(got.Value-0.99) > 0.001 || got.Summary != "99 % of the picture is black" ||
		len(got.ID) != 32 || len(got.Labels) != 1 || got.Labels[0] != (schemas.Label{Name: "site", Value: "lab"}) {
		t.Errorf("got %+v", got)
	}
	if log[got.Offset].Feature.VideoFrame == nil || log[got.Offset].time != got.Detected {
		t.Errorf("offset %d is not the picture at %d", got.Offset, got.Detected)
	}
}

// TestHealth looks at the roll-up of ten seconds with two of black.
func TestHealth(t *testing.T) {
	log, err := readLog("video a moving*4s black*2s moving*6s\naudio a tone*12s\nheartbeat a up*12s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	var rolls []*schemas.Health
	p := detector.New(detector.Config{})
	for _, e := range log {
		p.Fold(e.Input, func(out detector.Output) {
			if out.Health != nil && out.Health.SpanMS > 0 {
				rolls = append(rolls, out.Health)
			}
		})
	}
	if len(rolls) != 1 {
		t.Fatalf("got %d roll-ups, want 1", len(rolls))
	}
	h := rolls[0]
	if h.Time != epochStart+10_000_000 || h.SpanMS != 10_000 || h.Lamp != "ok" || h.State != "up" || h.Edge != "http://edge" {
		t.Errorf("got %+v", h)
	}
	// Black from 4.00 to 5.96: the first bad verdict counts from the good one 40 ms before.
	if len(h.ErrorMS) != 1 || h.ErrorMS[0] != (schemas.ErrorTime{Kind: "black", MS: 2000}) {
		t.Errorf("errors %+v, want 2000 ms of black", h.ErrorMS)
	}
	// Of 251 pictures from 0.00 to 10.00 the first, before the first tick, is not in the span: 200 of level 100 and 50 of level 16.
	// A tone of 0.01 on two channels is -0.691 + 10 log10(0.02) = -17.68 LUFS.
	for _, want := range []schemas.Figure{
		{Name: "luma", Min: 16, Mean: 83.2, Max: 100, Count: 250},
		{Name: "loudness", Min: -17.68, Mean: -17.68, Max: -17.68, Count: 100},
		{Name: "frames_per_second", Min: 25, Mean: 25, Max: 25, Count: 10},
	} {
		found := false
		for _, f := range h.Figures {
			if f.Name == want.Name {
				found = f.Count == want.Count && near(f.Min, want.Min) && near(f.Mean, want.Mean) && near(f.Max, want.Max)
			}
		}
		if !found {
			t.Errorf("figures %+v, want %+v", h.Figures, want)
		}
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 0.01 }
