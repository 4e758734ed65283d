package receiver

import (
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

func TestLine(t *testing.T) {
	yes, refined := true, int64(3_600_000_000)
	black := schemas.DefectEvent{Stream: "news-hd", Kind: "black", Severity: "critical", Onset: 43_201_000_000, End: 43_231_500_000, Summary: "Picture is black."}
	tests := []struct {
		change Change
		alter  func(*schemas.DefectEvent)
		want   string
	}{
		{Change{What: Opened}, nil, "CRITICAL news-hd: black — Picture is black, since 12:00:01 UTC"},
		{Change{What: Opened}, func(e *schemas.DefectEvent) { e.Part, e.OnsetRefined, e.Flapping = "track 1", &refined, &yes },
			"CRITICAL news-hd: black (track 1) — Picture is black, since 01:00:00 UTC, comes and goes"},
		{Change{What: Opened}, func(e *schemas.DefectEvent) { e.Summary = "" }, "CRITICAL news-hd: black, since 12:00:01 UTC"},
		{Change{What: Updated}, nil, "NOW CRITICAL news-hd: black — Picture is black, since 12:00:01 UTC"},
		{Change{What: Repeated, Escalation: 2}, nil,
			"STILL CRITICAL news-hd: black — Picture is black, since 1970-01-01 12:00:01 UTC (escalation 2: nobody has taken it up)"},
		{Change{What: Acknowledged, By: "ann", Note: "on it"}, nil, "ACKNOWLEDGED news-hd: black — Picture is black, since 12:00:01 UTC, by ann: on it"},
		{Change{What: Muted, By: "bob", Until: time.Unix(46_800, 0)}, nil, "MUTED news-hd: black — Picture is black, since 12:00:01 UTC, by bob until 1970-01-01 13:00:00 UTC"},
		{Change{What: Closed}, func(e *schemas.DefectEvent) { e.Reason = "resolved" }, "RESOLVED news-hd: black — Picture is black, 12:00:01 to 12:00:31 UTC (30 s)"},
		{Change{What: Closed}, func(e *schemas.DefectEvent) { e.Reason, e.End = "unknown", 129_601_000_000 },
			"CLOSED (unknown) news-hd: black — Picture is black, 1970-01-01 12:00:01 to 1970-01-02 12:00:01 UTC (1 d 0 h)"},
		{Change{What: Retracted}, nil, "RETRACTED news-hd: black — Picture is black, 12:00:01 to 12:00:31 UTC (30 s), explained by another defect"},
		{Change{What: Opened}, func(e *schemas.DefectEvent) { e.Stream, e.Summary = "a\r\nBcc: x", "\x1b[2Jred\u202etxt\u2028" },
			"CRITICAL a Bcc: x: black — [2Jred txt, since 12:00:01 UTC"},
	}
	for _, test := range tests {
		ev := black
		if test.alter != nil {
			test.alter(&ev)
		}
		test.change.Event = &ev
		if got := line(&test.change); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

func TestLasted(t *testing.T) {
	for d, want := range map[time.Duration]string{-time.Second: "0.0 s", 2500 * time.Millisecond: "2.5 s", 59900 * time.Millisecond: "59 s", 80 * time.Second: "1 min 20 s",
		125 * time.Minute: "2 h 5 min", 50 * time.Hour: "2 d 2 h"} {
		if got := lasted(d); got != want {
			t.Errorf("%v lasted %q, want %q", d, got, want)
		}
	}
}

func TestTitle(t *testing.T) {
	ev := func(stream, severity string) *schemas.DefectEvent {
		return &schemas.DefectEvent{Stream: stream, Kind: "black", Severity: severity, Summary: "Picture is black"}
	}
	over := Change{What: Closed, Event: ev("a", "critical")}
	warning, critical := Change{What: Opened, Event: ev("b", "warning")}, Change{What: Opened, Event: ev("c", "critical")}
	for _, test := range []struct {
		changes []Change
		want    string
	}{
		{[]Change{over}, "RESOLVED a: black — Picture is black"},
		{[]Change{over, warning}, "WARNING b: black and 1 more"},
		{[]Change{over, warning, critical}, "CRITICAL c: black and 2 more"},
		{[]Change{over, over}, "RESOLVED a: black and 1 more"},
	} {
		if got := title(&Message{Changes: test.changes}); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestStorm(t *testing.T) {
	d := &Digest{Opened: 214, Streams: 180, Since: time.Unix(43_201, 0), Kinds: map[string]int{"freeze": 34, "no_signal": 180}}
	if got, want := storm(d), "Storm: 214 defects on 180 streams since 12:00:01 UTC: no_signal 180, freeze 34"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	d = &Digest{Opened: 1, Over: 3, Streams: 1, Since: time.Unix(43_201, 0),
		Kinds: map[string]int{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1, "h": 1, "i": 1, "z": 2}}
	if got, want := storm(d), "Storm: 1 defect began and 3 ended on 1 stream since 12:00:01 UTC: z 2, a 1, b 1, c 1, d 1, e 1, f 1, g 1 and 2 more kinds"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLines(t *testing.T) {
	m := &Message{Changes: make([]Change, 5)}
	for i := range m.Changes {
		m.Changes[i] = Change{What: Opened, Event: &schemas.DefectEvent{Stream: string(rune('a' + i))}, Told: i == 0}
	}
	got := lines(m, 2)
	if len(got) != 3 || !strings.Contains(got[0], "b:") || got[2] != "… and 2 more" {
		t.Errorf("lines are %q", got)
	}
}

func TestShorten(t *testing.T) {
	for _, test := range []struct {
		text  string
		limit int
		want  string
	}{
		{"twelve bytes", 12, "twelve bytes"},
		{strings.Repeat("ä", 12), 12, strings.Repeat("ä", 12)},
		// The note has at most 22 characters, so 8 are left of 100.
		{strings.Repeat("ä", 100), 30, strings.Repeat("ä", 8) + "… (92 characters cut)"},
		{"twelve bytes", 3, "twe"},
	} {
		if got := shorten(test.text, test.limit); got != test.want || len([]rune(got)) > test.limit {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
