package replay_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// recordedLog is a features topic of such records in two partitions, with a poison record and what was aborted.
func recordedLog(t *testing.T, brokers []string) (*kafka.Cluster, replay.Export) {
	t.Helper()
	c, source := laidOut(t, brokers, &topology.Features.Spec)
	poison := topology.Message{Topic: &topology.Features.Spec, Key: "poison", Encode: func(_ *schemas.Contract, dst []byte) ([]byte, error) { return append(dst, 0, 1), nil }}
	aborted := kafkatest.Begin(t, brokers, source.Topic, 1)
	aborted.Write("never")
	aborted.Abort()
	log := recorded(600)
	for partition := range int32(2) {
		if err := c.Publish(within(t), partition, append([]topology.Message{poison}, log[partition*300:][:300]...)...); err != nil {
			t.Fatal(err)
		}
	}
	return c, replay.Export{
		Source: source, Topic: &topology.Features.Spec, Format: "parquet", Directory: t.TempDir(), Command: "export features", Version: "1", Contract: schemas.Baked(), Chunk: 100, Jobs: 1,
	}
}

func export(t *testing.T, e replay.Export) *replay.Manifest {
	t.Helper()
	m, err := e.Run(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// under lists the files of a directory by their paths.
func under(t *testing.T, directory string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			path, err = filepath.Rel(directory, path)
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// holds wants the directory to have what the manifest says and nothing else.
func holds(t *testing.T, directory string, m *replay.Manifest) {
	t.Helper()
	want := []string{"_manifest.json"}
	for _, f := range m.Files {
		want = append(want, f.Path)
	}
	slices.Sort(want)
	got := under(t, directory)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the directory holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSameRangeHasTheSameDigest(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		_, e := recordedLog(t, brokers)
		for _, e.Format = range replay.Formats() {
			e.Directory = t.TempDir()
			first := export(t, e)
			holds(t, e.Directory, first)
			again := e
			again.Directory, again.Jobs = t.TempDir(), 5
			export(t, again)
			if text(t, e.Directory+"/_manifest.json") != text(t, again.Directory+"/_manifest.json") {
				t.Errorf("%s: the manifest is another the second time", e.Format)
			}
			fewer := e
			fewer.Directory, fewer.Range.Offsets = t.TempDir(), map[int32]replay.Span{0: {End: 250}}
			if m := export(t, fewer); m.Digest == first.Digest {
				t.Errorf("%s: fewer records have the same digest", e.Format)
			}
			if first.Selected != 602 {
				t.Errorf("%s: %d records are selected, want 602", e.Format, first.Selected)
			}
			if e.Format != "ndjson" && first.NoRow != 2 {
				t.Errorf("%s: %d records are no rows, want 2", e.Format, first.NoRow)
			}
			var rows int64
			for _, n := range first.Rows {
				rows += n
			}
			if rows != first.Selected-first.NoRow {
				t.Errorf("%s: %d rows of %d records", e.Format, rows, first.Selected)
			}
			// Whoever asks for it again is told of it, and what is gone from it.
			if m := export(t, e); m.Digest != first.Digest {
				t.Errorf("%s: asked for again it has another digest", e.Format)
			}
			if err := os.Remove(filepath.Join(e.Directory, first.Files[0].Path)); err != nil {
				t.Fatal(err)
			}
			if _, err := e.Run(within(t)); err == nil || !strings.Contains(err.Error(), first.Files[0].Path) {
				t.Errorf("%s: a file is missing: got %v", e.Format, err)
			}
		}
	})
}

// full is a file on a disk that has so much room left.
type full struct {
	replay.Storage
	left *int
}

func (f full) Write(p []byte) (int, error) {
	n, err := f.Storage.Write(p[:min(len(p), *f.left)])
	if *f.left -= n; err == nil && n < len(p) {
		err = &fs.PathError{Op: "write", Path: "file", Err: syscall.ENOSPC}
	}
	return n, err
}

func TestFullDiskLeavesNothingHalf(t *testing.T) {
	_, e := recordedLog(t, kafkatest.Embedded(t))
	for _, e.Format = range replay.Formats() {
		t.Run(e.Format, func(t *testing.T) { fullDisk(t, e) })
	}
}

func fullDisk(t *testing.T, e replay.Export) {
	e.Directory = t.TempDir()
	undisturbed := export(t, e)
	left := 0
	for _, f := range undisturbed.Files {
		left += int(f.Bytes) / 2
	}
	e.Directory = t.TempDir()
	_, err := e.Creating(func(path string) (replay.Storage, error) {
		file, err := replay.Create(path)
		return full{file, &left}, err
	}).Run(within(t))
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v, want %v", err, syscall.ENOSPC)
	}
	sizes := map[string]int64{}
	for _, f := range undisturbed.Files {
		sizes[f.Path] = f.Bytes
	}
	found := 0
	for _, path := range under(t, e.Directory) {
		if strings.HasPrefix(path, "_plan") || strings.HasPrefix(path, "_chunks") {
			continue
		}
		found++
		if info, err := os.Stat(filepath.Join(e.Directory, path)); err != nil || info.Size() != sizes[path] {
			t.Errorf("%s is left (%v), of %d bytes when it is whole", path, err, sizes[path])
		}
	}
	if found == 0 || found == len(sizes) {
		t.Errorf("%d of %d files are left: the disk was to be full in the midst of them", found, len(sizes))
	}
	if m := export(t, e); m.Digest != undisturbed.Digest {
		t.Error("with room again it becomes another export")
	}
}

// A log loses its oldest records while it is exported, and the more so while an export lies broken off.
func TestExportGoesOnAfterWhatIsGone(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		_, e := recordedLog(t, brokers)
		broken := errors.New("broken off")
		files := 0
		_, err := e.Creating(func(path string) (replay.Storage, error) {
			if files++; files > 6 {
				return nil, broken
			}
			return replay.Create(path)
		}).Run(within(t))
		if !errors.Is(err, broken) {
			t.Fatalf("got %v, want %v", err, broken)
		}
		kafkatest.Forget(t, brokers, e.Source.Topic, 0, 250)
		m := export(t, e)
		if want := []replay.Span{{Partition: 0, Start: 100, End: 250}}; !slices.Equal(m.Gone, want) {
			t.Errorf("gone are %v, want %v", m.Gone, want)
		}
		// Of partition 0 there are the first 100 and the last 51 of 301 records, of partition 1 all.
		if m.Selected != 100+51+301 {
			t.Errorf("%d records are there, want 452", m.Selected)
		}
		holds(t, e.Directory, m)
	})
}

