// Package schemas is the contract: the Avro schema of every value on the log, the Go structs generated from them, and the
// codec between the two in Confluent's wire format.
//
// Everyone reads this room; it reads no one.
package schemas

//go:generate go run ./gen
//go:generate go run ../topology/gen ../deploy/asyncapi.yaml

import (
	"embed"
	"fmt"

	"github.com/twmb/avro"
)

//go:embed *.avsc
var files embed.FS

// Schema is the Avro schema of one kind of value and the typed way to and from its bytes.
type Schema[T any] struct {
	// Name of the Avro record, or of the union.
	Name   string
	text   string
	parsed *avro.Schema
	append func(dst []byte, v *T) ([]byte, error)
	decode func(src []byte, v *T) (rest []byte, err error)
	// resolve makes the decoder of bytes that another version of the schema wrote.
	resolve func(writer *avro.Schema) (func(src []byte, v *T) (rest []byte, err error), error)
}

// Text is the schema as JSON, as it stands in the .avsc file.
func (s *Schema[T]) Text() string { return s.text }

// The schemas of the topics' values.
var (
	DefectEvents   = record[DefectEvent]("defect_event")
	StreamSpecs    = record[StreamSpec]("stream_spec")
	Healths        = record[Health]("health")
	Evidences      = record[Evidence]("evidence")
	Verdicts       = record[Verdict]("verdict")
	Profiles       = record[Profile]("profile")
	Models         = record[Model]("model")
	Notifications  = record[Notification]("notification")
	NotifierStates = record[NotifierState]("notifier_state")
	Audits         = record[Audit]("audit")
	DeadLetters    = record[DeadLetter]("dead_letter")
	Features       = union()
)

// Known is one of our schemas without the type of its values.
type Known struct {
	// Name of the Avro record, or of the union.
	Name string
	// Text is the schema as JSON.
	Text   string
	parsed *avro.Schema
}

// ID is the schema's id where there is no registry.
func (k Known) ID() uint32 { return BakedID(k.parsed) }

// All lists our schemas as they are today.
func All() []Known {
	return []Known{
		known(StreamSpecs), known(Features), known(Healths), known(DefectEvents), known(Evidences), known(Verdicts), known(Profiles), known(Models),
		known(Notifications), known(NotifierStates), known(Audits), known(DeadLetters),
	}
}

func known[T any](s *Schema[T]) Known { return Known{s.Name, s.text, s.parsed} }

// record is the schema in file, whose values are a T.
func record[T any](file string) *Schema[T] {
	text, parsed := parse(file)
	decoder := func(schema *avro.Schema) func([]byte, *T) ([]byte, error) {
		return func(src []byte, v *T) ([]byte, error) { return schema.Decode(src, v) }
	}
	return &Schema[T]{
		Name: parsed.Root().Name, text: text, parsed: parsed,
		append: func(dst []byte, v *T) ([]byte, error) { return parsed.AppendEncode(dst, v) },
		decode: decoder(parsed),
		resolve: func(writer *avro.Schema) (func([]byte, *T) ([]byte, error), error) {
			resolved, err := avro.Resolve(writer, parsed)
			if err != nil {
				return nil, err
			}
			return decoder(resolved), nil
		},
	}
}

// parse reads one of the embedded files. They are part of the program, so a broken one stops it at start.
func parse(file string) (string, *avro.Schema) {
	text, err := files.ReadFile(file + ".avsc")
	if err != nil {
		panic(err)
	}
	parsed, err := avro.Parse(string(text))
	if err != nil {
		panic(fmt.Sprintf("schemas/%s.avsc: %v", file, err))
	}
	return string(text), parsed
}
