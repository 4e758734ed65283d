package main

import (
	"testing"

	"github.com/framewatch/framewatch/topology"
)

// A change of lane writes a removal to the old partition and then an addition to the new one. Read in any order that keeps each partition's own,
// the stream is there, in the new one.
func TestTableOutlivesAChangeOfLane(t *testing.T) {
	old, fresh := "old", "new"
	was := topology.Record[string]{Partition: 3, Key: "news", Value: &old}
	gone := topology.Record[string]{Partition: 3, Key: "news"}
	added := topology.Record[string]{Partition: 1, Key: "news", Value: &fresh}
	for _, order := range [][]topology.Record[string]{{was, gone, added}, {was, added, gone}, {added, was, gone}} {
		table := newTable[string]()
		for _, r := range order {
			table.take(r)
		}
		if value, partition := table.get("news"); value == nil || *value != "new" || partition != 1 {
			t.Errorf("read as %+v: got %v in %d, want new in 1", order, value, partition)
		}
		table.take(topology.Record[string]{Partition: 1, Key: "news"})
		if all := table.all(); len(all) != 0 {
			t.Errorf("removed, it is still there: %v", all)
		}
	}
}

func TestTableDropsAPartition(t *testing.T) {
	table := newTable[string]()
	value := "x"
	table.take(topology.Record[string]{Partition: 1, Key: "a", Value: &value})
	table.take(topology.Record[string]{Partition: 2, Key: "b", Value: &value})
	if gone := table.drop(1); len(gone) != 1 || gone[0] != "a" {
		t.Errorf("dropped %v, want a", gone)
	}
	if all := table.all(); len(all) != 1 || all["b"] == nil {
		t.Errorf("left are %v, want b", all)
	}
}