// Whoever writes the topic says when a record was written, and so how many files there are.
func TestFewFilesAreOpenAtATime(t *testing.T) {
	replay.LimitFiles(t, 4)
	_, e := recordedLog(t, kafkatest.Embedded(t))
	open, most := map[string]bool{}, 0
	m := export(t, e.Creating(func(path string) (replay.Storage, error) {
		file, err := replay.Create(path)
		open[path] = true
		most = max(most, len(open))
		return counted{file, func() { delete(open, path) }}, err
	}))
	holds(t, e.Directory, m)
	if len(open) != 0 || most != 4 {
		t.Errorf("%d files were open at a time, and %d are left open", most, len(open))
	}
	for group, rows := range m.Rows {
		if rows != 100 {
			t.Errorf("%s has %d rows, want 100", group, rows)
		}
	}
}

// counted is a file that tells when it is closed.
type counted struct {
	replay.Storage
	closed func()
}

func (c counted) Close() error {
	c.closed()
	return c.Storage.Close()
}

// publishHistory writes a record of every version of the features' schema to a partition, and tells which they are.
func publishHistory(t *testing.T, c *kafka.Cluster, partition int32) (versions []string) {
	t.Helper()
	versions, err := filepath.Glob("../schemas/history/Feature/*.hex")
	if err != nil || len(versions) < 2 {
		t.Fatalf("the history has %d versions: %v", len(versions), err)
	}
	for _, version := range versions {
		value, err := hex.DecodeString(strings.Join(strings.Fields(text(t, version)), ""))
		if err != nil {
			t.Fatal(err)
		}
		old := topology.Message{Topic: &topology.Features.Spec, Key: "old", Encode: func(_ *schemas.Contract, dst []byte) ([]byte, error) { return append(dst, value...), nil }}
		if err := c.Publish(within(t), partition, old); err != nil {
			t.Fatal(err)
		}
	}
	return versions
}

// Every version of a schema that stands on somebody's log is a row of today's columns, and a container of its own.
func TestOlderVersionsAreExported(t *testing.T) {
	c, source := laidOut(t, kafkatest.Embedded(t), &topology.Features.Spec)
	versions := publishHistory(t, c, 0)
	for format, files := range map[string]int{"parquet": 1, "avro": len(versions)} {
		m := export(t, replay.Export{Source: source, Topic: &topology.Features.Spec, Format: format, Directory: t.TempDir(), Contract: schemas.Baked()})
		if m.NoRow != 0 || m.Selected != int64(len(versions)) || len(m.SchemaIDs) != len(versions) || len(m.Files) != files {
			t.Errorf("%s: %+v", format, m)
		}
	}
}

