package kafka_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// TestGroups: who is a member of a group, and since when what it has not handled waits.
func TestGroups(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		config.Client = "framewatch_v1_abcd_1_ff"
		c := laidOut(t, config)
		const group = "framewatch.readers"
		handled := make(chan string, 10)
		ctx, stop := context.WithCancel(within(t))
		done := make(chan error, 1)
		go func() {
			done <- kafka.Read(ctx, c, topology.Streams, kafka.ReadOptions{Group: group}, func(_ context.Context, r topology.Record[schemas.StreamSpec]) error {
				handled <- r.Key
				return nil
			})
		}()
		if err := c.Publish(within(t), 2, streamOf("a")); err != nil {
			t.Fatal(err)
		}
		<-handled
		members, err := c.Members(within(t), group, &topology.Streams.Spec)
		if err != nil || len(members) != 1 || members[0].Client != config.Client || members[0].Host == "" || members[0].Host[0] == '/' || !slices.Contains(members[0].Partitions, 2) {
			t.Errorf("members are %+v, %v", members, err)
		}
		if members, err := c.Members(within(t), "framewatch.nobody", &topology.Streams.Spec); err != nil || len(members) != 0 {
			t.Errorf("a group that there is not has %+v, %v", members, err)
		}
		if waiting, err := c.Waiting(within(t), "framewatch.nobody", &topology.Streams.Spec); err != nil || len(waiting) != 0 {
			t.Errorf("of a group that there is not waits %v, %v", waiting, err)
		}
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		waiting, err := c.Waiting(within(t), group, &topology.Streams.Spec)
		if since, known := waiting[2]; err != nil || !known || !since.IsZero() {
			t.Errorf("when all is handled waits %v, %v", waiting, err)
		}
		before := time.Now().Truncate(time.Millisecond)
		if err := c.Publish(within(t), 2, streamOf("b"), streamOf("c")); err != nil {
			t.Fatal(err)
		}
		waiting, err = c.Waiting(within(t), group, &topology.Streams.Spec)
		if since := waiting[2]; err != nil || since.Before(before) || since.After(time.Now()) {
			t.Errorf("since %v waits %v, %v", before, waiting, err)
		}
	})
}
