package replay_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// killed is what the child of TestExportIsTakenUpAfterAKill is told.
type killed struct {
	Brokers          []string
	Topic, Directory string
	// At is the number of the file within whose writing it dies.
	At int
}

const killedVariable = "FRAMEWATCH_TEST_KILLED_EXPORT"

// TestExportChild is no test but the process that is killed.
func TestExportChild(t *testing.T) {
	var k killed
	if json.Unmarshal([]byte(os.Getenv(killedVariable)), &k) != nil {
		t.Skip("it is run by another test")
	}
	files := 0
	e := replay.Export{
		Source: replay.Source{Cluster: replay.Cluster{Brokers: k.Brokers}, Topic: k.Topic}, Topic: &topology.Features.Spec, Format: "parquet", Directory: k.Directory,
		Command: "export features", Version: "1", Contract: schemas.Baked(), Chunk: 100, Jobs: 1,
	}
	_, err := e.Creating(func(path string) (replay.Storage, error) {
		file, err := replay.Create(path)
		if files++; files == k.At {
			return &deadly{file}, err
		}
		return file, err
	}).Run(context.Background())
	t.Fatalf("it was not killed: %v", err)
}

// deadly is a file whose writer dies half-way.
type deadly struct{ replay.Storage }

func (d *deadly) Write(p []byte) (int, error) {
	d.Storage.Write(p[:len(p)/2])
	return 0, errors.Join(syscall.Kill(os.Getpid(), syscall.SIGKILL), errors.New("still alive"))
}

// What is finished is kept, the rest is made, and the whole is what it would have been.
func TestExportIsTakenUpAfterAKill(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	c, e := recordedLog(t, brokers)
	undisturbed := export(t, e)
	want := text(t, e.Directory+"/_manifest.json")
	last := len(undisturbed.Files)
	for _, at := range []int{1, 7, 16, last} {
		e.Directory = t.TempDir()
		order, err := json.Marshal(killed{brokers, e.Source.Topic, e.Directory, at})
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(os.Args[0], "-test.run=^TestExportChild$")
		child.Env = append(os.Environ(), killedVariable+"="+string(order))
		out, err := child.CombinedOutput()
		if status, ok := child.ProcessState.Sys().(syscall.WaitStatus); err == nil || !ok || status.Signal() != syscall.SIGKILL {
			t.Fatalf("the child ends with %v: %s", err, out)
		}
		var kept []string
		for _, path := range under(t, e.Directory) {
			if strings.HasPrefix(path, "kind=") {
				kept = append(kept, path)
			}
		}
		if whole := before(undisturbed, at); len(kept) != whole {
			t.Errorf("killed at file %d it has left %d files, want %d", at, len(kept), whole)
		}
		if at == last {
			// Records that came since are not part of it.
			if err := c.Publish(within(t), 0, recorded(1)...); err != nil {
				t.Fatal(err)
			}
		}
		made := 0
		m := export(t, e.Creating(func(path string) (replay.Storage, error) { made++; return replay.Create(path) }))
		if made != len(undisturbed.Files)-len(kept) {
			t.Errorf("killed at file %d: %d files are made by the second run, want %d", at, made, len(undisturbed.Files)-len(kept))
		}
		holds(t, e.Directory, m)
		if got := text(t, e.Directory+"/_manifest.json"); got != want {
			t.Errorf("killed at file %d: the manifest is\n%s\nwant\n%s", at, got, want)
		}
	}
}

// before is how many files the chunks have become that are made before the one with the at-th file.
func before(m *replay.Manifest, at int) (files int) {
	counts := map[[2]int64]int{}
	for _, f := range m.Files {
		counts[[2]int64{int64(f.Partition), f.FirstOffset / m.Chunk}]++
	}
	for _, chunk := range slices.SortedFunc(maps.Keys(counts), func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) }) {
		if files+counts[chunk] >= at {
			break
		}
		files += counts[chunk]
	}
	return files
}
