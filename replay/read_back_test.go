package replay_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/internal/venv"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// examples are what a data team begins with, and what it needs for that.
const (
	examples     = "../deploy/examples/python/"
	requirements = examples + "export-requirements.txt"
)

// What is exported is read by those for whom it is made: DuckDB, pandas, pyarrow and fastavro. Every field of every row of Parquet and Avro is
// compared with NDJSON, which goavro writes; counts and sums are what was written.
func TestExportIsReadBack(t *testing.T) {
	replay.LimitRows(t, 8, 16) // of the 50 rows of each file
	_, e := recordedLog(t, kafkatest.Embedded(t))
	e.Chunk = 0
	arguments := []string{"testdata/compare.py"}
	var m *replay.Manifest
	for _, e.Format = range []string{"ndjson", "avro", "parquet"} {
		e.Directory = t.TempDir()
		m = export(t, e)
		arguments = append(arguments, e.Directory)
	}
	var got struct {
		Rows     map[string]int64 `json:"rows"`
		Compared int64            `json:"compared"`
		Sums     map[string]int64 `json:"sums"`
	}
	if err := json.Unmarshal(python(t, arguments...), &got); err != nil {
		t.Fatal(err)
	}
	sums := map[string]int64{}
	for _, message := range recorded(600) {
		if f := decoded(t, e.Contract, message).VideoFrame; f != nil {
			sums["seq"] += f.Seq >> 32
			if f.Luma != nil {
				sums["luma_mean"] += int64(f.Luma.Mean)
			}
		}
	}
	for _, by := range []string{"duckdb", "pandas", "pyarrow"} {
		for column, want := range sums {
			if got.Sums[by+" "+column] != want {
				t.Errorf("to %s the sum of %s is %d, want %d", by, column, got.Sums[by+" "+column], want)
			}
		}
	}
	if len(m.Rows) != len(topology.Features.Values) || len(got.Rows) != len(m.Rows) || got.Compared != 1200 {
		t.Errorf("compared %d rows of %v, want 1200 of %v", got.Compared, got.Rows, m.Rows)
	}
	for group, want := range m.Rows {
		if got.Rows[group] != want || want != 100 {
			t.Errorf("to DuckDB %s has %d rows, to the manifest %d, want 100", group, got.Rows[group], want)
		}
	}
}

// The example tells of each stream of an export.
func TestExampleReadsAnExport(t *testing.T) {
	c, source := laidOut(t, kafkatest.Embedded(t), &topology.Features.Spec)
	for partition, stream := range []string{"one", "two"} {
		if err := c.Publish(within(t), int32(partition), append(story(stream), frames(stream, 100*(partition+1))...)...); err != nil {
			t.Fatal(err)
		}
	}
	e := replay.Export{Source: source, Topic: &topology.Features.Spec, Format: "parquet", Directory: t.TempDir(), Contract: schemas.Baked()}
	export(t, e)
	// Each third picture equals the one before, each tenth may be damaged; the source is down in 30 of 90 s.
	want := `{"stream_id":"one","frames":100,"seconds":4.0,"luma":149.5,"frozen":0.34,"tainted":0.1,"up":0.667}
{"stream_id":"two","frames":200,"seconds":8.0,"luma":199.5,"frozen":0.335,"tainted":0.1,"up":0.667}
`
	if got := python(t, examples+"export.py", "--json", e.Directory); string(got) != want {
		t.Errorf("the example prints\n%s\nwant\n%s", got, want)
	}
	if got := string(python(t, examples+"export.py", e.Directory)); !strings.Contains(got, "stream_id") || !strings.Contains(got, "0.335") {
		t.Errorf("as a table the example prints\n%s", got)
	}
}

// frames are n pictures of 40 ms, of a mean luma of 100 levels and one more with each.
func frames(stream string, n int) (log []topology.Message) {
	for i := range n {
		f := &schemas.VideoFrame{
			Session: 1_700_000_000_000_000, Seq: int64(i), At: int64(i) * 40_000, Luma: &schemas.Luma{Mean: int32(100+i) * 256},
			Difference: &schemas.Difference{Previous: int32(i % 3)}, Decode: &schemas.DecoderState{},
		}
		if i%10 == 9 {
			f.Decode.Ancestors = 1
		}
		log = append(log, topology.Features.Message(stream, &schemas.Feature{VideoFrame: f}))
	}
	return log
}

func python(t *testing.T, arguments ...string) []byte {
	t.Helper()
	var complaint bytes.Buffer
	command := exec.Command(venv.Python(t, requirements), arguments...)
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", arguments, err, &complaint)
	}
	return out
}
