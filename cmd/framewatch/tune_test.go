package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// outages are stretches of a stream without source, in seconds since it began, an hour ago: a long one is a fault, a short one a false alarm.
var outages = []struct {
	from, to int64
	label    string
}{{30, 60, "missed"}, {80, 87, "false_alarm"}, {110, 140, "missed"}}

// judgedLog is a log of so many streams with these outages, and of what people say of all of them, which is in a file as well.
func judgedLog(t *testing.T, streams int) (brokers []string, verdicts string) {
	t.Helper()
	brokers = kafkatest.Embedded(t)
	a := laidOut(t, brokers, "framewatch.")
	start := time.Now().Add(-time.Hour).Truncate(time.Second).UnixMicro()
	var rows strings.Builder
	rows.WriteString("stream,kind,label,start,end,author\n")
	for n := range streams {
		stream := fmt.Sprintf("stream-%d", n)
		log := []topology.Message{topology.Features.Message("", &schemas.Feature{Setting: &schemas.Setting{Time: start, Generation: 1, Stream: stream,
			Labels: map[string]string{}, Profile: "default", Rules: "{}", Models: map[string]int64{}}})}
		for second := range int64(170) {
			at, state := (second+1)*1_000_000, "up"
			if slices.ContainsFunc(outages, func(o struct {
				from, to int64
				label    string
			}) bool {
				return second >= o.from && second < o.to
			}) {
				state = "down"
			}
			log = append(log, topology.Features.Message(stream, &schemas.Feature{StreamSecond: &schemas.StreamSecond{Session: start, Seq: second, At: at, State: state,
				FramesDecoded: 25, FramesAnalysed: 25, AudioBlocks: 10, Bytes: 100_000}}),
				topology.Features.Message("", &schemas.Feature{Tick: &schemas.Tick{Time: start + at, Generation: 1}}))
		}
		if err := a.cluster.Publish(t.Context(), int32(n%partitions), log...); err != nil {
			t.Fatal(err)
		}
		for _, o := range outages {
			said := &schemas.Verdict{Label: o.label, Kind: "no_signal", Start: start + o.from*1_000_000, End: start + o.to*1_000_000, Author: "ann", Time: time.Now().UnixMicro()}
			if err := a.cluster.Publish(t.Context(), int32(n%partitions), topology.Verdicts.Message(stream, said)); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&rows, "%s,no_signal,%s,%d,%d,ann\n", stream, o.label, start+o.from*1_000_000, start+o.to*1_000_000)
		}
	}
	verdicts = filepath.Join(t.TempDir(), "verdicts.csv")
	if err := os.WriteFile(verdicts, []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return brokers, verdicts
}

