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

// replayedLog is a log with an outage of each of two streams, in two partitions, whose events stand on it as the detector tells of them.
func replayedLog(t *testing.T) (brokers []string, events []string) {
	t.Helper()
	brokers = kafkatest.Embedded(t)
	a := laidOut(t, brokers, "framewatch.")
	other := "sport"
	for a.cluster.Partition(other) == a.cluster.Partition("news") {
		other += "s"
	}
	since := time.Now().Add(-115 * time.Second) // of both, so that what is told of the whole is the same each time
	for _, stream := range []string{"news", other} {
		partition := a.cluster.Partition(stream)
		spec := &schemas.StreamSpec{URL: "http://h/1.ts", Labels: map[string]string{"genre": stream}}
		messages := append([]topology.Message{topology.Streams.Message(stream, spec)}, outageSince(stream, "default", since)...)
		if err := a.cluster.Publish(t.Context(), partition, messages...); err != nil {
			t.Fatal(err)
		}
	}
	events = slices.Collect(strings.Lines(onLog(t, brokers, "replay")))
	for _, line := range events {
		ev := new(schemas.DefectEvent)
		if err := json.Unmarshal([]byte(line), ev); err != nil {
			t.Fatal(err)
		}
		if err := a.cluster.Publish(t.Context(), a.cluster.Partition(ev.Stream), topology.Defects.Message(ev.Stream, ev)); err != nil {
			t.Fatal(err)
		}
	}
	return brokers, events
}

// eventsOf are the lines that tell of a stream.
func eventsOf(lines []string, stream string) string {
	var of strings.Builder
	for _, line := range lines {
		if strings.Contains(line, `"stream":"`+stream+`"`) {
			of.WriteString(line)
		}
	}
	return of.String()
}

// The events that are printed are those that are selected, of the log and of an export of it.
func TestReplayOfWhatIsSelected(t *testing.T) {
	brokers, events := replayedLog(t)
	all, news := strings.Join(events, ""), eventsOf(events, "news")
	first := new(schemas.DefectEvent)
	if err := json.Unmarshal([]byte(news[:strings.Index(news, "\n")]), first); err != nil {
		t.Fatal(err)
	}
	directory := filepath.Join(t.TempDir(), "features")
	onLog(t, brokers, "export", "features", "--format", "avro", "-o", directory)
	files, err := filepath.Glob(directory + "/*/*/*/*.avro")
	if err != nil || len(files) != 2 {
		t.Fatalf("the export has the files %q, want one a partition: %v", files, err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, all},
		{[]string{"--stream", "n*"}, news},
		{[]string{"--stream", `genre="news"`}, news},
		{[]string{"--defect", first.ID}, news},
		{[]string{"--to", "1h"}, ""},
		{[]string{"--rate", "100"}, all},
		{[]string{directory}, all},
		{[]string{directory, "--stream", "news"}, news},
		{[]string{directory, "--to", "1h"}, ""},
	} {
		if got := onLog(t, brokers, append([]string{"replay"}, test.args...)...); got != test.want {
			t.Errorf("%q: got\n%s\nwant\n%s", test.args, got, test.want)
		}
	}
	for _, format := range []string{"ndjson", "parquet"} {
		other := filepath.Join(t.TempDir(), format)
		onLog(t, brokers, "export", "features", "--format", format, "-o", other)
		if got := onLog(t, brokers, "replay", other); got != all {
			t.Errorf("of %s it tells\n%s\nwant\n%s", format, got, all)
		}
	}
	parts := onLog(t, brokers, "replay", files[0]) + onLog(t, brokers, "replay", files[1])
	if parts != all {
		t.Errorf("of the files one after the other it tells\n%s\nwant\n%s", parts, all)
	}
	code, _, stderr := command(t, "replay", directory)
	if code != exitOK || !strings.Contains(stderr, "replayed 362 records, 180 seconds of streams over 89 s, in ") || !strings.Contains(stderr, " times real time, ") {
		t.Errorf("code %d, it says %s", code, stderr)
	}
}