// A record may be written by a version of the program that is newer, or under an id that only the registry knows.
func TestUnknownSchemasAreAskedFor(t *testing.T) {
	const id = 77
	c, source := laidOut(t, kafkatest.Embedded(t), &topology.Features.Spec)
	foreign := topology.Features.Message("one", &schemas.Feature{Tick: &schemas.Tick{Time: 1}})
	encode := foreign.Encode
	foreign.Encode = func(c *schemas.Contract, dst []byte) ([]byte, error) {
		dst, err := encode(c, dst)
		binary.BigEndian.PutUint32(dst[len(dst)-7:], id) // in front of a branch, a time and a generation of one byte each
		return dst, err
	}
	known := topology.Features.Message("one", &schemas.Feature{Tick: &schemas.Tick{Time: 1}})
	if err := c.Publish(within(t), 0, known, foreign, foreign, known); err != nil {
		t.Fatal(err)
	}
	for _, format := range replay.Formats() {
		contract := schemas.Baked()
		e := replay.Export{Source: source, Topic: &topology.Features.Spec, Format: format, Directory: t.TempDir(), Contract: contract}
		var asked []uint32
		e.Source.Learn = func(_ context.Context, value []byte) error {
			unknown, err := schemas.WireID(value)
			asked = append(asked, unknown)
			if _, known := contract.Text(unknown); known || err != nil {
				return err
			}
			return contract.Learn(unknown, schemas.Features.Text())
		}
		m := export(t, e)
		if m.Selected != 4 || m.NoRow != 0 || !slices.Contains(m.SchemaIDs, id) || len(asked) != 3 {
			t.Errorf("%s: %d records, %d no rows, ids %d, asked for %d", format, m.Selected, m.NoRow, m.SchemaIDs, asked)
		}
		if format == "ndjson" && strings.Contains(text(t, filepath.Join(e.Directory, m.Files[0].Path)), "error") {
			t.Error("a line is of an error")
		}
	}
}

func TestExportSaysWhatIsWrong(t *testing.T) {
	_, e := recordedLog(t, kafkatest.Embedded(t))
	export(t, e)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(e *replay.Export)
		want   string
	}{
		{"format", func(e *replay.Export) { e.Format = "csv" }, `"csv" is none of parquet, avro, ndjson`},
		{"other command", func(e *replay.Export) { e.Command = "export features --from 1h" }, "holds another export"},
		{"other version", func(e *replay.Export) { e.Version = "2" }, "holds another export"},
		{"other format", func(e *replay.Export) { e.Format = "avro" }, "holds another export"},
		{"no directory", func(e *replay.Export) { e.Directory = file + "/below" }, "not a directory"},
		{"directory of others", func(e *replay.Export) { e.Directory = filepath.Dir(file) }, "is not empty"},
		{"topic", func(e *replay.Export) { e.Directory, e.Source.Topic = t.TempDir(), "nowhere" }, "nowhere"},
		{"partition", func(e *replay.Export) { e.Directory, e.Source.Partitions = t.TempDir(), []int32{9} }, "no partition 9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := e
			test.change(&e)
			if _, err := e.Run(within(t)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
	t.Run("other cluster", func(t *testing.T) {
		e := e
		e.Directory = t.TempDir()
		if _, err := e.Creating(func(string) (replay.Storage, error) { return nil, errors.New("broken off") }).Run(within(t)); err == nil {
			t.Fatal("it was not broken off")
		}
		plan := filepath.Join(e.Directory, "_plan.json")
		elsewhere := regexp.MustCompile(`"cluster": "[^"]+"`).ReplaceAllString(text(t, plan), `"cluster": "elsewhere"`)
		if err := os.WriteFile(plan, []byte(elsewhere), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Run(within(t)); err == nil || !strings.Contains(err.Error(), "holds an export of the cluster elsewhere") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("two at a time", func(t *testing.T) {
		e.Directory = t.TempDir()
		_, err := e.Creating(func(path string) (replay.Storage, error) {
			if _, err := e.Run(within(t)); err == nil || !strings.Contains(err.Error(), "another process") {
				t.Errorf("the second gets %v", err)
			}
			return nil, errors.New("enough")
		}).Run(within(t))
		if err == nil || !strings.Contains(err.Error(), "enough") {
			t.Error(err)
		}
	})
}
