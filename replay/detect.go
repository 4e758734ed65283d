package replay

import (
	"context"
	"log/slog"
	"time"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/schemas"
)

// Detect runs the detector over a range of a features topic again, partition after partition, and hands on what each record causes.
// Over a topic from its first record it gives what the live detector gave, byte for byte.
//
// Where the range begins later, the detector's lookback is read first with its output muted. A defect that was open before
// that is not known to it, unless it is still there to be seen, and what is usual for a stream is learned anew from the lookback on.
func Detect(ctx context.Context, s Source, r Range, c *schemas.Contract, log *slog.Logger, handle func(partition int32, out detector.Output) error) error {
	d := detection{range_: r, contract: c, log: log, handle: handle}
	return d.read(ctx, s)
}

// detection folds the records of one partition after the other.
type detection struct {
	range_    Range
	contract  *schemas.Contract
	log       *slog.Logger
	handle    func(int32, detector.Output) error
	partition int32
	state     *detector.Partition
	// begins, when not nil, is told of the first record of each partition.
	begins func(Record)
	// change, when not nil, changes each Setting before it is folded.
	change func(*schemas.Setting)
}

// lookback is how much of the log must be seen before what is told is what was told live.
func lookback() time.Duration { return detector.New(detector.Config{}).Lookback() }

// read folds the range, and what must be seen before it.
func (d *detection) read(ctx context.Context, s Source) error {
	r := d.range_
	if !r.From.IsZero() {
		r.From = r.From.Add(-lookback())
	}
	return Read(ctx, s, r, d.fold)
}

// fold takes the next record. One that cannot be read was set aside when it was live, and is passed over here.
func (d *detection) fold(r Record) error {
	if d.state == nil || r.Partition != d.partition {
		d.partition, d.state = r.Partition, detector.New(detector.Config{Log: d.log})
		if d.begins != nil {
			d.begins(r)
		}
	}
	feature := new(schemas.Feature)
	if r.Value == nil || schemas.Decode(d.contract, schemas.Features, r.Value, feature) != nil {
		return nil
	}
	if feature.Setting != nil && d.change != nil {
		d.change(feature.Setting)
	}
	var failed error
	d.state.Fold(detector.Input{Stream: string(r.Key), Offset: r.Offset, Feature: feature}, func(out detector.Output) {
		if failed == nil && !r.Time.Before(d.range_.From) {
			failed = d.handle(r.Partition, out)
		}
	})
	return failed
}
