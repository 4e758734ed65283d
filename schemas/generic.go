package schemas

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/linkedin/goavro/v2"
)

// Its limits are package variables. Left alone, a record of 5 bytes can make it allocate gigabytes.
func init() {
	goavro.MaxBlockCount = 1 << 16
	goavro.MaxBlockSize = 16 << 20
}

// Generic reads values without knowing their Go type, in whatever version of whatever schema the contract knows. It goes through goavro,
// a codec independent of the typed one. It is safe for concurrent use.
type Generic struct {
	contract *Contract
	mu       sync.Mutex
	codecs   map[uint32]*goavro.Codec
	shapes   shapes
}

// NewGeneric makes a reader of values under the ids of c.
func NewGeneric(c *Contract) *Generic {
	return &Generic{contract: c, codecs: map[uint32]*goavro.Codec{}}
}

// Native reads one value in Confluent's wire format into goavro's native form: records are maps, and so are values of a union, by the name of
// their branch.
func (g *Generic) Native(src []byte) (any, error) {
	native, _, err := g.decode(src)
	return native, err
}

// JSON reads one value in Confluent's wire format and returns it in Avro's JSON encoding, keys in alphabetical order, on one line.
func (g *Generic) JSON(src []byte) ([]byte, error) {
	native, err := g.Native(src)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(textual(native))
	if err != nil {
		return nil, fmt.Errorf("write as JSON: %w", err)
	}
	return text, nil
}

// Binary is the inverse of JSON: it reads a value in Avro's JSON encoding and returns it in Confluent's wire format, under the id of its schema.
func (g *Generic) Binary(id uint32, text []byte) (value []byte, err error) {
	codec, err := g.codec(id)
	if err != nil {
		return nil, err
	}
	defer func() { // the text is anybody's
		if trip := recover(); trip != nil {
			err = fmt.Errorf("read JSON with schema id %d: %v", id, trip)
		}
	}()
	native, rest, err := codec.NativeFromTextual(escaped(text))
	if err == nil && len(bytes.TrimSpace(rest)) > 0 {
		err = fmt.Errorf("%d bytes are left over", len(rest))
	}
	if err == nil {
		value, err = codec.BinaryFromNative(binary.BigEndian.AppendUint32([]byte{0}, id), native)
	}
	if err != nil {
		return nil, fmt.Errorf("read JSON with schema id %d: %w", id, err)
	}
	return value, nil
}

// escaped is JSON with the characters that stand for bytes of 128 and more as escapes: goavro takes those for a byte each, and what is not escaped for the bytes of
// its UTF-8. Of a text they are the same characters.
func escaped(text []byte) []byte {
	out := make([]byte, 0, len(text)+len(text)/4)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if size == 2 && r <= 0xFF {
			out = fmt.Appendf(out, "\\u%04x", r)
		} else {
			out = append(out, text[:size]...)
		}
		text = text[size:]
	}
	return out
}

// Check is nil when src is one value in Confluent's wire format, and nothing more.
func (g *Generic) Check(src []byte) error {
	_, _, err := g.decode(src)
	return err
}

func (g *Generic) decode(src []byte) (any, *goavro.Codec, error) {
	id, err := WireID(src)
	if err != nil {
		return nil, nil, err
	}
	codec, err := g.codec(id)
	if err != nil {
		return nil, nil, err
	}
	native, rest, err := codec.NativeFromBinary(src[headerSize:])
	if err != nil {
		return nil, nil, fmt.Errorf("decode with schema id %d: %w", id, err)
	}
	if len(rest) > 0 {
		return nil, nil, fmt.Errorf("decode with schema id %d: %d bytes are left over", id, len(rest))
	}
	return native, codec, nil
}

// codec finds or makes the codec of the schema behind id.
func (g *Generic) codec(id uint32) (*goavro.Codec, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if codec, ok := g.codecs[id]; ok {
		return codec, nil
	}
	text, ok := g.contract.Text(id)
	if !ok {
		return nil, fmt.Errorf("decode: schema id %d is unknown", id)
	}
	codec, err := goavro.NewCodec(text)
	if err != nil {
		return nil, fmt.Errorf("decode: read schema id %d: %w", id, err)
	}
	g.codecs[id] = codec
	return codec, nil
}

// textual makes of goavro's native form what stands for Avro's JSON encoding, in its place: the two differ in bytes only, of which each is a character.
func textual(native any) any {
	switch v := native.(type) {
	case []byte:
		characters := make([]rune, len(v))
		for i, b := range v {
			characters[i] = rune(b)
		}
		return string(characters)
	case []any:
		for i := range v {
			v[i] = textual(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = textual(v[name])
		}
	}
	return native
}
