package main

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// runNotifier tells every receiver of every defect. Each receiver reads the log for itself, resuming where it was, so that a dead one
// delays no other.
func runNotifier(ctx context.Context, a *app, ready func()) error {
	tell := notifier.New(a.config.Notifier, a.log)
	group, ctx := errgroup.WithContext(ctx)
	for _, receiver := range tell.Names() {
		group.Go(func() error {
			options := kafka.ReadOptions{Group: topology.StageNamed("notifier").Group + "." + receiver}
			return kafka.Read(ctx, a.cluster, topology.Defects, options, func(ctx context.Context, r topology.Record[schemas.DefectEvent]) error {
				if r.Value == nil {
					return nil
				}
				return tell.Deliver(ctx, receiver, r.Value, func(ctx context.Context, n *schemas.Notification) error {
					return a.cluster.Publish(ctx, r.Partition, topology.Notifications.Message(r.Value.ID, n))
				})
			})
		})
	}
	ready()
	return group.Wait()
}
