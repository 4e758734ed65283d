package detector_test

import (
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/detector"
)

func TestExpectationsThatCannotBeUsed(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"ad_brakes: {}", `unknown key "ad_brakes", did you mean "ad_breaks"?`},
		{"ad_breaks: {kinds: [blak]}", `ad_breaks: kinds: "blak" is unknown, did you mean "black"?`},
		{"ad_breaks: {pre_roll: 11s}", "ad_breaks: pre_roll 11s is not within 0s and 10s"},
		{"ad_breaks: {post_roll: -1s}", "ad_breaks: post_roll -1s is not within"},
		{"planned: [{from: 2026-01-01T00:00:00Z, to: 2026-01-02T00:00:00Z}]", "planned[0]: kinds is missing"},
		{"planned: [{kinds: [all, black], from: 2026-01-01T00:00:00Z, to: 2026-01-02T00:00:00Z}]", `planned[0]: kinds: "all" is unknown`},
		{"planned: [{kinds: [all]}]", "planned[0]: it has neither weekly nor both from and to"},
		{"planned: [{kinds: [all], from: 2026-01-02T00:00:00Z, to: 2026-01-01T00:00:00Z}]", "planned[0]: from 2026-01-02T00:00:00Z is not before to 2026-01-01T00:00:00Z"},
		{"planned: [{kinds: [all], from: 2026-01-01T00:00:00Z, weekly: {from: '01:00', to: '02:00'}}]", "planned[0]: it has both weekly and from or to"},
		{"planned: [{kinds: [all], weekly: {from: '25:00', to: '02:00'}}]", `planned[0]: weekly: from: "25:00" is no time of the day`},
		{"planned: [{kinds: [all], weekly: {days: [monday], from: '01:00', to: '02:00'}}]", `planned[0]: weekly: days: "monday" is unknown, did you mean "mon"?`},
		{"planned: [{kinds: [all], weekly: {from: '01:00', to: '02:00', zone: Mars/Olympus}}]", `zone: "Mars/Olympus" is no time zone`},
		{"silent_tracks: [-1]", "silent_tracks: [-1]"},
		{"tracks: [{kind: sound}]", `tracks[0]: kind "sound" is unknown`},
		{"tracks: [{language: eng}]", "tracks[0]: kind is missing"},
		{"tracks: [{kind: audio, language: eng}, {kind: audio, language: eng}]", "tracks[1]: audio eng is there twice"},
		{"[]", "expectations: "},
	} {
		if _, err := detector.ParseExpectations(test.text); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.text, err, test.want)
		}
	}
}

