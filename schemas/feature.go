package schemas

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/twmb/avro"
)

// Feature is one value of the features topic: exactly one of its fields is set.
type Feature struct {
	VideoFrame   *VideoFrame   `json:"video_frame,omitempty"`
	AudioBlock   *AudioBlock   `json:"audio_block,omitempty"`
	StreamSecond *StreamSecond `json:"stream_second,omitempty"`
	Inventory    *Inventory    `json:"inventory,omitempty"`
	Tick         *Tick         `json:"tick,omitempty"`
	Setting      *Setting      `json:"setting,omitempty"`
}

// Origin is the session and the time in it, both in microseconds, of what a worker or supervisor wrote; -1 and -1 of a Tick and a Setting.
func (f *Feature) Origin() (session, at int64) {
	switch {
	case f.VideoFrame != nil:
		return f.VideoFrame.Session, f.VideoFrame.At
	case f.AudioBlock != nil:
		return f.AudioBlock.Session, f.AudioBlock.At
	case f.StreamSecond != nil:
		return f.StreamSecond.Session, f.StreamSecond.At
	case f.Inventory != nil:
		return f.Inventory.Session, f.Inventory.At
	}
	return -1, -1
}

// branches of the union, in the order of the union's index. Only ever appended to.
var branches = []branch{
	member("video_frame", func(f *Feature) **VideoFrame { return &f.VideoFrame }, (*VideoFrame).read),
	member("audio_block", func(f *Feature) **AudioBlock { return &f.AudioBlock }, (*AudioBlock).read),
	member("stream_second", func(f *Feature) **StreamSecond { return &f.StreamSecond }, (*StreamSecond).read),
	member("inventory", func(f *Feature) **Inventory { return &f.Inventory }, (*Inventory).read),
	member("tick", func(f *Feature) **Tick { return &f.Tick }, (*Tick).read),
	member("setting", func(f *Feature) **Setting { return &f.Setting }, (*Setting).read),
}

// branch is one member of the union with its own typed codec.
type branch struct {
	name   string
	text   string
	schema *avro.Schema
	isSet  func(f *Feature) bool
	append func(dst []byte, f *Feature) ([]byte, error)
	// decoder makes a decoder of today's schema, resolved one of another that was resolved to it.
	decoder  func() branchDecoder
	resolved func(schema *avro.Schema) branchDecoder
}

// branchDecoder decodes a branch into its field of f; it is as a decoder.
type branchDecoder func(src []byte, f *Feature) (rest []byte, err error)

func member[T, Room any](file string, field func(*Feature) **T, read func(v *T, src []byte, at int, room *Room) int) branch {
	text, schema := parse(file)
	into := func(decode decoder[T]) branchDecoder {
		return func(src []byte, f *Feature) ([]byte, error) {
			v, rest, err := decode(src)
			*field(f) = v
			return rest, err
		}
	}
	return branch{
		name: schema.Root().Name, text: text, schema: schema,
		isSet:    func(f *Feature) bool { return *field(f) != nil },
		append:   func(dst []byte, f *Feature) ([]byte, error) { return schema.AppendEncode(dst, *field(f)) },
		decoder:  func() branchDecoder { return into(generated(schema, read)) },
		resolved: func(schema *avro.Schema) branchDecoder { return into(library[T](schema)) },
	}
}

// union is the schema of the features topic. The branch is read by index and decoded by its own typed codec.
func union() *Schema[Feature] {
	texts := make([]string, len(branches))
	for i, b := range branches {
		texts[i] = b.text
	}
	text := "[" + strings.Join(texts, ",") + "]"
	parsed := avro.MustParse(text)
	return &Schema[Feature]{
		Name: "Feature", text: text, parsed: parsed, baked: BakedID(parsed), measured: true,
		append: appendFeature,
		decoder: func() decoder[Feature] {
			f, decoders := new(Feature), make([]branchDecoder, len(branches))
			return func(src []byte) (*Feature, []byte, error) {
				rest, err := decodeFeature(branches, src, f, func(i int) branchDecoder {
					if decoders[i] == nil {
						decoders[i] = branches[i].decoder()
					}
					return decoders[i]
				})
				return f, rest, err
			}
		},
		resolve: func(writer *avro.Schema) (decoder[Feature], error) {
			written, decoders, err := resolveBranches(writer)
			if err != nil {
				return nil, err
			}
			return func(src []byte) (*Feature, []byte, error) {
				f := new(Feature)
				rest, err := decodeFeature(written, src, f, func(i int) branchDecoder { return decoders[i] })
				return f, rest, err
			}, nil
		},
	}
}

func appendFeature(dst []byte, f *Feature) ([]byte, error) {
	for i, b := range branches {
		if b.isSet(f) {
			return b.append(append(dst, byte(i<<1)), f)
		}
	}
	return nil, fmt.Errorf("encode Feature: no field is set")
}

// decodeFeature reads the branch index (zig-zag, one byte as there are fewer than 64) and then the branch.
func decodeFeature(branches []branch, src []byte, f *Feature, decoder func(i int) branchDecoder) ([]byte, error) {
	*f = Feature{}
	if len(src) == 0 {
		return nil, fmt.Errorf("decode Feature: empty")
	}
	i := int(src[0] >> 1)
	if src[0]&1 != 0 || i >= len(branches) {
		return nil, fmt.Errorf("decode Feature: no branch has index byte %#x", src[0])
	}
	rest, err := decoder(i)(src[1:], f)
	if err != nil {
		*f = Feature{}
		return nil, fmt.Errorf("decode %s: %w", branches[i].name, err)
	}
	return rest, nil
}

// resolveBranches matches the writer's branches with ours by name. A branch that we do not know makes the schema unreadable.
func resolveBranches(writer *avro.Schema) ([]branch, []branchDecoder, error) {
	var texts []json.RawMessage
	if err := json.Unmarshal([]byte(writer.String()), &texts); err != nil {
		return nil, nil, fmt.Errorf("the writer's schema is no union: %w", err)
	}
	var written []branch
	var decoders []branchDecoder
	for _, text := range texts {
		theirs, err := avro.Parse(string(text))
		if err != nil {
			return nil, nil, err
		}
		ours, ok := branchNamed(theirs.Root().Name)
		if !ok {
			return nil, nil, fmt.Errorf("the writer's union has a %s, which this version does not know", theirs.Root().Name)
		}
		r, err := avro.Resolve(theirs, ours.schema)
		if err != nil {
			return nil, nil, err
		}
		written, decoders = append(written, ours), append(decoders, ours.resolved(r))
	}
	return written, decoders, nil
}

func branchNamed(name string) (branch, bool) {
	for _, b := range branches {
		if b.name == name {
			return b, true
		}
	}
	return branch{}, false
}
