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
	// baked is its id without a registry.
	baked uint32
	// measured says that a T is.
	measured bool
	append   func(dst []byte, v *T) ([]byte, error)
	// decoder makes a decoder of bytes that were written with this schema.
	decoder func() decoder[T]
	// resolve makes one of bytes that another version of the schema wrote, which may be shared.
	resolve func(writer *avro.Schema) (decoder[T], error)
}

// decoder decodes the value at the beginning of src. It belongs to one goroutine, and what it returned last is gone with the next.
type decoder[T any] func(src []byte) (v *T, rest []byte, err error)

// Text is the schema as JSON, as it stands in the .avsc file.
func (s *Schema[T]) Text() string { return s.text }

// The schemas of the topics' values.
var (
	DefectEvents   = record("defect_event", (*DefectEvent).read)
	StreamSpecs    = record("stream_spec", (*StreamSpec).read)
	Healths        = record("health", (*Health).read)
	Evidences      = record("evidence", (*Evidence).read)
	Verdicts       = record("verdict", (*Verdict).read)
	Profiles       = record("profile", (*Profile).read)
	Models         = record("model", (*Model).read)
	Notifications  = record("notification", (*Notification).read)
	NotifierStates = record("notifier_state", (*NotifierState).read)
	Audits         = record("audit", (*Audit).read)
	DeadLetters    = record("dead_letter", (*DeadLetter).read)
	WriterSchemas  = record("writer_schema", (*WriterSchema).read)
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
		known(Notifications), known(NotifierStates), known(Audits), known(DeadLetters), known(WriterSchemas),
	}
}

func known[T any](s *Schema[T]) Known { return Known{s.Name, s.text, s.parsed} }

// record is the schema in file, whose values are a T, which is read by generated code.
func record[T, Room any](file string, read func(v *T, src []byte, at int, room *Room) int) *Schema[T] {
	text, parsed := parse(file)
	_, figures := any((*T)(nil)).(measured)
	return &Schema[T]{
		Name: parsed.Root().Name, text: text, parsed: parsed, baked: BakedID(parsed), measured: figures,
		append:  func(dst []byte, v *T) ([]byte, error) { return parsed.AppendEncode(dst, v) },
		decoder: func() decoder[T] { return generated(parsed, read) },
		resolve: func(writer *avro.Schema) (decoder[T], error) {
			resolved, err := avro.Resolve(writer, parsed)
			if err != nil {
				return nil, err
			}
			return library[T](resolved), nil
		},
	}
}

// generated decodes by generated code into the same memory again and again. What that does not read is the library's to judge, and to find words for.
func generated[T, Room any](schema *avro.Schema, read func(v *T, src []byte, at int, room *Room) int) decoder[T] {
	memory, judge := new(struct {
		value T
		room  Room
	}), library[T](schema)
	return func(src []byte) (*T, []byte, error) {
		if end := read(&memory.value, src, 0, &memory.room); end >= 0 {
			return &memory.value, src[end:], nil
		}
		return judge(src)
	}
}

// library decodes by the library into new memory.
func library[T any](schema *avro.Schema) decoder[T] {
	return func(src []byte) (*T, []byte, error) {
		v := new(T)
		rest, err := schema.Decode(src, v)
		return v, rest, err
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
