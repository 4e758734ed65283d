package schemas_test

import (
	"bytes"
	"testing"

	"github.com/framewatch/framewatch/schemas"
)

func FuzzFeature(f *testing.F)     { fuzz(f, schemas.Features) }
func FuzzDefectEvent(f *testing.F) { fuzz(f, schemas.DefectEvents) }

// fuzz wants every value to be read as the library reads it, and those that are read to be written as ones that are read the same.
func fuzz[T any](f *testing.F, s *schemas.Schema[T]) {
	seed(f, s.Name)
	contract := schemas.Baked()
	reader := schemas.NewReader(contract, s)
	f.Fuzz(func(t *testing.T, value []byte) {
		alike(t, contract, s, reader, value)
		v := new(T)
		if schemas.Decode(contract, s, value, v) != nil {
			return
		}
		first := encoded(t, s, v)
		again := new(T)
		if err := schemas.Decode(contract, s, first, again); err != nil {
			t.Fatalf("read, written and not read again: %v\n%x", err, first)
		}
		// Maps have no order on the wire, so only their size is the same.
		if second := encoded(t, s, again); len(second) != len(first) {
			t.Fatalf("written as\n%x\nand then as\n%x", first, second)
		}
	})
}

// FuzzGeneric wants the generic reader to write what it reads as one line of JSON, and to read all that the typed one writes. Of what is merely read it
// is the stricter: to the typed one every byte but 0 is true.
func FuzzGeneric(f *testing.F) {
	seed(f, schemas.Features.Name)
	contract := schemas.Baked()
	generic := schemas.NewGeneric(contract)
	f.Fuzz(func(t *testing.T, value []byte) {
		if text, err := generic.JSON(value); err == nil && bytes.ContainsRune(text, '\n') {
			t.Fatalf("the JSON is on several lines: %s", text)
		}
		v := new(schemas.Feature)
		if schemas.Decode(contract, schemas.Features, value, v) != nil {
			return
		}
		if _, err := generic.JSON(encoded(t, schemas.Features, v)); err != nil {
			t.Fatalf("the typed writer's value is not read generically: %v", err)
		}
	})
}

// seed adds the golden records of a schema.
func seed(f *testing.F, schema string) {
	for _, g := range goldens() {
		if g.schema == schema {
			value, _ := read(f, g.name)
			f.Add(value)
		}
	}
}
