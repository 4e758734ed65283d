package kafka_test

import (
	"context"
	"slices"
	"testing"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// TestWatch: everything is handed on as it stands there, and what cannot be read is set nowhere aside.
func TestWatch(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		c := laidOut(t, configFor(brokers))
		poison := streamOf("b")
		poison.Headers = [][2]string{{"name", "value"}}
		poison.Encode = func(*schemas.Contract, []byte) ([]byte, error) { return []byte("no Avro"), nil }
		if err := c.Publish(within(t), 2, streamOf("a"), poison, topology.Streams.Tombstone("a")); err != nil {
			t.Fatal(err)
		}
		var got []topology.Raw
		options := kafka.ReadOptions{Bounded: true, Partitions: []int32{2}}
		if err := kafka.Watch(within(t), c, &topology.Streams.Spec, options, func(r topology.Raw) error { got = append(got, r); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(got) != 3 || string(got[0].Key) != "a" || string(got[1].Value) != "no Avro" || !slices.Equal(got[1].Headers, poison.Headers) || got[2].Value != nil || got[2].Offset != 2 || got[2].Partition != 2 {
			t.Errorf("watched are %+v", got)
		}
		letters := 0
		err := kafka.Read(within(t), c, topology.DeadLetter, kafka.ReadOptions{Bounded: true}, func(context.Context, topology.Record[schemas.DeadLetter]) error { letters++; return nil })
		if err != nil || letters > 0 {
			t.Errorf("%d records were set aside, %v", letters, err)
		}
		if r, ok, err := c.At(within(t), &topology.Streams.Spec, 2, 1); err != nil || !ok || string(r.Value) != "no Avro" || string(r.Key) != "b" {
			t.Errorf("at 1 stands %+v, %v, %v", r, ok, err)
		}
		for _, at := range []struct {
			partition int32
			offset    int64
		}{{2, 3}, {2, 1 << 40}, {99, 0}, {1, 0}} {
			if r, ok, err := c.At(within(t), &topology.Streams.Spec, at.partition, at.offset); ok || err != nil {
				t.Errorf("at %+v stands %+v, %v", at, r, err)
			}
		}
	})
}
