package main

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// fromFile marks records that a configuration file wrote and may therefore remove.
const fromFile = "config"

// publishConfig lays the file's streams and profiles on the log. What an earlier file named and this one does not is removed; what
// came through the API or `streams apply` stays. A file without the key touches nothing.
func (a *app) publishConfig(ctx context.Context, config Config) error {
	if config.Profiles != nil {
		if err := a.applyProfiles(ctx, config.Profiles); err != nil {
			return err
		}
	}
	if config.Streams != nil {
		return a.applyStreams(ctx, *config.Streams, fromFile, true)
	}
	return nil
}

// applyStreams publishes those of want that the log does not have yet. With prune, streams of the same origin that want does not name are
// removed.
func (a *app) applyStreams(ctx context.Context, want []StreamConfig, origin string, prune bool) error {
	have, err := current(ctx, a.cluster, topology.Streams)
	if err != nil {
		return err
	}
	if err := a.checkStreams(ctx, want, have); err != nil {
		return err
	}
	group, publishing := errgroup.WithContext(ctx)
	group.SetLimit(publishers)
	changed := 0
	for _, s := range want {
		spec := s.spec(origin)
		old := have[s.ID]
		delete(have, s.ID)
		if old != nil && reflect.DeepEqual(old, spec) {
			continue
		}
		changed++
		group.Go(func() error { return a.publishSpec(publishing, s.ID, old, spec) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if changed > 0 || !prune {
		a.log.Info("streams are configured", "changed", changed, "as_before", len(want)-changed)
	}
	if !prune {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(have)) {
		if have[id].Origin != origin {
			continue
		}
		if err := a.publishStream(ctx, lane(id, have[id]), topology.Streams.Tombstone(id)); err != nil {
			return err
		}
		a.log.Info("stream is removed", "stream", id)
	}
	return nil
}

// checkStreams tells what is wrong with streams beside what is on the log: the profiles there, and the streams that they are to be the same as.
func (a *app) checkStreams(ctx context.Context, want []StreamConfig, have map[string]*schemas.StreamSpec) error {
	profiles, err := current(ctx, a.cluster, topology.Profiles)
	if err != nil {
		return err
	}
	all := selectors{}
	for name, p := range profiles {
		if s, err := newSelector(p); err == nil {
			all[name] = s
		}
	}
	wanted := map[string]bool{}
	for _, s := range want {
		wanted[s.ID] = true
	}
	for _, s := range want {
		spec := s.spec("")
		if err := all.choose(spec).conflict(); err != nil {
			return usage(fmt.Errorf("stream %q: %w", s.ID, err))
		}
		other := have[s.Expectations.SameAs]
		if other != nil && !wanted[s.Expectations.SameAs] && lane(s.Expectations.SameAs, other) != lane(s.ID, spec) {
			return usage(fmt.Errorf("stream %q: expectations: same_as: %q has the lane %q: give this stream the same", s.ID, s.Expectations.SameAs, lane(s.Expectations.SameAs, other)))
		}
	}
	return nil
}

// publishers bounds the streams that are published at a time: each waits for the log's answer.
const publishers = 64

// publishSpec makes one stream spec, which was old, if any.
func (a *app) publishSpec(ctx context.Context, id string, old, spec *schemas.StreamSpec) error {
	if old != nil && lane(id, old) != lane(id, spec) {
		// A change of lane is a removal and an addition: the stream leaves its old partition.
		if err := a.publishStream(ctx, lane(id, old), topology.Streams.Tombstone(id)); err != nil {
			return err
		}
	}
	a.log.Debug("stream is configured", "stream", id)
	return a.publishStream(ctx, lane(id, spec), topology.Streams.Message(id, spec))
}

func (a *app) publishStream(ctx context.Context, lane string, m topology.Message) error {
	return a.cluster.Publish(ctx, a.cluster.Partition(lane), m)
}

// lane is what the partition of a stream is derived from.
func lane(id string, spec *schemas.StreamSpec) string {
	if spec.Lane != "" {
		return spec.Lane
	}
	return id
}

// applyProfiles publishes the profiles that changed and removes those of an earlier file.
func (a *app) applyProfiles(ctx context.Context, want map[string]ProfileConfig) error {
	have, err := current(ctx, a.cluster, topology.Profiles)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		profile, err := want[name].record()
		if err != nil {
			return err
		}
		if old := have[name]; old != nil && old.Origin != fromFile {
			a.log.Warn("the configuration file's profile takes the place of one that the console made", "profile", name)
		}
		if !reflect.DeepEqual(have[name], profile) {
			if err := a.cluster.Publish(ctx, 0, topology.Profiles.Message(name, profile)); err != nil {
				return err
			}
			a.log.Info("profile is configured", "profile", name)
		}
		delete(have, name)
	}
	for name, profile := range have {
		if profile.Origin == fromFile {
			if err := a.cluster.Publish(ctx, 0, topology.Profiles.Tombstone(name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// current is what a compacted topic says now, by key.
func current[T any](ctx context.Context, c *kafka.Cluster, t *topology.Topic[T]) (map[string]*T, error) {
	now := newTable[T]()
	err := kafka.Read(ctx, c, t, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[T]) error {
		now.take(r)
		return nil
	})
	return now.all(), err
}
