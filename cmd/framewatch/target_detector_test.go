package main

import (
	"io"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// A stream with a Setting and no heartbeat is no_monitor: opened by the tick five seconds later, with the lamp. All that the record has caused comes
// of one fold, and so is committed in one transaction.
func TestADefectIsToldOnThreeTopicsAtOnce(t *testing.T) {
	config := defaultConfig()
	config.Kafka.Prefix = "lab."
	a, err := newApp(config, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	const begun = 1_764_136_800_000_000
	p, offset := newPartition(a, new(atomic.Int64)), int64(0)
	fold := func(f *schemas.Feature) (told []topology.Message) {
		p.Fold(topology.Record[schemas.Feature]{Offset: offset, Value: f}, func(m topology.Message) { told = append(told, m) })
		offset++
		return told
	}
	fold(&schemas.Feature{Tick: &schemas.Tick{Time: begun, Generation: 1}})
	fold(&schemas.Feature{Setting: &schemas.Setting{Time: begun, Generation: 1, Stream: "a", Profile: "default"}})
	keys := map[string]string{}
	for second := int64(1); len(keys) == 0 && second < 10; second++ {
		for _, m := range fold(&schemas.Feature{Tick: &schemas.Tick{Time: begun + second*1_000_000, Generation: 1}}) {
			keys[m.Topic.Name] = m.Key
			if m.Topic.Name == "health" {
				continue
			}
			if len(m.Headers) == 0 || m.Headers[2] != [2]string{"ce_source", "/lab/detector"} || m.Headers[3] != [2]string{"ce_type", "framewatch.defect.opened.v1"} {
				t.Errorf("%s: the headers are %q", m.Topic.Name, m.Headers)
			}
		}
	}
	if len(keys) != 3 || keys["defects"] != "a" || len(keys["defects.latest"]) != 32 || keys["health"] != "a" {
		t.Errorf("the topics and keys are %v, want defects and health of a, and defects.latest of the defect", keys)
	}
}

// What moves to another process is counted there, and kept by nobody here.
func TestAPartitionThatMovedAwayIsForgotten(t *testing.T) {
	a, err := newApp(defaultConfig(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	h := newOwnership(newSettings())
	options := a.detecting(h)
	for _, number := range []int32{1, 2} {
		options.New(number).Restore([]schemas.DefectEvent{{ID: "a", Stream: "news", Kind: "black", State: "opened", Severity: "warning"}})
		options.At(number, kafka.Rebuilt)
	}
	wants := func(when string, open float64, partitions int) {
		t.Helper()
		got := 0.0
		if testutil.CollectAndCount(h.open) > 0 {
			got = testutil.ToFloat64(h.open)
		}
		if got != open {
			t.Errorf("%s: %g open defects, want %g", when, got, open)
		}
		if len(h.folding.at) != partitions || len(h.open.live) != partitions {
			t.Errorf("%s: the folds of %d partitions, and %d that are rebuilt, want %d", when, len(h.folding.at), len(h.open.live), partitions)
		}
	}
	wants("with two partitions", 2, 2)
	options.Owns([]int32{2})
	wants("with one", 1, 1)
	options.Owns(nil)
	wants("with none", 0, 0)
}
