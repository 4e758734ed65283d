package kafka

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology"
)

// rebuild makes the partition's Processor as it was at the committed offset, and returns that offset: the last output of each key is restored, what was
// lately told is recalled, then the lookback before the offset is folded again with its output muted.
func (l *lane[In, Out]) rebuild() (topology.Processor[In, Out], int64, error) {
	ctx := l.tenure.ctx
	if err := enter(ctx, l.rebuilds); err != nil {
		return nil, 0, err
	}
	defer leave(l.rebuilds)
	start, next, err := l.resumption(ctx)
	if err != nil {
		return nil, 0, err
	}
	written := time.Now() // by now all is that stands before next
	processor := l.options.New(l.tenure.partition)
	if l.options.Latest != nil {
		latest, err := l.latest(ctx)
		if err != nil {
			return nil, 0, err
		}
		processor.Restore(latest)
	}
	from, since, err := l.lookback(ctx, start, next, processor.Lookback())
	if err != nil {
		return nil, 0, err
	}
	if l.options.Recall != nil {
		if err := l.options.Recall(ctx, processor, l.tenure.partition, next, since); err != nil {
			return nil, 0, err
		}
	}
	l.at(Restored)
	if err := enter(ctx, l.refolds); err != nil {
		return nil, 0, err
	}
	defer leave(l.refolds)
	input := l.options.Input
	err = l.c.span(ctx, &input.Spec, l.tenure.partition, from, next, func(r *kgo.Record) error {
		if r.Attrs.IsControl() {
			return nil
		}
		record, poison, err := decode(ctx, l.c, input, r, written, string(r.Key), l.values.Read)
		// What cannot be read was set aside when it was folded first.
		if err == nil && poison == nil {
			processor.Fold(record, func(topology.Message) {})
		}
		return err
	})
	if err == nil {
		err = failure(processor)
	}
	return processor, next, err
}

// enter waits for one of so many places, which leave gives back.
func enter(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func leave(places chan struct{}) { <-places }

// resumption is the partition's first offset and the one to go on from. A group without an offset, and one whose offset the log no longer
// has, go on from the first.
func (l *lane[In, Out]) resumption(ctx context.Context) (start, next int64, err error) {
	partition, spec := l.tenure.partition, &l.options.Input.Spec
	if next, err = l.c.committed(ctx, l.member.group, l.member.topic, partition); err != nil {
		return 0, 0, err
	}
	extent, err := l.c.extent(ctx, spec)
	if err != nil {
		return 0, 0, err
	}
	start, end := extent.of(l.member.topic, partition)
	if next >= 0 && (next < start || next > end) {
		l.c.log.Warn("the log no longer has the offset to go on from: going on from its start",
			"group", l.member.group, "topic", spec.Name, "partition", partition, "offset", next, "start", start, "end", end)
	}
	if next < start || next > end {
		next = start
	}
	return start, next, nil
}

// latest is the last output of each key of this partition, in the order in which they were written.
func (l *lane[In, Out]) latest(ctx context.Context) ([]Out, error) {
	spec, partition := &l.options.Latest.Spec, l.tenure.partition
	extent, err := l.c.extent(ctx, spec)
	if err != nil {
		return nil, err
	}
	written, byKey := time.Now(), map[string]topology.Record[Out]{}
	start, end := extent.of(l.c.name(spec), partition)
	err = l.c.span(ctx, spec, partition, start, end, func(r *kgo.Record) error {
		if r.Attrs.IsControl() {
			return nil
		}
		record, poison, err := decode(ctx, l.c, l.options.Latest, r, written, string(r.Key), kept(l.c, l.options.Latest))
		if poison != nil {
			l.c.poisoned(spec, r, poison)
		} else if err == nil {
			byKey[record.Key] = record
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []Out
	for _, r := range slices.SortedFunc(maps.Values(byKey), func(a, b topology.Record[Out]) int { return cmp.Compare(a.Offset, b.Offset) }) {
		if r.Value != nil {
			out = append(out, *r.Value)
		}
	}
	return out, nil
}

// lookback is the offset from which on the input must be folded again, not below start, to have all of the time before next, and since when that is:
// zero where there is nothing before next.
func (l *lane[In, Out]) lookback(ctx context.Context, start, next int64, window time.Duration) (from int64, since time.Time, err error) {
	if next == start {
		return next, since, nil
	}
	spec, partition := &l.options.Input.Spec, l.tenure.partition
	var resumed time.Time
	if err := l.c.span(ctx, spec, partition, next-1, next, func(r *kgo.Record) error { resumed = r.Timestamp; return nil }); err != nil {
		return 0, since, err
	}
	if resumed.IsZero() {
		return start, since, nil // the record is gone: all that is left is folded
	}
	// Records of several writers stand in the log a little out of order of their time.
	since = resumed.Add(-window - time.Second)
	from, err = l.c.offsetAt(ctx, spec, partition, since)
	return max(start, min(from, next)), since, err
}