// TestExpectationsAsText: what is written is read as it was, and nothing is written of nothing.
func TestExpectationsAsText(t *testing.T) {
	const want = `{"ad_breaks":{"kinds":["black"],"pre_roll":"3s"},"captions":true,"planned":[{"from":"2026-01-01T00:00:00Z","kinds":["all"],"to":"2026-01-02T00:00:00Z"}],` +
		`"same_as":"other","silent_tracks":[2],"tracks":[{"kind":"audio","language":"eng"}]}`
	for _, text := range []string{want, "same_as: other\ncaptions: true\nsilent_tracks: [2]\ntracks: [{kind: audio, language: eng}]\nad_breaks: {pre_roll: 3s, kinds: [black]}\n" +
		"planned: [{kinds: [all], to: 2026-01-02T00:00:00Z, from: 2026-01-01T00:00:00Z}]"} {
		e, err := detector.ParseExpectations(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := e.Text(); got != want || err != nil {
			t.Errorf("got %s (%v), want %s", got, err, want)
		}
	}
	if text, err := (detector.Expectations{}).Text(); text != "" || err != nil {
		t.Errorf("nothing is written as %q, %v", text, err)
	}
}

// TestWeeklyTimes: in Berlin the clocks go forward at 2:00 on 29 March 2026 and back at 3:00 on 25 October, in New York forward at 2:00 on 8 March and back at
// 2:00 on 1 November, in Santiago forward at midnight on 6 September, all of them Sundays. What is resolved can be read again: else it would be refused whole.
func TestWeeklyTimes(t *testing.T) {
	at := func(text string) time.Time {
		t.Helper()
		v, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, test := range []struct {
		weekly, now string
		want        []string
	}{
		{"{from: '01:30', to: '04:00', zone: Europe/Berlin, days: [sun]}", "2026-03-29T12:00:00Z", []string{"2026-03-29T00:30:00Z/2026-03-29T02:00:00Z"}},
		{"{from: '22:00', to: '02:00', days: [SAT]}", "2026-03-29T01:00:00Z", []string{"2026-03-28T22:00:00Z/2026-03-29T02:00:00Z"}},
		{"{from: '00:00', to: '00:00'}", "2026-03-29T12:00:00Z", []string{
			"2026-03-28T00:00:00Z/2026-03-29T00:00:00Z", "2026-03-29T00:00:00Z/2026-03-30T00:00:00Z", "2026-03-30T00:00:00Z/2026-03-31T00:00:00Z"}},
		{"{from: '01:00', to: '02:00', days: [wed]}", "2026-03-29T12:00:00Z", nil},
		{"{from: '02:00', to: '03:00', zone: Europe/Berlin, days: [sun]}", "2026-03-29T12:00:00Z", nil},
		{"{from: '02:30', to: '03:00', zone: Europe/Berlin, days: [sun]}", "2026-03-29T12:00:00Z", nil},
		{"{from: '02:30', to: '03:30', zone: Europe/Berlin, days: [sun]}", "2026-03-29T12:00:00Z", []string{"2026-03-29T01:00:00Z/2026-03-29T01:30:00Z"}},
		{"{from: '23:00', to: '02:30', zone: Europe/Berlin, days: [sat]}", "2026-03-29T12:00:00Z", []string{"2026-03-28T22:00:00Z/2026-03-29T01:00:00Z"}},
		{"{from: '02:00', to: '03:00', zone: Europe/Berlin, days: [sun]}", "2026-10-25T12:00:00Z", []string{"2026-10-25T00:00:00Z/2026-10-25T02:00:00Z"}},
		{"{from: '02:30', to: '04:00', zone: Europe/Berlin, days: [sun]}", "2026-10-25T12:00:00Z", []string{"2026-10-25T00:30:00Z/2026-10-25T03:00:00Z"}},
		{"{from: '01:00', to: '02:00', zone: Europe/Berlin, days: [sun]}", "2026-10-25T12:00:00Z", []string{"2026-10-24T23:00:00Z/2026-10-25T00:00:00Z"}},
		{"{from: '02:00', to: '03:00', zone: America/New_York, days: [sun]}", "2026-03-08T12:00:00Z", nil},
		{"{from: '02:30', to: '04:00', zone: America/New_York, days: [sun]}", "2026-03-08T12:00:00Z", []string{"2026-03-08T07:00:00Z/2026-03-08T08:00:00Z"}},
		{"{from: '00:00', to: '01:30', zone: America/New_York, days: [sun]}", "2026-11-01T12:00:00Z", []string{"2026-11-01T04:00:00Z/2026-11-01T06:30:00Z"}},
		{"{from: '00:00', to: '05:00', zone: America/Santiago, days: [sun]}", "2026-09-06T12:00:00Z", []string{"2026-09-06T04:00:00Z/2026-09-06T08:00:00Z"}},
	} {
		e, err := detector.ParseExpectations("planned: [{kinds: [all], weekly: " + test.weekly + "}]")
		if err != nil {
			t.Fatal(err)
		}
		resolved, err := e.At(at(test.now))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range resolved.Planned {
			got = append(got, p.From.Format(time.RFC3339)+"/"+p.To.Format(time.RFC3339))
		}
		if strings.Join(got, " ") != strings.Join(test.want, " ") {
			t.Errorf("%s at %s: got %v, want %v", test.weekly, test.now, got, test.want)
		}
		text, err := resolved.Text()
		if err == nil {
			_, err = detector.ParseExpectations(text)
		}
		if err != nil {
			t.Errorf("%s at %s: a Setting with it is refused: %v", test.weekly, test.now, err)
		}
	}
}

// TestHealthTellsWhatIsExpected: the roll-up of an off-air time says what is bad then, and that none of it is an error.
func TestHealthTellsWhatIsExpected(t *testing.T) {
	log, err := readLog("video a moving*2s black*12s\nheartbeat a up*14s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	expect(log, func(string) string {
		return "planned: [{kinds: [black], from: 1970-01-01T00:16:40Z, to: 1970-01-01T00:17:40Z}]"
	})
	rolls := 0
	p := detector.New(detector.Config{})
	for _, e := range log {
		p.Fold(e.Input, func(out detector.Output) {
			if h := out.Health; h == nil {
				t.Errorf("told %s", describe(out.Defect))
			} else if h.SpanMS > 0 {
				rolls++
				if h.Expected == nil || strings.Join(*h.Expected, " ") != "black" || len(h.ErrorMS) > 0 || h.Profile == nil || *h.Profile != "default" {
					t.Errorf("got %+v, want black expected, no errors and the profile", h)
				}
			}
		})
	}
	if rolls != 1 {
		t.Errorf("%d roll-ups, want 1", rolls)
	}
}

// TestChangedRulesLeaveTheOthersAsTheyAre: black is pending when the options of silence change, and opens when it would have.
func TestChangedRulesLeaveTheOthersAsTheyAre(t *testing.T) {
	log, err := readLog("video a moving*9500ms black*3500ms moving*2s\nheartbeat a up*15s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range log {
		if s := e.Feature.Setting; s != nil && e.time > epochStart {
			s.Rules = `{"silence": {"for": "3s"}}`
		}
	}
	events, _ := tellStory(t, detector.New(detector.Config{}), log)
	compare(t, "events", events, `
		10.50s a black opened warning onset 9.50s end 10.54s
		13.52s a black closed warning onset 9.50s end 13.02s resolved`)
}

// TestNoLongerComparedIsNoDefect: a stream shows another programme than it should, and from 40 s on it is to be the same as no other.
func TestNoLongerComparedIsNoDefect(t *testing.T) {
	log, err := readLog("video a news*70s\nvideo b news*20s sport*50s\nheartbeat a up*70s\nheartbeat b up*70s", "{}")
	if err != nil {
		t.Fatal(err)
	}
	expect(log, func(stream string) string { return map[string]string{"b": "same_as: a"}[stream] })
	for _, e := range log {
		if s := e.Feature.Setting; s != nil && e.time >= epochStart+40_000_000 {
			s.Expectations = nil
		}
	}
	events, _ := tellStory(t, detector.New(detector.Config{}), log)
	compare(t, "events", events, `
		36.00s b content_mismatch opened critical onset 20.20s end 31.80s
		46.00s b content_mismatch updated critical onset 20.20s end 34.80s
		56.00s b content_mismatch updated critical onset 20.20s end 34.80s
		65.00s b content_mismatch closed critical onset 20.20s end 34.80s unknown`)
}
