package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// onLog runs one command line against brokers and wants it to succeed.
func onLog(t *testing.T, brokers []string, args ...string) string {
	t.Helper()
	code, stdout, stderr := command(t, append(args, "--brokers", strings.Join(brokers, ","))...)
	if code != exitOK {
		t.Fatalf("%q: got code %d: %s", args, code, stderr)
	}
	return stdout
}

// listed is what `streams list` says, by id.
func listed(t *testing.T, brokers []string) map[string]map[string]any {
	t.Helper()
	streams := map[string]map[string]any{}
	for line := range strings.Lines(onLog(t, brokers, "streams", "list", "-o", "json")) {
		var s map[string]any
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		streams[s["id"].(string)] = s
	}
	return streams
}

func TestStreamsAreAppliedListedAndRemoved(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	onLog(t, brokers, "topics", "apply")
	file := filepath.Join(t.TempDir(), "streams.yaml")
	if err := os.WriteFile(file, []byte(`streams:
  - {id: news, url: "http://user:${env:NEVER_SET}@origin/news.ts?x=abc", labels: {region: north}}
  - {id: sport, url: "http://origin/sport.m3u8", profile: default, lane: group}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	onLog(t, brokers, "streams", "apply", "-f", file)
	streams := listed(t, brokers)
	if len(streams) != 2 || streams["news"]["labels"].(map[string]any)["region"] != "north" || streams["sport"]["lane"] != "group" {
		t.Fatalf("got %v", streams)
	}
	if url := streams["news"]["url"].(string); strings.Contains(url, "abc") || strings.Contains(url, "user") {
		t.Errorf("the URL shows its secrets: %s", url)
	}
	onLog(t, brokers, "streams", "remove", "news")
	if streams := listed(t, brokers); len(streams) != 1 || streams["sport"] == nil {
		t.Errorf("after removing news: got %v, want sport alone", streams)
	}
	code, _, stderr := command(t, "streams", "remove", "news", "--brokers", brokers[0])
	if code != exitFailure || !strings.Contains(stderr, `no stream is called "news"`) {
		t.Errorf("removing it again: got code %d, %s", code, stderr)
	}
}

// What a file named before and does not name any more is removed; what came by another way, and a file without the key, is left alone.
func TestFileOwnsTheStreamsThatItNamed(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	onLog(t, brokers, "topics", "apply")
	applyFile := func(streams *[]StreamConfig) {
		t.Helper()
		config := defaultConfig()
		config.Kafka.Brokers, config.Streams = brokers, streams
		a, err := newApp(config, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.dial(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer a.cluster.Close()
		if err := a.prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := func(ids ...string) {
		t.Helper()
		streams := listed(t, brokers)
		for _, id := range ids {
			if streams[id] == nil {
				t.Errorf("%s is missing in %v", id, streams)
			}
		}
		if len(streams) != len(ids) {
			t.Errorf("got %v, want %v", streams, ids)
		}
	}
	other := filepath.Join(t.TempDir(), "other.yaml")
	if err := os.WriteFile(other, []byte("streams: [{id: other, url: 'http://origin/other.ts'}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	applyFile(&[]StreamConfig{{ID: "a", URL: "http://origin/a.ts"}, {ID: "b", URL: "http://origin/b.ts"}})
	onLog(t, brokers, "streams", "apply", "-f", other)
	want("a", "b", "other")
	applyFile(nil)
	want("a", "b", "other")
	applyFile(&[]StreamConfig{{ID: "b", URL: "http://origin/b.ts", Lane: "elsewhere"}})
	want("b", "other")
	if lane := listed(t, brokers)["b"]["lane"]; lane != "elsewhere" {
		t.Errorf("the lane of b is %v, want elsewhere", lane)
	}
	applyFile(&[]StreamConfig{})
	want("other")
}

func TestTopicsPlanSaysWhatApplyDoes(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	plan := onLog(t, brokers, "topics", "plan")
	if !strings.Contains(plan, "create framewatch.defects.latest") {
		t.Fatalf("the plan of an empty cluster: %s", plan)
	}
	if applied := onLog(t, brokers, "topics", "apply"); applied != plan {
		t.Errorf("apply did\n%s\nand plan said\n%s", applied, plan)
	}
	if again := onLog(t, brokers, "topics", "plan"); again != "the topics are as they should be\n" {
		t.Errorf("the plan after apply: %s", again)
	}
}
