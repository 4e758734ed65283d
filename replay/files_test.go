package replay_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// all is every record of a recording.
func all(t *testing.T, from replay.Records, r replay.Range) (records []replay.Record) {
	t.Helper()
	partitions, err := from.PartitionNumbers(within(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range partitions {
		if err := from.Read(within(t), p, r, func(r replay.Record) error { records = append(records, r); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return records
}

// sameRecord compares all of two records, but that their times may be in other zones.
func sameRecord(a, b replay.Record) bool {
	return a.Partition == b.Partition && a.Offset == b.Offset && a.Time.Equal(b.Time) && bytes.Equal(a.Key, b.Key) && (a.Key == nil) == (b.Key == nil) && bytes.Equal(a.Value, b.Value)
}

// What an export has kept is read again byte for byte, in the order of the log, from its directory and from each of its files.
func TestExportedRecordsAreReadAgain(t *testing.T) {
	_, e := recordedLog(t, kafkatest.Embedded(t))
	e.Format = "avro"
	m := export(t, e)
	var want []replay.Record
	for _, r := range all(t, e.Source, replay.Range{}) {
		if string(r.Key) != "poison" {
			want = append(want, r)
		}
	}
	files, err := replay.OpenFiles(e.Directory, schemas.Baked())
	if err != nil {
		t.Fatal(err)
	}
	if got := all(t, files, replay.Range{}); len(want) != 600 || !slices.EqualFunc(got, want, sameRecord) {
		t.Errorf("the directory has %d records, which are not the %d of the log", len(got), len(want))
	}
	within := replay.Range{FromOffset: 50, Offsets: map[int32]replay.Span{0: {End: 60}, 1: {Start: 100, End: 102}}}
	var offsets []int64
	for _, r := range all(t, files, within) {
		offsets = append(offsets, r.Offset)
	}
	if !slices.Equal(offsets, []int64{50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 100, 101}) {
		t.Errorf("the range has the offsets %d", offsets)
	}
	for _, about := range m.Files {
		file, err := replay.OpenFiles(filepath.Join(e.Directory, about.Path), schemas.Baked())
		if err != nil {
			t.Fatal(err)
		}
		if got := all(t, file, replay.Range{}); int64(len(got)) != about.Rows || got[0].Offset != about.FirstOffset {
			t.Errorf("%s has %d records from %d on", about.Path, len(got), got[0].Offset)
		}
	}
}

// What a detector tells of exported files is what it tells of the log.
func TestDetectionOverFilesEqualsThatOverTheLog(t *testing.T) {
	c, source := laidOut(t, kafkatest.Embedded(t), &topology.Features.Spec)
	for partition, stream := range []string{"one", "two"} {
		if err := c.Publish(within(t), int32(partition), story(stream)...); err != nil {
			t.Fatal(err)
		}
	}
	events := func(from replay.Records) (events []string) {
		_, err := replay.Detection{Records: from, Contract: schemas.Baked(), Log: quiet(), Health: true}.Run(within(t), func(p int32, out detector.Output) error {
			events = append(events, told(t, schemas.Baked(), p, out))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return events
	}
	onLog := events(source)
	if len(onLog) < 20 {
		t.Fatalf("the log has %d events and roll-ups", len(onLog))
	}
	for _, format := range replay.Formats() {
		e := replay.Export{Source: source, Topic: &topology.Features.Spec, Format: format, Directory: t.TempDir(), Contract: schemas.Baked(), Chunk: 50}
		export(t, e)
		files, err := replay.OpenFiles(e.Directory, schemas.Baked())
		if err != nil {
			t.Fatal(err)
		}
		want(t, events(files), onLog...)
	}
}

// What NDJSON and Parquet have kept is each record with the value that it had, also in an older version of the schema; what was poison then is poison now, or not there.
func TestLinesAndColumnsAreReadAgain(t *testing.T) {
	c, e := recordedLog(t, kafkatest.Embedded(t))
	publishHistory(t, c, 1)
	for _, e.Format = range []string{"ndjson", "parquet"} {
		e.Directory = t.TempDir()
		export(t, e)
		readAgain(t, e)
	}
}

// readAgain compares an export with what it is of.
func readAgain(t *testing.T, e replay.Export) {
	files, err := replay.OpenFiles(e.Directory, schemas.Baked())
	if err != nil {
		t.Fatal(err)
	}
	got, want := all(t, files, replay.Range{}), all(t, e.Source, replay.Range{})
	if e.Format == "parquet" {
		want = slices.DeleteFunc(want, func(r replay.Record) bool { return string(r.Key) == "poison" })
	}
	if len(got) != len(want) || len(got) < 600 {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range want {
		g, w := got[i], want[i]
		var now, then schemas.Feature
		errNow, errThen := schemas.Decode(schemas.Baked(), schemas.Features, g.Value, &now), schemas.Decode(schemas.Baked(), schemas.Features, w.Value, &then)
		if g.Offset != w.Offset || g.Partition != w.Partition || !g.Time.Equal(w.Time) || !bytes.Equal(g.Key, w.Key) || (errNow == nil) != (errThen == nil) || !reflect.DeepEqual(now, then) {
			n, _ := json.Marshal(now)
			o, _ := json.Marshal(then)
			t.Errorf("record %d of partition %d is another: %v, %v\n%s\nwant\n%s", w.Offset, w.Partition, errNow, errThen, n, o)
		}
	}
}

func TestFilesSayWhatIsWrongWithThem(t *testing.T) {
	_, e := recordedLog(t, kafkatest.Embedded(t))
	e.Format = "avro"
	m := export(t, e)
	manifest := filepath.Join(e.Directory, "_manifest.json")
	first := filepath.Join(e.Directory, m.Files[0].Path)
	change := func(change func(m *replay.Manifest)) {
		changed := *m
		changed.Files = slices.Clone(m.Files)
		change(&changed)
		text, err := json.Marshal(changed)
		if err == nil {
			err = os.WriteFile(manifest, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name, want string
		do         func()
	}{
		{"a file elsewhere", "which is not in it", func() { change(func(m *replay.Manifest) { m.Files[0].Path = "../other.avro" }) }},
		{"a file of another partition", "is not where it should be", func() { change(func(m *replay.Manifest) { m.Files[0].Partition = 1 }) }},
		{"a file twice", "is not where it should be", func() { change(func(m *replay.Manifest) { m.Files = append(m.Files, m.Files[0]) }) }},
		{"a file that was cut off", "has 100 bytes", func() {
			change(func(*replay.Manifest) {})
			if err := os.Truncate(first, 100); err != nil {
				t.Fatal(err)
			}
		}},
		{"no manifest", "holds no whole export", func() { os.Remove(manifest) }},
	} {
		test.do()
		files, err := replay.OpenFiles(e.Directory, schemas.Baked())
		for p := int32(0); err == nil && p < 2; p++ {
			err = files.Read(within(t), p, replay.Range{}, func(replay.Record) error { return nil })
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
	for _, path := range []string{first, filepath.Join(t.TempDir(), "nowhere")} {
		if _, err := replay.OpenFiles(path, schemas.Baked()); err == nil {
			t.Errorf("%s is opened", path)
		}
	}
}
