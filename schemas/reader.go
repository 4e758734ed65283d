package schemas

// keptBytes is the length of a value from which on a Reader does not keep the memory that it took.
const keptBytes = 64 << 10

// Reader decodes the values of one topic, one after the other, into memory that it uses again. It belongs to one goroutine.
type Reader[T any] struct {
	contract *Contract
	schema   *Schema[T]
	// decoders by schema id. What stands behind an id never changes.
	decoders map[uint32]decoder[T]
	// newest is that of the value read last, with its id; nil: none.
	newest decoder[T]
	id     uint32
}

// NewReader makes a Reader of values of s.
func NewReader[T any](c *Contract, s *Schema[T]) *Reader[T] {
	return &Reader[T]{contract: c, schema: s, decoders: map[uint32]decoder[T]{}}
}

// Read decodes one value, and takes and refuses what Decode does. The value and all that it points to are valid until the next Read; texts stay.
func (r *Reader[T]) Read(src []byte) (*T, error) {
	id, err := WireID(src)
	if err != nil {
		return nil, err
	}
	decode := r.newest
	if decode == nil || id != r.id {
		if decode, err = r.decoder(id); err != nil {
			return nil, err
		}
		r.newest, r.id = decode, id
	}
	if len(src) > keptBytes {
		delete(r.decoders, id)
		r.newest = nil
	}
	return decoded(r.schema, id, decode, src)
}

// decoder finds or makes that of an id.
func (r *Reader[T]) decoder(id uint32) (decoder[T], error) {
	if decode, ok := r.decoders[id]; ok {
		return decode, nil
	}
	decode, err := decoderOf(r.contract, r.schema, id)
	if err == nil {
		r.decoders[id] = decode
	}
	return decode, err
}
