package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology"
)

// allTimeout is when the broker gives up on the transaction of a PublishAll that has died, where its ctx sets no earlier end: long enough for all that one may write.
const allTimeout = 5 * time.Minute

// Placed is a message and the partition of its lane.
type Placed struct {
	Partition int32
	topology.Message
}

// PublishAll writes messages in one transaction, in their order within each partition: who reads what is committed sees all of them or, until it
// returns and when the process is killed before, none. id names the work: before the messages are made, what the same work has left open before is given up or
// completed, and whoever else does it can write no more. Until somebody does it again, what a process that is killed has left open hides from those readers all that
// is written behind it, until ctx would have ended, endTimeout more, and until the broker looks for such (each 10 s unless it is configured otherwise).
func (c *Cluster) PublishAll(ctx context.Context, id string, make func(context.Context) ([]Placed, error)) error {
	client, err := kgo.NewClient(append(slices.Clip(c.options), kgo.TransactionalID(c.group(id)), kgo.TransactionTimeout(timeoutOf(ctx)),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedBytes(bufferedBytes))...)
	if err != nil {
		return err
	}
	defer client.Close()
	if _, _, err := client.ProducerID(ctx); err != nil {
		return fmt.Errorf("begin %s: %w", c.group(id), err)
	}
	messages, err := make(ctx)
	if err != nil || len(messages) == 0 {
		return err // the end of an empty transaction is waited for in vain
	}
	if err := client.BeginTransaction(); err != nil {
		return fmt.Errorf("publish in one transaction: %w", err)
	}
	end := kgo.TryCommit
	if err = c.produceAll(ctx, client, messages); err != nil {
		end = kgo.TryAbort
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if end == kgo.TryAbort {
		err = errors.Join(err, client.AbortBufferedRecords(ending))
	}
	if err = errors.Join(err, client.EndTransaction(ending, end)); err != nil {
		return fmt.Errorf("publish in one transaction: %w", err)
	}
	return nil
}

// timeoutOf is when the broker is to give up on a transaction that is written until ctx ends and then ended.
func timeoutOf(ctx context.Context) time.Duration {
	until, bounded := ctx.Deadline()
	if !bounded {
		return allTimeout
	}
	return min(max(time.Until(until), 0)+endTimeout, allTimeout)
}

// produceAll hands all messages to the client and waits until all copies of them stand.
func (c *Cluster) produceAll(ctx context.Context, client *kgo.Client, messages []Placed) error {
	var first kgo.FirstErrPromise
	for _, m := range messages {
		r, err := c.record(m.Partition, m.Message)
		if err != nil {
			return err
		}
		client.Produce(ctx, r, first.Promise())
	}
	if err := client.Flush(ctx); err != nil {
		return err
	}
	return first.Err()
}

// Provide makes a topic if it is missing. One that is there must have the partitions that it should have.
func (c *Cluster) Provide(ctx context.Context, s *topology.Spec) error {
	name := c.name(s)
	for made := false; ; {
		present, err := c.admin.ListTopics(ctx, name)
		if err != nil {
			return fmt.Errorf("list topics: %w", err)
		}
		t, there := present[name]
		switch {
		case there && t.Err == nil && int32(len(t.Partitions)) == c.partitionsOf(s):
			return nil
		case there && t.Err == nil:
			return fmt.Errorf("the topic %s has %d partitions, not %d", name, len(t.Partitions), c.partitionsOf(s))
		case !made:
			if err := c.create(ctx, c.creation(s)); err != nil {
				return fmt.Errorf("create topic %s: %w", name, err)
			}
			made = true
		}
		if pause(ctx, 50*time.Millisecond); ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
