package kafka_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// estate is what one owner knows.
type estate struct {
	sync.Mutex
	partitions map[int32]map[string]string
	stop       func()
}

// owns makes an owner of the streams topic.
func owns(t *testing.T, c *kafka.Cluster) *estate {
	t.Helper()
	e := &estate{partitions: map[int32]map[string]string{}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	owner := kafka.Owner[schemas.StreamSpec]{
		Assigned: func(p int32) { e.Lock(); defer e.Unlock(); e.partitions[p] = map[string]string{} },
		Lost:     func(p int32) { e.Lock(); defer e.Unlock(); delete(e.partitions, p) },
		Changed: func(r topology.Record[schemas.StreamSpec]) {
			e.Lock()
			defer e.Unlock()
			if known, ok := e.partitions[r.Partition]; !ok {
				t.Errorf("%s of partition %d changed, which is not owned", r.Key, r.Partition)
			} else if r.Value == nil {
				delete(known, r.Key)
			} else {
				known[r.Key] = r.Value.URL
			}
		},
	}
	go func() { ended <- kafka.Own(ctx, c, topology.Streams, "framewatch.owners", owner) }()
	e.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("own ended with %v", err)
		}
	})
	t.Cleanup(e.stop)
	return e
}

// streams are the ids known, sorted, and how many partitions they are from.
func (e *estate) streams() (ids []string, partitions int) {
	e.Lock()
	defer e.Unlock()
	for _, known := range e.partitions {
		ids = append(ids, slices.Collect(maps.Keys(known))...)
	}
	slices.Sort(ids)
	return ids, len(e.partitions)
}

func TestOwnersShareACompactedTopic(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		c := laidOut(t, configFor(brokers))
		var all []string
		for i := range 20 {
			all = append(all, fmt.Sprintf("s%02d", i))
		}
		publishStreams(t, c, append(all, "gone")...)
		if err := c.Publish(within(t), c.Partition("gone"), topology.Streams.Tombstone("gone")); err != nil {
			t.Fatal(err)
		}
		knows := func(what string, want []string, owners ...*estate) {
			t.Helper()
			eventually(t, what, func() bool {
				var ids []string
				partitions := 0
				for _, o := range owners {
					i, n := o.streams()
					ids, partitions = append(ids, i...), partitions+n
					if n != 4/len(owners) {
						return false
					}
				}
				slices.Sort(ids)
				return partitions == 4 && slices.Equal(ids, want)
			})
		}
		first := owns(t, c)
		knows("one owner to know everything", all, first)
		second := owns(t, c)
		knows("two owners to share", all, first, second)
		publishStreams(t, c, "t")
		knows("a new stream", append(all, "t"), first, second)
		first.stop()
		if _, n := first.streams(); n != 0 {
			t.Errorf("the owner that left has %d partitions", n)
		}
		knows("the second to take over", append(all, "t"), second)
	})
}
