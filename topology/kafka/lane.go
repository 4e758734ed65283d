package kafka

import (
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/schemas"
)

const (
	// idleCommit is how often the offset of input without output is committed. Such input costs no transaction: folded again it gives nothing again.
	idleCommit = 300 * time.Millisecond
	// retryPause is between two attempts to begin after an error.
	retryPause = 200 * time.Millisecond
)

// lane is one partition's fold during one tenure.
type lane[In, Out any] struct {
	c       *Cluster
	options RunOptions[In, Out]
	member  *member
	tenure  *tenure
	// rebuilds has a place for each partition that may be rebuilt at a time, refolds for each of them that may fold its lookback.
	rebuilds, refolds chan struct{}
	meters            *foldMeters
	// settled is when the last record was written whose effect is committed, before that when the tenure began, Unix nanoseconds.
	settled *atomic.Int64
	// values reads the input, each record into the memory of the one before.
	values *schemas.Reader[In]
}

// at tells of a moment to whom it is of interest.
func (l *lane[In, Out]) at(m Moment) {
	if l.options.At != nil {
		l.options.At(l.tenure.partition, m)
	}
}

// follow folds until the tenure ends, beginning anew after each error.
func (l *lane[In, Out]) follow() {
	l.settled = l.meters.behind.of(l.tenure.partition, time.Now())
	for l.tenure.ctx.Err() == nil {
		if err := l.fold(); err != nil && l.tenure.ctx.Err() == nil {
			l.meters.restarts.Inc()
			l.c.log.Warn("begin a partition anew", "group", l.member.group, "partition", l.tenure.partition, "error", err)
			pause(l.tenure.ctx, retryPause)
		}
	}
	l.meters.behind.gone(l.tenure.partition)
}

// fold takes the partition over and runs its cycles. It returns nil when the tenure has ended between two cycles.
func (l *lane[In, Out]) fold() error {
	began := time.Now()
	x, err := l.c.transactor(l.tenure.ctx, l.member.group, l.tenure.partition)
	if err != nil {
		return err
	}
	defer x.close()
	l.at(Fenced)
	// Only now that the last owner is fenced is the committed offset final.
	processor, next, err := l.rebuild()
	if err != nil {
		return err
	}
	l.at(Rebuilt)
	l.meters.rebuilds.Observe(time.Since(began).Seconds())
	x.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{l.member.topic: {l.tenure.partition: kgo.NewOffset().At(next)}})
	return l.cycles(x, &batch[In, Out]{lane: l, processor: processor, next: next, committed: next}, began)
}

// cycles polls, folds and commits. The partition was taken over from began on.
func (l *lane[In, Out]) cycles(x *transactor, b *batch[In, Out], began time.Time) error {
	flows := false
	for stored := time.Now(); ; {
		fetches, err := l.c.poll(l.tenure.ctx, x.client, b.next > b.committed)
		if l.tenure.ctx.Err() != nil {
			return b.store()
		}
		if err != nil {
			return err
		}
		polled := time.Now()
		l.at(Polled)
		if err := b.fold(fetches); err != nil {
			return err
		}
		if !flows && fetches.NumRecords() > 0 {
			flows = true
			l.c.log.Info("partition flows", "group", l.member.group, "partition", l.tenure.partition, "after", time.Since(began))
		}
		if len(b.output) > 0 {
			err = b.commit(x)
		} else if time.Since(stored) >= idleCommit {
			err, stored = b.store(), time.Now()
		}
		if err != nil {
			return err
		}
		if fetches.NumRecords() < pollRecords {
			pause(l.tenure.ctx, l.options.Interval-time.Since(polled))
		}
	}
}
