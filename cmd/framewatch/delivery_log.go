package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

const (
	// deliveriesWaiting is how many attempts may wait to be written; a storm has that many.
	deliveriesWaiting = 1 << 16
	// deliveriesAtOnce is how many are written in one go.
	deliveriesAtOnce = 500
	deliveriesWait   = 30 * time.Second
	// lastDeliveriesWait is for how long what still waits is written when the process ends.
	lastDeliveriesWait = 3 * time.Second
)

// deliveryLog writes attempts to notify to the notifications topic, without making who notifies wait.
type deliveryLog struct {
	a       *app
	waiting chan delivery
	dropped atomic.Int64
}

type delivery struct {
	partition int32
	message   topology.Message
}

func newDeliveryLog(a *app) *deliveryLog {
	return &deliveryLog{a: a, waiting: make(chan delivery, deliveriesWaiting)}
}

// add keeps an attempt in the delivery log of a defect, in the partition of its events; -1: it is not known.
func (l *deliveryLog) add(partition int32, defect string, n *schemas.Notification) {
	if partition < 0 {
		partition = l.a.cluster.Partition(n.Stream)
	}
	select {
	case l.waiting <- delivery{partition, topology.Notifications.Message(defect, n)}:
	default:
		l.dropped.Add(1)
	}
}

// run writes until ctx ends, and then what still waits.
func (l *deliveryLog) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.Background(), lastDeliveriesWait)
			defer cancel()
			for len(l.waiting) > 0 && ctx.Err() == nil {
				l.write(ctx, <-l.waiting)
			}
			return nil
		case d := <-l.waiting:
			l.write(context.Background(), d)
		}
	}
}

// write writes one and those that wait behind it, by partition.
func (l *deliveryLog) write(ctx context.Context, first delivery) {
	by := map[int32][]topology.Message{first.partition: {first.message}}
	for n := 1; n < deliveriesAtOnce && len(l.waiting) > 0; n++ {
		d := <-l.waiting
		by[d.partition] = append(by[d.partition], d.message)
	}
	ctx, cancel := context.WithTimeout(ctx, deliveriesWait)
	defer cancel()
	for partition, messages := range by {
		if err := l.a.cluster.Publish(ctx, partition, messages...); err != nil {
			l.a.log.Warn("keep attempts to notify in the log", "attempts", len(messages), "error", err)
		}
	}
	if n := l.dropped.Swap(0); n > 0 {
		l.a.log.Warn("attempts to notify are not in the log: too many at once", "attempts", n)
	}
}
