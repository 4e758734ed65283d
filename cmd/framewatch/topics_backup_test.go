package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// vault is a log with something in every control topic, and how commands reach it.
type vault struct {
	t       *testing.T
	brokers []string
	prefix  string
	config  string
	a       *app
}

func newVault(t *testing.T, brokers []string, count int32) *vault {
	t.Helper()
	v := &vault{t: t, brokers: brokers, prefix: fmt.Sprintf("vault%d.", time.Now().UnixNano()), config: filepath.Join(t.TempDir(), "framewatch.yaml")}
	text := fmt.Sprintf("kafka: {brokers: [%q], prefix: %s, partitions: %d}\n", brokers[0], v.prefix, count)
	if err := os.WriteFile(v.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	v.dial()
	return v
}

// dial lays out the topics.
func (v *vault) dial() {
	v.t.Helper()
	v.run("topics", "apply")
	config, err := loadConfig(v.config)
	if err == nil {
		v.a, err = newApp(config, v.t.Output())
	}
	if err == nil {
		err = v.a.dial(v.t.Context())
	}
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(v.a.cluster.Close)
}

// run is a command that must succeed.
func (v *vault) run(args ...string) string {
	v.t.Helper()
	code, out, stderr := command(v.t, append(args, "-c", v.config)...)
	if code != exitOK {
		v.t.Fatalf("%q: got code %d: %s", args, code, stderr)
	}
	return out
}

// refused is a command that must not.
func (v *vault) refused(want string, args ...string) {
	v.t.Helper()
	code, _, stderr := command(v.t, append(args, "-c", v.config)...)
	if code == exitOK || !strings.Contains(stderr, want) {
		v.t.Errorf("%q: got code %d: %q, want it to say %q", args, code, stderr, want)
	}
}

// fill writes into every control topic: streams of two lanes and one that is gone, and whatever else people say.
func (v *vault) fill() {
	v.t.Helper()
	v.run("streams", "apply", "-f", v.file(`streams:
  - {id: news, url: "https://origin.example/news.m3u8", labels: {site: north}}
  - {id: news-copy, url: "https://origin.example/copy.m3u8", lane: news}
  - {id: gone, url: "https://origin.example/gone.m3u8"}
`))
	v.run("streams", "remove", "gone")
	v.run("silence", "add", `stream="news"`, "--by", "ann", "--for", "100h")
	for _, m := range []topology.Message{
		topology.Profiles.Message("default", &schemas.Profile{Selector: map[string]string{}, Rules: "{}", Origin: "api"}),
		topology.Models.Message("corruption@1", &schemas.Model{Kind: "trees", Version: 1, Weights: bytes.Repeat([]byte{0, 1, 2, 255}, 50_000), Card: "a card"}),
	} {
		v.publish(0, m)
	}
	verdict := topology.Verdicts.Message("news-copy", &schemas.Verdict{Label: "confirmed", Kind: "black", Author: "ann", Time: 7})
	verdict.Headers = [][2]string{{"from", "\xff\x00"}}
	verdict.Time = time.Now().Add(-time.Hour)
	v.publish(v.a.cluster.Partition("news"), verdict)
	v.publish(v.a.cluster.Partition("news"), topology.Evidence.Message("0123", &schemas.Evidence{Stream: "news-copy", URI: "file:///a", Keep: true}))
	for _, partition := range []int32{0, 1} {
		aborted := kafkatest.Begin(v.t, v.brokers, v.prefix+topology.Verdicts.Name, partition)
		aborted.Write("never said")
		aborted.Abort()
	}
}

func (v *vault) file(text string) string {
	v.t.Helper()
	file := filepath.Join(v.t.TempDir(), "file.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		v.t.Fatal(err)
	}
	return file
}

func (v *vault) publish(partition int32, messages ...topology.Message) {
	v.t.Helper()
	if err := v.a.cluster.Publish(v.t.Context(), partition, messages...); err != nil {
		v.t.Fatal(err)
	}
}

// contents is all that stands in the control topics, a line a record with everything but its offset. Of audit it is what stood there before a restore.
func (v *vault) contents() (lines []string) {
	v.t.Helper()
	for _, t := range topology.Topics() {
		if !t.Control {
			continue
		}
		err := v.a.liveRecords(v.t.Context(), t, func(r topology.Raw) error {
			if line := fmt.Sprintf("%s/%d %q %d %q %q", t.Name, r.Partition, r.Key, r.Time.UnixMilli(), r.Value, r.Headers); !strings.Contains(line, "topics restore") {
				lines = append(lines, line)
			}
			return nil
		})
		if err != nil {
			v.t.Fatal(err)
		}
	}
	slices.Sort(lines)
	return lines
}

func (v *vault) wants(when string, want []string) {
	v.t.Helper()
	if got := v.contents(); !slices.Equal(got, want) {
		v.t.Errorf("%s there are %d records, want %d:\n%.2000s\nwant\n%.2000s", when, len(got), len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A log that has lost its topics has all of them again, to the byte, once; what is there is left alone.
func TestControlTopicsAreBackedUpAndRestored(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		v := newVault(t, brokers, partitions)
		v.fill()
		want := v.contents()
		for _, name := range controlTopics() {
			if !slices.ContainsFunc(want, func(line string) bool { return strings.HasPrefix(line, name+"/") }) {
				t.Fatalf("there is nothing in %s to back up", name)
			}
		}
		directory := filepath.Join(t.TempDir(), "backup")
		v.run("topics", "backup", "-o", directory)
		v.refused("is there already", "topics", "backup", "-o", directory)
		private(t, directory)

		kafkatest.Delete(t, brokers, v.prefix)
		v.dial()
		v.run("topics", "restore", directory, "--dry-run")
		v.wants("after a trial", nil)
		if out := v.run("topics", "restore", directory, "--by", "ann"); !strings.Contains(out, fmt.Sprintf("%d records are restored", len(want))) {
			t.Errorf("it says:\n%s", out)
		}
		v.wants("restored", want)
		if out := v.run("topics", "restore", directory); !strings.Contains(out, "all of it is there") {
			t.Errorf("restored again it says:\n%s", out)
		}
		v.wants("restored twice", want)
		if got := audits(t, v.a); !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, "ann|topics restore|") }) {
			t.Errorf("nobody can see who restored: %q", got)
		}
	})
}

