package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// outage is the records of a stream that loses its source for 30 of 90 s, an hour ago.
func outage(stream, profile string) []topology.Message {
	return outageSince(stream, profile, time.Now().Add(-time.Hour))
}

// outageSince is such records from another time on.
func outageSince(stream, profile string, since time.Time) (log []topology.Message) {
	start := since.Truncate(time.Second).UnixMicro()
	log = append(log, topology.Features.Message("", &schemas.Feature{Setting: &schemas.Setting{Time: start, Generation: 1, Stream: stream,
		Labels: map[string]string{"region": "eu"}, Profile: profile, Rules: "{}", Models: map[string]int64{}}}))
	for second := range int64(90) {
		at, state := (second+1)*1_000_000, "up"
		if second >= 30 && second < 60 {
			state = "down"
		}
		log = append(log,
			topology.Features.Message(stream, &schemas.Feature{StreamSecond: &schemas.StreamSecond{Session: start, Seq: second, At: at, State: state,
				FramesDecoded: 25, FramesAnalysed: 25, AudioBlocks: 10, Bytes: 100_000}}),
			topology.Features.Message("", &schemas.Feature{Tick: &schemas.Tick{Time: start + at, Generation: 1}}))
	}
	return log
}

// Other rules are tried on what was recorded: what they change is told, and exit code 3 says that they change something.
func TestReplayTriesOtherRules(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	a := laidOut(t, brokers, "framewatch.")
	partition := a.cluster.Partition("news")
	if err := a.cluster.Publish(t.Context(), partition, outage("news", "default")...); err != nil {
		t.Fatal(err)
	}
	events := 0
	for line := range strings.Lines(onLog(t, brokers, "replay")) {
		ev := new(schemas.DefectEvent)
		if err := json.Unmarshal([]byte(line), ev); err != nil {
			t.Fatal(err)
		}
		events++
		if err := a.cluster.Publish(t.Context(), partition, topology.Defects.Message(ev.Stream, ev)); err != nil {
			t.Fatal(err)
		}
	}
	if events < 2 {
		t.Fatalf("the outage has %d events, want it opened and closed", events)
	}
	rules := func(text string) string {
		path := filepath.Join(t.TempDir(), "other.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct {
		name, config string
		args         []string
		code         int
		want         string
	}{
		{"the same", "profiles: {default: {rules: {black: {for: 5s}}}}", nil, exitOK, "1 would be the same, 0 added, 0 removed, 0 moved"},
		{"removed", "profiles: {default: {rules: {no_signal: {disabled: true}}}}", []string{"-o", "json"}, exitDefects, `{"change":"removed","stream":"news","kind":"no_signal","before":{"defect":`},
		{"moved", "profiles: {default: {rules: {no_signal: {severity: info}}}}", nil, exitDefects, "30.0 s, info"},
		{"by a selector", "profiles: {default: {}, eu: {selector: {region: eu}, rules: {no_signal: {disabled: true}}}}", nil, exitDefects, "1 removed"},
		{"not in range", "profiles: {default: {rules: {no_signal: {disabled: true}}}}", []string{"--to", "2h"}, exitOK, "0 would be the same, 0 added, 0 removed"},
		{"no profiles", "log: {level: info}", nil, exitUsage, "has no profiles"},
		{"a wrong rule", "profiles: {default: {rules: {blak: {}}}}", nil, exitUsage, `"blak" is unknown`},
		{"a range without an end", "profiles: {default: {}}", []string{"--from", "10s"}, exitUsage, "--from: "},
		{"no such output", "profiles: {default: {}}", []string{"-o", "xml"}, exitUsage, `--output: "xml" is neither`},
	} {
		args := append([]string{"replay", "--rules", rules(test.config), "--brokers", brokers[0]}, test.args...)
		code, stdout, stderr := command(t, args...)
		if code != test.code || !strings.Contains(stdout+stderr, test.want) {
			t.Errorf("%s: code %d, want %d; %s%s; want %q", test.name, code, test.code, stdout, stderr, test.want)
		}
	}
	// What people said of the defect goes with it; of an added one a missed fault says that it is right.
	var taken schemas.DefectEvent
	first, _, _ := strings.Cut(onLog(t, brokers, "replay"), "\n")
	if err := json.Unmarshal([]byte(first), &taken); err != nil {
		t.Fatal(err)
	}
	onLog(t, brokers, "verdicts", "add", taken.ID, "false_alarm", "--by", "ann")
	disabled := rules("profiles: {default: {rules: {no_signal: {disabled: true}}}}")
	if _, stdout, _ := command(t, "replay", "--rules", disabled, "--brokers", brokers[0]); !strings.Contains(stdout, "of the removed 0 were right and 1 false alarms") {
		t.Errorf("what people say of what is removed: %s", stdout)
	}
	if code, _, stderr := command(t, "replay", "-o", "json", "--brokers", brokers[0]); code != exitUsage || !strings.Contains(stderr, "it is for --rules and --model") {
		t.Errorf("-o without --rules: code %d, %s", code, stderr)
	}
	// What the log lacks is added: the defect that was recorded is taken back.
	onLog(t, brokers, "verdicts", "add", taken.ID, "confirmed", "--by", "ann")
	taken.Revision, taken.State = 1000, "retracted"
	if err := a.cluster.Publish(t.Context(), partition, topology.Defects.Message(taken.Stream, &taken)); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := command(t, "replay", "--rules", rules("profiles: {default: {}}"), "-o", "json", "--brokers", brokers[0])
	if code != exitDefects || !strings.Contains(stdout, `{"change":"added","stream":"news"`) || !strings.Contains(stdout, `"verdict":"confirmed"`) || !strings.Contains(stdout, `"added":1,"from":null`) {
		t.Errorf("added: code %d, %s%s", code, stdout, stderr)
	}
}

// Which profile of another file a recorded Setting gets.
func TestOtherRulesKeepToTheirStreams(t *testing.T) {
	config := Config{Profiles: map[string]ProfileConfig{
		"default": {Rules: map[string]any{"black": map[string]any{"for": "1s"}}},
		"eu":      {Selector: map[string]string{"region": "eu"}, Rules: map[string]any{"black": map[string]any{"for": "2s"}}},
		"alone":   {Rules: map[string]any{"black": map[string]any{"for": "3s"}}},
	}}
	all, _, err := config.selectors()
	if err != nil {
		t.Fatal(err)
	}
	o := &otherRules{selectors: all, rules: map[string]string{}, named: map[string]string{"named": "alone", "gone": "elsewhere"}}
	for name := range config.Profiles {
		if o.rules[name], err = config.rules(name); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ name, stream, region, recorded, profile, rules string }{
		{"a stream's own goes before a selector", "named", "eu", "alone", "alone", `{"black":{"for":"3s"}}`},
		{"a selector", "s", "eu", "default", "eu", `{"black":{"for":"2s"}}`},
		{"the default", "s", "us", "default", "default", `{"black":{"for":"1s"}}`},
		{"a selector that fits no longer", "s", "us", "eu", "default", `{"black":{"for":"1s"}}`},
		{"one that is applied by its name", "s", "us", "alone", "alone", `{"black":{"for":"3s"}}`},
		{"one that the file does not have", "s", "us", "sport", "sport", "recorded"},
		{"a stream's own that the file does not have", "gone", "eu", "elsewhere", "elsewhere", "recorded"},
	} {
		s := &schemas.Setting{Stream: test.stream, Labels: map[string]string{"region": test.region}, Profile: test.recorded, Rules: "recorded"}
		o.change(s)
		if s.Profile != test.profile || s.Rules != test.rules {
			t.Errorf("%s: got %s %s, want %s %s", test.name, s.Profile, s.Rules, test.profile, test.rules)
		}
	}
	delete(o.rules, "default")
	s := &schemas.Setting{Stream: "s", Profile: "eu", Rules: "recorded"}
	if o.change(s); s.Profile != "default" || s.Rules != "{}" {
		t.Errorf("without a default: got %s %s", s.Profile, s.Rules)
	}
	s = &schemas.Setting{Stream: "named", Removed: true, Rules: "recorded"}
	if o.change(s); s.Rules != "recorded" {
		t.Errorf("a removed stream has the rules %s", s.Rules)
	}
}

// Which profile a stream has by other rules is decided by what its Settings say that it named then, not by what it names now.
func TestOtherRulesGoByWhatStreamsNamedThen(t *testing.T) {
	sport, music := "sport", "music"
	o := &otherRules{selectors: selectors{"sport": {}, "music": {}}, rules: map[string]string{"sport": `{"s":{}}`, "music": `{"m":{}}`, "default": "{}"},
		named: map[string]string{"fixed": "music"}, now: map[string]string{"news": "music", "old": "music"}}
	nothing := ""
	for _, test := range []struct {
		stream string
		named  *string
		want   string
	}{
		{"news", &sport, "sport"}, {"news", &nothing, "default"}, {"old", nil, "music"}, {"fixed", &sport, "music"}, {"other", &music, "music"},
	} {
		s := &schemas.Setting{Stream: test.stream, Profile: "default", Rules: "x", Named: test.named}
		if o.change(s); s.Profile != test.want || s.Rules != o.rules[test.want] {
			t.Errorf("%s: profile %s with %s, want %s", test.stream, s.Profile, s.Rules, test.want)
		}
	}
}
