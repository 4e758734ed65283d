package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,200}$`)

// mostEvents bounds what is written in one transaction, which is in memory before: about a gigabyte.
const mostEvents = 1 << 20

// republish writes the events of a detection to a topic of their own.
func (x *replaying) republish(ctx context.Context, w io.Writer, a *app, d replay.Detection) (folded replay.Folded, err error) {
	if x.tries() {
		d.Past = nil // it is of the rules that were in force
		if d.Change, err = x.change(ctx, a); err != nil {
			return folded, err
		}
	}
	target := topology.DefectsNamed(x.publish)
	if err := a.cluster.Provide(ctx, &target.Spec); err != nil {
		return folded, fmt.Errorf("--publish-to: %w", err)
	}
	var messages []kafka.Placed
	defects, source := map[string]bool{}, topology.EventSource(a.config.Kafka.Prefix)
	// What an earlier one was still writing stands there before anybody looks whether the topic is empty.
	err = a.cluster.PublishAll(ctx, "framewatch.replay."+target.Name, func(ctx context.Context) ([]kafka.Placed, error) {
		if !x.again {
			if err := a.wantEmpty(ctx, target.Name); err != nil {
				return nil, err
			}
		}
		folded, err = x.events(ctx, a, d, func(partition int32, ev *schemas.DefectEvent) {
			defects[ev.ID] = true
			messages = append(messages, kafka.Placed{Partition: partition, Message: topology.EventIn(target, source, ev)})
		})
		return messages, err
	})
	if err == nil {
		_, err = fmt.Fprintf(w, "published %d events of %d defects to %s%s\n", len(messages), len(defects), a.config.Kafka.Prefix, target.Name)
	}
	return folded, err
}

// events hands over those of a detection, as many as fit into one transaction.
func (x *replaying) events(ctx context.Context, a *app, d replay.Detection, take func(partition int32, ev *schemas.DefectEvent)) (replay.Folded, error) {
	n := 0
	return d.Run(ctx, func(partition int32, o detector.Output) error {
		switch {
		case o.Defect == nil:
			return nil
		case partition >= a.cluster.Partitions():
			return fmt.Errorf("--publish-to: partition %d is not there: the features are of a log with more than %d partitions", partition, a.cluster.Partitions())
		case n == mostEvents:
			return fmt.Errorf("--publish-to: there are more than %d events, too many for one transaction: select less, and add the rest with --append", mostEvents)
		}
		n++
		take(partition, o.Defect)
		return nil
	})
}

// errHolds says of a topic that something is in it.
var errHolds = errors.New("it holds a record")

// wantEmpty is an error when anything committed is in the topic.
func (a *app) wantEmpty(ctx context.Context, topic string) error {
	source, err := a.source(topic)
	if err != nil {
		return err
	}
	err = replay.Read(ctx, source, replay.Range{}, func(replay.Record) error { return errHolds })
	if errors.Is(err, errHolds) {
		return fmt.Errorf("--publish-to: %s is not empty: choose another topic, or say --append to add to it", source.Topic)
	}
	return err
}

// shadowLives are the defects that a candidate has told of.
func (a *app) shadowLives(ctx context.Context, candidate string, within replay.Range) ([]replay.Life, error) {
	source, err := a.source(topology.DefectsShadow.Name)
	if err != nil {
		return nil, err
	}
	var lives replay.Lives
	name := topology.ShadowSource(a.config.Kafka.Prefix, candidate)
	filter := verdictFilter{Range: within}
	err = replay.Values(ctx, source, filter.written(), a.contract, schemas.DefectEvents, func(r replay.Record, ev *schemas.DefectEvent) error {
		if headerOf(r.Headers, topology.SourceHeader) == name {
			lives.Add(r.Partition, ev)
		}
		return nil
	})
	return lives.List(), err
}
