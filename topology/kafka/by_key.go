package kafka

import "github.com/twmb/franz-go/pkg/kgo"

// mostKeys is how many keys are remembered, with the memory for their records, before all are forgotten; none that is longer than longestKey is.
const mostKeys, longestKey = 1 << 14, 1 << 10

// byKey are records in lists by their keys. Its memory is used again.
type byKey struct {
	// keys are those that have records, in the order of their first ones.
	keys  []*keyed
	known map[string]*keyed
	// long says that a key is longer than is remembered.
	long bool
	// last is the key of the newest record: the next is often of the same.
	last *keyed
}

// keyed are the records of one key, in the order in which they came.
type keyed struct {
	name    string
	records []*kgo.Record
}

// add puts a record at the end of its key's.
func (b *byKey) add(r *kgo.Record) {
	k := b.last
	if k == nil || k.name != string(r.Key) {
		k = b.of(r.Key)
		b.last = k
	}
	if len(k.records) == 0 {
		b.keys = append(b.keys, k)
	}
	k.records = append(k.records, r)
}

// of finds or makes the list of a key.
func (b *byKey) of(key []byte) *keyed {
	if k := b.known[string(key)]; k != nil {
		return k
	}
	if b.known == nil {
		b.known = map[string]*keyed{}
	}
	k := &keyed{name: string(key)}
	b.known[k.name] = k
	b.long = b.long || len(key) > longestKey
	return k
}

// clear lets go of all records.
func (b *byKey) clear() {
	for _, k := range b.keys {
		clear(k.records)
		k.records = k.records[:0]
	}
	b.keys = b.keys[:0]
	if b.long || len(b.known) > mostKeys {
		b.known, b.last, b.long = nil, nil, false
	}
}
