package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology"
)

// horizon is where each partition ended when a read began, for those partitions that have not been read up to there.
type horizon map[int32]int64

// passed says that the partition's horizon lies before the offset, and forgets the partition if so.
func (h horizon) passed(partition int32, offset int64) bool {
	end, ok := h[partition]
	if ok && offset < end {
		return false
	}
	delete(h, partition)
	return true
}

// reach notes that a record has been handled.
func (h horizon) reach(partition int32, offset int64) {
	if end, ok := h[partition]; ok && offset >= end-1 {
		delete(h, partition)
	}
}

// plan is where a read without a group begins in each partition, and its horizon.
func (c *Cluster) plan(ctx context.Context, s *topology.Spec, options ReadOptions) (map[int32]kgo.Offset, horizon, error) {
	partitions := options.Partitions
	if len(partitions) == 0 {
		for p := range c.partitionsOf(s) {
			partitions = append(partitions, p)
		}
	}
	extent, err := c.extent(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	from, left := map[int32]kgo.Offset{}, horizon{}
	for _, p := range partitions {
		start, end := extent.of(c.name(s), p)
		if !options.From.IsZero() {
			if start, err = c.offsetAt(ctx, s, p, options.From); err != nil {
				return nil, nil, err
			}
		}
		from[p] = kgo.NewOffset().At(start)
		if start < end {
			left[p] = end
		}
	}
	return from, left, nil
}

// forget drops the partitions whose records up to the horizon have been deleted by retention in the meantime: they will never be handed out.
func (c *Cluster) forget(ctx context.Context, s *topology.Spec, left horizon) error {
	extent, err := c.extent(ctx, s)
	if err != nil {
		return err
	}
	for p, end := range left {
		if start, _ := extent.of(c.name(s), p); start >= end {
			delete(left, p)
		}
	}
	return nil
}
