package detector_test

import (
	"strings"
	"testing"

	"github.com/framewatch/framewatch/detector"
)

// TestRebuiltKnowsWhatWasLongAgo cuts logs two minutes after what still counts: defects that came to their end before another opens, and time spent in bad
// verdicts that were too short for a defect.
func TestRebuiltKnowsWhatWasLongAgo(t *testing.T) {
	for _, test := range []struct{ name, features, rules, want string }{
		{"flapping", "video a moving*3s black*3s moving*140s black*3s moving*11s\nheartbeat a up*160s", "black: {flaps: 1, flap_window: 10m, flap_hold: 1m}", "147.00s a black opened warning onset 146.00s end 147.04s flapping"},
		{"error seconds", "video a moving*1s " + strings.Repeat("black*900ms moving*1100ms ", 10) + " moving*129s " + strings.Repeat("black*900ms moving*600ms ", 6) + "moving*1s\nheartbeat a up*160s",
			"error_seconds: {raise: 12, clear: 12, within: 5m}", "161.00s a error_seconds/black opened warning onset 161.00s end 161.00s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			log, err := readLog(test.features+"\nheartbeat a/2 none*163s", test.rules)
			if err != nil {
				t.Fatal(err)
			}
			events, _ := tellStory(t, detector.New(detector.Config{}), log)
			if !strings.Contains(strings.Join(events, "\n"), test.want) {
				t.Errorf("told\n%s\nwant in it %s", strings.Join(events, "\n"), test.want)
			}
			rebuild(t, log, after(log, 140))
		})
	}
}