// Other rules are tried on an export as they are on the log, whose verdicts are not there.
func TestReplayTriesOtherRulesOnFiles(t *testing.T) {
	brokers, _ := replayedLog(t)
	directory := filepath.Join(t.TempDir(), "features")
	onLog(t, brokers, "export", "features", "--format", "avro", "-o", directory)
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	writeText(t, rules, "profiles: {default: {rules: {no_signal: {disabled: true}}}}")
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{directory, "--rules", rules}, exitDefects, "0 would be the same, 0 added, 2 removed, 0 moved"},
		{[]string{directory, "--rules", rules, "--stream", "news"}, exitDefects, "0 would be the same, 0 added, 1 removed, 0 moved"},
		{[]string{"--rules", rules, "--stream", "news", "--brokers", brokers[0]}, exitDefects, "0 would be the same, 0 added, 1 removed, 0 moved"},
		{[]string{directory, "--rules", rules, "--offsets", "1:0-5"}, exitUsage, "--offsets: with --rules or --model"},
		{[]string{directory, "--stream", `genre="news"`}, exitUsage, "labels are looked up on the log"},
		{[]string{directory, "--rate", "1"}, exitUsage, "--rate are for the log"},
		{[]string{directory, "--partition", "77"}, exitFailure, "it has nothing of partition 77"},
		{[]string{directory + "/none"}, exitFailure, "no such file"},
	} {
		code, stdout, stderr := command(t, append([]string{"replay"}, test.args...)...)
		if code != test.code || !strings.Contains(stdout+stderr, test.want) {
			t.Errorf("%q: code %d, want %d; %s%s; want %q", test.args, code, test.code, stdout, stderr, test.want)
		}
	}
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What is told again stands in a topic of its own as it does in that of the live detector, and never in that.
func TestReplayPublishesWhatItTells(t *testing.T) {
	brokers, events := replayedLog(t)
	a := laidOut(t, brokers, "framewatch.")
	held := func(topic string) (records []string) {
		t.Helper()
		source, err := a.source(topic)
		if err != nil {
			t.Fatal(err)
		}
		if err := replay.Read(t.Context(), source, replay.Range{}, func(r replay.Record) error {
			records = append(records, fmt.Sprintf("%d %s %x", r.Partition, r.Key, r.Value))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return records
	}
	live := held("defects")
	printed := onLog(t, brokers, "replay", "--publish-to", "defects.again")
	if want := fmt.Sprintf("published %d events of 2 defects to framewatch.defects.again\n", len(events)); printed != want {
		t.Errorf("printed %s, want %s", printed, want)
	}
	if got := held("defects.again"); len(live) != len(events) || !slices.Equal(got, live) {
		t.Errorf("published\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(live, "\n"))
	}
	onLog(t, brokers, "replay", "--publish-to", "defects.again", "--append", "--stream", "news")
	if got, want := len(held("defects.again")), len(events)+strings.Count(eventsOf(events, "news"), "\n"); got != want {
		t.Errorf("after one stream was added it holds %d events, want %d", got, want)
	}
	rules, directory := filepath.Join(t.TempDir(), "rules.yaml"), filepath.Join(t.TempDir(), "features")
	writeText(t, rules, "profiles: {default: {rules: {no_signal: {for: 12s}}}}")
	onLog(t, brokers, "replay", "--publish-to", "defects.other", "--rules", rules)
	if got := held("defects.other"); len(got) == 0 || slices.Equal(got, live) {
		t.Errorf("other rules have published %d events, which must not be those of before", len(got))
	}
	onLog(t, brokers, "export", "features", "--format", "avro", "-o", directory)
	onLog(t, brokers, "replay", directory, "--publish-to", "defects.files")
	if got := held("defects.files"); !slices.Equal(got, live) {
		t.Errorf("of files are published\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(live, "\n"))
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--publish-to", "defects.again"}, exitFailure, "framewatch.defects.again is not empty"},
		{[]string{"--publish-to", "defects"}, exitUsage, "is one of Framewatch's own topics"},
		{[]string{"--publish-to", "framewatch.defects.latest"}, exitUsage, "is one of Framewatch's own topics"},
		{[]string{"--publish-to", "defects.shadow", "--append"}, exitUsage, "is one of Framewatch's own topics"},
		{[]string{"--publish-to", "a b"}, exitUsage, "is no name of a topic"},
		{[]string{"--append"}, exitUsage, "--append is for --publish-to"},
	} {
		code, _, stderr := command(t, append([]string{"replay", "--brokers", brokers[0]}, test.args...)...)
		if code != test.code || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: code %d, want %d; %s", test.args, code, test.code, stderr)
		}
	}
	if got := held("defects"); !slices.Equal(got, live) {
		t.Error("the live topic has changed")
	}
}
