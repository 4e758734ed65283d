package schemas_test

import (
	"bytes"
	"testing"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/avro"

	"github.com/framewatch/framewatch/schemas"
)

// headerSize is the length of the wire format's header.
const headerSize = 5

// Two codecs that share no code take each schema for the same.
func TestSchemasMeanTheSameToBothCodecs(t *testing.T) {
	for _, s := range schemas.All() {
		theirs, err := goavro.NewCodec(s.Text)
		if err != nil {
			t.Errorf("%s: goavro: %v", s.Name, err)
			continue
		}
		ours, err := avro.Parse(s.Text)
		if err != nil {
			t.Errorf("%s: twmb/avro: %v", s.Name, err)
			continue
		}
		if got, want := theirs.CanonicalSchema(), string(ours.Canonical()); got != want {
			t.Errorf("%s: the canonical form is to goavro\n%s\nto twmb/avro\n%s", s.Name, got, want)
		}
	}
}

// What one writes the other reads, and writes as the same bytes.
func TestGoldenRecordsMeanTheSameToBothCodecs(t *testing.T) {
	contract := schemas.Baked()
	for _, g := range goldens() {
		t.Run(g.name, func(t *testing.T) {
			ours, _ := read(t, g.name)
			codec := codecOf(t, g.schema)
			native, rest, err := codec.NativeFromBinary(ours[headerSize:])
			if err != nil || len(rest) > 0 {
				t.Fatalf("goavro reads %v and leaves %d bytes", err, len(rest))
			}
			theirs, err := codec.BinaryFromNative(bytes.Clone(ours[:headerSize]), native)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(theirs, ours) {
				t.Errorf("goavro writes\n%x\nwant\n%x", theirs, ours)
			}
			if again, err := g.recode(contract, theirs); err != nil || !bytes.Equal(again, ours) {
				t.Errorf("read from goavro and written again (%v)\n%x\nwant\n%x", err, again, ours)
			}
		})
	}
}

func codecOf(t *testing.T, name string) *goavro.Codec {
	t.Helper()
	for _, s := range schemas.All() {
		if s.Name == name {
			codec, err := goavro.NewCodec(s.Text)
			if err != nil {
				t.Fatal(err)
			}
			return codec
		}
	}
	t.Fatalf("no schema is called %s", name)
	return nil
}
