package kafka

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/framewatch/framewatch/topology"
)

// Ends are the offsets after the last record of each partition of a topic.
func (c *Cluster) Ends(ctx context.Context, s *topology.Spec) (map[int32]int64, error) {
	listed, err := c.positions(ctx, s, c.admin.ListEndOffsets)
	if err != nil {
		return nil, err
	}
	ends := map[int32]int64{}
	for _, o := range listed[c.name(s)] {
		ends[o.Partition] = o.Offset
	}
	return ends, nil
}

// Committed are the offsets up to which a group has handled each partition of a topic; a partition without one is missing.
func (c *Cluster) Committed(ctx context.Context, group string, s *topology.Spec) (map[int32]int64, error) {
	committed := map[int32]int64{}
	fetched, err := c.admin.FetchOffsets(ctx, c.group(group))
	if errors.Is(err, kerr.GroupIDNotFound) {
		return committed, nil
	}
	if err != nil {
		return nil, err
	}
	for _, o := range fetched[c.name(s)] {
		if o.Err != nil {
			return nil, o.Err
		}
		committed[o.Partition] = o.At
	}
	return committed, nil
}
