package main

import (
	"context"
	"strconv"
	"time"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// beginsHeader is the header of the record without a value with which a candidate begins in a partition of its topic: the media time, microseconds since the Unix
// epoch, from which on it tells what a detector tells that was always there.
const beginsHeader = "framewatch_judges_from"

// beginning says that a candidate judges from a record on.
func beginning(source string, first topology.Record[schemas.Feature]) topology.Message {
	from := mediaTime(first.Value)
	if first.Offset > 0 { // what stood before it is gone
		from += replay.Settle().Microseconds()
	}
	return topology.Message{Topic: &topology.DefectsShadow.Spec, Headers: [][2]string{{topology.SourceHeader, source}, {beginsHeader, strconv.FormatInt(from, 10)}}}
}

// mediaTime is when the media that a record tells of was, microseconds since the Unix epoch.
func mediaTime(f *schemas.Feature) int64 {
	switch {
	case f.Tick != nil:
		return f.Tick.Time
	case f.Setting != nil:
		return f.Setting.Time
	}
	session, at := f.Origin()
	return session + at
}

// begun is from when on a candidate judges, by partition. One that is not there has begun longer ago than its topic reaches back.
func (a *app) begun(ctx context.Context, candidate string) (map[int32]time.Time, error) {
	source, err := a.source(topology.DefectsShadow.Name)
	if err != nil {
		return nil, err
	}
	name, all := topology.ShadowSource(a.config.Kafka.Prefix, candidate), map[int32]time.Time{}
	err = replay.Read(ctx, source, replay.Range{}, func(r replay.Record) error {
		if r.Value != nil || headerOf(r.Headers, topology.SourceHeader) != name {
			return nil
		}
		from, err := strconv.ParseInt(headerOf(r.Headers, beginsHeader), 10, 64)
		if _, known := all[r.Partition]; err == nil && !known {
			all[r.Partition] = time.UnixMicro(from)
		}
		return nil
	})
	return all, err
}

// headerOf is the value of a header; empty: there is none.
func headerOf(headers [][2]string, name string) string {
	for _, h := range headers {
		if h[0] == name {
			return h[1]
		}
	}
	return ""
}
