package schemas

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/twmb/avro"
)

// headerSize is the length of Confluent's header: a zero byte and a 4-byte schema id.
const headerSize = 5

// bakedIDs is the range of ids given to schemas without a registry; registries count up from 1 and do not reach it.
const bakedIDs = 0x7F000000

// A Contract is what a process agrees on with its peers: the id of each schema on the wire, and the schema behind each id. The zero
// id map means the baked-in ids. It is safe for concurrent use.
type Contract struct {
	mu sync.RWMutex
	// ids of our own schemas, by schema text, where a registry gave others than the baked-in ones.
	ids map[string]uint32
	// writers by id: what else may stand on the log.
	writers map[uint32]*avro.Schema
	// readers are the decoders made so far: *Schema[T] and id to func([]byte, *T) ([]byte, error).
	readers map[readerKey]any
}

type readerKey struct {
	schema any
	id     uint32
}

// Baked is the contract of a process without a registry: its own schemas under their baked-in ids.
func Baked() *Contract {
	return &Contract{ids: map[string]uint32{}, writers: map[uint32]*avro.Schema{}, readers: map[readerKey]any{}}
}

// BakedID is the id of a schema where there is no registry: 0x7F000000 and the first 24 bits of the SHA-256 of its parsing canonical form.
func BakedID(parsed *avro.Schema) uint32 {
	sum := sha256.Sum256(parsed.Canonical())
	return bakedIDs | uint32(sum[0])<<16 | uint32(sum[1])<<8 | uint32(sum[2])
}

// ID is the id under which the contract writes values of s.
func ID[T any](c *Contract, s *Schema[T]) uint32 {
	c.mu.RLock()
	id, ok := c.ids[s.text]
	c.mu.RUnlock()
	if ok {
		return id
	}
	id = BakedID(s.parsed)
	c.mu.Lock()
	c.ids[s.text] = id
	c.mu.Unlock()
	return id
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
// bytes is an error and leaves v undefined.
func Decode[T any](c *Contract, s *Schema[T], src []byte, v *T) error {
	id, err := WireID(src)
	if err != nil {
		return err
	}
	decode, err := decoder(c, s, id)
	if err != nil {
		return err
	}
	rest, err := decode(src[headerSize:], v)
	if err != nil {
		return fmt.Errorf("decode %s with schema id %d: %w", s.Name, id, err)
	}
	if len(rest) > 0 {
		return fmt.Errorf("decode %s with schema id %d: %d bytes are left over", s.Name, id, len(rest))
	}
	return nil
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

// decoder finds or makes the decoder of values of s that were written under id.
func decoder[T any](c *Contract, s *Schema[T], id uint32) (func([]byte, *T) ([]byte, error), error) {
	if id == ID(c, s) {
		return s.decode, nil
	}
	key := readerKey{s, id}
	c.mu.RLock()
	made, ok := c.readers[key]
	writer := c.writers[id]
	c.mu.RUnlock()
	if ok {
		return made.(func([]byte, *T) ([]byte, error)), nil
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
