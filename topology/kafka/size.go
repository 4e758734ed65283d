package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/framewatch/framewatch/topology"
)

// Size is how many bytes the topic takes on the brokers: batches as they were written, each copy of them.
func (c *Cluster) Size(ctx context.Context, s *topology.Spec) (int64, error) {
	var topic kadm.TopicsSet
	for partition := range c.partitionsOf(s) {
		topic.Add(c.name(s), partition)
	}
	brokers, err := c.admin.DescribeAllLogDirs(ctx, topic)
	if err != nil {
		return 0, fmt.Errorf("size of topic %s: %w", s.Name, err)
	}
	var size int64
	for _, folders := range brokers {
		if err := folders.Error(); err != nil {
			return 0, fmt.Errorf("size of topic %s: %w", s.Name, err)
		}
		size += folders.Size()
	}
	return size, nil
}
