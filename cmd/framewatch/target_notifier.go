package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// runNotifier tells people of defects while this process is the one of its group that does; otherwise it waits to take over.
func runNotifier(ctx context.Context, a *app, ready func()) error {
	err := a.begin(func(config Config) error {
		first, err := notifier.New(config.Notifier, a.log)
		if err == nil {
			a.notifiers.use(first)
		}
		return err
	})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	strips, deliveries := newFilmstrips(a), newDeliveryLog(a)
	group.Go(func() error { return strips.follow(ctx) })
	group.Go(func() error { return deliveries.run(ctx) })
	if a.config.Notifier.Listen != "" {
		listener, err := net.Listen("tcp", a.config.Notifier.Listen)
		if err != nil {
			return fmt.Errorf("notifier.listen: %w", err)
		}
		a.access.Own("the notifier", listener.Addr().String())
		a.log.Info("Alertmanager's API is up", "url", "http://"+listener.Addr().String())
		group.Go(func() error {
			return serve(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.notifiers.now().ServeHTTP(w, r) }))
		})
	}
	a.watchdog.watch("the notifier's configuration", func() error { a.notifiers.now(); return nil })
	leading := prometheus.NewGauge(prometheus.GaugeOpts{Name: "framewatch_notifier_leading", Help: "1 while this process is the notifier that tells, 0 while it waits to take over."})
	a.metrics.MustRegister(leading)
	gate := a.readiness.of("notifier")
	gate.waitFor("its consumer group to take it")
	group.Go(func() error {
		return kafka.Lead(ctx, a.cluster, topology.NotifierState, topology.StageNamed("notifier").Group, gate.open, func(ctx context.Context, l *kafka.Leader[schemas.NotifierState]) error {
			a.log.Info("this notifier tells")
			leading.Set(1)
			defer leading.Set(0)
			return a.notifiers.lead(ctx, a.notifierDeps(l, strips, deliveries))
		})
	})
	ready()
	return group.Wait()
}

// notifierDeps hands the notifier the log.
func (a *app) notifierDeps(l *kafka.Leader[schemas.NotifierState], strips *filmstrips, deliveries *deliveryLog) notifier.Deps {
	return notifier.Deps{
		Follow: func(ctx context.Context, caughtUp func(), handle func(key string, v *schemas.NotifierState) error) error {
			return l.Follow(ctx, caughtUp, func(_ context.Context, r topology.Record[schemas.NotifierState]) error { return handle(r.Key, r.Value) })
		},
		Write: func(ctx context.Context, entries ...notifier.Entry) error {
			return l.Write(ctx, stateMessages(entries)...)
		},
		Defects: func(ctx context.Context, from time.Time, caughtUp func(), handle func(int32, *schemas.DefectEvent, time.Time)) error {
			return kafka.Read(ctx, a.cluster, topology.Defects, kafka.ReadOptions{Owner: true, From: from, CaughtUp: caughtUp},
				func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
					if r.Value != nil {
						handle(r.Partition, r.Value, r.Time)
					}
					return nil
				})
		},
		Record:   deliveries.add,
		Evidence: strips.wait,
		SignLink: func(u *url.URL) { a.pictures.sign(u, time.Now(), linkLife) },
		Told:     a.tracing.told,
		Metrics:  a.metrics,
	}
}

// stateMessages are entries of the notifier's state as messages for its topic.
func stateMessages(entries []notifier.Entry) []topology.Message {
	messages := make([]topology.Message, len(entries))
	for i, e := range entries {
		if e.Value == nil {
			messages[i] = topology.NotifierState.Tombstone(e.Key)
		} else {
			messages[i] = topology.NotifierState.Message(e.Key, e.Value)
		}
	}
	return messages
}
