package kafka

import (
	"cmp"
	"context"
	"slices"
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
	// last is when the record before next was written.
	last time.Time
	// came is when the records came that are being folded.
	came time.Time
	// waiting are the records with a key since the last one without.
	waiting byKey
	// told is the output of the records that are being folded, with the offset of what caused it.
	told []told
	// touched is what touch read.
	touched byte
}

// told is one record of output, and the offset of the input that caused it.
type told struct {
	cause  int64
	record *kgo.Record
}

// fold takes the next records. Those that cannot be read become dead letters among the output. Between two records without key it takes one key after
// the other, so that a stream's state is fetched from memory once for many records. The output has the order of what caused it.
func (b *batch[In, Out]) fold(fetches kgo.Fetches) error {
	l, next := b.lane, b.next
	b.came = time.Now()
	l.meters.work.Begin()
	defer func() { l.meters.work.End(fetches.NumRecords()) }()
	b.touch(fetches)
	var last time.Time
	for r := range fetches.RecordsAll() {
		next = r.Offset + 1
		if r.Attrs.IsControl() {
			continue
		}
		last = r.Timestamp
		if len(r.Key) > 0 {
			b.waiting.add(r)
			continue
		}
		if err := b.foldWaiting(); err != nil {
			return err
		}
		if err := b.foldAll("", r); err != nil {
			return err
		}
	}
	if err := b.foldWaiting(); err != nil {
		return err
	}
	if err := failure(b.processor); err != nil {
		return err
	}
	b.next = next
	slices.SortStableFunc(b.told, func(x, y told) int { return cmp.Compare(x.cause, y.cause) })
	for _, t := range b.told {
		b.output = append(b.output, t.record)
	}
	clear(b.told)
	b.told = b.told[:0]
	if !last.IsZero() {
		b.last = last
		l.meters.records.Add(float64(fetches.NumRecords()))
		l.meters.batches.Inc()
	}
	return nil
}

// touch reads a byte of each key. That has the processor fetch all of them from memory at the same time; the comparison of keys would wait for one after the
// other.
func (b *batch[In, Out]) touch(fetches kgo.Fetches) {
	sum := byte(0)
	for r := range fetches.RecordsAll() {
		if len(r.Key) > 0 {
			sum += r.Key[0]
		}
	}
	b.touched = sum
}

// failure is that of a Processor which may have one.
func failure(processor any) error {
	if f, ok := processor.(topology.Failing); ok {
		return f.Err()
	}
	return nil
}

// foldWaiting folds the records that wait, key by key.
func (b *batch[In, Out]) foldWaiting() error {
	for _, k := range b.waiting.keys {
		if err := b.foldAll(k.name, k.records...); err != nil {
			return err
		}
	}
	b.waiting.clear()
	return nil
}

// foldAll folds records of one key, and gives their memory back.
func (b *batch[In, Out]) foldAll(key string, records ...*kgo.Record) error {
	l, t := b.lane, b.lane.options.Input
	var cause int64
	var failed error
	emit := func(m topology.Message) {
		r, err := l.c.record(l.tenure.partition, m)
		if err != nil && failed == nil {
			failed = err
		}
		b.told = append(b.told, told{cause, r})
	}
	for _, r := range records {
		cause = r.Offset
		record, poison, err := decode(l.tenure.ctx, l.c, t, r, b.came, key, l.values.Read)
		if err != nil {
			return err
		}
		switch {
		case poison == nil:
			b.processor.Fold(record, emit)
		case !l.options.Aside:
			l.c.poisoned(&t.Spec, r, poison)
			emit(letter(&t.Spec, r, poison))
		}
		r.Recycle()
	}
	return failed
}

// commit writes the output and the offset in one transaction.
func (b *batch[In, Out]) commit(x *transactor) error {
	outcome, begun := "committed", time.Now()
	b.lane.at(Folded)
	err := x.commit(b.lane.member, b.lane.tenure, b.output, b.next, b.lane.at)
	if err != nil {
		outcome = "aborted"
	}
	meters := b.lane.meters
	meters.transactions.WithLabelValues(outcome).Inc()
	meters.committing.Observe(time.Since(begun).Seconds())
	if err != nil {
		return err
	}
	meters.delay.Observe(time.Since(b.last).Seconds())
	b.settled()
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
		b.settled()
	}
	return nil
}

// settled tells that all up to next is committed. Of markers of transactions alone there is no time.
func (b *batch[In, Out]) settled() {
	if !b.last.IsZero() {
		b.lane.settled.Store(b.last.UnixNano())
	}
}
