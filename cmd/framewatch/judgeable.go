package main

import (
	"context"
	"strings"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// placedVerdict is a verdict and the partition of its stream.
type placedVerdict struct {
	console.Verdict
	partition int32
}

// judgeable is what opinions can be about.
type judgeable struct {
	// defects that they name, by id.
	defects map[string]topology.Record[schemas.DefectEvent]
	// partitions of the streams that are monitored or have had a defect of late.
	partitions map[string]int32
}

// judgeable looks up what opinions are about.
func (a *app) judgeable(ctx context.Context, opinions ...opinion) (*judgeable, error) {
	j := &judgeable{defects: map[string]topology.Record[schemas.DefectEvent]{}, partitions: map[string]int32{}}
	named := map[string]bool{}
	for _, o := range opinions {
		if o.Defect != "" {
			named[o.Defect] = true
		}
	}
	take := func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
		if r.Value == nil {
			return nil
		}
		j.partitions[r.Value.Stream] = r.Partition
		if had := j.defects[r.Value.ID].Value; named[r.Value.ID] && (had == nil || had.Revision <= r.Value.Revision) {
			j.defects[r.Value.ID] = r
		}
		return nil
	}
	if err := kafka.Read(ctx, a.cluster, topology.DefectsLatest, kafka.ReadOptions{Bounded: true}, take); err != nil {
		return nil, err
	}
	if len(j.defects) < len(named) { // one that ended weeks ago stands in the longer log only
		if err := kafka.Read(ctx, a.cluster, topology.Defects, kafka.ReadOptions{Bounded: true}, take); err != nil {
			return nil, err
		}
	}
	streams, err := current(ctx, a.cluster, topology.Streams)
	for id, spec := range streams {
		j.partitions[id] = a.cluster.Partition(lane(id, spec))
	}
	return j, err
}

// judge checks an opinion and puts the verdict on the log, with who has said so.
func (a *app) judge(ctx context.Context, o opinion, address string) (console.Verdict, error) {
	j, err := a.judgeable(ctx, o)
	if err != nil {
		return console.Verdict{}, err
	}
	v, err := j.verdict(o, time.Now())
	if err != nil {
		return console.Verdict{}, err
	}
	if err := a.publishVerdicts(ctx, []placedVerdict{v}); err != nil {
		return console.Verdict{}, err
	}
	target := v.Stream
	if v.Defect != nil {
		target = *v.Defect
	}
	return v.Verdict, a.audit(ctx, o.Author, "verdicts add", target, strings.TrimSpace(v.Label+" "+v.Note), address)
}

// publishVerdicts writes verdicts to the partitions of their streams.
func (a *app) publishVerdicts(ctx context.Context, verdicts []placedVerdict) error {
	messages := map[int32][]topology.Message{}
	for _, v := range verdicts {
		messages[v.partition] = append(messages[v.partition], topology.Verdicts.Message(v.Stream, &v.Verdict.Verdict))
	}
	for partition, list := range messages {
		if err := a.cluster.Publish(ctx, partition, list...); err != nil {
			return err
		}
	}
	return nil
}

// audit writes down who has changed what.
func (a *app) audit(ctx context.Context, by, action, target, detail, address string) error {
	entry := &schemas.Audit{Time: time.Now().UnixMicro(), Action: action, Target: target, Detail: detail, Address: address}
	return a.cluster.Publish(ctx, 0, topology.Audit.Message(by, entry))
}
