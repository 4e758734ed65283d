package main

import "github.com/framewatch/framewatch/topology"

// table is what a compacted topic says, by key. A key may stand in two partitions for a moment, when its lane was changed: its removal
// from the old one and its addition to the new one are read in any order, so each partition's word is kept apart.
type table[T any] struct{ rows map[string]map[int32]*T }

func newTable[T any]() *table[T] { return &table[T]{rows: map[string]map[int32]*T{}} }

// take takes a record and returns what the key is now, and where; nil when it is nowhere.
func (t *table[T]) take(r topology.Record[T]) (value *T, partition int32) {
	places := t.rows[r.Key]
	if r.Value != nil {
		if places == nil {
			places = map[int32]*T{}
			t.rows[r.Key] = places
		}
		places[r.Partition] = r.Value
		return r.Value, r.Partition
	}
	delete(places, r.Partition)
	if len(places) == 0 {
		delete(t.rows, r.Key)
	}
	return t.get(r.Key)
}

// get returns what a key is; of two places the later partition's, so that everybody says the same.
func (t *table[T]) get(key string) (value *T, partition int32) {
	partition = -1
	for p, v := range t.rows[key] {
		if p > partition {
			value, partition = v, p
		}
	}
	return value, partition
}

// drop forgets all that stands in a partition and returns the keys that stood there.
func (t *table[T]) drop(partition int32) (keys []string) {
	for key, places := range t.rows {
		if places[partition] != nil {
			delete(places, partition)
			if len(places) == 0 {
				delete(t.rows, key)
			}
			keys = append(keys, key)
		}
	}
	return keys
}

// all is the whole table.
func (t *table[T]) all() map[string]*T {
	all := map[string]*T{}
	for key := range t.rows {
		all[key], _ = t.get(key)
	}
	return all
}
