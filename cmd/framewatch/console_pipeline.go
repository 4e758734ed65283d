package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

const (
	// delaysOver is over how much of the log delays are told, edgesOver of how much of it edges: a stream has a StreamSecond each second.
	delaysOver, edgesOver = time.Hour, 2500 * time.Millisecond
	// delaysKept bounds the delays of one kind that are looked at: the first of the hour.
	delaysKept = 100_000
)

// pipelineFor is how the installation does, for a user of the console: what the brokers tell of the groups, and what stands on the log. Nobody is asked but them.
func (a *app) pipelineFor(ctx context.Context) (console.Pipeline, error) {
	p := console.Pipeline{Partitions: a.cluster.Partitions(), Self: shownProcess(a.self)}
	for _, stage := range topology.Stages() {
		if stage.Group == "" {
			continue
		}
		members, err := a.cluster.Members(ctx, stage.Group, groupTopic(stage))
		if err != nil {
			return p, err
		}
		p.Stages = append(p.Stages, console.PipelineStage{Name: stage.Name, Doc: stage.Doc, Members: shownMembers(members)})
	}
	waiting, err := a.cluster.Waiting(ctx, topology.StageNamed("detector").Group, &topology.Features.Spec)
	if err != nil {
		return p, err
	}
	now := time.Now()
	for n := range p.Partitions {
		lag := console.PartitionLag{Partition: n}
		if since, known := waiting[n]; known {
			behind := 0.0
			if !since.IsZero() {
				behind = max(0, now.Sub(since).Seconds())
			}
			lag.Detector = &behind
		}
		p.Lags = append(p.Lags, lag)
	}
	if p.Edges, err = a.edgesNow(ctx); err != nil {
		return p, err
	}
	p.Delays, err = a.delaysNow(ctx)
	return p, err
}

// groupTopic is the topic whose partitions the members of a stage's group share.
func groupTopic(s topology.Stage) *topology.Spec {
	if s.Name == "notifier" {
		return &topology.NotifierState.Spec // one partition: who has it leads
	}
	return s.Reads[0]
}

func shownMembers(members []kafka.GroupMember) []console.PipelineMember {
	list := []console.PipelineMember{}
	for _, m := range members {
		shown := console.PipelineMember{ID: m.ID, Host: m.Host, Instance: m.Instance, Partitions: append([]int32{}, m.Partitions...)}
		if s, ok := readSelf(m.Client); ok {
			process := shownProcess(s)
			shown.Process = &process
		}
		list = append(list, shown)
	}
	return list
}

func shownProcess(s self) console.Process {
	return console.Process{ID: fmt.Sprintf("%d-%s", s.started.Unix(), s.tag), Version: notOfClient.ReplaceAllString(s.version, "-"), Config: s.config, Started: s.started.Unix() * 1e6}
}

// edgesNow sums up, edge by edge, the last StreamSecond of each stream.
func (a *app) edgesNow(ctx context.Context) ([]console.Edge, error) {
	source, err := a.source(topology.Features.Name)
	if err != nil {
		return nil, err
	}
	type one struct {
		second schemas.StreamSecond
		// lasts is how long a picture does, 90 kHz; 0: not known.
		lasts int32
	}
	streams := map[string]*one{}
	reader := schemas.NewReader(a.contract, topology.Features.Value)
	err = replay.Read(ctx, source, replay.Range{From: time.Now().Add(-edgesOver)}, func(r replay.Record) error {
		known := streams[string(r.Key)]
		if len(r.Key) == 0 || r.Value == nil || known != nil && known.lasts > 0 && len(r.Value) > 5 && isMedia(r.Value[5]) && a.ours(r.Value) {
			return nil
		}
		f, err := reader.Read(r.Value)
		if err != nil {
			return nil // set aside by who reads it in time
		}
		if known == nil {
			known = &one{}
			streams[string(r.Key)] = known
		}
		switch {
		case f.StreamSecond != nil:
			known.second = *f.StreamSecond
			for _, p := range []**int32{&known.second.Sampling, &known.second.FramesPassed} { // what is pointed to is gone with the next
				if *p != nil {
					v := **p
					*p = &v
				}
			}
		case f.VideoFrame != nil:
			known.lasts = f.VideoFrame.Duration
		}
		return nil
	})
	edges := map[string]*console.Edge{}
	for _, s := range streams {
		if s.second.State == "" {
			continue // no second of it has come in this stretch
		}
		e := edges[s.second.Edge]
		if e == nil {
			e = &console.Edge{URL: s.second.Edge, States: map[string]int{}}
			edges[s.second.Edge] = e
		}
		addStream(e, &s.second, s.lasts)
	}
	list := []console.Edge{}
	for _, url := range slices.Sorted(maps.Keys(edges)) {
		list = append(list, *edges[url])
	}
	return list, err
}

