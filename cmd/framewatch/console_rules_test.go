package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// bookOf reads the streams and profiles on the log.
func bookOf(t *testing.T, a *app) *rulebook {
	t.Helper()
	book := newRulebook()
	err := kafka.Read(t.Context(), a.cluster, topology.Streams, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.StreamSpec]) error {
		book.stream(r)
		return nil
	})
	if err == nil {
		err = a.readProfiles(t.Context(), book)
	}
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// blackAfter is the text of a profile that has black wait, for streams with these conditions.
func blackAfter(wait string, matchers ...string) console.ProfileText {
	return console.ProfileText{Matchers: matchers, Rules: map[string]map[string]any{"black": {"for": wait}, "freeze": {}}}
}

func TestProfilesByTheConsole(t *testing.T) {
	a := laidOut(t, kafkatest.Embedded(t), "framewatch.")
	file := Config{Profiles: map[string]ProfileConfig{"sport": {Selector: map[string]string{"genre": "sport"}}}}
	if err := a.publishConfig(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	streams := []StreamConfig{{ID: "match", URL: "http://o/1.ts", Labels: map[string]string{"genre": "sport"}}, {ID: "film", URL: "http://o/2.ts", Labels: map[string]string{"genre": "film"}},
		{ID: "odd", URL: "http://o/3.ts", Profile: "mine"}}
	if err := a.applyStreams(t.Context(), streams, fromCommand, false); err != nil {
		t.Fatal(err)
	}
	book := bookOf(t, a)
	publish := func(name string, version int64, text console.ProfileText) (console.Profile, error) {
		return a.publishProfileFor(t.Context(), book, ann, name, version, text)
	}
	films, err := publish("films", 0, blackAfter("3s", `genre=~"film|series"`))
	if err != nil || films.Version == 0 || films.Origin != "api" || films.Streams != 1 || fmt.Sprint(films.Rules) != "map[black:map[for:3s]]" || !slices.Equal(films.Matchers, []string{`genre=~"film|series"`}) {
		t.Fatalf("published is %+v, %v", films, err)
	}
	e, err := book.rulesOf("film")
	if err != nil || e.Profile != "films" || !strings.Contains(e.Because, `genre=~"film|series"`) || e.Rules["black"]["for"] != "3s" || e.Rules["freeze"]["raise"] != 0.98 || len(e.Differs) != 1 || e.Differs[0] != (console.Differing{Kind: "black", Name: "for", Value: "3s", Default: "1s"}) {
		t.Errorf("of the film decides %q %q, it differs in %v, %v", e.Profile, e.Because, e.Differs, err)
	}
	if e, err := book.rulesOf("odd"); err != nil || e.Conflict != `there is no profile "mine": the documented defaults hold` || len(e.Differs) != 0 {
		t.Errorf("of a stream that names what there is not: %q, it differs in %v, %v", e.Conflict, e.Differs, err)
	}
	for _, test := range []struct {
		name    string
		version int64
		text    console.ProfileText
		status  int
		want    string
	}{
		{"films", 0, blackAfter("4s"), http.StatusConflict, "somebody has changed it since"},
		{"films", films.Version + 1, blackAfter("4s"), http.StatusConflict, "somebody has changed it since"},
		{"new", films.Version, blackAfter("4s"), http.StatusConflict, "somebody has changed it since"},
		{"sport", 0, blackAfter("4s"), http.StatusConflict, "of the configuration file"},
		{"new", 0, blackAfter("4s", `genre="sport"`), http.StatusConflict, `stream "match": the profiles "new" and "sport" fit it equally well`},
		{"new", 0, blackAfter("1h"), 0, "options of black: for 1h0m0s is not within 0s and 20s"},
		{"new", 0, blackAfter("4s", "genre"), 0, "is not like name="},
		{"new", 0, console.ProfileText{Rules: map[string]map[string]any{"blak": {"for": "1s"}}}, 0, `did you mean "black"?`},
		{"new", 0, console.ProfileText{Rules: map[string]map[string]any{"black": {"four": "1s"}}}, 0, `did you mean "for"?`},
		{"new", 0, console.ProfileText{}, 0, "rules: "},
		{"..", 0, blackAfter("4s"), 0, "name: "},
		{"a\nb", 0, blackAfter("4s"), 0, "name: "},
		{"default", 0, blackAfter("4s", `a="b"`), 0, "matchers: the profile called default"},
	} {
		_, err := publish(test.name, test.version, test.text)
		if status, reason := refused(t, err); status != test.status || !strings.Contains(reason, test.want) {
			t.Errorf("%q version %d %v: %d %s, want %d %s", test.name, test.version, test.text, status, reason, test.status, test.want)
		}
	}
	changed, err := publish("films", films.Version, blackAfter("4s", `genre="film"`))
	if err != nil || changed.Version <= films.Version {
		t.Fatalf("changed to %+v, %v", changed, err)
	}
	mine, err := publish("mine", 0, blackAfter("5s"))
	if err != nil || mine.Streams != 1 {
		t.Fatalf("published is %+v, %v", mine, err)
	}
	_, reason := refused(t, a.deleteProfileFor(t.Context(), book, ann, "mine", mine.Version))
	if !strings.Contains(reason, `the stream "odd" names it`) {
		t.Errorf("one that is named: %s", reason)
	}
	if status, _ := refused(t, a.deleteProfileFor(t.Context(), book, ann, "none", 0)); status != http.StatusNotFound {
		t.Errorf("one that there is not: %d", status)
	}
	if err := a.deleteProfileFor(t.Context(), book, ann, "films", changed.Version); err != nil {
		t.Fatal(err)
	}
	again, err := publish("films", 0, blackAfter("6s"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ann|profile publish|films|console, password, 192.0.2.7", "ann|profile publish|films|console, password, 192.0.2.7", "ann|profile publish|mine|console, password, 192.0.2.7",
		"ann|profile delete|films|console, password, 192.0.2.7", "ann|profile publish|films|console, password, 192.0.2.7"}
	if got := audits(t, a); !slices.Equal(got, want) {
		t.Errorf("the audit records are %q, want %q", got, want)
	}

	// The configuration file leaves what the console made alone, unless it names it: then it is the file's.
	file.Profiles = map[string]ProfileConfig{"mine": {Rules: map[string]any{"black": map[string]any{"for": "7s"}}}}
	if err := a.publishConfig(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range bookOf(t, a).shownProfiles() {
		names = append(names, fmt.Sprintf("%s %s %d %d %v", p.Name, p.Origin, p.Priority, p.Streams, p.Rules))
	}
	if want := []string{"default  0 2 map[]", "films api 0 0 map[black:map[for:6s]]", "mine config 0 1 map[black:map[for:7s]]"}; !slices.Equal(names, want) {
		t.Errorf("with another file there are %q, want %q", names, want)
	}
	if _, err := publish("films", again.Version, blackAfter("8s")); err != nil {
		t.Errorf("one that the file left alone cannot be changed: %v", err)
	}
}

// What-if tells as a whole what `replay --rules` tells with the profile in a file, and the newest piece tells it before.
func TestWhatIfByTheConsole(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	a := laidOut(t, brokers, "framewatch.")
	if err := a.applyStreams(t.Context(), []StreamConfig{{ID: "news", URL: "http://o/1.ts"}, {ID: "sport", URL: "http://o/2.ts", Profile: "other"}}, fromCommand, false); err != nil {
		t.Fatal(err)
	}
	for _, stream := range []string{"news", "sport"} { // whose outage is in the newest piece
		if err := a.cluster.Publish(t.Context(), a.cluster.Partition(stream), outageSince(stream, "default", time.Now().Add(-125*time.Second))...); err != nil {
			t.Fatal(err)
		}
	}
	var last schemas.DefectEvent
	for line := range strings.Lines(onLog(t, brokers, "replay")) {
		ev := new(schemas.DefectEvent)
		if err := json.Unmarshal([]byte(line), ev); err != nil {
			t.Fatal(err)
		}
		if err := a.cluster.Publish(t.Context(), a.cluster.Partition(ev.Stream), topology.Defects.Message(ev.Stream, ev)); err != nil {
			t.Fatal(err)
		}
		if ev.Stream == "news" {
			last = *ev
		}
	}
	onLog(t, brokers, "verdicts", "add", last.ID, "false_alarm", "--by", "ann")
	book := bookOf(t, a)
	ask := func(text string) (all []console.WhatIfLine) {
		q := console.WhatIf{Profile: "default", Hours: 2}
		if err := json.Unmarshal([]byte(text), &q.Rules); err != nil {
			t.Fatal(err)
		}
		if err := a.whatIfFor(t.Context(), book, q, func(l console.WhatIfLine) error { all = append(all, l); return nil }); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return all
	}
	for _, test := range []struct{ rules, want string }{
		{`{}`, "same news no_signal false_alarm"},
		{`{"black":{"for":"5s"}}`, "same news no_signal false_alarm"},
		{`{"no_signal":{"disabled":true}}`, "removed news no_signal false_alarm"},
		{`{"no_signal":{"severity":"info"}}`, "moved news no_signal false_alarm"},
		{`retracted {}`, "added news no_signal false_alarm"},
	} {
		rules, retracted := strings.CutPrefix(test.rules, "retracted ")
		if retracted {
			last.Revision, last.State = 1000, "retracted"
			if err := a.cluster.Publish(t.Context(), a.cluster.Partition("news"), topology.Defects.Message("news", &last)); err != nil {
				t.Fatal(err)
			}
		}
		all := ask(rules)
		pieces := slices.DeleteFunc(slices.Clone(all), func(l console.WhatIfLine) bool { return l.Piece == nil })
		began, whole := all[0].Began, all[len(all)-1].Whole
		if began == nil || !slices.Equal(began.Streams, []string{"news"}) || whole == nil || whole.From != began.From || whole.To != began.To || pieces[0].Piece.To != began.To || pieces[len(pieces)-1].Piece.From != began.From {
			t.Fatalf("%s: it begins with %+v and ends with %+v; the pieces are %+v", rules, began, whole, pieces)
		}
		for i, p := range []*console.WhatIfPiece{pieces[0].Piece, whole} {
			var told []string
			for _, c := range p.Changes {
				told = append(told, strings.Join([]string{c.Change, c.Stream, c.Kind, c.Verdict}, " "))
			}
			if len(told) != 1 || told[0] != test.want || p.Same+p.Added+p.Removed+p.Moved != 1 {
				t.Errorf("%s: place %d tells %q, want %q: %+v", rules, i, told, test.want, p)
			}
		}
		path := filepath.Join(t.TempDir(), "other.yaml")
		if err := os.WriteFile(path, fmt.Appendf(nil, "profiles: {default: {rules: %s}}", rules), 0o600); err != nil {
			t.Fatal(err)
		}
		_, stdout, _ := command(t, "replay", "--rules", path, "-o", "json", "--brokers", brokers[0], "--from", "2h", "--stream", "news")
		expected := strings.Split(strings.TrimSpace(stdout), "\n")
		expected = expected[:len(expected)-1] // the sums
		var got []string
		for _, c := range whole.Changes {
			if c.Change == "same" {
				continue
			}
			got = append(got, asJSON(t, c))
		}
		for i := range expected {
			var c console.WhatIfChange
			if err := json.Unmarshal([]byte(expected[i]), &c); err != nil {
				t.Fatal(err)
			}
			expected[i] = asJSON(t, c)
		}
		if !slices.Equal(got, expected) {
			t.Errorf("%s: what-if tells\n%q\nreplay --rules tells\n%q", rules, got, expected)
		}
	}

	for name, test := range map[string]struct {
		q    console.WhatIf
		want string
	}{
		"a wrong rule":    {console.WhatIf{Profile: "default", Hours: 1, ProfileText: console.ProfileText{Rules: map[string]map[string]any{"blak": {"for": 1}}}}, `did you mean "black"?`},
		"no stream":       {console.WhatIf{Profile: "default", Hours: 1, Streams: []string{"sp*"}, ProfileText: blackAfter("1s")}, "no such stream"},
		"an empty name":   {console.WhatIf{Profile: "default", Hours: 1, Streams: []string{""}, ProfileText: blackAfter("1s")}, "a pattern has 1 to"},
		"no profile name": {console.WhatIf{Hours: 1, ProfileText: blackAfter("1s")}, "name: "},
	} {
		err := a.whatIfFor(t.Context(), book, test.q, func(console.WhatIfLine) error { return nil })
		if _, reason := refused(t, err); !strings.Contains(reason, test.want) {
			t.Errorf("%s: %s", name, reason)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	q := console.WhatIf{Profile: "default", Hours: 24, ProfileText: blackAfter("1s")}
	err := a.whatIfFor(ctx, book, q, func(console.WhatIfLine) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("who goes away leaves %v", err)
	}
}

// asJSON is a value as the API writes it.
func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Of more streams than can be looked at, evenly chosen ones are.
func TestWhatIfLooksAtSome(t *testing.T) {
	book := newRulebook()
	for i := range 100 {
		book.stream(topology.Record[schemas.StreamSpec]{Key: fmt.Sprintf("s%02d", i), Value: &schemas.StreamSpec{Labels: map[string]string{"tier": fmt.Sprint(i % 2)}}})
	}
	now := book.now()
	tier := []string{`tier="1"`}
	then := now.with("one", &schemas.Profile{Matchers: &tier, Rules: "{}"})
	some := func(now, then *ruling, q console.WhatIf) string {
		streams, left, err := lookedAt(now, then, q)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%d %s %s, %d left off", len(streams), streams[0], streams[len(streams)-1], left)
	}
	for _, test := range []struct {
		now, then *ruling
		q         console.WhatIf
		want      string
	}{
		{now, now, console.WhatIf{Profile: "default", Hours: 2}, "100 s00 s99, 0 left off"},
		{now, now, console.WhatIf{Profile: "default", Hours: 24}, "10 s00 s90, 90 left off"},
		{now, now, console.WhatIf{Profile: "default", Hours: 24, Streams: []string{"s9?", "s1?"}}, "10 s10 s98, 10 left off"},
		{now, then, console.WhatIf{Profile: "one", Hours: 3}, "50 s01 s99, 0 left off"},
		{then, now, console.WhatIf{Profile: "one", Hours: 24, Streams: []string{"s00", "s01"}}, "1 s01 s01, 0 left off"},
	} {
		if got := some(test.now, test.then, test.q); got != test.want {
			t.Errorf("%+v: %s, want %s", test.q, got, test.want)
		}
	}
}

// A stream whose lane changes is removed from one partition and added to another, and both are read in any order.
func TestStreamsOutlastAChangeOfLane(t *testing.T) {
	book := newRulebook()
	old, other := &schemas.StreamSpec{Lane: "a"}, &schemas.StreamSpec{Lane: "b"}
	for i, r := range []topology.Record[schemas.StreamSpec]{{Key: "s", Partition: 0, Value: old}, {Key: "s", Partition: 1, Value: other}, {Key: "s", Partition: 0}} {
		if got, want := book.stream(r), []*schemas.StreamSpec{old, other, other}[i]; got != want {
			t.Errorf("after record %d the stream is %+v, want %+v", i, got, want)
		}
	}
}
