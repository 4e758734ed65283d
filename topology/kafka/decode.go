package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// letterBytes is how much of a poison record is set aside.
const letterBytes = 64 << 10

// decode reads the value of a record, whose key is key, by read. The record had been written by the time at which it came. poison is why it cannot be read; err is that it could not
// be found out before ctx ended.
func decode[T any](ctx context.Context, c *Cluster, t *topology.Topic[T], r *kgo.Record, came time.Time, key string, read func([]byte) (*T, error)) (out topology.Record[T], poison, err error) {
	out = topology.Record[T]{Partition: r.Partition, Offset: r.Offset, Key: key, Time: r.Timestamp}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, [2]string{h.Key, string(h.Value)})
	}
	if r.Value == nil {
		return out, nil, nil
	}
	out.Value, poison = decodeValue(t.Value, r.Value, read)
	if poison == nil || &t.Spec == &topology.Schemas.Spec {
		return out, poison, nil
	}
	known, err := c.versions.learn(ctx, c.contract, r.Value, came)
	if known { // or another partition has learnt it meanwhile
		out.Value, poison = decodeValue(t.Value, r.Value, read)
	}
	return out, poison, err
}

// Learn looks for the schema of a value whose id the contract does not know, in the registry or else on the log. The values that Read hands on need it not.
func (c *Cluster) Learn(ctx context.Context, value []byte) error {
	_, err := c.versions.learn(ctx, c.contract, value, time.Now())
	return err
}

// decodeValue survives a decoder that trips. The bytes are anybody's: they must cost one record, not the partition.
func decodeValue[T any](s *schemas.Schema[T], src []byte, read func([]byte) (*T, error)) (v *T, err error) {
	defer func() {
		if trip := recover(); trip != nil {
			err = fmt.Errorf("decode %s: %v", s.Name, trip)
		}
	}()
	return read(src)
}

// kept reads values that are their receiver's to keep.
func kept[T any](c *Cluster, t *topology.Topic[T]) func([]byte) (*T, error) {
	return func(src []byte) (*T, error) {
		v := new(T)
		return v, schemas.Decode(c.contract, t.Value, src, v)
	}
}

// letter is the dead letter of a record of a topic that could not be read.
func letter(s *topology.Spec, r *kgo.Record, reason error) topology.Message {
	dead := &schemas.DeadLetter{
		Topic: s.Name, Partition: r.Partition, Offset: r.Offset, Time: r.Timestamp.UnixMicro(),
		Reason: reason.Error(), Value: r.Value[:min(len(r.Value), letterBytes)],
	}
	if id, err := schemas.WireID(r.Value); err == nil {
		wide := int64(id)
		dead.SchemaID = &wide
	}
	return topology.DeadLetter.Message(string(r.Key), dead)
}

// setAside records that r could not be read and publishes its dead letter. A dead letter that cannot be read is only told of.
func (c *Cluster) setAside(ctx context.Context, s *topology.Spec, r *kgo.Record, reason error) error {
	c.poisoned(s, r, reason)
	if s == &topology.DeadLetter.Spec {
		return nil
	}
	return c.Publish(ctx, r.Partition, letter(s, r, reason))
}

// poisoned counts and tells of a record that could not be read.
func (c *Cluster) poisoned(s *topology.Spec, r *kgo.Record, reason error) {
	c.meters.deadLetters.WithLabelValues(s.Name).Inc()
	c.log.Warn("record set aside", "topic", s.Name, "partition", r.Partition, "offset", r.Offset, "reason", reason)
}
