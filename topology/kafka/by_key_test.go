package kafka_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// counter says of each record with a key which one of its key it is, and how many without key came before.
type counter struct {
	keyless int
	of      map[string]int
}

func (*counter) Lookback() time.Duration       { return time.Minute }
func (*counter) Restore([]schemas.DefectEvent) {}

func (c *counter) Fold(r topology.Record[schemas.Feature], emit func(topology.Message)) {
	if r.Key == "" {
		c.keyless++
		return
	}
	c.of[r.Key]++
	emit(topology.Defects.Message(r.Key, &schemas.DefectEvent{ID: fmt.Sprintf("%s-%d after %d", r.Key, c.of[r.Key], c.keyless), Stream: r.Key}))
}

// TestKeysAreFoldedOneAfterTheOther folds records of three streams in turn, with one without key after each seventh: what was said has the order of the log,
// each stream's records too, and none has changed places with one without key.
func TestKeysAreFoldedOneAfterTheOther(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		c := laidOut(t, configFor(brokers))
		var in []topology.Message
		var want []string
		for i := range 60 {
			stream := []string{"one", "two", "three"}[i%3]
			in = append(in, topology.Features.Message(stream, &schemas.Feature{Tick: &schemas.Tick{Time: 1}}))
			want = append(want, fmt.Sprintf("%s-%d after %d", stream, i/3+1, i/7))
			if i%7 == 6 {
				in = append(in, topology.Features.Message("", &schemas.Feature{Tick: &schemas.Tick{Time: 1}}))
			}
		}
		if err := c.Publish(within(t), 0, in...); err != nil {
			t.Fatal(err)
		}
		options := stage()
		options.Latest = nil
		options.New = func(int32) topology.Processor[schemas.Feature, schemas.DefectEvent] {
			return &counter{of: map[string]int{}}
		}
		runs(t, c, options)
		var got []string
		eventually(t, "60 events", func() bool {
			got = nil
			err := kafka.Read(within(t), c, topology.Defects, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
				got = append(got, r.Value.ID)
				return nil
			})
			return err == nil && len(got) >= len(want)
		})
		if !slices.Equal(got, want) {
			t.Errorf("it said\n%v, want\n%v", got, want)
		}
	})
}
