package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/topology"
)

// writeQueue is how many writes of a leader may wait for the transaction before theirs; all that wait go into one.
const writeQueue = 1024

// lastWrite is for how long it may still be written once leading has ended: until it returns nobody else leads, or what it writes is refused.
const lastWrite = 5 * time.Second

// Leader is the one member of a group that may write to a compacted topic of one partition, for as long as it leads.
type Leader[T any] struct {
	c     *Cluster
	topic *topology.Topic[T]
	// ctx ends when another leads, or nobody can tell; writing ends lastWrite later, so that what is to be handed over can be written down.
	ctx, writing context.Context
	writes       chan write
}

// write is what is to be written at once, and who waits for it.
type write struct {
	records []*kgo.Record
	done    chan<- error
}

// Lead makes this process a member of a group of which one member leads: it calls lead each time this one begins to, until ctx ends; then it returns nil. lead's context ends
// when the leadership does; lead returns soon after that. When it returns earlier, or cannot write any more, the leadership begins anew a moment later. joined, when not nil, is
// called when the group has taken this process, to lead or to wait, and each time that this changes. It returns an error when the group can never take this process.
func Lead[T any](ctx context.Context, c *Cluster, t *topology.Topic[T], group string, joined func(), lead func(ctx context.Context, l *Leader[T]) error) error {
	if !t.Single {
		return fmt.Errorf("lead on %s: it has more than one partition", t.Name)
	}
	m, err := c.join(ctx, c.group(group), &t.Spec, tenancy{
		begin: func(m *member, at *tenure) {
			at.work.Go(func() {
				for at.ctx.Err() == nil {
					if err := term(at.ctx, c, t, m.group, lead); at.ctx.Err() == nil {
						c.log.Warn("begin to lead anew", "group", m.group, "error", err)
						pause(at.ctx, retryPause)
					}
				}
			})
		},
		ended: func(*member, *tenure, bool) {},
		idle:  true,
		owns: func([]int32) {
			if joined != nil {
				joined()
			}
		},
	})
	if err != nil {
		return err
	}
	defer m.leave()
	return m.idle(ctx)
}

// term leads once: it fences whoever led before, so that nothing of that one's stands after what is written now.
func term[T any](ctx context.Context, c *Cluster, t *topology.Topic[T], group string, lead func(context.Context, *Leader[T]) error) error {
	x, err := c.transactor(ctx, group, 0)
	if err != nil {
		return err
	}
	defer x.close()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	writing, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastWrite, stop) })()
	l := &Leader[T]{c: c, topic: t, ctx: ctx, writing: writing, writes: make(chan write, writeQueue)}
	written := make(chan struct{})
	go func() {
		defer close(written)
		if err := l.transact(x); err != nil {
			end(err)
			stop()
		}
	}()
	err = lead(ctx, l)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	end(nil)
	stop()
	<-written
	return err
}

// Follow hands handle what stands in the topic, by one goroutine, then each new record, whoever has written it. caughtUp is called when everything has been handled that stood
// there at the start: nobody who led before can add to that. It returns nil when ctx ends.
func (l *Leader[T]) Follow(ctx context.Context, caughtUp func(), handle Handler[T]) error {
	return Read(ctx, l.c, l.topic, ReadOptions{Owner: true, Partitions: []int32{0}, CaughtUp: caughtUp}, handle)
}

// Write writes messages to the topic, all or nothing; also for a moment after the leadership has ended, for a ctx that has not. An error means that this process may not lead any more, or that ctx has ended: then it is not known whether they stand.
func (l *Leader[T]) Write(ctx context.Context, messages ...topology.Message) error {
	w := write{records: make([]*kgo.Record, len(messages))}
	for i, m := range messages {
		r, err := l.c.record(0, m)
		if err != nil {
			return err
		}
		w.records[i] = r
	}
	done := make(chan error, 1)
	w.done = done
	select {
	case l.writes <- w:
	case <-l.writing.Done():
		return context.Cause(l.ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-l.writing.Done():
		return context.Cause(l.ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// transact writes what is asked for, all that waits in one transaction, until the leadership ends or a transaction fails.
func (l *Leader[T]) transact(x *transactor) error {
	for {
		var together []write
		select {
		case <-l.writing.Done():
			return nil
		case w := <-l.writes:
			together = append(together, w)
		}
		for len(together) < writeQueue && len(l.writes) > 0 {
			together = append(together, <-l.writes)
		}
		var records []*kgo.Record
		for _, w := range together {
			records = append(records, w.records...)
		}
		err := x.publish(l.ctx, records)
		for _, w := range together {
			w.done <- err
		}
		if err != nil {
			return err
		}
	}
}

// publish writes the records, all or nothing. Once leading has ended it is cut short.
func (x *transactor) publish(leading context.Context, records []*kgo.Record) error {
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	defer context.AfterFunc(leading, func() { time.AfterFunc(lastWrite, cancel) })()
	if err := x.client.BeginTransaction(); err != nil {
		return fmt.Errorf("begin %s: %w", x.id, err)
	}
	if err := x.write(ctx, records); err != nil {
		return errors.Join(fmt.Errorf("write in %s: %w", x.id, err), x.abort(ctx))
	}
	if err := x.client.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return errors.Join(fmt.Errorf("commit %s: %w", x.id, err), x.abort(ctx))
	}
	return nil
}
