package schemas_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/schemas"
)

// update writes the golden records anew: go test ./schemas -update. What changes then changes on the log.
var update = flag.Bool("update", false, "write the golden records anew")

// golden is one value whose bytes are kept in testdata/golden: with every field set, or with nothing that may be left out.
type golden struct {
	name, schema string
	encode       func(c *schemas.Contract) ([]byte, error)
	// recode reads bytes into the value's type, and writes that.
	recode func(c *schemas.Contract, src []byte) ([]byte, error)
}

func goldens() []golden {
	return []golden{
		gold("features-video-frame", schemas.Features, &schemas.Feature{VideoFrame: full[schemas.VideoFrame]()}),
		gold("features-video-frame-least", schemas.Features, &schemas.Feature{VideoFrame: new(schemas.VideoFrame)}),
		gold("features-audio-block", schemas.Features, &schemas.Feature{AudioBlock: full[schemas.AudioBlock]()}),
		gold("features-stream-second", schemas.Features, &schemas.Feature{StreamSecond: full[schemas.StreamSecond]()}),
		gold("features-stream-second-least", schemas.Features, &schemas.Feature{StreamSecond: new(schemas.StreamSecond)}),
		gold("features-inventory", schemas.Features, &schemas.Feature{Inventory: full[schemas.Inventory]()}),
		gold("features-tick", schemas.Features, &schemas.Feature{Tick: full[schemas.Tick]()}),
		gold("features-setting", schemas.Features, &schemas.Feature{Setting: full[schemas.Setting]()}),
		gold("defects", schemas.DefectEvents, full[schemas.DefectEvent]()),
		gold("streams", schemas.StreamSpecs, full[schemas.StreamSpec]()),
		gold("health", schemas.Healths, full[schemas.Health]()),
		gold("evidence", schemas.Evidences, full[schemas.Evidence]()),
		gold("verdicts", schemas.Verdicts, full[schemas.Verdict]()),
		gold("profiles", schemas.Profiles, full[schemas.Profile]()),
		gold("models", schemas.Models, full[schemas.Model]()),
		gold("notifications", schemas.Notifications, full[schemas.Notification]()),
		gold("notifier-state", schemas.NotifierStates, full[schemas.NotifierState]()),
		gold("audit", schemas.Audits, full[schemas.Audit]()),
		gold("deadletter", schemas.DeadLetters, full[schemas.DeadLetter]()),
		gold("schemas", schemas.WriterSchemas, full[schemas.WriterSchema]()),
	}
}

func gold[T any](name string, s *schemas.Schema[T], v *T) golden {
	return golden{
		name: name, schema: s.Name,
		encode: func(c *schemas.Contract) ([]byte, error) { return schemas.Append(c, s, nil, v) },
		recode: func(c *schemas.Contract, src []byte) ([]byte, error) {
			out := new(T)
			if err := schemas.Decode(c, s, src, out); err != nil {
				return nil, err
			}
			return schemas.Append(c, s, nil, out)
		},
	}
}

// full is a T with every field set to something of its own: numbers count, text is the field's name, lists have two elements.
func full[T any]() *T {
	v := new(T)
	count := int64(0)
	fill(reflect.ValueOf(v).Elem(), "", &count)
	return v
}

func fill(v reflect.Value, name string, count *int64) {
	*count++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name, count)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), v.Type().Field(i).Tag.Get("avro"), count)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte{0x3f, 0x80, 0, 0, 0xbf, 0, 0, 0}) // as big-endian float32: 1 and -0.5
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), name, count)
		fill(v.Index(1), name, count)
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(i * 5 % 256))
		}
	case reflect.Map:
		element := reflect.New(v.Type().Elem()).Elem()
		fill(element, name, count)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key"), element)
	case reflect.String:
		v.SetString("the " + name + " é")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(*count) / 4)
	case reflect.Int32:
		v.SetInt(*count * -1000)
	case reflect.Int64:
		v.SetInt(*count * 1_000_000_007)
	default:
		panic("no filling for " + v.Type().String())
	}
}

func TestGoldenRecords(t *testing.T) {
	contract := schemas.Baked()
	generic := schemas.NewGeneric(contract)
	for _, g := range goldens() {
		t.Run(g.name, func(t *testing.T) {
			got, err := g.encode(contract)
			if err != nil {
				t.Fatal(err)
			}
			text, err := generic.JSON(got)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				write(t, g.name, got, text)
			}
			wantBytes, wantJSON := read(t, g.name)
			if !bytes.Equal(got, wantBytes) {
				t.Errorf("encoded as\n%x\nwant\n%x", got, wantBytes)
			}
			if !bytes.Equal(text, wantJSON) {
				t.Errorf("read generically as\n%s\nwant\n%s", text, wantJSON)
			}
			again, err := g.recode(contract, wantBytes)
			if err != nil || !bytes.Equal(again, wantBytes) {
				t.Errorf("decoded and encoded again (%v):\n%x\nwant\n%x", err, again, wantBytes)
			}
		})
	}
}

// read is a golden record's bytes and its JSON on one line.
func read(t testing.TB, name string) (value, text []byte) {
	t.Helper()
	coded, err := os.ReadFile(filepath.Join("testdata/golden", name+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	value, err = hex.DecodeString(strings.Join(strings.Fields(string(coded)), ""))
	if err != nil {
		t.Fatal(err)
	}
	text, err = os.ReadFile(filepath.Join("testdata/golden", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var line bytes.Buffer
	if err := json.Compact(&line, text); err != nil {
		t.Fatal(err)
	}
	return value, line.Bytes()
}

func write(t *testing.T, name string, value, text []byte) {
	t.Helper()
	var coded, indented bytes.Buffer
	for len(value) > 0 {
		n := min(32, len(value))
		coded.WriteString(hex.EncodeToString(value[:n]) + "\n")
		value = value[n:]
	}
	if err := json.Indent(&indented, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	for suffix, content := range map[string][]byte{".hex": coded.Bytes(), ".json": indented.Bytes()} {
		if err := os.WriteFile(filepath.Join("testdata/golden", name+suffix), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
