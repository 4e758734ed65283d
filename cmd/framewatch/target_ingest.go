package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// runIngest watches the streams of the partitions that this member of the group owns, serves their pictures, and stores the evidence of their
// defects.
func runIngest(ctx context.Context, a *app, ready func()) error {
	listener, err := net.Listen("tcp", a.config.Ingest.Listen)
	if err != nil {
		return fmt.Errorf("ingest.listen: %w", err)
	}
	config := a.config.Ingest.Config
	if directory := &config.Evidence.Store.Directory; *directory != "" && !filepath.IsAbs(*directory) {
		*directory = filepath.Join(a.config.DataDir, *directory)
	}
	config.Policy, config.Metrics = a.access, a.metrics
	a.own()
	a.access.Own("the pictures' server", listener.Addr().String())
	config.Edge = a.config.Ingest.Advertise
	if config.Edge == "" {
		config.Edge = "http://" + listener.Addr().String()
	}
	config.Reproductions, config.Intents = filepath.Join(a.config.DataDir, "reproductions"), filepath.Join(a.config.DataDir, "evidence-intents")
	mine := &owned{streams: newTable[schemas.StreamSpec](), partitions: map[int32]bool{}, cluster: a.cluster}
	edge := ingest.New(config, mine.publish, a.log)
	mine.edge = edge

	keeper, err := edge.Keeper(a.traced(mine.evidenceLog()))
	if err != nil {
		return fmt.Errorf("ingest.%w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	// What opened right before ctx ended still gets its evidence, of what the edge holds and in partitions that it owns, so it has its streams and watches them until then.
	watching, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	group.Go(func() error { return edge.Run(watching) })
	group.Go(func() error { return a.ownBrokers(ctx) })
	handler := http.NewServeMux()
	handler.Handle("GET /pictures/", edge.Pictures())
	if keeper != nil {
		handler.Handle("GET /evidence/{file}", keeper.Handler())
		a.keep(ctx, group, edge, keeper, end)
	} else {
		context.AfterFunc(ctx, end)
	}
	group.Go(func() error { return serve(watching, listener, a.pictures.guard(handler)) })
	var given assignment
	a.readiness.of("ingest").until(func() string { return given.missing(time.Now()) })
	a.watchdog.watch("the edge's list of streams", edge.Answers)
	network := make(chan struct{})
	group.Go(func() error { return a.followNetwork(ctx, edge, closer(network)) })
	group.Go(func() error {
		if !wait(ctx, network) {
			return nil
		}
		return kafka.Own(watching, a.cluster, topology.Streams, topology.StageNamed("ingest").Group, kafka.Owner[schemas.StreamSpec]{
			Assigned: func(p int32) { mine.assigned(p); given.working(p) }, Lost: mine.lost, Changed: mine.changed,
			Owns: func(partitions []int32) { given.owns(partitions, time.Now()) },
		})
	})
	ready()
	return group.Wait()
}

// owned is which streams are this process's, and in which partition they write. It is safe for concurrent use.
type owned struct {
	mu      sync.RWMutex
	streams *table[schemas.StreamSpec]
	// partitions are the owned ones.
	partitions map[int32]bool
	cluster    *kafka.Cluster
	edge       *ingest.Ingest
}

// assigned takes a partition.
func (o *owned) assigned(partition int32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.partitions[partition] = true
}

// changed takes one record of an owned partition of the streams topic.
func (o *owned) changed(r topology.Record[schemas.StreamSpec]) {
	o.mu.Lock()
	spec, _ := o.streams.take(r)
	o.mu.Unlock()
	if spec == nil {
		o.edge.Remove(r.Key)
		return
	}
	o.edge.Set(r.Key, spec)
}

// lost drops the streams of a partition that went to another member.
func (o *owned) lost(partition int32) {
	var gone []string
	o.mu.Lock()
	delete(o.partitions, partition)
	for _, id := range o.streams.drop(partition) {
		// One whose lane was changed may stand in another partition of ours.
		if spec, _ := o.streams.get(id); spec != nil {
			defer o.edge.Set(id, spec)
		} else {
			gone = append(gone, id)
		}
	}
	o.mu.Unlock()
	o.edge.Remove(gone...)
}

// publish puts a measurement on the stream's partition, or loses it when the log is too far behind: the live edge never waits.
func (o *owned) publish(stream string, f *schemas.Feature, lost func()) {
	o.mu.RLock()
	spec, partition := o.streams.get(stream)
	o.mu.RUnlock()
	if spec == nil {
		return // it was taken from us a moment ago
	}
	o.cluster.TryPublish(partition, topology.Features.Message(stream, f), func(err error) {
		if err != nil {
			lost()
		}
	})
}

// serve serves HTTP until ctx ends, and then lets the running requests finish for a moment.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout}
	stop := context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	})
	defer stop()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}
