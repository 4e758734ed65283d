package main

import (
	"context"
	"math"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/detector/model"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

const (
	// writtenLate is how long after the instant that it is about a record may have been written.
	writtenLate = 10 * time.Second
	// settingIn is how far before a stretch one Setting of the stream stands.
	settingIn = 12 * time.Second
)

// seriesFor gives the main figures of a stream to the console.
func (a *app) seriesFor(ctx context.Context, stream, lane string, from, to int64, close bool, give func(name, unit string, s console.Sample)) error {
	units := detector.FigureUnits()
	if !close {
		unit := map[string]string{}
		for _, u := range units {
			unit[u[0]] = u[1]
		}
		return recorded(ctx, a, topology.Health, stream, lane, from, to, func(h *schemas.Health) {
			for _, f := range h.Figures {
				give(f.Name, unit[f.Name], console.Sample{At: h.Time - 1, Min: f.Min, Max: f.Max})
			}
		})
	}
	return recorded(ctx, a, topology.Features, stream, lane, from, to, func(f *schemas.Feature) {
		session, at := f.Origin()
		detector.Figures(f, func(i int, x float64) {
			give(units[i][0], units[i][1], console.Sample{At: session + at, Min: x, Max: x})
		})
	})
}

// traceFor gives the figure of a defect's rule to the console.
func (a *app) traceFor(ctx context.Context, ev *schemas.DefectEvent, lane string, from, to int64, give func(console.Sample)) (traced console.Traced, err error) {
	scored, err := a.scoredBy(ctx, ev)
	if err != nil {
		return traced, err
	}
	var rules string
	var trace *detector.Trace
	begin := from - (settingIn + rule.MaxWindow).Microseconds()
	err = recorded(ctx, a, topology.Features, ev.Stream, lane, begin, to, func(f *schemas.Feature) {
		if s := f.Setting; s != nil && (trace == nil || s.Rules != rules) {
			if t, err := detector.NewTrace(ev.Kind, []byte(s.Rules)); err == nil {
				t.Use(scored)
				trace, rules = t, s.Rules
			}
		}
		if trace == nil {
			return
		}
		trace.Take(f, func(part string, at int64, v rule.Verdict) {
			if part != ev.Part {
				return
			}
			if v.State == rule.Unknown {
				v.Value = math.NaN()
			}
			give(console.Sample{At: at, Min: v.Value, Max: v.Value})
		})
	})
	if err != nil {
		return traced, err
	}
	if trace == nil {
		return traced, console.Refusal{Reason: "the features from which the defect was made are not on the log any more"}
	}
	traced.Raise, traced.Clear = trace.Levels()
	traced.Unit = ev.Unit
	return traced, nil
}

// scoredBy is the model that a defect was scored by; nil: by none, or the one that comes with the program.
func (a *app) scoredBy(ctx context.Context, ev *schemas.DefectEvent) (*model.Trees, error) {
	if ev.Model == nil {
		return nil, nil
	}
	made, err := detector.NewTrace(ev.Kind, nil)
	if err != nil {
		return nil, console.Refusal{Reason: err.Error()}
	}
	name := made.ModelOf(ev.Part)
	if _, ok := shippedVersion(name, *ev.Model); ok || name == "" {
		return nil, nil
	}
	found, err := a.modelOnLog(ctx, name, *ev.Model)
	if err != nil && ctx.Err() == nil {
		err = console.Refusal{Reason: err.Error()}
	}
	return found, err
}

// recorded hands over what stands on a topic about a stream from one instant up to another: its own records, ticks and its Settings.
func recorded[T any](ctx context.Context, a *app, topic *topology.Topic[T], stream, lane string, from, to int64, handle func(*T)) error {
	source, err := a.source(topic.Name)
	if err != nil {
		return err
	}
	if lane == "" {
		lane = stream
	}
	source.Partitions = []int32{a.cluster.Partition(lane)}
	within := replay.Range{From: time.UnixMicro(from), To: time.UnixMicro(to).Add(writtenLate)}
	reader := schemas.NewReader(a.contract, topic.Value)
	return replay.Read(ctx, source, within, func(r replay.Record) error {
		if r.Value == nil || len(r.Key) > 0 && string(r.Key) != stream {
			return nil
		}
		v, err := reader.Read(r.Value)
		if err != nil {
			return nil // set aside by who reads it in time
		}
		if f, ok := any(v).(*schemas.Feature); ok && f.Setting != nil && f.Setting.Stream != stream {
			return nil
		}
		handle(v)
		return nil
	})
}