// private wants a backup that its owner alone can read.
func private(t *testing.T, directory string) {
	t.Helper()
	for file, want := range map[string]os.FileMode{"": 0o700 | os.ModeDir, "manifest.json": 0o600, "streams.ndjson": 0o600} {
		info, err := os.Stat(filepath.Join(directory, file))
		if err != nil || info.Mode() != want {
			t.Errorf("%s/%s: %v, %v, want mode %v", directory, file, info.Mode(), err, want)
		}
	}
	if left, _ := filepath.Glob(directory + ".unfinished-*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// What people have said since the backup is not written over unless they ask for it.
func TestRestoreLeavesAloneWhatIsThere(t *testing.T) {
	v := newVault(t, kafkatest.Embedded(t), partitions)
	v.fill()
	directory := filepath.Join(t.TempDir(), "backup")
	v.run("topics", "backup", "-o", directory)
	v.run("streams", "apply", "-f", v.file(`streams: [{id: news, url: "https://elsewhere.example/news.m3u8"}, {id: sport, url: "https://origin.example/sport.m3u8"}]`))
	v.run("streams", "remove", "news-copy")
	before := v.contents()
	v.refused("streams holds something else", "topics", "restore", directory)
	v.wants("refused", before)
	if out := v.run("topics", "restore", directory, "--dry-run", "--merge"); !strings.Contains(out, `1: "news"`) || !strings.Contains(out, `1: "sport"`) {
		t.Errorf("it does not say what differs:\n%s", out)
	}
	v.run("topics", "restore", directory, "--topic", "profiles")
	v.wants("of another topic", before)
	v.run("topics", "restore", directory, "--merge")
	var ids []string
	err := v.a.liveRecords(t.Context(), &topology.Streams.Spec, func(r topology.Raw) error {
		if bytes.Contains(r.Value, []byte("elsewhere")) {
			t.Error("news is not as in the backup")
		}
		ids = append(ids, string(r.Key))
		return nil
	})
	slices.Sort(ids)
	if err != nil || !slices.Equal(ids, []string{"news", "news-copy", "sport"}) {
		t.Errorf("the streams are %v (%v)", ids, err)
	}
}

// With another number of partitions every stream still has one of its own, the same in all topics: that of its lane.
func TestRestoreKeepsLanes(t *testing.T) {
	small := newVault(t, kafkatest.Embedded(t), 4)
	small.fill()
	directory := filepath.Join(t.TempDir(), "backup")
	small.run("topics", "backup", "-o", directory)
	large := newVault(t, kafkatest.Embedded(t), 7)
	large.run("topics", "restore", directory)
	lane := large.a.cluster.Partition("news")
	if own := large.a.cluster.Partition("news-copy"); own == lane || small.a.cluster.Partition("news") == lane {
		t.Fatalf("the lanes %d and %d prove nothing", own, lane)
	}
	want := map[string]int32{"streams news": lane, "streams news-copy": lane, "verdicts news-copy": lane, "evidence 0123": lane}
	got := map[string]int32{}
	for _, topic := range []*topology.Spec{&topology.Streams.Spec, &topology.Verdicts.Spec, &topology.Evidence.Spec} {
		if err := large.a.liveRecords(t.Context(), topic, func(r topology.Raw) error { got[topic.Name+" "+string(r.Key)] = r.Partition; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("records stand in %v, want %v", got, want)
	}
	if out := large.run("topics", "restore", directory); !strings.Contains(out, "all of it is there") {
		t.Errorf("restored again it says:\n%s", out)
	}
}

// A stream whose lane was changed after the backup has its lane of then, and no other beside it.
func TestRestoreTakesAStreamOutOfItsNewerLane(t *testing.T) {
	v := newVault(t, kafkatest.Embedded(t), 7)
	v.fill()
	directory := filepath.Join(t.TempDir(), "backup")
	v.run("topics", "backup", "-o", directory)
	before := v.contents()
	if v.a.cluster.Partition("news-copy") == v.a.cluster.Partition("news") {
		t.Fatal("both lanes are in one partition: this shows nothing")
	}
	v.run("streams", "apply", "-f", v.file(`streams: [{id: news-copy, url: "https://origin.example/copy.m3u8"}]`))
	v.refused("streams holds something else", "topics", "restore", directory)
	v.run("topics", "restore", directory, "--merge")
	v.wants("restored", before)
	// Both lanes at once, as a restore before left them that did not look for that.
	v.publish(v.a.cluster.Partition("news-copy"), topology.Streams.Message("news-copy", &schemas.StreamSpec{URL: "https://origin.example/copy.m3u8"}))
	v.refused("streams holds something else", "topics", "restore", directory)
	v.run("topics", "restore", directory, "--merge")
	v.wants("in both lanes", before)
	if out := v.run("topics", "restore", directory); !strings.Contains(out, "all of it is there") {
		t.Errorf("restored again it says:\n%s", out)
	}
}

// newerVerdict puts a verdict of a newer version on a vault's log, and says before how to read it.
func (v *vault) newerVerdict() {
	v.t.Helper()
	newer := strings.Replace(topology.Verdicts.Schema, `"fields": [`, `"fields": [{"name": "certainty", "type": "double", "default": 1}, `, 1)
	id, err := schemas.BakedIDOf(newer)
	if err != nil || newer == topology.Verdicts.Schema {
		v.t.Fatalf("no newer schema: %v", err)
	}
	v.publish(0, topology.Schemas.Message(fmt.Sprint(id), &schemas.WriterSchema{Text: newer, Release: "v9"}))
	verdict := topology.Verdicts.Message("news", &schemas.Verdict{Label: "confirmed", Kind: "black", Author: "ann"})
	encode := verdict.Encode
	verdict.Encode = func(c *schemas.Contract, dst []byte) ([]byte, error) {
		value, err := encode(c, nil)
		return slices.Concat(binary.BigEndian.AppendUint32([]byte{0}, id), make([]byte, 8), value[5:]), err
	}
	v.publish(1, verdict)
}

// unreadable puts a stream, an evidence and a defect on a vault's log that nobody can read.
func (v *vault) unreadable() {
	v.t.Helper()
	for _, t := range []*topology.Spec{&topology.Streams.Spec, &topology.Evidence.Spec, &topology.DefectsLatest.Spec} {
		v.publish(v.a.cluster.Partition("odd"), topology.Message{Topic: t, Key: "odd",
			Encode: func(_ *schemas.Contract, dst []byte) ([]byte, error) { return append(dst, "no value of ours"...), nil }})
	}
}

// One stream that nobody can read comes along as it is, and keeps nothing else from coming.
func TestRestoreTakesWhatCannotBeRead(t *testing.T) {
	v := newVault(t, kafkatest.Embedded(t), 4)
	v.fill()
	v.unreadable()
	want := v.contents()
	directory := filepath.Join(t.TempDir(), "backup")
	v.run("topics", "backup", "-o", directory)
	for _, count := range []int32{4, 7} {
		fresh := newVault(t, kafkatest.Embedded(t), count)
		fresh.unreadable()
		fresh.run("topics", "restore", directory, "--topic", "models")
		fresh.run("topics", "restore", directory)
		if got := fresh.contents(); len(got) != len(want) {
			t.Errorf("with %d partitions there are %d records, want %d:\n%.2000s", count, len(got), len(want), strings.Join(got, "\n"))
		}
	}
}

// What a newer version has written can be read after a restore by who could read it before: the schema comes along.
func TestRestoreBringsTheSchemas(t *testing.T) {
	old := newVault(t, kafkatest.Embedded(t), partitions)
	old.newerVerdict()
	directory := filepath.Join(t.TempDir(), "backup")
	old.run("topics", "backup", "-o", directory+"/")

	fresh := newVault(t, kafkatest.Embedded(t), partitions)
	if out := fresh.run("topics", "restore", directory); !regexp.MustCompile(`(?m)^schemas +1 `).MatchString(out) {
		t.Errorf("it says:\n%s", out)
	}
	if out := fresh.run("topics", "restore", directory); !strings.Contains(out, "all of it is there") {
		t.Errorf("restored again it says:\n%s", out)
	}
	if list := fresh.run("export", "verdicts"); !strings.Contains(list, "certainty") {
		t.Errorf("the verdict reads %s", list)
	}
}

// A topic with partitions that no reader looks into is not backed up by half, and one that is missing is told of with what makes it.
func TestBackupLeavesNothingOut(t *testing.T) {
	brokers := kafkatest.Fake(t, kafkatest.Setup{})
	file := filepath.Join(t.TempDir(), "framewatch.yaml")
	write(t, file, onBrokers(brokers...)+"\n", 0o600)
	wants := func(want string) {
		t.Helper()
		directory := filepath.Join(t.TempDir(), "backup")
		code, _, stderr := command(t, "topics", "backup", "-o", directory, "-c", file)
		if code != exitFailure || !strings.Contains(stderr, want) {
			t.Errorf("got code %d: %s, want 1 and %q", code, stderr, want)
		}
		if _, err := os.Stat(directory); err == nil {
			t.Error("there is a backup")
		}
	}
	wants("framewatch topics apply makes it")
	kafkatest.MakeTopic(t, brokers, "framewatch.verdicts", 6)
	layOut(t, brokers)
	wants("topic verdicts: it has 6 partitions, not 4")
}

// A backup in which anything is not as it was written is restored not at all.
func TestDamagedBackupIsRefused(t *testing.T) {
	v := newVault(t, kafkatest.Embedded(t), partitions)
	v.fill()
	whole := filepath.Join(t.TempDir(), "backup")
	v.run("topics", "backup", "-o", whole)
	fresh := newVault(t, kafkatest.Embedded(t), partitions)
	for name, damage := range map[string]struct {
		file string
		do   func(text string) string
		want string
	}{
		"a byte":         {"models.ndjson", func(s string) string { return strings.Replace(s, "AAEC", "AAED", 1) }, "damaged"},
		"a line less":    {"streams.ndjson", func(s string) string { return s[:strings.Index(s, "\n")+1] }, "damaged"},
		"a line more":    {"audit.ndjson", func(s string) string { return s + "{}\n" }, "damaged"},
		"no line at all": {"streams.ndjson", func(string) string { return "" }, "damaged"},
		"a partition": {"verdicts.ndjson", func(s string) string {
			return regexp.MustCompile(`"partition":\d`).ReplaceAllString(s, `"partition":9`)
		}, "there is no partition"},
		"no manifest":     {"manifest.json", nil, "holds no backup"},
		"a later format":  {"manifest.json", func(s string) string { return strings.Replace(s, `"format": 1`, `"format": 2`, 1) }, "format 2"},
		"another schema":  {"manifest.json", func(s string) string { return strings.Replace(s, `"21`, `"12`, 1) }, "schema id"},
		"a foreign topic": {"manifest.json", func(s string) string { return strings.Replace(s, `"name": "audit"`, `"name": "../audit"`, 1) }, `"../audit" is unknown`},
		"features":        {"manifest.json", func(s string) string { return strings.Replace(s, `"name": "audit"`, `"name": "features"`, 1) }, "features is none"},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			if err := os.CopyFS(directory, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(directory, damage.file)
			if damage.do == nil {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			} else {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				spoilt := damage.do(string(text))
				if spoilt == string(text) {
					t.Fatal("nothing was damaged")
				}
				if err := os.WriteFile(file, []byte(spoilt), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			fresh.refused(damage.want, "topics", "restore", directory)
		})
	}
	fresh.wants("after all these", nil)
}

// A notifier that finds its state again holds to the silences, and tells nobody again what it has told.
func TestNotifierGoesOnAfterARestore(t *testing.T) {
	x := newTelling(t, kafkatest.Real(t))
	commanded := func(args ...string) {
		t.Helper()
		if code, _, stderr := command(t, append(args, "-c", x.config, "--brokers", strings.Join(x.brokers, ","))...); code != exitOK {
			t.Fatalf("%q: code %d: %s", args, code, stderr)
		}
	}
	notifier := x.start("notifier")
	x.begin()
	x.heard.await(t, x.open)
	silenced := benchDefect("killed", x.number)
	commanded("silence", "add", fmt.Sprintf("stream=%q", silenced.Stream), "--by", "ann")
	x.kill(notifier)

	directory := filepath.Join(t.TempDir(), "backup")
	commanded("topics", "backup", "-o", directory)
	kafkatest.Delete(t, x.brokers, x.prefix)
	commanded("topics", "apply")
	commanded("topics", "restore", directory)
	again := x.open
	x.a = laidOut(t, x.brokers, x.prefix) // a client remembers the topics that were deleted
	x.start("notifier")
	for _, ev := range again {
		x.publish(ev)
	}
	x.begin()
	x.heard.await(t, x.open[len(again)+1:])
	x.heard.mu.Lock()
	defer x.heard.mu.Unlock()
	if x.heard.told["defect.opened "+silenced.ID] {
		t.Errorf("%s was told though it is silenced", silenced.ID)
	}
	for id, n := range x.heard.ids {
		if n > 1 {
			t.Errorf("%s was told %d times", id, n)
		}
	}
	if want := len(again) + 4; len(x.heard.ids) != want {
		t.Errorf("told of %d changes, want %d", len(x.heard.ids), want)
	}
}
