package schemas_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/linkedin/goavro/v2"

	"github.com/framewatch/framewatch/schemas"
)

// contained is a container with the value under each of some keys.
func contained(t testing.TB, c *schemas.Contract, value []byte) ([]byte, []schemas.LogRecord) {
	t.Helper()
	id, err := schemas.WireID(value)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w, err := schemas.NewContainer(&file, c, id)
	if err != nil {
		t.Fatal(err)
	}
	var all []schemas.LogRecord
	for i, key := range [][]byte{[]byte("news"), nil, {}, []byte("té")} {
		r := schemas.LogRecord{Partition: 3, Offset: int64(1)<<40 + int64(i), Written: time.UnixMilli(1_764_136_800_123), Key: key, Value: value}
		if err := w.Append(r.Partition, r.Offset, r.Written, r.Key, r.Value); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), all
}

// Every value comes back with the bytes that it had, under the id that its schema has without a registry.
func TestContainersGiveBackTheBytes(t *testing.T) {
	for _, g := range goldens() {
		value, _ := read(t, g.name)
		file, want := contained(t, schemas.Baked(), value)
		r, err := schemas.OpenContainer(bytes.NewReader(file), schemas.Baked())
		if err != nil {
			t.Fatalf("%s: %v", g.name, err)
		}
		for i, w := range want {
			var got schemas.LogRecord
			if err := r.Next(&got); err != nil {
				t.Fatalf("%s: record %d: %v", g.name, i, err)
			}
			if got.Partition != w.Partition || got.Offset != w.Offset || !got.Written.Equal(w.Written) || !bytes.Equal(got.Key, w.Key) || (got.Key == nil) != (w.Key == nil) ||
				!bytes.Equal(got.Value, w.Value) {
				t.Errorf("%s: record %d is\n%+v\nwant\n%+v", g.name, i, got, w)
			}
		}
		if err := r.Next(new(schemas.LogRecord)); err != io.EOF {
			t.Errorf("%s: after the last record: %v, want io.EOF", g.name, err)
		}
	}
}

// A block that a Container would not write is refused before there is memory for it: many files are read side by side.
func TestContainersOfLargeBlocksAreRefused(t *testing.T) {
	value, _ := read(t, "verdicts")
	file, _ := contained(t, schemas.Baked(), value)
	block := bytes.LastIndex(file[:len(file)-16], file[len(file)-16:]) + 16 // after the marker that ends the header
	for size, want := range map[int64]string{4 << 20: "unexpected EOF", 4<<20 + 1: "a block of 1 records in 4194305 bytes"} {
		large := binary.AppendVarint(binary.AppendVarint(bytes.Clone(file[:block]), 1), size)
		r, err := schemas.OpenContainer(bytes.NewReader(large), schemas.Baked())
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Next(new(schemas.LogRecord)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: got %v, want %q", size, err, want)
		}
	}
}

// A file that was cut off, or changed, is an error and never the end of a shorter one.
func TestContainersThatAreNotWholeAreErrors(t *testing.T) {
	value, _ := read(t, "verdicts") // its schema is short
	file, want := contained(t, schemas.Baked(), value)
	contract := schemas.Baked()
	drain := func(file []byte) (n int, err error) {
		r, err := schemas.OpenContainer(bytes.NewReader(file), contract)
		for err == nil {
			if err = r.Next(new(schemas.LogRecord)); err == nil {
				n++
			}
		}
		return n, err
	}
	header := bytes.LastIndex(file[:len(file)-16], file[len(file)-16:]) + 16 // no block has begun there
	body := max(header-64, 0)                                                // of the schema before it some bytes will do
	for end := 0; end < len(file); end += step(end, body) {
		if _, err := drain(file[:end]); errors.Is(err, io.EOF) != (end == header) {
			t.Errorf("cut off after %d of %d bytes: %v", end, len(file), err)
		}
	}
	for i := 0; i < len(file); i += step(i, body) {
		changed := bytes.Clone(file)
		changed[i] ^= 0x81
		if n, _ := drain(changed); n > len(want) {
			t.Errorf("with byte %d changed it has %d records of %d", i, n, len(want))
		}
	}
}

// step is 1 from the body on.
func step(at, body int) int {
	if at >= body {
		return 1
	}
	return min(97, body-at)
}

// What others write as containers is told apart.
func TestContainersOfOthersAreRefused(t *testing.T) {
	for _, test := range []struct{ codec, schema, want string }{
		{"null", `{"type":"record","name":"LogRecord","fields":[{"name":"value","type":"long"}]}`, `its codec is "null"`},
		{"deflate", `{"type":"record","name":"LogRecord","fields":[{"name":"value","type":"long"}]}`, "its records are not those of"},
		{"deflate", `"string"`, "its schema is no record's"},
	} {
		var file bytes.Buffer
		if _, err := goavro.NewOCFWriter(goavro.OCFConfig{W: &file, Schema: test.schema, CompressionName: test.codec}); err != nil {
			t.Fatal(err)
		}
		if _, err := schemas.OpenContainer(&file, schemas.Baked()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: got %v, want %q", test.codec, test.schema, err, test.want)
		}
	}
	if _, err := schemas.OpenContainer(strings.NewReader("PAR1 and so on"), schemas.Baked()); err == nil || !strings.Contains(err.Error(), "it does not begin as one") {
		t.Errorf("a Parquet file: %v", err)
	}
}

// FuzzContainer wants no file to take memory or time out of proportion, nor to end the program.
func FuzzContainer(f *testing.F) {
	for _, g := range goldens() {
		value, _ := read(f, g.name)
		file, _ := contained(f, schemas.Baked(), value)
		f.Add(file)
	}
	contract := schemas.Baked()
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := schemas.OpenContainer(bytes.NewReader(file), contract)
		for err == nil {
			err = r.Next(new(schemas.LogRecord))
		}
	})
}
