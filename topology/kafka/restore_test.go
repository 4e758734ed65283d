package kafka_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// On several real brokers what has just been committed stays hidden from readers for up to half a second, while its markers are written. Whoever reads
// in this time, as a member does that restores its outputs, must wait for it. The embedded broker never shows this.
func TestJustCommittedIsRead(t *testing.T) {
	brokers := kafkatest.Cluster(t, 3)
	config := configFor(brokers)
	config.Partitions, config.Replication = 48, 3
	c := laidOut(t, config)
	client, _ := raw(t, brokers, kgo.TransactionalID(config.Prefix+"writer"))
	for round := 1; round <= 10; round++ {
		if err := client.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		value := encoded(t, topology.Streams.Message("", &schemas.StreamSpec{URL: fmt.Sprint(round)}))
		var records []*kgo.Record
		for p := range c.Partitions() {
			records = append(records, &kgo.Record{Topic: config.Prefix + "streams", Partition: p, Key: []byte("k"), Value: value})
		}
		if err := client.ProduceSync(within(t), records...).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := client.EndTransaction(within(t), kgo.TryCommit); err != nil {
			t.Fatal(err)
		}
		latest := map[int32]string{}
		err := kafka.Read(within(t), c, topology.Streams, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.StreamSpec]) error {
			latest[r.Partition] = r.Value.URL
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for p := range c.Partitions() {
			if want := fmt.Sprint(round); latest[p] != want {
				t.Errorf("partition %d: the last record is of round %q, want %s", p, latest[p], want)
			}
		}
	}
}
