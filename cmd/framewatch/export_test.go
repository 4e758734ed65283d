package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// exportedLog is a log with 100 seconds of two streams, and a defect of one of them from the 40th to the 50th.
func exportedLog(t *testing.T) (brokers []string, defect string) {
	t.Helper()
	brokers, defect = kafkatest.Embedded(t), strings.Repeat("0d", 16)
	a := laidOut(t, brokers, "framewatch.")
	begin := time.Now().Add(-100 * time.Second).UnixMicro()
	publish := func(partition int32, messages ...topology.Message) {
		if err := a.cluster.Publish(t.Context(), partition, messages...); err != nil {
			t.Fatal(err)
		}
	}
	for _, stream := range []string{"news/1", "sport"} {
		partition := a.cluster.Partition(stream)
		publish(partition, topology.Streams.Message(stream, &schemas.StreamSpec{URL: "http://h/1.ts", Labels: map[string]string{"genre": stream[:4]}}))
		for second := range int64(100) {
			publish(partition, topology.Features.Message(stream, &schemas.Feature{StreamSecond: &schemas.StreamSecond{Session: begin, At: second * 1e6, State: "up"}}))
		}
	}
	for revision := range int32(2) {
		publish(a.cluster.Partition("sport"), topology.Defects.Message("sport", &schemas.DefectEvent{
			ID: defect, Revision: revision + 1, State: []string{"opened", "closed"}[revision], Stream: "sport", Kind: "black", Severity: "warning",
			Onset: begin + 40e6, End: begin + int64(41+9*revision)*1e6,
		}))
	}
	return brokers, defect
}

func TestExportOfSelectedStreams(t *testing.T) {
	brokers, defect := exportedLog(t)
	for _, test := range []struct {
		args []string
		want int
	}{
		{nil, 200},
		{[]string{"--stream", "news/*"}, 100},
		{[]string{"--stream", `genre="spor"`}, 100},
		{[]string{"--stream", `genre=~"spor|news"`, "--stream", "n*", "--rate", "100"}, 100},
		{[]string{"--to", "1h"}, 0},
		{[]string{"--defect", defect, "--before", "5s", "--after", "2s"}, 18}, // from second 35 to second 52, both included
	} {
		lines := onLog(t, brokers, append([]string{"export", "features"}, test.args...)...)
		if got := strings.Count(lines, "\n"); got != test.want {
			t.Errorf("%q: %d records, want %d", test.args, got, test.want)
		}
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--stream", `genre="film"`}, `no stream fits {genre="film"}`},
		{[]string{"--defect", strings.Repeat("1", 32)}, "the topic framewatch.defects has no defect 1111"},
		{[]string{"--partition", "9"}, "it has no partition 9"},
	} {
		code, _, stderr := command(t, append([]string{"export", "features", "--brokers", strings.Join(brokers, ",")}, test.args...)...)
		if code != exitFailure || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: code %d, %s", test.args, code, stderr)
		}
	}
}

// A topic of one kind of record needs no directory for it.
func TestExportOfDefects(t *testing.T) {
	brokers, _ := exportedLog(t)
	for _, format := range []string{"parquet", "avro", "ndjson"} {
		directory := t.TempDir()
		onLog(t, brokers, "export", "defects", "--format", format, "-o", directory, "--stream", "s*")
		m, err := replay.ReadManifest(directory)
		if err != nil || len(m.Files) != 1 || m.Files[0].Rows != 2 {
			t.Fatalf("%s: %v, %+v", format, err, m)
		}
		if under := strings.HasPrefix(m.Files[0].Path, "date="); under != (format != "avro") {
			t.Errorf("%s: the file is %s", format, m.Files[0].Path)
		}
	}
}

func TestExportIntoADirectory(t *testing.T) {
	brokers, defect := exportedLog(t)
	directory := filepath.Join(t.TempDir(), "out")
	args := []string{"export", "features", "--format", "parquet", "-o", directory, "--defect", defect, "--rate", "50"}
	printed := onLog(t, brokers, args...)
	m, err := replay.ReadManifest(directory)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%s: 1 files, %s\n  kind=stream_second: 31 rows\n", directory, m.Digest); printed != want {
		t.Errorf("printed\n%s\nwant\n%s", printed, want)
	}
	if want := "framewatch export features --defect " + defect + " --format parquet"; m.Command != want || m.Version != version() {
		t.Errorf("the command is %q by version %q, want %q", m.Command, m.Version, want)
	}
	if again := onLog(t, brokers, args...); again != printed {
		t.Errorf("asked again it prints\n%s\nwant\n%s", again, printed)
	}
	code, _, stderr := command(t, append(args, "--before", "20s", "--brokers", strings.Join(brokers, ","))...)
	if code != exitFailure || !strings.Contains(stderr, "holds another export") {
		t.Errorf("another export into the directory: code %d, %s", code, stderr)
	}
}
