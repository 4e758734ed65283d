package kafka

import (
	"context"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology"
)

// batch is what a lane folds between two commits.
type batch[In, Out any] struct {
	lane      *lane[In, Out]
	processor topology.Processor[In, Out]
	// output of the records from committed up to next, which is the next to be folded.
	output          []*kgo.Record
	committed, next int64
}

// fold takes the next records. Those that cannot be read become dead letters among the output.
func (b *batch[In, Out]) fold(fetches kgo.Fetches) error {
	l, t := b.lane, b.lane.options.Input
	var failed error
	emit := func(m topology.Message) {
		r, err := l.c.record(l.tenure.partition, m)
		if err != nil && failed == nil {
			failed = err
		}
		b.output = append(b.output, r)
	}
	var last time.Time
	for r := range fetches.RecordsAll() {
		if r.Attrs.IsControl() {
			b.next = r.Offset + 1
			continue
		}
		record, poison, err := decode(l.tenure.ctx, l.c, t, r, l.values.Read)
		if err != nil {
			return err
		}
		if poison != nil {
			l.c.poisoned(&t.Spec, r, poison)
			emit(letter(&t.Spec, r, poison))
		} else {
			b.processor.Fold(record, emit)
		}
		b.next, last = r.Offset+1, r.Timestamp
	}
	if !last.IsZero() {
		l.c.meters.folded.WithLabelValues(l.member.group).Add(float64(fetches.NumRecords()))
		l.c.meters.behind.WithLabelValues(l.member.group, strconv.Itoa(int(l.tenure.partition))).Set(time.Since(last).Seconds())
	}
	return failed
}

// commit writes the output and the offset in one transaction.
func (b *batch[In, Out]) commit(x *transactor) error {
	outcome := "committed"
	b.lane.at(Folded)
	err := x.commit(b.lane.member, b.lane.tenure, b.output, b.next, b.lane.at)
	if err != nil {
		outcome = "aborted"
	}
	b.lane.c.meters.transactions.WithLabelValues(b.lane.member.group, outcome).Inc()
	if err != nil {
		return err
	}
	b.lane.at(Committed)
	clear(b.output)
	b.output, b.committed = b.output[:0], b.next
	return nil
}

// store commits the offset of records that had no output. While the group is being rebalanced it can wait.
func (b *batch[In, Out]) store() error {
	if b.next == b.committed {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.lane.tenure.ctx), endTimeout)
	defer cancel()
	if err := b.lane.c.commit(ctx, b.lane.member, map[int32]int64{b.lane.tenure.partition: b.next}); err != nil && !unsettled(err) {
		return err
	} else if err == nil {
		b.committed = b.next
	}
	return nil
}
