package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// backupLanes says into which partition a record of a backup belongs.
type backupLanes struct {
	a *app
	// of has the lanes of streams that have one of their own, by stream id: those of the backup, and of other streams those of the log.
	of      map[string]string
	generic *schemas.Generic
}

func newBackupLanes(a *app) *backupLanes {
	return &backupLanes{a: a, of: map[string]string{}, generic: schemas.NewGeneric(a.contract)}
}

// learn takes the lane of one stream. One that nobody can read is in force nowhere: it has no lane but its own.
func (l *backupLanes) learn(ctx context.Context, r topology.Raw) error {
	if err := l.a.cluster.Learn(ctx, r.Value); err != nil {
		return err
	}
	id, spec := string(r.Key), new(schemas.StreamSpec)
	if err := schemas.Decode(l.a.contract, topology.Streams.Value, r.Value, spec); err != nil {
		l.a.log.Warn("a stream cannot be read: its records are placed by its id, not by its lane", "stream", fmt.Sprintf("%.80s", id), "error", err)
		return nil
	}
	l.of[id] = lane(id, spec)
	return nil
}

// backupLanes learns the lanes of streams, if a record of one of the topics has to have another partition than it had.
func (a *app) backupLanes(ctx context.Context, directory string, m *backupManifest, topics []*topology.Spec) (*backupLanes, error) {
	l := newBackupLanes(a)
	moves := func(t *topology.Spec) bool {
		kept, _ := m.topic(t.Name)
		return a.cluster.PartitionsOf(t) != kept.Partitions
	}
	if !slices.ContainsFunc(topics, moves) {
		return l, nil
	}
	learn := func(r topology.Raw) error { return l.learn(ctx, r) }
	if err := a.liveRecords(ctx, &topology.Streams.Spec, learn); err != nil {
		return nil, err
	}
	if kept, ok := m.topic(topology.Streams.Name); ok {
		if err := kept.read(directory, learn); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// place is the partition for a record of a topic: its own where there are as many as there were, else that of its stream's lane.
func (l *backupLanes) place(t *topology.Spec, kept backupTopic, r topology.Raw) (int32, error) {
	if l.a.cluster.PartitionsOf(t) == kept.Partitions {
		return r.Partition, nil
	}
	stream := string(r.Key)
	if t.Key != "stream id" {
		native, err := l.generic.Native(r.Value)
		fields, _ := native.(map[string]any)
		if named, _ := fields["stream"].(string); err == nil && named != "" {
			stream = named
		} else {
			l.a.log.Warn("the stream of a record cannot be read: it is placed by its key, where nobody can read it either", "topic", t.Name, "key", fmt.Sprintf("%.80s", r.Key), "error", err)
		}
	}
	if lane, ok := l.of[stream]; ok {
		return l.a.cluster.Partition(lane), nil
	}
	return l.a.cluster.Partition(stream), nil
}
