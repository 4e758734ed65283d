package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology"
)

// Publish writes messages to the lane's partition, or to the only one of a single topic, and returns when all copies of them stand.
// Messages of one call keep their order. It is not part of any transaction.
func (c *Cluster) Publish(ctx context.Context, partition int32, messages ...topology.Message) error {
	records := make([]*kgo.Record, len(messages))
	for i, m := range messages {
		r, err := c.record(partition, m)
		if err != nil {
			return err
		}
		records[i] = r
	}
	if err := c.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// TryPublish writes one message without waiting, for the live edge: when too much is waiting to be written already the message is
// dropped. done is called exactly once, from any goroutine and possibly before TryPublish returns; it must not block.
func (c *Cluster) TryPublish(partition int32, message topology.Message, done func(error)) {
	r, err := c.record(partition, message)
	if err != nil {
		done(err)
		return
	}
	c.client.TryProduce(context.Background(), r, func(r *kgo.Record, err error) {
		c.meters.Live(r, err)
		done(err)
	})
}

// record encodes a message for its place.
func (c *Cluster) record(partition int32, m topology.Message) (*kgo.Record, error) {
	r := &kgo.Record{Topic: c.name(m.Topic), Partition: place(m.Topic, partition), Timestamp: m.Time}
	if m.Key != "" {
		r.Key = []byte(m.Key)
	}
	for _, h := range m.Headers {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: h[0], Value: []byte(h[1])})
	}
	if m.Encode == nil {
		return r, nil
	}
	value, err := m.Encode(c.contract, nil)
	if err != nil {
		return nil, fmt.Errorf("publish to %s: %w", m.Topic.Name, err)
	}
	r.Value = value
	return r, nil
}
