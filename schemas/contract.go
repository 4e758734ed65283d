package schemas

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"sync"

	"github.com/twmb/avro"
)

// headerSize is the length of Confluent's header: a zero byte and a 4-byte schema id.
const headerSize = 5

// bakedIDs is the range of ids given to schemas without a registry; registries count up from 1 and do not reach it.
const bakedIDs = 0x7F000000

// A Contract is what a process agrees on with its peers: the id of each schema on the wire, and the schema behind each id. It is safe for
// concurrent use.
type Contract struct {
	mu sync.RWMutex
	// ids under which our own schemas are written, by their baked-in ids.
	ids map[uint32]uint32
	// writers by id: every schema that may stand on the log.
	writers map[uint32]*avro.Schema
	// readers are the decoders of other versions made so far: *Schema[T] and id to decoder[T].
	readers map[readerKey]any
}

type readerKey struct {
	schema any
	id     uint32
}

// Baked is the contract of a process without a registry: our schemas of today and of every published version under their baked-in ids.
func Baked() *Contract {
	b := baked()
	return &Contract{ids: maps.Clone(b.ids), writers: maps.Clone(b.writers), readers: map[readerKey]any{}}
}

// baked is what Baked begins with: reading all versions and taking their ids costs 16 ms, so a process does it once.
var baked = sync.OnceValue(func() *Contract {
	c := &Contract{ids: map[uint32]uint32{}, writers: map[uint32]*avro.Schema{}}
	for _, k := range All() {
		id := BakedID(k.parsed)
		c.ids[id], c.writers[id] = id, k.parsed
	}
	for _, p := range History() {
		c.writers[BakedID(p.parsed)] = p.parsed
	}
	return c
})

// BakedID is the id of a schema where there is no registry: 0x7F000000 and the first 24 bits of the SHA-256 of its parsing canonical form.
func BakedID(parsed *avro.Schema) uint32 {
	sum := sha256.Sum256(parsed.Canonical())
	return bakedIDs | uint32(sum[0])<<16 | uint32(sum[1])<<8 | uint32(sum[2])
}

// BakedIDOf is the baked-in id of a schema, given by its text.
func BakedIDOf(text string) (uint32, error) {
	parsed, err := avro.Parse(text)
	if err != nil {
		return 0, fmt.Errorf("read a schema: %w", err)
	}
	return BakedID(parsed), nil
}

// Learn tells the contract which schema stands behind id: one that another version of this program, or another program, wrote with.
func (c *Contract) Learn(id uint32, text string) error {
	parsed, err := avro.Parse(text)
	if err != nil {
		return fmt.Errorf("learn schema id %d: %w", id, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.writers[id]; ok && !bytes.Equal(known.Canonical(), parsed.Canonical()) {
		return fmt.Errorf("learn schema id %d: it already stands for another schema", id)
	}
	c.writers[id] = parsed
	return nil
}

// Assign makes the contract write values of one of our schemas, given by its text, under the id that a registry gave it.
func (c *Contract) Assign(text string, id uint32) error {
	if err := c.Learn(id, text); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids[BakedID(c.writers[id])] = id
	return nil
}

// Text is the schema behind id; ok is false when the contract does not know it.
func (c *Contract) Text(id uint32) (text string, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	schema, ok := c.writers[id]
	if !ok {
		return "", false
	}
	return schema.String(), true
}

// ID is the id under which the contract writes values of s.
func ID[T any](c *Contract, s *Schema[T]) uint32 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.ids[s.baked]
}

// Append encodes v after dst in Confluent's wire format.
func Append[T any](c *Contract, s *Schema[T], dst []byte, v *T) ([]byte, error) {
	dst = binary.BigEndian.AppendUint32(append(dst, 0), ID(c, s))
	dst, err := s.append(dst, v)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", s.Name, err)
	}
	return dst, nil
}

// Decode reads one value in Confluent's wire format into v. A value with a bad magic byte, an unknown schema id, missing or trailing
// bytes, or a figure that is no finite number is an error and leaves v undefined.
func Decode[T any](c *Contract, s *Schema[T], src []byte, v *T) error {
	id, err := WireID(src)
	if err != nil {
		return err
	}
	decode, err := decoderOf(c, s, id)
	if err != nil {
		return err
	}
	value, err := decoded(s, id, decode, src)
	if err == nil {
		*v = *value
	}
	return err
}

// decoded is the one value that stands behind the header.
func decoded[T any](s *Schema[T], id uint32, decode decoder[T], src []byte) (*T, error) {
	v, rest, err := decode(src[headerSize:])
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes are left over", len(rest))
	}
	if err == nil && s.measured {
		err = any(v).(measured).finite()
	}
	if err != nil {
		return nil, fmt.Errorf("decode %s with schema id %d: %w", s.Name, id, err)
	}
	return v, nil
}

// WireID is the schema id in the header of a value.
func WireID(src []byte) (uint32, error) {
	if len(src) < headerSize {
		return 0, fmt.Errorf("decode: %d bytes are too few for a schema id", len(src))
	}
	if src[0] != 0 {
		return 0, fmt.Errorf("decode: magic byte is %#x, not 0", src[0])
	}
	return binary.BigEndian.Uint32(src[1:]), nil
}

// decoderOf finds or makes the decoder of values of s that were written under id.
func decoderOf[T any](c *Contract, s *Schema[T], id uint32) (decoder[T], error) {
	if id == ID(c, s) {
		return s.decoder(), nil
	}
	key := readerKey{s, id}
	c.mu.RLock()
	made, ok := c.readers[key]
	writer := c.writers[id]
	c.mu.RUnlock()
	if ok {
		return made.(decoder[T]), nil
	}
	if writer == nil {
		return nil, fmt.Errorf("decode %s: schema id %d is unknown", s.Name, id)
	}
	resolved, err := s.resolve(writer)
	if err != nil {
		return nil, fmt.Errorf("decode %s: read schema id %d: %w", s.Name, id, err)
	}
	c.mu.Lock()
	c.readers[key] = resolved
	c.mu.Unlock()
	return resolved, nil
}
