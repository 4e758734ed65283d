package kafka

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology"
)

// ReadOptions says which part of a topic to read, and as whom.
type ReadOptions struct {
	// Group shares the topic among the members of a consumer group and remembers what was handled. A group that was never seen before begins
	// at the time the process dialled the cluster. Empty: this reader alone reads everything and nothing is remembered.
	Group string
	// Partitions to read without a group; none means all.
	Partitions []int32
	// From is the log time to begin at without a group; zero means the start of the topic.
	From time.Time
	// Bounded reads end, returning nil, where the topic ended when they began. Without a group only.
	Bounded bool
	// Owner says, without a group, that records that cannot be read become dead letters: for the one stage that lives from the topic. A reader that only looks counts
	// and tells of them, so that one record is set aside once. Members of a group are owners.
	Owner bool
	// CaughtUp is called once, without a group, when everything has been handled that stood in the topic at the start.
	CaughtUp func()
}

// Handler takes one record.
type Handler[T any] func(ctx context.Context, r topology.Record[T]) error

// Read hands the committed records of a topic to handle, in order within each partition, by one goroutine. Aborted records are never seen. A
// record that cannot be read goes to the dead letters, if the reader owns the topic, and reading goes on; a tombstone has a nil Value.
//
// It returns nil when ctx ends, and handle's error when handle fails. With a group a record is committed after handle has returned: after a
// crash what was handled in the last tenth of a second comes again. handle's context ends when the partition is given to another member;
// what it then fails with does not matter, since the next owner is handed the record again.
func Read[T any](ctx context.Context, c *Cluster, t *topology.Topic[T], options ReadOptions, handle Handler[T]) error {
	if options.Group != "" && (len(options.Partitions) > 0 || !options.From.IsZero() || options.Bounded || options.CaughtUp != nil) {
		return errors.New("read: a group decides on its partitions and positions itself")
	}
	var err error
	if options.Group != "" {
		err = readShared(ctx, c, t, c.group(options.Group), handle)
	} else {
		err = readAlone(ctx, c, t, options, handle)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// readAlone follows the topic without a group.
func readAlone[T any](ctx context.Context, c *Cluster, t *topology.Topic[T], options ReadOptions, handle Handler[T]) error {
	return c.follow(ctx, &t.Spec, options, func(r *kgo.Record, came time.Time) error {
		return deliver(ctx, c, t, r, came, options.Owner, handle)
	})
}

// follow hands the records of a topic to handle as they are, with when they came, markers of transactions among them, without a group.
func (c *Cluster) follow(ctx context.Context, s *topology.Spec, options ReadOptions, handle func(r *kgo.Record, came time.Time) error, further ...kgo.Opt) error {
	from, left, err := c.plan(ctx, s, options)
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(slices.Concat(c.options, further, []kgo.Opt{kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{c.name(s): from})})...)
	if err != nil {
		return err
	}
	defer client.Close()
	for caughtUp := false; ; {
		if !caughtUp && len(left) == 0 {
			caughtUp = true
			if options.CaughtUp != nil {
				options.CaughtUp()
			}
		}
		if options.Bounded && caughtUp {
			return nil
		}
		fetches, err := c.poll(ctx, client, !caughtUp)
		if err != nil {
			return err
		}
		came := time.Now()
		for r := range fetches.RecordsAll() {
			if options.Bounded && left.passed(r.Partition, r.Offset) {
				continue
			}
			if err := handle(r, came); err != nil {
				return err
			}
			left.reach(r.Partition, r.Offset)
		}
		if !caughtUp && fetches.Empty() {
			if err := c.forget(ctx, s, left); err != nil {
				return err
			}
		}
	}
}

// deliver decodes one record and hands it over, or sets it aside. Markers of transactions are nobody's.
func deliver[T any](ctx context.Context, c *Cluster, t *topology.Topic[T], r *kgo.Record, came time.Time, owner bool, handle Handler[T]) error {
	if r.Attrs.IsControl() {
		return nil
	}
	record, poison, err := decode(ctx, c, t, r, came, string(r.Key), kept(c, t))
	if err != nil {
		return err
	}
	if poison != nil && !owner {
		c.poisoned(&t.Spec, r, poison)
		return nil
	}
	if poison != nil {
		return c.setAside(ctx, &t.Spec, r, poison)
	}
	return handle(ctx, record)
}