// isMedia tells by the index of the union whether a value of today's schema is a picture or sound.
func isMedia(index byte) bool { return index>>1 < 2 }

// ours tells whether a value is of today's schema.
func (a *app) ours(value []byte) bool {
	id, err := schemas.WireID(value)
	return err == nil && id == topology.Features.ID(a.contract)
}

// addStream adds a second of a stream to its edge's figures.
func addStream(e *console.Edge, s *schemas.StreamSecond, lasts int32) {
	e.Streams++
	e.States[s.State]++
	e.Decoded += int64(s.FramesDecoded)
	e.Analysed += int64(s.FramesAnalysed)
	e.Dropped += int64(s.Dropped)
	e.Bytes += s.Bytes
	if s.FramesPassed != nil {
		e.Passed += int64(*s.FramesPassed)
	}
	if lasts > 0 && s.State == "up" {
		e.Timed++
		e.MediaSeconds += float64(s.FramesDecoded) * float64(lasts) / 90_000
	}
	switch {
	case s.Sampling == nil:
	case *s.Sampling == 0:
		e.KeyOnly++
	case *s.Sampling > 1:
		e.Thinned++
		e.MostThinned = max(e.MostThinned, *s.Sampling)
	}
}

// delaysNow are the delays of the defects of the last hour: to their event, to its being written and to the first delivery.
func (a *app) delaysNow(ctx context.Context) ([]console.Delay, error) {
	within := replay.Range{From: time.Now().Add(-delaysOver)}
	source, err := a.source(topology.Defects.Name)
	if err != nil {
		return nil, err
	}
	var detected, written, delivered []float64
	err = replay.Values(ctx, source, within, a.contract, schemas.DefectEvents, func(r replay.Record, ev *schemas.DefectEvent) error {
		if ev.State == "opened" && len(detected) < delaysKept {
			detected = append(detected, float64(ev.Detected-ev.Onset)/1e6)
			written = append(written, max(0, float64(r.Time.UnixMicro()-ev.Detected)/1e6))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if source, err = a.source(topology.Notifications.Name); err != nil {
		return nil, err
	}
	told := map[string]bool{}
	err = replay.Values(ctx, source, within, a.contract, schemas.Notifications, func(r replay.Record, n *schemas.Notification) error {
		if n.Outcome == "delivered" && n.State == "opened" && !told[string(r.Key)] && len(told) < delaysKept {
			told[string(r.Key)] = true
			delivered = append(delivered, float64(n.DelayMS)/1e3)
		}
		return nil
	})
	return []console.Delay{delay("detected", detected), delay("written", written), delay("delivered", delivered)}, err
}

// delay sums up delays in seconds.
func delay(name string, seconds []float64) console.Delay {
	d := console.Delay{Name: name, Count: len(seconds)}
	if len(seconds) > 0 {
		slices.Sort(seconds)
		at := func(share float64) *float64 {
			v := seconds[min(int(share*float64(len(seconds))), len(seconds)-1)]
			return &v
		}
		d.P50, d.P99 = at(0.5), at(0.99)
	}
	return d
}

// trip tells the page of a roll-up that came just now of a stream that is up: what made it was an edge's heartbeat.
func (a *app) trip(page *console.Console, r topology.Record[schemas.Health]) {
	if r.Value != nil && r.Value.SpanMS > 0 && r.Value.State == "up" && r.Time.After(a.self.started) {
		page.Trip(r.Key, r.Partition, r.Value.Time, time.Now().UnixMicro())
	}
}
