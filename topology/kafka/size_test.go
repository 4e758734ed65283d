package kafka_test

import (
	"testing"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

func TestSizeIsThatOfTheBatches(t *testing.T) {
	broker, err := kafka.Embed(kafka.EmbedConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	c := laidOut(t, configFor(broker.Addresses()))
	size := func() int64 {
		t.Helper()
		n, err := c.Size(within(t), &topology.Features.Spec)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := size(); got != 0 {
		t.Errorf("an empty topic takes %d bytes", got)
	}
	// Each is a batch of its own: a header of 61 bytes, and a record of 7 bytes about a value of 8: 5 of the wire format, 1 of the branch, 1 of each
	// field. That is too short to be compressed.
	for partition := range int32(2) {
		if err := c.Publish(within(t), partition, topology.Features.Message("", &schemas.Feature{Tick: &schemas.Tick{}})); err != nil {
			t.Fatal(err)
		}
	}
	if got := size(); got != 2*(61+7+8) {
		t.Errorf("two ticks take %d bytes, want %d", got, 2*(61+7+8))
	}
}
