package kafka

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology"
)

// Owner is told which partitions of a compacted topic are its own and what stands in them. Its functions are called by one goroutine at a
// time; none may block for long.
type Owner[T any] struct {
	// Assigned is called before the partition's first record.
	Assigned func(partition int32)
	// Lost is called when the partition has another owner, or none; what was learnt of it is to be forgotten.
	Lost func(partition int32)
	// Changed is called with the records of the partition from its start on, and with each new one; of those of one key that are read at once
	// only the newest is told, so that what was changed long ago is not begun again for a moment. A nil Value removes the key.
	Changed func(r topology.Record[T])
	// Owns, when not nil, is told of all partitions of this member each time that the group has given it some, or none, or has taken some away.
	Owns func(partitions []int32)
}

// Own shares the partitions of a compacted topic among the members of a group. Each member folds its partitions from their start and
// follows them; nothing is committed, since the topic is the state. It returns when ctx ends, with nil.
func Own[T any](ctx context.Context, c *Cluster, t *topology.Topic[T], group string, owner Owner[T]) error {
	var calls sync.Mutex
	from := kgo.AdjustFetchOffsetsFn(func(_ context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
		for _, partitions := range offsets {
			for p := range partitions {
				partitions[p] = kgo.NewOffset().AtStart()
			}
		}
		return offsets, nil
	})
	m, err := c.join(ctx, c.group(group), &t.Spec, tenancy{
		begin: func(_ *member, t *tenure) {
			calls.Lock()
			defer calls.Unlock()
			owner.Assigned(t.partition)
		},
		ended: func(_ *member, t *tenure, _ bool) {
			calls.Lock()
			defer calls.Unlock()
			owner.Lost(t.partition)
		},
		owns: owner.Owns,
	}, from)
	if err != nil {
		return err
	}
	defer m.leave()
	for {
		fetches, err := c.poll(ctx, m.client, false)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		came, owned := time.Now(), m.owned()
		for r := range newest(fetches) {
			err := deliver(ctx, c, t, r, came, true, func(_ context.Context, record topology.Record[T]) error {
				calls.Lock()
				defer calls.Unlock()
				if tenure := owned[r.Partition]; tenure != nil && tenure.ctx.Err() == nil {
					owner.Changed(record)
				}
				return nil
			})
			if err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// newest are the records of fetches that no later one of the same partition and key replaces, in order.
func newest(fetches kgo.Fetches) iter.Seq[*kgo.Record] {
	type place struct {
		partition int32
		key       string
	}
	last := map[place]int64{}
	for r := range fetches.RecordsAll() {
		last[place{r.Partition, string(r.Key)}] = r.Offset
	}
	return func(yield func(*kgo.Record) bool) {
		for r := range fetches.RecordsAll() {
			if last[place{r.Partition, string(r.Key)}] == r.Offset && !yield(r) {
				return
			}
		}
	}
}
