package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology"
)

// watchBytes is how much one fetch brings, compressed: who watches may be slow, and what is not handled yet lies in memory.
const watchBytes = 2 << 20

// Watch hands the committed records of a topic to handle as they stand there, in order within each partition, by one goroutine: also those that
// cannot be read, which it sets nowhere aside. There is no group, so nothing is remembered and nobody is in its way. It returns nil when ctx ends,
// and handle's error when handle fails.
func Watch(ctx context.Context, c *Cluster, s *topology.Spec, options ReadOptions, handle func(topology.Raw) error) error {
	if options.Group != "" {
		return errors.New("watch: it has no group")
	}
	err := c.follow(ctx, s, options, func(r *kgo.Record, _ time.Time) error {
		if r.Attrs.IsControl() {
			return nil
		}
		return handle(rawOf(r))
	}, kgo.FetchMaxBytes(watchBytes), kgo.FetchMaxPartitionBytes(watchBytes/8))
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// errFound ends the reading for a record that has come.
var errFound = errors.New("it has come")

// At is the committed record at an offset of a partition; ok is false when there is none: it is a marker of a transaction, was aborted, compacted away or
// deleted, or has not been written yet.
func (c *Cluster) At(ctx context.Context, s *topology.Spec, partition int32, offset int64) (found topology.Raw, ok bool, err error) {
	extent, err := c.extent(ctx, s)
	if err != nil {
		return found, false, err
	}
	start, end := extent.of(c.name(s), partition)
	if partition < 0 || partition >= c.partitionsOf(s) || offset < start || offset >= end {
		return found, false, nil
	}
	err = c.span(ctx, s, partition, offset, end, func(r *kgo.Record) error {
		if r.Offset == offset && !r.Attrs.IsControl() {
			found, ok = rawOf(r), true
		}
		return errFound
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return found, ok, err
}

func rawOf(r *kgo.Record) topology.Raw {
	raw := topology.Raw{Partition: r.Partition, Offset: r.Offset, Key: r.Key, Time: r.Timestamp, Value: r.Value}
	for _, h := range r.Headers {
		raw.Headers = append(raw.Headers, [2]string{h.Key, string(h.Value)})
	}
	return raw
}