// What was recorded is scored by what people say, and against other rules; the best threshold is found, and can be replayed.
func TestRecordedFeaturesAreEvaluatedAndTuned(t *testing.T) {
	brokers, verdicts := judgedLog(t, partitions)
	recorded := []string{"--set", "recorded", "--verdicts", verdicts}
	candidate := filepath.Join(t.TempDir(), "candidate.yaml")
	if err := os.WriteFile(candidate, []byte("profiles: {default: {rules: {no_signal: {for: 10s}}}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	var r recordedReport
	if err := json.Unmarshal([]byte(onLog(t, brokers, append([]string{"evaluate", "--against", candidate, "--curves", "-o", "json"}, recorded...)...)), &r); err != nil {
		t.Fatal(err)
	}
	signal := r.Kinds[0]
	// Of each stream two faults are found and one false alarm, in 170 s.
	rate := float64(partitions) / (float64(partitions) * 170 / 86400)
	if signal.Kind != "no_signal" || signal.Faults != 2*partitions || signal.Found != 2*partitions || signal.False != partitions || *signal.Precision != 2.0/3 || *signal.Rate != rate {
		t.Errorf("no_signal is %+v", signal)
	}
	if r.Streams != partitions || r.LeftOut != 0 || len(r.False) != partitions || len(r.Missed) != 0 || r.Complete {
		t.Errorf("the report is %+v", r)
	}
	// Who waits for 10 s tells of no outage of 7 s: in every stream, so in every draw. F1 goes from 2*2/(2+2+1) to 1.
	i := slices.IndexFunc(r.Comparison.Kinds, func(k comparedKind) bool { return k.Kind == "no_signal" })
	if c := r.Comparison.Kinds[i]; c.Precision.String() != "+0.333 (+0.333 to +0.333)" || *c.Before.F1 != 0.8 || *c.After.F1 != 1 {
		t.Errorf("compared is %+v", c)
	}
	if len(r.Curves) != 1 || r.Curves[0].Kind != "no_signal" {
		t.Errorf("curves are %+v", r.Curves)
	}

	// By the verdicts on the log it is the same. An outage for 67 s is also one of error_seconds, which nobody has judged: with all known it is false.
	for _, complete := range []bool{false, true} {
		var again recordedReport
		if err := json.Unmarshal([]byte(onLog(t, brokers, "evaluate", "--set", "recorded", fmt.Sprint("--complete=", complete), "-o", "json")), &again); err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(again.Kinds, func(k kindScore) bool { return k.Kind == "error_seconds" })
		unjudged, alarms := partitions, 0
		if complete {
			unjudged, alarms = 0, partitions
		}
		if k := again.Kinds[0]; k.Found != signal.Found || k.False != signal.False || k.Faults != signal.Faults || again.Kinds[i].Unjudged != unjudged || again.Kinds[i].False != alarms {
			t.Errorf("complete %v: %+v", complete, again.Kinds)
		}
	}
	// An export of it is scored as the log is, without one.
	export := filepath.Join(t.TempDir(), "features")
	onLog(t, brokers, "export", "features", "--format", "avro", "-o", export)
	code, stdout, stderr := command(t, "evaluate", "--set", export, "--verdicts", verdicts, "--kinds", "no_signal", "--stream", "stream-*", "-o", "json")
	var exported recordedReport
	if err := json.Unmarshal([]byte(stdout), &exported); err != nil || code != exitOK {
		t.Fatalf("of an export: code %d, %v, %s", code, err, stderr)
	}
	if k := exported.Kinds[0]; exported.Streams != partitions || k.Found != signal.Found || k.False != signal.False || *k.Rate != *signal.Rate || k.Faults != signal.Faults {
		t.Errorf("of an export: %+v, of the log %+v", k, signal)
	}
	if code, _, stderr := command(t, "evaluate", "--set", export); code != exitUsage || !strings.Contains(stderr, "--verdicts: an export has none") {
		t.Errorf("an export without verdicts: code %d, %s", code, stderr)
	}
	// Of one stream only what is known of that one is asked.
	var one recordedReport
	if err := json.Unmarshal([]byte(onLog(t, brokers, append([]string{"evaluate", "--stream", "*-1", "--kinds", "no_signal", "-o", "json"}, recorded...)...)), &one); err != nil {
		t.Fatal(err)
	}
	if one.Streams != 1 || one.Faults != 2 || one.LeftOut != 0 || len(one.Kinds) != 1 {
		t.Errorf("of one stream: %+v", one)
	}

	tuned := onLog(t, brokers, append([]string{"tune", "--kinds", "no_signal", "--most", "60"}, recorded...)...)
	rules := filepath.Join(t.TempDir(), "tuned.yaml")
	if err := os.WriteFile(rules, []byte(tuned), 0o600); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(tuned, "for: 10s\n") || !strings.Contains(tuned, "F1 0.800 to 1.000") {
		t.Errorf("tuned is\n%s", tuned)
	}
	// What is printed is a configuration file: judged by it, all is right.
	if text := onLog(t, brokers, append([]string{"evaluate", "--rules", rules, "-o", "markdown"}, recorded...)...); !strings.Contains(text, fmt.Sprintf("| no_signal | %d | %d | 0 | 0 | 1.000 | 1.000 | 1.000 |", 2*partitions, 2*partitions)) {
		t.Errorf("judged by it:\n%s", text)
	}
	if code, stdout, stderr := command(t, "replay", "--rules", rules, "--brokers", brokers[0]); code != exitDefects || !strings.Contains(stdout, "added") {
		t.Errorf("replayed by it: code %d, %s%s", code, stdout, stderr)
	}
	page := filepath.Join(t.TempDir(), "tuned.html")
	var report tuneReport
	if err := json.Unmarshal([]byte(onLog(t, brokers, append([]string{"tune", "--kinds", "no_signal", "--for", "1s,20s", "--raise", "1", "--report", page, "-o", "json"}, recorded...)...)), &report); err != nil {
		t.Fatal(err)
	}
	if k := report.Kinds[0]; k.After.Seconds != 20 || len(report.Train) != partitions/2 || len(report.Test) != partitions/2 || !strings.Contains(read(t, page), "for: 20s") {
		t.Errorf("tuned is %+v", report)
	}
}

// What a file of verdicts says must be clear by itself, but for defects that are on the log.
func TestVerdictsToScoreByAreChecked(t *testing.T) {
	life := replay.Life{Defect: replay.Defect{ID: "a", Stream: "news", Kind: "black", Onset: minute(1), End: minute(2)}}
	file := func(rows string) string {
		path := filepath.Join(t.TempDir(), "verdicts.csv")
		writeText(t, path, "label,defect,stream,kind,start,end\n"+rows)
		return path
	}
	all, err := verdictsIn(file("confirmed,a,,,,\nmissed,,news,freeze,"+minute(3).Format(time.RFC3339)+","+minute(4).Format(time.RFC3339)+"\n"), []replay.Life{life})
	if err != nil || len(all) != 2 || all[0].Stream != "news" || !all[0].Start.Equal(minute(1)) || !all[0].End.Equal(minute(2)) || all[1].Kind != "freeze" {
		t.Errorf("got %+v, error %v", all, err)
	}
	for rows, want := range map[string]string{
		"confirmed,b,,,,\n":                            `verdicts.csv:2: defect: "b" is not known: give stream, kind, start and end as well`,
		"right,a,,,,\n":                                `label: "right" is none of`,
		"missed,,news,blak,1000000,2000000\n":          `kind: "blak" is unknown`,
		"missed,,news,black,2000000,1000000\n":         "stream, start and end must be given",
		"missed,,news,black,yesterday,2000000000000\n": `start: "yesterday" is neither`,
	} {
		if _, err := verdictsIn(file(rows), []replay.Life{life}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", rows, err, want)
		}
	}
}

func TestTuneRefusesWhatItCannotUse(t *testing.T) {
	for want, args := range map[string][]string{
		"--kinds: which kinds":                                      nil,
		`--kinds: "blak" is unknown, did you mean "black"?`:         {"--kinds", "blak"},
		`--objective: "best" is neither`:                            {"--kinds", "black", "--objective", "best"},
		"--min-recall: 2 is not within 0 and 1":                     {"--kinds", "black", "--min-recall", "2"},
		"--max-alarms: -1 is less than none":                        {"--kinds", "black", "--max-alarms", "-1"},
		"--train: 1 is not above 0 and below 1":                     {"--kinds", "black", "--train", "1"},
		"--for: 1m0s is not within 0s and 20s":                      {"--kinds", "black", "--for", "1m"},
		"--raise: levels are of one kind":                           {"--kinds", "black,freeze", "--raise", "0.5"},
		"--most: 0 is not within 1 and 5000":                        {"--kinds", "black", "--most", "0"},
		"--from: it is about recorded features":                     {"--kinds", "black", "--from", "1h"},
		`--output: "xml" is neither yaml, json, table nor markdown`: {"--kinds", "black", "-o", "xml"},
	} {
		if code, _, stderr := command(t, append([]string{"tune"}, args...)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%v: code %d; stderr %q, want %q in it", args, code, stderr, want)
		}
	}
}
