package schemas_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/linkedin/goavro/v2"

	"github.com/framewatch/framewatch/schemas"
)

// edited is a schema's text with its list of fields changed.
func edited(t *testing.T, text string, change func(fields []any) []any) string {
	t.Helper()
	var schema map[string]any
	if err := json.Unmarshal([]byte(text), &schema); err != nil {
		t.Fatal(err)
	}
	schema["fields"] = change(schema["fields"].([]any))
	out, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func without(name string) func([]any) []any {
	return func(fields []any) []any {
		return slices.DeleteFunc(fields, func(f any) bool { return f.(map[string]any)["name"] == name })
	}
}

func with(field map[string]any) func([]any) []any {
	return func(fields []any) []any { return append([]any{field}, fields...) }
}

// written is a value as goavro writes it under another version's schema and id.
func written(t *testing.T, text string, id byte, native map[string]any) []byte {
	t.Helper()
	codec, err := goavro.NewCodec(text)
	if err != nil {
		t.Fatal(err)
	}
	value, err := codec.BinaryFromNative([]byte{0, 0, 0, 0, id}, native)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// spec is a StreamSpec in goavro's native form.
func spec() map[string]any {
	return map[string]any{"url": "http://a", "labels": map[string]any{"region": "eu"}, "profile": "sport", "lane": "", "loop": true, "origin": "api"}
}

func TestOtherVersionsAreRead(t *testing.T) {
	all := schemas.StreamSpec{URL: "http://a", Labels: map[string]string{"region": "eu"}, Profile: "sport", Loop: true, Origin: "api"}
	for _, tt := range []struct {
		name   string
		change func([]any) []any
		native map[string]any
		want   func(s *schemas.StreamSpec)
	}{
		{"older, without a field that has a default", without("profile"), nil, func(s *schemas.StreamSpec) { s.Profile = "" }},
		{"newer, with a field more", with(map[string]any{"name": "priority", "type": "int", "default": 0}), map[string]any{"priority": 3}, func(*schemas.StreamSpec) {}},
		{"same, in another order", func(fields []any) []any { slices.Reverse(fields); return fields }, nil, func(*schemas.StreamSpec) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := edited(t, schemas.StreamSpecs.Text(), tt.change)
			native := spec()
			for k, v := range tt.native {
				native[k] = v
			}
			value := written(t, text, 7, native)
			contract := schemas.Baked()
			var got schemas.StreamSpec
			if err := schemas.Decode(contract, schemas.StreamSpecs, value, &got); err == nil {
				t.Fatal("read without knowing schema id 7")
			}
			if err := contract.Learn(7, text); err != nil {
				t.Fatal(err)
			}
			if err := schemas.Decode(contract, schemas.StreamSpecs, value, &got); err != nil {
				t.Fatal(err)
			}
			want := all
			tt.want(&want)
			if !bytes.Equal(encoded(t, schemas.StreamSpecs, &got), encoded(t, schemas.StreamSpecs, &want)) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestIncompatibleVersionsAreRefused(t *testing.T) {
	for name, change := range map[string]func([]any) []any{
		"a field without a default is missing": without("url"),
		"a field has another type": func(fields []any) []any {
			fields[0].(map[string]any)["type"] = "int"
			return fields
		},
	} {
		text := edited(t, schemas.StreamSpecs.Text(), change)
		contract := schemas.Baked()
		if err := contract.Learn(7, text); err != nil {
			t.Fatal(err)
		}
		err := schemas.Decode(contract, schemas.StreamSpecs, []byte{0, 0, 0, 0, 7, 0}, new(schemas.StreamSpec))
		if err == nil || !strings.Contains(err.Error(), "read schema id 7") || !strings.Contains(err.Error(), "url") {
			t.Errorf("%s: got %v, want an error about url of schema id 7", name, err)
		}
	}
}

// A version of the features' union with fewer branches, in another order, is read branch by name.
func TestOtherUnionsAreRead(t *testing.T) {
	var branches []json.RawMessage
	if err := json.Unmarshal([]byte(schemas.Features.Text()), &branches); err != nil {
		t.Fatal(err)
	}
	tick, setting := branches[4], branches[5]
	union := func(branches ...json.RawMessage) string {
		text, err := json.Marshal(branches)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	contract := schemas.Baked()
	if err := contract.Learn(7, union(setting, tick)); err != nil {
		t.Fatal(err)
	}
	got := new(schemas.Feature)
	value := append([]byte{0, 0, 0, 0, 7}, slices.Concat(varint(1), varint(1234), varint(5))...)
	if err := schemas.Decode(contract, schemas.Features, value, got); err != nil {
		t.Fatal(err)
	}
	if got.Tick == nil || *got.Tick != (schemas.Tick{Time: 1234, Generation: 5}) || got.Setting != nil {
		t.Errorf("got %+v, want a Tick of 1234 and 5", got)
	}
	if err := contract.Learn(8, union(tick, json.RawMessage(`{"type":"record","name":"framewatch.Tock","fields":[]}`))); err != nil {
		t.Fatal(err)
	}
	if err := schemas.Decode(contract, schemas.Features, []byte{0, 0, 0, 0, 8, 2}, got); err == nil || !strings.Contains(err.Error(), "Tock") {
		t.Errorf("got %v, want an error about Tock", err)
	}
}

func TestContractKeepsToWhatItLearned(t *testing.T) {
	contract := schemas.Baked()
	baked := schemas.ID(contract, schemas.DefectEvents)
	if err := contract.Assign(schemas.DefectEvents.Text(), 12); err != nil {
		t.Fatal(err)
	}
	value, err := schemas.Append(contract, schemas.DefectEvents, nil, full[schemas.DefectEvent]())
	if err != nil {
		t.Fatal(err)
	}
	if id, err := schemas.WireID(value); err != nil || id != 12 {
		t.Errorf("written under id %d (%v), want 12", id, err)
	}
	if err := schemas.Decode(contract, schemas.DefectEvents, value, new(schemas.DefectEvent)); err != nil {
		t.Error(err)
	}
	old := encoded(t, schemas.DefectEvents, full[schemas.DefectEvent]())
	if id, _ := schemas.WireID(old); id != baked {
		t.Fatalf("a contract without a registry writes id %#x, want %#x", id, baked)
	}
	if err := schemas.Decode(contract, schemas.DefectEvents, old, new(schemas.DefectEvent)); err != nil {
		t.Errorf("what was written before there was a registry: %v", err)
	}
	if err := contract.Learn(12, schemas.StreamSpecs.Text()); err == nil {
		t.Error("id 12 stands for two schemas")
	}
	if err := contract.Learn(13, `{"type":"record"}`); err == nil {
		t.Error("half a schema was learned")
	}
}

// unread are the published versions of which today's structs do not read the record beside them: <n>.hex beside <n>.avsc.
func unread(t *testing.T, files fs.FS) (broken []string) {
	t.Helper()
	history, err := schemas.ReadHistory(files)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range history {
		name := path.Join("history", p.Name, p.Version)
		coded, err := fs.ReadFile(files, name+".hex")
		if err != nil {
			t.Fatalf("%s.avsc was published without a record of it: %v", name, err)
		}
		value, err := hex.DecodeString(strings.Join(strings.Fields(string(coded)), ""))
		if err != nil {
			t.Fatalf("%s.hex: %v", name, err)
		}
		contract := schemas.Baked()
		id := byte(i + 1)
		if err := contract.Learn(uint32(id), p.Text); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		value = append([]byte{0, 0, 0, 0, id}, value[headerSize:]...)
		reader := slices.IndexFunc(goldens(), func(g golden) bool { return g.schema == p.Name })
		if reader < 0 {
			t.Fatalf("%s: no schema is called %s any more", name, p.Name)
		}
		if _, err := goldens()[reader].recode(contract, value); err != nil {
			broken = append(broken, name+": "+err.Error())
		}
	}
	return broken
}

// publish freezes what has changed since it was last published: go test ./schemas -run TestEverySchemaIsPublished -publish, before a release.
var publish = flag.Bool("publish", false, "write the schemas that are not in history there")

// TestEverySchemaIsPublished tells of schemas of which no version stands in history at all; those that have changed since may still change.
func TestEverySchemaIsPublished(t *testing.T) {
	newest, count := map[string]string{}, map[string]int{}
	for _, p := range schemas.History() {
		if version, _ := strconv.Atoi(p.Version); version > count[p.Name] {
			newest[p.Name], count[p.Name] = p.Text, version
		}
	}
	for _, k := range schemas.All() {
		switch {
		case *publish && newest[k.Name] != k.Text:
			name := filepath.Join("history", k.Name, strconv.Itoa(count[k.Name]+1))
			if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name+".avsc", []byte(k.Text), 0o644),
				copyFile(name+".hex", filepath.Join("testdata/golden", goldenOf(k.Name)+".hex"))); err != nil {
				t.Error(err)
			}
		case !*publish && count[k.Name] == 0:
			t.Errorf("%s was never published", k.Name)
		}
	}
}

// goldenOf is the first golden record of a schema.
func goldenOf(schema string) string {
	all := goldens()
	return all[slices.IndexFunc(all, func(g golden) bool { return g.schema == schema })].name
}

func copyFile(to, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

func TestEveryPublishedSchemaIsStillRead(t *testing.T) {
	if broken := unread(t, os.DirFS(".")); len(broken) > 0 {
		t.Errorf("not read any more:\n%s", strings.Join(broken, "\n"))
	}
}

// What the test above would say of a version that can be read and of one that cannot.
func TestHistoryTellsWhatIsNotReadAnyMore(t *testing.T) {
	older := edited(t, schemas.StreamSpecs.Text(), without("lane"))
	broken := edited(t, schemas.StreamSpecs.Text(), without("url"))
	record := func(text string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(hex.EncodeToString(written(t, text, 1, spec())))}
	}
	got := unread(t, fstest.MapFS{
		"history/README.md":         {},
		"history/StreamSpec/1.avsc": {Data: []byte(older)}, "history/StreamSpec/1.hex": record(older),
		"history/StreamSpec/2.avsc": {Data: []byte(broken)}, "history/StreamSpec/2.hex": record(broken),
	})
	if len(got) != 1 || !strings.HasPrefix(got[0], "history/StreamSpec/2: ") {
		t.Errorf("not read any more are %q, want the second alone", got)
	}
}

// The versions end with today's, and each but that was published under its own id.
func TestVersionsEndWithTodays(t *testing.T) {
	for _, k := range schemas.All() {
		versions := schemas.Versions(k.Text)
		if len(versions) == 0 || versions[len(versions)-1].Text != k.Text {
			t.Errorf("%s: the last of %d versions is not today's", k.Name, len(versions))
		}
		ids := map[uint32]bool{}
		for _, v := range versions {
			if v.Name != k.Name || ids[v.ID()] {
				t.Errorf("%s: a version of %s, or one that is there twice", k.Name, v.Name)
			}
			ids[v.ID()] = true
		}
		for _, p := range schemas.History() {
			if p.Name == k.Name && !ids[p.ID()] {
				t.Errorf("%s: version %s was published and is not among the versions", k.Name, p.Version)
			}
		}
	}
}
