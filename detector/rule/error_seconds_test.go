package rule_test

import (
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/schemas"
)

// TestErrorSeconds adds up spans of 10 s within a minute.
func TestErrorSeconds(t *testing.T) {
	unit, err := rule.Catalogue.New("error_seconds", []byte("{raise: 5, clear: 4, within: 1m, kinds: [black, silence]}"))
	if err != nil {
		t.Fatal(err)
	}
	r := unit.(*rule.ErrorSeconds)
	const s = 1_000_000
	spent := []rule.Spent{
		{End: 10 * s, Kind: "black", MS: 3000}, {End: 10 * s, Kind: "freeze", MS: 9000}, {End: 20 * s, Kind: "black", MS: 2000}, {End: 40 * s, Kind: "silence", MS: 500},
		{End: 200 * s, Kind: "black", MS: 10_000}, // is still to come
	}
	for _, test := range []struct {
		end   int64
		black float64
		parts int
		state rule.State
	}{
		{10, 3, 1, rule.Good}, // nothing is said of kinds that are not chosen
		{20, 5, 1, rule.Bad},
		{60, 5, 2, rule.Bad}, // from 0 s on
		{70, 2, 2, rule.Good},
		{80, 0, 2, rule.Good}, // the black is over, which is told for a minute
		{150, 0, 1, rule.Unknown},
	} {
		r.Total(test.end*s, spent)
		at := time.Duration(test.end+1) * time.Second
		got := judged(r, &schemas.Feature{Tick: &schemas.Tick{}}, at)
		if v := got["black"]; len(got) != test.parts || v.State != test.state || v.Value != test.black || v.State != rule.Unknown && v.To != at.Microseconds() {
			t.Errorf("after %d s: got %v, want black %v and %v of %d parts", test.end, got, test.state, test.black, test.parts)
		}
	}
	for text, want := range map[string]string{
		"within: 16m": "within 16m0s is not within 10s and 15m0s", "kinds: [blak]": `"blak" is unknown, did you mean "black"?`, "kinds: [error_seconds]": `"error_seconds" is unknown`,
	} {
		if _, err := rule.Catalogue.New("error_seconds", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
