package kafka

import (
	"context"
	"sync"

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
	// Changed is called with every record of the partition from its start on, and with each new one; a nil Value removes the key.
	Changed func(r topology.Record[T])
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
		owned := m.owned()
		for r := range fetches.RecordsAll() {
			err := deliver(ctx, c, t, r, func(_ context.Context, record topology.Record[T]) error {
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
