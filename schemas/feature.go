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

// branches of the union, in the order of the union's index. Only ever appended to.
var branches = []branch{
	member("video_frame", func(f *Feature) **VideoFrame { return &f.VideoFrame }),
	member("audio_block", func(f *Feature) **AudioBlock { return &f.AudioBlock }),
	member("stream_second", func(f *Feature) **StreamSecond { return &f.StreamSecond }),
	member("inventory", func(f *Feature) **Inventory { return &f.Inventory }),
	member("tick", func(f *Feature) **Tick { return &f.Tick }),
	member("setting", func(f *Feature) **Setting { return &f.Setting }),
}

// branch is one member of the union with its own typed codec.
type branch struct {
	name   string
	text   string
	schema *avro.Schema
	isSet  func(f *Feature) bool
	append func(dst []byte, f *Feature) ([]byte, error)
	decode func(schema *avro.Schema, src []byte, f *Feature) ([]byte, error)
}

func member[T any](file string, field func(*Feature) **T) branch {
	text, schema := parse(file)
	return branch{
		name: schema.Root().Name, text: text, schema: schema,
		isSet:  func(f *Feature) bool { return *field(f) != nil },
		append: func(dst []byte, f *Feature) ([]byte, error) { return schema.AppendEncode(dst, *field(f)) },
		decode: func(schema *avro.Schema, src []byte, f *Feature) ([]byte, error) {
			v := new(T)
			rest, err := schema.Decode(src, v)
			*field(f) = v
			return rest, err
		},
	}
}

// union is the schema of the features topic. The branch is read by index and decoded by its own typed codec.
func union() *Schema[Feature] {
	texts := make([]string, len(branches))
	schemas := make([]*avro.Schema, len(branches))
	for i, b := range branches {
		texts[i], schemas[i] = b.text, b.schema
	}
	text := "[" + strings.Join(texts, ",") + "]"
	return &Schema[Feature]{
		Name: "Feature", text: text, parsed: avro.MustParse(text),
		append: appendFeature,
		decode: func(src []byte, f *Feature) ([]byte, error) { return decodeFeature(branches, schemas, src, f) },
		resolve: func(writer *avro.Schema) (func([]byte, *Feature) ([]byte, error), error) {
			written, resolved, err := resolveBranches(writer)
			if err != nil {
				return nil, err
			}
			return func(src []byte, f *Feature) ([]byte, error) { return decodeFeature(written, resolved, src, f) }, nil
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
func decodeFeature(branches []branch, schemas []*avro.Schema, src []byte, f *Feature) ([]byte, error) {
	if len(src) == 0 {
		return nil, fmt.Errorf("decode Feature: empty")
	}
	i := int(src[0] >> 1)
	if src[0]&1 != 0 || i >= len(branches) {
		return nil, fmt.Errorf("decode Feature: no branch has index byte %#x", src[0])
	}
	*f = Feature{}
	rest, err := branches[i].decode(schemas[i], src[1:], f)
	if err != nil {
		*f = Feature{}
		return nil, fmt.Errorf("decode %s: %w", branches[i].name, err)
	}
	return rest, nil
}

// resolveBranches matches the writer's branches with ours by name. A branch that we do not know makes the schema unreadable.
func resolveBranches(writer *avro.Schema) ([]branch, []*avro.Schema, error) {
	var texts []json.RawMessage
	if err := json.Unmarshal([]byte(writer.String()), &texts); err != nil {
		return nil, nil, fmt.Errorf("the writer's schema is no union: %w", err)
	}
	var written []branch
	var resolved []*avro.Schema
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
		written, resolved = append(written, ours), append(resolved, r)
	}
	return written, resolved, nil
}

func branchNamed(name string) (branch, bool) {
	for _, b := range branches {
		if b.name == name {
			return b, true
		}
	}
	return branch{}, false
}
