package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

const (
	// momentBefore is how far back from an instant a stream's records are read, momentAfter how far on: they are written a little later than what they are about.
	momentBefore, momentAfter = time.Minute, 2 * time.Second
	// momentRecords bounds how many are kept for it.
	momentRecords = 60_000
)

// dated is a record and the instant that it is about; microseconds since the Unix epoch.
type dated struct {
	at  int64
	raw topology.Raw
}

// streamRecords are those of a stream about an instant.
type streamRecords struct {
	// by are the records by kind, of sound by track.
	by map[string][]dated
	n  int
}

// take keeps a record of the stream.
func (m *streamRecords) take(f *schemas.Feature, r topology.Raw) error {
	if m.n++; m.n > momentRecords {
		return errors.New("there are too many records about it")
	}
	session, at := f.Origin()
	kind := ""
	switch {
	case f.VideoFrame != nil:
		kind = "picture"
	case f.AudioBlock != nil:
		kind = fmt.Sprintf("sound %02d", f.AudioBlock.Track)
	case f.StreamSecond != nil:
		kind = "second"
	case f.Inventory != nil:
		kind = "inventory"
	case f.Setting != nil:
		kind, session, at = "setting", f.Setting.Time, 0
	default:
		return nil
	}
	m.by[kind] = append(m.by[kind], dated{session + at, r})
	return nil
}

// momentFor shows a user of the console what the records say of a stream of a lane at an instant, microseconds since the Unix epoch; 0: the newest.
func (a *app) momentFor(ctx context.Context, stream, lane string, at int64) (shown console.Moment, err error) {
	m, end := &streamRecords{by: map[string][]dated{}}, at
	if end == 0 {
		end = time.Now().UnixMicro()
	}
	source, err := a.source(topology.Features.Name)
	if err != nil {
		return shown, err
	}
	source.Partitions = []int32{a.cluster.Partition(cmp.Or(lane, stream))}
	within := replay.Range{From: time.UnixMicro(end).Add(-momentBefore), To: time.UnixMicro(end).Add(momentAfter + writtenLate)}
	reader := schemas.NewReader(a.contract, topology.Features.Value)
	err = replay.Read(ctx, source, within, func(r replay.Record) error {
		if r.Value == nil || len(r.Key) > 0 && string(r.Key) != stream {
			return nil
		}
		f, err := reader.Read(r.Value)
		if err != nil || len(r.Key) == 0 && (f.Setting == nil || f.Setting.Stream != stream) {
			return nil // set aside by who reads it in time
		}
		return m.take(f, topology.Raw{Partition: r.Partition, Offset: r.Offset, Time: r.Time, Key: r.Key, Value: r.Value, Headers: r.Headers})
	})
	if err != nil {
		return shown, err
	}
	return m.shown(showing{schemas.NewGeneric(a.contract), &topology.Features.Spec}, at), nil
}

// shown is what is about the instant: the picture nearest to it, the sound that is heard then, the second that it lies in, and what holds then.
func (m *streamRecords) shown(s showing, at int64) console.Moment {
	for _, kind := range m.by {
		slices.SortStableFunc(kind, func(a, b dated) int { return cmp.Compare(a.at, b.at) })
	}
	shown := console.Moment{At: at, Records: []console.LogRecord{}, Figures: []console.MomentFigure{}}
	pictures := m.by["picture"]
	if at == 0 {
		for _, kind := range m.by {
			if newest := kind[len(kind)-1]; newest.at > shown.At {
				shown.At = newest.at
			}
		}
		if len(pictures) > 0 {
			shown.At = pictures[len(pictures)-1].at
		}
	}
	add := func(d dated) {
		record, _ := s.shown(d.raw, false)
		shown.Records = append(shown.Records, record)
	}
	if i := nearest(pictures, shown.At); i >= 0 {
		add(pictures[i])
		shown.At = pictures[i].at
		if i > 0 {
			shown.Previous = pictures[i-1].at
		}
		if i+1 < len(pictures) {
			shown.Next = pictures[i+1].at
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(m.by)) {
		if kind == "picture" || kind == "second" {
			continue
		}
		if i := lastBefore(m.by[kind], shown.At); i >= 0 {
			add(m.by[kind][i])
		}
	}
	seconds := m.by["second"]
	if i := min(lastBefore(seconds, shown.At-1)+1, len(seconds)-1); i >= 0 {
		add(seconds[i])
		figures(s, seconds[:i+1], &shown)
	}
	return shown
}

// nearest is the index of the record nearest to an instant, within momentAfter of it; -1: none is.
func nearest(list []dated, at int64) int {
	i := lastBefore(list, at)
	if i+1 < len(list) && (i < 0 || list[i+1].at-at < at-list[i].at) {
		i++
	}
	if i >= 0 && max(list[i].at-at, at-list[i].at) > momentAfter.Microseconds() {
		return -1
	}
	return i
}

// lastBefore is the index of the last record that is about the instant or one before; -1: there is none.
func lastBefore(list []dated, at int64) int {
	i, _ := slices.BinarySearchFunc(list, at+1, func(d dated, at int64) int { return cmp.Compare(d.at, at) })
	return i - 1
}

// figures sums up the figures of seconds.
func figures(s showing, seconds []dated, shown *console.Moment) {
	by := map[string]*console.MomentFigure{}
	for i, second := range seconds {
		_, fields := s.shown(second.raw, false)
		last := i == len(seconds)-1
		numbers("", fields, func(name string, x float64) {
			f := by[name]
			if f == nil {
				f = &console.MomentFigure{Name: name, Min: x, Max: x}
				by[name] = f
			}
			f.Min, f.Max, f.Sum, f.Count = min(f.Min, x), max(f.Max, x), f.Sum+x, f.Count+1
			if last {
				f.Last = &x
			}
		})
	}
	shown.Seconds = len(seconds)
	for _, name := range slices.Sorted(maps.Keys(by)) {
		shown.Figures = append(shown.Figures, *by[name])
	}
}

// numbers gives those of a record by their names, with those of the records that they stand in before them.
func numbers(prefix string, fields map[string]any, give func(name string, x float64)) {
	for name, v := range fields {
		switch v := v.(type) {
		case int32:
			give(prefix+name, float64(v))
		case int64:
			give(prefix+name, float64(v))
		case float64:
			give(prefix+name, v)
		case map[string]any:
			numbers(prefix+name+".", v, give)
		}
	}
}
