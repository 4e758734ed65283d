package main

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// keep lets the edge store the evidence of defects: of those that open from now on, as the log tells them. ended is called when that of the last before ctx ended is stored.
func (a *app) keep(ctx context.Context, group *errgroup.Group, edge *ingest.Ingest, keeper *ingest.Keeper, ended func()) {
	measureEvidence(a.metrics, edge, keeper)
	now := time.Now()
	group.Go(func() error {
		defer ended()
		return keeper.Run(ctx)
	})
	group.Go(func() error {
		return kafka.Read(ctx, a.cluster, topology.Evidence, kafka.ReadOptions{Owner: true, CaughtUp: keeper.CaughtUp},
			func(_ context.Context, r topology.Record[schemas.Evidence]) error {
				keeper.Stored(r.Partition, r.Key, r.Value)
				return nil
			})
	})
	group.Go(func() error {
		return kafka.Read(ctx, a.cluster, topology.Defects, kafka.ReadOptions{From: now},
			func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
				if r.Value != nil {
					keeper.Defect(r.Value)
				}
				return nil
			})
	})
}

// evidenceLog writes to the evidence topic, in the partition of the stream.
func (o *owned) evidenceLog() ingest.EvidenceLog {
	return ingest.EvidenceLog{
		Publish: func(ctx context.Context, stream, defect string, e *schemas.Evidence) error {
			o.mu.RLock()
			spec, partition := o.streams.get(stream)
			o.mu.RUnlock()
			if spec == nil {
				return fmt.Errorf("stream %s is another edge's now", stream)
			}
			return o.cluster.Publish(ctx, partition, topology.Evidence.Message(defect, e))
		},
		Drop: func(ctx context.Context, partition int32, defect string) error {
			return o.cluster.Publish(ctx, partition, topology.Evidence.Tombstone(defect))
		},
		Owned: func(partition int32) bool {
			o.mu.RLock()
			defer o.mu.RUnlock()
			return o.partitions[partition]
		},
	}
}

// traced makes a span of each evidence that is told of.
func (a *app) traced(log ingest.EvidenceLog) ingest.EvidenceLog {
	publish := log.Publish
	log.Publish = func(ctx context.Context, stream, defect string, e *schemas.Evidence) error {
		begun := time.Now()
		err := publish(ctx, stream, defect, e)
		a.tracing.stored(defect, stream, begun, time.Now(), err)
		return err
	}
	return log
}

// measureEvidence tells what is kept in memory and what became of the defects that opened.
func measureEvidence(to prometheus.Registerer, edge *ingest.Ingest, keeper *ingest.Keeper) {
	to.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "framewatch_evidence_packet_bytes", Help: "What the encoded packets take that are kept in memory.",
	}, func() float64 { return float64(edge.PacketBytes()) }))
	for i, outcome := range []string{"stored", "failed", "skipped"} {
		to.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "framewatch_evidence_defects_total", Help: "Defects that opened, by what became of their evidence: stored, failed (the store did not take it, or the edge ended before it was stored) or skipped (too many had opened at once).",
			ConstLabels: prometheus.Labels{"outcome": outcome},
		}, func() float64 {
			stored, failed, skipped := keeper.Counts()
			return float64([]int64{stored, failed, skipped}[i])
		}))
	}
}
