package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology"
)

// extent is where the partitions of a topic begin and end.
type extent struct{ start, end kadm.ListedOffsets }

// electionPatience is how long positions are asked for again: a leader that has died is missed after nine seconds, and then another is chosen.
const electionPatience = 20 * time.Second

// extent asks for the first offset and the uncommitted end of every partition. The uncommitted end matters: a transaction that has just been
// committed can stay hidden from read_committed readers for half a second, and a reader that stopped at the stable end would miss it.
func (c *Cluster) extent(ctx context.Context, s *topology.Spec) (e extent, err error) {
	if e.start, err = c.positions(ctx, s, c.admin.ListStartOffsets); err != nil {
		return e, fmt.Errorf("list the start of %s: %w", s.Name, err)
	}
	if e.end, err = c.positions(ctx, s, c.admin.ListEndOffsets); err != nil {
		return e, fmt.Errorf("list the end of %s: %w", s.Name, err)
	}
	return e, nil
}

// positions asks the leaders of a topic's partitions, again while one of them has no successor yet.
func (c *Cluster) positions(ctx context.Context, s *topology.Spec, list func(context.Context, ...string) (kadm.ListedOffsets, error)) (kadm.ListedOffsets, error) {
	patience, cancel := context.WithTimeout(ctx, electionPatience)
	defer cancel()
	for {
		listed, err := list(ctx, c.name(s))
		if err == nil {
			err = listed.Error()
		}
		if errors.Is(err, kerr.UnknownTopicOrPartition) {
			return listed, fmt.Errorf("%w (framewatch topics apply makes it, unless kafka.prefix is another than %q)", err, c.config.Prefix)
		}
		if err == nil || hopeless(err) {
			return listed, err
		}
		if pause(patience, retryPause); patience.Err() != nil {
			return nil, err
		}
	}
}

// of is one partition's first offset and end.
func (e extent) of(topic string, partition int32) (start, end int64) {
	s, _ := e.start.Lookup(topic, partition)
	n, _ := e.end.Lookup(topic, partition)
	return s.Offset, n.Offset
}

// offsetAt is the first offset of a partition whose record was written at t or later; the end if there is none.
func (c *Cluster) offsetAt(ctx context.Context, s *topology.Spec, partition int32, t time.Time) (int64, error) {
	listed, err := c.positions(ctx, s, func(ctx context.Context, names ...string) (kadm.ListedOffsets, error) {
		return c.admin.ListOffsetsAfterMilli(ctx, t.UnixMilli(), names...)
	})
	if err != nil {
		return 0, fmt.Errorf("list %s at %s: %w", s.Name, t.UTC().Format(time.RFC3339), err)
	}
	at, ok := listed.Lookup(c.name(s), partition)
	if !ok {
		return 0, fmt.Errorf("list %s at %s: it has no partition %d", s.Name, t.UTC().Format(time.RFC3339), partition)
	}
	return at.Offset, nil
}

// span reads the records of one partition from an offset up to another, read_committed. Markers of transactions are handed out too (their Attrs say so):
// only they show that the end of a log that ends in an aborted transaction has been reached.
func (c *Cluster) span(ctx context.Context, s *topology.Spec, partition int32, from, to int64, handle func(*kgo.Record) error) error {
	if from >= to {
		return nil
	}
	client, err := kgo.NewClient(append(c.options[:len(c.options):len(c.options)], kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{c.name(s): {partition: kgo.NewOffset().At(from)}}))...)
	if err != nil {
		return err
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("read %s/%d: %w", s.Name, partition, err)
		}
		for r := range fetches.RecordsAll() {
			if r.Offset < to {
				if err := handle(r); err != nil {
					return err
				}
			}
			if r.Offset >= to-1 {
				return nil
			}
		}
	}
}
