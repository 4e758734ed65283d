package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// transactionTimeout is when the broker gives up on a transaction whose owner has died and has no successor.
	transactionTimeout = 10 * time.Second
	// endTimeout bounds the end of a cycle that has begun, so that a member that must leave does so within the rebalance time-out.
	endTimeout = 6 * time.Second
	// fetchBytes is how much of its partition a lane asks for at a time, compressed. What it stands for lies in memory until it is folded, and the next
	// fetch beside it: with 4 MB a detector took 600 to 780 MB for catching up on 24 partitions, with this 340.
	fetchBytes = 1 << 20
)

// transactor writes one partition's outputs and its input offset in transactions. It reads the input as well. One goroutine uses it; after
// any error it can only be closed.
//
// Its transactional id belongs to the partition, not to the member. So whoever takes the partition over fences the previous owner and ends what that
// left open by the very first thing it does, with no need to know who it was; a member that comes back late cannot write; and an abort or a
// rebalance concerns no other partition. A producer for each member would need an id to be handed on, and would make all partitions share each
// other's aborts. The price is a connection or two for each partition and broker; the markers, which are what transactions cost a broker, are
// one for each partition written either way.
type transactor struct {
	id     string
	client *kgo.Client
}

// transactor fences the partition's previous owner and waits until its last transaction has been completed or aborted.
func (c *Cluster) transactor(ctx context.Context, group string, partition int32) (*transactor, error) {
	id := fmt.Sprintf("%s-%d", group, partition)
	client, err := kgo.NewClient(append(slices.Clip(c.options),
		kgo.TransactionalID(id), kgo.TransactionTimeout(transactionTimeout), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ManualFlushing(), kgo.WithPools(fetched), kgo.MaxBufferedRecords(1<<20), kgo.KeepControlRecords(),
		kgo.FetchMaxBytes(fetchBytes), kgo.FetchMaxPartitionBytes(fetchBytes))...)
	if err != nil {
		return nil, err
	}
	if _, _, err := client.ProducerID(ctx); err != nil {
		client.Close()
		return nil, fmt.Errorf("fence the last owner of %s: %w", id, err)
	}
	return &transactor{id, client}, nil
}

// commit writes the records and the next input offset, all or nothing, and tells of the moments in between. Since it is only called with records, no transaction is ever empty: ending
// an empty one makes the client wait half a second before the next.
func (x *transactor) commit(m *member, t *tenure, records []*kgo.Record, next int64, at func(Moment)) error {
	// The cycle has begun, so it is finished whether or not the partition is leaving.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), endTimeout)
	defer cancel()
	if err := x.client.BeginTransaction(); err != nil {
		return fmt.Errorf("begin %s: %w", x.id, err)
	}
	err := x.write(ctx, records)
	if err == nil {
		at(Written)
		err = x.attach(ctx, m, t, next)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write in %s: %w", x.id, err), x.abort(ctx))
	}
	at(Attached)
	if err := x.client.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return errors.Join(fmt.Errorf("commit %s: %w", x.id, err), x.abort(ctx))
	}
	return nil
}

// write sends the records in one go and waits for all.
func (x *transactor) write(ctx context.Context, records []*kgo.Record) error {
	var first kgo.FirstErrPromise
	for _, r := range records {
		x.client.Produce(ctx, r, first.Promise())
	}
	if err := x.client.Flush(ctx); err != nil {
		return err
	}
	return first.Err()
}

// attach adds the offset, with the generation to come if the group is being rebalanced while the partition stays ours.
func (x *transactor) attach(ctx context.Context, m *member, t *tenure, next int64) error {
	for {
		err := m.attach(ctx, x.client, x.id, t.partition, next)
		if err == nil || !unsettled(err) || t.ctx.Err() != nil || ctx.Err() != nil {
			return err
		}
		pause(ctx, 20*time.Millisecond)
	}
}

// abort gives the transaction up, so that readers need not wait for its time-out. It is a courtesy: the next transactor's fence does the same.
func (x *transactor) abort(ctx context.Context) error {
	if err := x.client.AbortBufferedRecords(ctx); err != nil {
		return fmt.Errorf("drop the records of %s: %w", x.id, err)
	}
	if err := x.client.EndTransaction(ctx, kgo.TryAbort); err != nil {
		return fmt.Errorf("abort %s: %w", x.id, err)
	}
	return nil
}

func (x *transactor) close() { x.client.Close() }
