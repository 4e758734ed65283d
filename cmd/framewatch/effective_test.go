package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// TestWhatDecidesAboutAStreamIsPrinted from the file and from the log alike, and a change of the file takes effect without a restart.
func TestWhatDecidesAboutAStreamIsPrinted(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	onLog(t, brokers, "topics", "apply")
	file := filepath.Join(t.TempDir(), "framewatch.yaml")
	write := func(loud string) {
		t.Helper()
		text := `
profiles:
  sport: {matchers: ['genre=~"sport|football"'], rules: {silence: {for: ` + loud + `}}}
streams:
  - id: news
    url: "http://u:${env:NEVER_SET}@origin/news.ts"
    labels: {genre: football}
    expectations:
      ad_breaks: {post_roll: 4s}
      planned: [{kinds: [black], weekly: {from: "02:00", to: "04:00", zone: Europe/Berlin}}]
`
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("3s")
	var said bytes.Buffer
	config, err := loadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	config.Kafka.Brokers = brokers
	a, err := newApp(config, &said)
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
	check := func(text, wait string) {
		t.Helper()
		var e struct {
			Profile, Because string
			Expectations     map[string]any
			PlannedNow       []map[string]any `yaml:"planned_now"`
			Rules            map[string]map[string]any
		}
		if err := yaml.Unmarshal([]byte(text), &e); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if e.Profile != "sport" || !strings.Contains(e.Because, `{genre=~"sport|football"} fits`) || e.Rules["silence"]["for"] != wait || e.Rules["black"]["for"] != "1s" {
			t.Errorf("got profile %q because %q, rules %v", e.Profile, e.Because, e.Rules)
		}
		if len(e.Expectations) != 2 || len(e.PlannedNow) != 3 || strings.Contains(text, "NEVER_SET") {
			t.Errorf("got expectations %v, planned %v in\n%s", e.Expectations, e.PlannedNow, text)
		}
	}
	check(onLog(t, brokers, "config", "show", "-c", file, "--stream", "news"), "3s")
	check(onLog(t, brokers, "streams", "show", "news"), "3s")

	write("4s")
	if _, err := a.reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(onLog(t, brokers, "streams", "show", "news"), "4s")
	write("4m")
	if _, err := a.reload(t.Context()); err == nil || !strings.Contains(err.Error(), "for 4m0s is not within") {
		t.Errorf("a mistake in the file: got %v", err)
	}
	check(onLog(t, brokers, "streams", "show", "news"), "4s")
	if !strings.Contains(said.String(), "the configuration is read again") || !strings.Contains(said.String(), "sections=[kafka]") {
		t.Errorf("said\n%s", said.String()) // the file does not name the test's brokers
	}
	for args, want := range map[string]string{"streams show nws": `no stream is called "nws"`, "config show --stream nws -c " + file: `"nws" is not in the configuration`} {
		write("3s")
		if code, _, stderr := command(t, append(strings.Fields(args), "--brokers", brokers[0])...); code == exitOK || !strings.Contains(stderr, want) {
			t.Errorf("%s: got code %d, %s", args, code, stderr)
		}
	}
	conflict := filepath.Join(t.TempDir(), "conflict.yaml")
	if err := os.WriteFile(conflict, []byte("profiles: {sport: {selector: {genre: sport}}, uhd: {selector: {tier: uhd}}}\nstreams: [{id: x, url: 'http://h/x.ts'}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.started.path = conflict
	if _, err := a.reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(conflict, []byte("streams: [{id: y, url: 'http://h/y.ts', labels: {genre: sport, tier: uhd}}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := command(t, "streams", "apply", "-f", conflict, "--brokers", brokers[0])
	if code != exitUsage || !strings.Contains(stderr, `stream "y": the profiles "sport" and "uhd" fit it equally well`) {
		t.Errorf("a conflict: got code %d, %s", code, stderr)
	}
}

// TestSettingsHoldInstants: the week's times become instants around the Setting's own time.
func TestSettingsHoldInstants(t *testing.T) {
	s := newSettings()
	weekly := `{"planned":[{"kinds":["all"],"weekly":{"days":["thu"],"from":"02:00","to":"03:00"}}]}`
	stream := spec(nil, "")
	stream.Expectations = &weekly
	s.stream(topology.Record[schemas.StreamSpec]{Partition: 0, Key: "news", Value: stream})
	at := time.Date(1970, 1, 8, 1, 0, 0, 0, time.UTC) // a Thursday
	got := sentBy(t, s, 0, 1, int(at.Unix()))["news"]
	const want = `{"planned":[{"from":"1970-01-08T02:00:00Z","kinds":["all"],"to":"1970-01-08T03:00:00Z"}]}`
	if got == nil || got.Expectations == nil || *got.Expectations != want {
		t.Errorf("got %+v, want expectations %s", got, want)
	}
}
