package main

import (
	"bytes"
	"testing"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// What Settings name stands on the log, so that a release that no longer has it finds it there; it is put there once, and by that nothing is put in force.
func TestShippedModelsStandOnTheLog(t *testing.T) {
	brokers, shipped := kafkatest.Embedded(t), rule.Shipped("corruption").Version
	a := laidOut(t, brokers, "framewatch.")
	for range 2 {
		if err := a.shipModels(t.Context()); err != nil {
			t.Fatal(err)
		}
		if ends, err := a.cluster.Ends(t.Context(), &topology.Models.Spec); err != nil || ends[0] != int64(len(shippedModels())) {
			t.Fatalf("the topic ends at %v: %v", ends, err)
		}
	}
	d := newDetecting(t, brokers)
	if err := d.app.publishStream(t.Context(), "news", topology.Streams.Message("news", spec(nil, ""))); err != nil {
		t.Fatal(err)
	}
	d.names(shipped)
	if m, err := a.modelOnLog(t.Context(), "corruption", shipped); err != nil || m.Version != shipped {
		t.Errorf("the log has %+v: %v", m, err)
	}
	onLog := func() map[string]bool {
		all, err := a.currentModels(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		is := map[string]bool{}
		for _, m := range all {
			is[m.name] = m.shipped && m.inForce
			if m.name == "corruption" && !bytes.Equal(m.Weights, rule.ShippedFile("corruption")) {
				t.Error("the weights are others")
			}
		}
		return is
	}
	if got := onLog(); !got["corruption"] || !got["damage"] {
		t.Errorf("shipped and in force are %v", got)
	}
	other := shippedModels()[0]
	altered := *other.Model
	altered.SHA256[0] ^= 1
	if err := a.cluster.Publish(t.Context(), 0, topology.Models.Message(modelKey(other.name, other.Version), &altered)); err != nil {
		t.Fatal(err)
	}
	if err := a.shipModels(t.Context()); err == nil {
		t.Error("another model of the version stands on the log, and nothing is said of it")
	}
}
