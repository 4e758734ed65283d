package schemas_test

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"github.com/framewatch/framewatch/schemas"
)

// alike wants generated code to take and refuse what the library does and to make the same of it: when decoded by itself, by a Reader that has read
// other values, and by it once more.
func alike[T any](t testing.TB, c *schemas.Contract, s *schemas.Schema[T], reader *schemas.Reader[T], value []byte) {
	t.Helper()
	id, err := schemas.WireID(value)
	if err != nil || id != schemas.ID(c, s) {
		return
	}
	want, rest, refusal := schemas.ByLibrary(s, value[headerSize:])
	if refusal == nil && len(rest) > 0 {
		refusal = fmt.Errorf("%d bytes are left over", len(rest))
	}
	decoded := new(T)
	err = schemas.Decode(c, s, value, decoded)
	if refusal != nil && err == nil {
		t.Fatalf("taken, but the library: %v\n%x", refusal, value)
	}
	if refusal == nil && err != nil && !bytes.Contains([]byte(err.Error()), []byte("float32s")) && !bytes.Contains([]byte(err.Error()), []byte("finite")) {
		t.Fatalf("refused, but not by the library: %v\n%x", err, value)
	}
	for _, how := range []string{"by itself", "after another", "once more"} {
		got, again := decoded, err
		if how != "by itself" {
			got, again = reader.Read(value)
		}
		if fmt.Sprint(again) != fmt.Sprint(err) {
			t.Fatalf("%s: %v, want %v\n%x", how, again, err, value)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%s:\n%+v\nwant\n%+v\n%x", how, got, want, value)
		}
	}
}

// Values one after the other, whole and cut and with each byte changed, are read as the library reads them.
func TestReaderReadsAsTheLibraryDoes(t *testing.T) {
	t.Run("features", func(t *testing.T) { likewise(t, schemas.Features) })
	t.Run("defects", func(t *testing.T) { likewise(t, schemas.DefectEvents) })
	t.Run("streams", func(t *testing.T) { likewise(t, schemas.StreamSpecs) })
	t.Run("health", func(t *testing.T) { likewise(t, schemas.Healths) })
	t.Run("evidence", func(t *testing.T) { likewise(t, schemas.Evidences) })
	t.Run("models", func(t *testing.T) { likewise(t, schemas.Models) })
	t.Run("deadletter", func(t *testing.T) { likewise(t, schemas.DeadLetters) })
	t.Run("schemas", func(t *testing.T) { likewise(t, schemas.WriterSchemas) })
}

func likewise[T any](t *testing.T, s *schemas.Schema[T]) {
	contract := schemas.Baked()
	reader := schemas.NewReader(contract, s)
	for _, g := range goldens() {
		if g.schema != s.Name {
			continue
		}
		value, _ := read(t, g.name)
		for n := range value {
			alike(t, contract, s, reader, value[:n])
			for _, b := range []byte{0, 1, 2, 3, 0x7f, 0x80, 0xff} {
				changed := bytes.Clone(value)
				changed[n] = b
				alike(t, contract, s, reader, changed)
			}
		}
		alike(t, contract, s, reader, value)
	}
}

// A record of a kind that was read before costs no memory.
func TestReaderAllocatesNothing(t *testing.T) {
	for _, name := range []string{"features-video-frame", "features-audio-block", "features-stream-second-least", "features-tick"} {
		value, _ := read(t, name)
		reader := schemas.NewReader(schemas.Baked(), schemas.Features)
		allocations := testing.AllocsPerRun(100, func() {
			if _, err := reader.Read(value); err != nil {
				t.Fatal(err)
			}
		})
		if allocations != 0 {
			t.Errorf("%s: %v allocations", name, allocations)
		}
	}
}

// BenchmarkReader reads a picture's record.
func BenchmarkReader(b *testing.B) {
	value, _ := read(b, "features-video-frame")
	reader := schemas.NewReader(schemas.Baked(), schemas.Features)
	b.ReportAllocs()
	b.SetBytes(int64(len(value)))
	for b.Loop() {
		if _, err := reader.Read(value); err != nil {
			b.Fatal(err)
		}
	}
}
