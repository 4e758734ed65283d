package main

import (
	"context"
	"fmt"
	"log/slog"
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

// laid is what is written of one stream or profile, in this order, and what is said of it then.
type laid struct {
	messages  []kafka.Placed
	level     slog.Level
	said      string
	attribute slog.Attr
}

// layout is what there is to write for a file's profiles and streams to stand on the log.
type layout struct {
	profiles, streams []laid
	// changed and same are how many streams are written and how many are there already; said, that it is worth a line.
	changed, same int
	said          bool
}

// messages are all of them, the profiles first.
func (l layout) messages() (all []kafka.Placed) {
	for _, part := range slices.Concat(l.profiles, l.streams) {
		all = append(all, part.messages...)
	}
	return all
}

// tell logs what has been written.
func (l layout) tell(log *slog.Logger) {
	for _, part := range slices.Concat(l.profiles, l.streams) {
		if part.said != "" {
			log.LogAttrs(context.Background(), part.level, part.said, part.attribute)
		}
	}
	if l.said {
		log.Info("streams are configured", "changed", l.changed, "as_before", l.same)
	}
}

// publishConfig lays the file's streams and profiles on the log. What an earlier file named and this one does not is removed; what
// came through the API or `streams apply` stays. A file without the key touches nothing.
func (a *app) publishConfig(ctx context.Context, config Config) error {
	l, err := a.layConfig(ctx, config)
	if err != nil {
		return err
	}
	return a.write(ctx, l)
}

// applyStreams publishes those of want that the log does not have yet. With prune, streams of the same origin that want does not name are
// removed.
func (a *app) applyStreams(ctx context.Context, want []StreamConfig, origin string, prune bool) error {
	profiles, err := current(ctx, a.cluster, topology.Profiles)
	if err != nil {
		return err
	}
	var l layout
	if err := a.layStreams(ctx, &l, want, profiles, origin, prune); err != nil {
		return err
	}
	return a.write(ctx, l)
}

// publishers bounds the streams that are published at a time: each waits for the log's answer.
const publishers = 64

// write publishes a layout, the profiles before the streams that may name them.
func (a *app) write(ctx context.Context, l layout) error {
	for _, parts := range [][]laid{l.profiles, l.streams} {
		group, publishing := errgroup.WithContext(ctx)
		group.SetLimit(publishers)
		for _, part := range parts {
			group.Go(func() error {
				for _, m := range part.messages {
					if err := a.cluster.Publish(publishing, m.Partition, m.Message); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	l.tell(a.log)
	return nil
}

// layConfig is what there is to write for a file. For one that names neither streams nor profiles nothing is read: most targets may not read these topics.
func (a *app) layConfig(ctx context.Context, config Config) (l layout, err error) {
	if config.Profiles == nil && config.Streams == nil {
		return l, nil
	}
	profiles, err := current(ctx, a.cluster, topology.Profiles)
	if err != nil {
		return l, err
	}
	if config.Profiles != nil {
		if err := a.layProfiles(&l, config.Profiles, profiles); err != nil {
			return l, err
		}
	}
	if config.Streams != nil {
		err = a.layStreams(ctx, &l, *config.Streams, profiles, fromFile, true)
	}
	return l, err
}

// layProfiles adds the profiles that changed and removes those of an earlier file; have becomes what stands then.
func (a *app) layProfiles(l *layout, want map[string]ProfileConfig, have map[string]*schemas.Profile) error {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		profile, err := want[name].record()
		if err != nil {
			return err
		}
		old := have[name]
		written := laid{[]kafka.Placed{{Message: topology.Profiles.Message(name, profile)}}, slog.LevelInfo, "profile is configured", slog.String("profile", name)}
		if old != nil && old.Origin != fromFile {
			written.level, written.said = slog.LevelWarn, "the configuration file's profile takes the place of one that the console made"
		}
		if have[name] = profile; !reflect.DeepEqual(old, profile) {
			l.profiles = append(l.profiles, written)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, wanted := want[name]; !wanted && have[name].Origin == fromFile {
			delete(have, name)
			l.profiles = append(l.profiles, laid{[]kafka.Placed{{Message: topology.Profiles.Tombstone(name)}}, slog.LevelInfo, "profile is removed", slog.String("profile", name)})
		}
	}
	return nil
}

// layStreams adds those of want that the log does not have yet and, with prune, the end of those of the same origin that want does not name.
func (a *app) layStreams(ctx context.Context, l *layout, want []StreamConfig, profiles map[string]*schemas.Profile, origin string, prune bool) error {
	have, err := current(ctx, a.cluster, topology.Streams)
	if err != nil {
		return err
	}
	if err := fitStreams(want, have, profiles); err != nil {
		return err
	}
	for _, s := range want {
		spec := s.spec(origin)
		old := have[s.ID]
		delete(have, s.ID)
		if old != nil && reflect.DeepEqual(old, spec) {
			l.same++
			continue
		}
		l.changed++
		a.log.Debug("stream is configured", "stream", s.ID)
		l.streams = append(l.streams, laid{messages: a.placeSpec(s.ID, old, spec)})
	}
	l.said = l.changed > 0 || !prune
	for _, id := range slices.Sorted(maps.Keys(have)) {
		if prune && have[id].Origin == origin {
			end := kafka.Placed{Partition: a.cluster.Partition(lane(id, have[id])), Message: topology.Streams.Tombstone(id)}
			l.streams = append(l.streams, laid{[]kafka.Placed{end}, slog.LevelInfo, "stream is removed", slog.String("stream", id)})
		}
	}
	return nil
}

// fitStreams tells what is wrong with streams beside what is on the log: the profiles, and the streams that they are to be the same as.
func fitStreams(want []StreamConfig, have map[string]*schemas.StreamSpec, profiles map[string]*schemas.Profile) error {
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

// placeSpec is what is written for one stream spec, which was old, if any.
func (a *app) placeSpec(id string, old, spec *schemas.StreamSpec) (messages []kafka.Placed) {
	if old != nil && lane(id, old) != lane(id, spec) {
		// A change of lane is a removal and an addition: the stream leaves its old partition.
		messages = append(messages, kafka.Placed{Partition: a.cluster.Partition(lane(id, old)), Message: topology.Streams.Tombstone(id)})
	}
	return append(messages, kafka.Placed{Partition: a.cluster.Partition(lane(id, spec)), Message: topology.Streams.Message(id, spec)})
}

// publishSpec makes one stream spec, which was old, if any.
func (a *app) publishSpec(ctx context.Context, id string, old, spec *schemas.StreamSpec) error {
	return a.write(ctx, layout{streams: []laid{{messages: a.placeSpec(id, old, spec)}}})
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

// current is what a compacted topic says now, by key: all of it, or an error.
func current[T any](ctx context.Context, c *kafka.Cluster, t *topology.Topic[T]) (map[string]*T, error) {
	now := newTable[T]()
	err := kafka.Read(ctx, c, t, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[T]) error {
		now.take(r)
		return nil
	})
	if err == nil {
		err = ctx.Err() // a reading that was given up ends as one that has come to the end
	}
	return now.all(), err
}
