package schemas_test

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/linkedin/goavro/v2"

	"github.com/framewatch/framewatch/schemas"
)

// What our container holds goavro reads as it reads the values by themselves.
func TestContainersAreReadByGoavro(t *testing.T) {
	contract, written := schemas.Baked(), time.UnixMilli(1_764_136_800_123)
	generic := schemas.NewGeneric(contract)
	for _, g := range goldens() {
		t.Run(g.name, func(t *testing.T) {
			value, _ := read(t, g.name)
			id, err := schemas.WireID(value)
			if err != nil {
				t.Fatal(err)
			}
			native, err := generic.Native(value)
			if err != nil {
				t.Fatal(err)
			}
			fill := func() []byte {
				var file bytes.Buffer
				c, err := schemas.NewContainer(&file, contract, id)
				if err != nil {
					t.Fatal(err)
				}
				for offset, key := range [][]byte{[]byte("news"), nil, {}, {0xff}} {
					if err := c.Append(3, int64(offset), written, key, value); err != nil {
						t.Fatal(err)
					}
				}
				if err := c.Close(); err != nil {
					t.Fatal(err)
				}
				return file.Bytes()
			}
			file := fill()
			if !bytes.Equal(file, fill()) {
				t.Error("the same records have other bytes the second time")
			}
			reader, err := goavro.NewOCFReader(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			keys := []any{goavro.Union("string", "news"), nil, goavro.Union("string", ""), goavro.Union("string", "\uFFFD")}
			offset := 0
			for ; reader.Scan(); offset++ {
				got, err := reader.Read()
				if err != nil {
					t.Fatal(err)
				}
				want := map[string]any{"partition": int32(3), "offset": int64(offset), "written": written.UTC(), "key": keys[offset], "value": native}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("record %d is read as\n%v\nwant\n%v", offset, got, want)
				}
			}
			if err := reader.Err(); err != nil || offset != len(keys) {
				t.Errorf("read %d of %d records: %v", offset, len(keys), err)
			}
		})
	}
}
