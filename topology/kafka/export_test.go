package kafka

import (
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Try connects and logs in by a client that is made for it as all clients of the cluster are, once.
func (c *Cluster) Try(ctx context.Context) error {
	client, err := kgo.NewClient(append(slices.Clip(c.options), kgo.RequestRetries(0))...)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Ping(ctx)
}
