package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

const (
	// tapDecodes is how many records of a topic are decoded a second to see whether they are wanted.
	tapDecodes = 5000
	// tapCounts is the time between two counts.
	tapCounts = time.Second
)

// tap is one reading of a topic for people: its records as they come, a sample of them where there are more than can be looked at. What was written before it
// began is read no faster than it is shown, so that nothing of it is left out.
type tap struct {
	query console.TapQuery
	// began is in whole milliseconds, as the times of records are.
	began     time.Time
	showing   showing
	condition *condition
	// shown and decoded say how fast.
	shown, decoded *rate.Limiter

	mu    sync.Mutex
	give  func(console.TapLine) error
	count console.TapCount
}

// logDeps show the console the log itself.
func (a *app) logDeps() console.LogDeps {
	return console.LogDeps{Topics: a.logTopics, Tap: a.tapFor, Record: a.logRecordFor, Moment: a.momentFor, Pipeline: a.pipelineFor}
}

// tapFor reads a topic for a user of the console, until ctx ends or give fails. A Refusal says what is wrong with the query; else a count is given at once.
func (a *app) tapFor(ctx context.Context, q console.TapQuery, give func(console.TapLine) error) error {
	topic, err := knownTopic(q.Topic)
	if err != nil {
		return console.Refusal{Reason: "topic: " + err.Error()}
	}
	wanted, err := newCondition(q.Where, topic)
	if err != nil {
		return console.Refusal{Reason: "where: " + err.Error()}
	}
	options := kafka.ReadOptions{From: q.From}
	if options.Partitions, err = a.tapPartitions(topic, q); err != nil {
		return console.Refusal{Reason: err.Error()}
	}
	t := &tap{query: q, began: time.Now().Truncate(time.Millisecond), showing: showing{schemas.NewGeneric(a.contract), topic}, condition: wanted, give: give,
		shown: rate.NewLimiter(rate.Limit(q.Rate), q.Rate), decoded: rate.NewLimiter(tapDecodes, tapDecodes)}
	if q.From.IsZero() {
		options.From = t.began
	}
	if err := t.tell(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var counting sync.WaitGroup
	defer counting.Wait()
	defer cancel(nil)
	counting.Go(func() { cancel(t.tellOn(ctx)) })
	learnt := map[uint32]bool{}
	err = kafka.Watch(ctx, a.cluster, topic, options, func(r topology.Raw) error {
		if id, err := schemas.WireID(r.Value); err == nil && !learnt[id] && len(learnt) < 1000 {
			learnt[id] = true
			_ = a.cluster.Learn(ctx, r.Value) // what cannot be learnt is shown as poison
		}
		return t.take(ctx, r)
	})
	if err == nil {
		err = context.Cause(ctx)
	}
	return err
}

// tapPartitions are those in which what is asked for may stand; none: in any.
func (a *app) tapPartitions(topic *topology.Spec, q console.TapQuery) ([]int32, error) {
	partitions := a.cluster.Partitions()
	if topic.Single {
		partitions = 1
	}
	switch {
	case q.Partition >= partitions:
		return nil, fmt.Errorf("partition: %s has those from 0 to %d", topic.Name, partitions-1)
	case q.Partition >= 0:
		return []int32{q.Partition}, nil
	case q.Key != "" && topic.Key == topology.Features.Key && q.Lane != "":
		return []int32{a.cluster.Partition(q.Lane)}, nil
	}
	return nil, nil
}

// take looks at one record.
func (t *tap) take(ctx context.Context, r topology.Raw) error {
	past := r.Time.Before(t.began)
	if t.query.Key != "" && string(r.Key) != t.query.Key {
		t.counted(r, func(*console.TapCount) {})
		return ctx.Err()
	}
	if !past && t.condition == nil && !t.shown.Allow() || !past && !t.decoded.Allow() {
		t.counted(r, func(c *console.TapCount) { c.LeftOut++ })
		return ctx.Err()
	}
	if past {
		if err := t.decoded.Wait(ctx); err != nil {
			return err
		}
	}
	record, fields := t.showing.shown(r, t.query.Raw)
	if !t.condition.fits(fields, about(record)) {
		t.counted(r, func(*console.TapCount) {})
		return nil
	}
	if past {
		if err := t.shown.Wait(ctx); err != nil {
			return err
		}
	} else if t.condition != nil && !t.shown.Allow() {
		t.counted(r, func(c *console.TapCount) { c.LeftOut++ })
		return nil
	}
	t.counted(r, func(c *console.TapCount) { c.Shown++ })
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.give(console.TapLine{Record: &record})
}

// counted counts a record.
func (t *tap) counted(r topology.Raw, also func(*console.TapCount)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count.Read++
	t.count.At = r.Time.UnixMicro()
	also(&t.count)
}

// tell gives the counts.
func (t *tap) tell() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	count := t.count
	return t.give(console.TapLine{Count: &count})
}

// tellOn gives them again and again until ctx ends.
func (t *tap) tellOn(ctx context.Context) error {
	ticker := time.NewTicker(tapCounts)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := t.tell(); err != nil {
				return err
			}
		}
	}
}

// logRecordFor is the one record at an offset, for a user of the console.
func (a *app) logRecordFor(ctx context.Context, name string, partition int32, offset int64) (console.LogRecord, error) {
	topic, err := knownTopic(name)
	if err != nil {
		return console.LogRecord{}, console.Refusal{Reason: err.Error(), Status: 404}
	}
	r, ok, err := a.cluster.At(ctx, topic, partition, offset)
	if err != nil {
		return console.LogRecord{}, err
	}
	if !ok {
		return console.LogRecord{}, console.Refusal{Reason: fmt.Sprintf("%s has no record at offset %d of partition %d: it is gone, or not written yet", name, offset, partition), Status: 404}
	}
	_ = a.cluster.Learn(ctx, r.Value) // what cannot be learnt is shown as poison
	record, _ := showing{schemas.NewGeneric(a.contract), topic}.shown(r, true)
	return record, nil
}

// logTopics are the topics as the console has them.
func (a *app) logTopics() (list []console.LogTopic) {
	for _, t := range topology.Topics() {
		partitions := a.cluster.Partitions()
		if t.Single {
			partitions = 1
		}
		list = append(list, console.LogTopic{Name: t.Name, Doc: t.Doc, Key: t.Key, Records: t.Values, Partitions: partitions})
	}
	return list
}
