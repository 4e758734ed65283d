package schemas_test

import (
	"bytes"
	"testing"

	"github.com/framewatch/framewatch/schemas"
)

// What is written as JSON is read again as the value that it was: bytes, of which each is a character, numbers, and texts.
func TestJSONIsReadAgain(t *testing.T) {
	g := schemas.NewGeneric(schemas.Baked())
	for _, golden := range goldens() {
		value, _ := read(t, golden.name)
		id, err := schemas.WireID(value)
		if err != nil {
			t.Fatal(err)
		}
		text, err := g.JSON(value)
		if err != nil {
			t.Fatal(err)
		}
		again, err := g.Binary(id, text)
		if err != nil {
			t.Errorf("%s: %v", golden.name, err)
			continue
		}
		if back, err := g.JSON(again); err != nil || !bytes.Equal(back, text) {
			t.Errorf("%s: read again it is\n%s\nwant\n%s (%v)", golden.name, back, text, err)
		}
	}
}

// A line is anybody's: what is no value of the schema is an error.
func TestJSONThatIsNoValueIsAnError(t *testing.T) {
	g := schemas.NewGeneric(schemas.Baked())
	id := schemas.ID(schemas.Baked(), schemas.Features)
	for _, text := range []string{"", "null", "{", "[]", `{"time":1}`, `{"framewatch.Tick":{"time":"x","generation":1}}`, `{"framewatch.Tick":{"time":1,"generation":1}} 2`, `{"nothing":{}}`} {
		if value, err := g.Binary(id, []byte(text)); err == nil {
			t.Errorf("%q is read as %x", text, value)
		}
	}
	if _, err := g.Binary(9, []byte("{}")); err == nil {
		t.Error("a schema that nobody knows is read")
	}
}
