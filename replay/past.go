package replay

import (
	"context"
	"errors"
	"time"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/schemas"
)

// pastReach is how long before a detection begins defects are looked for: those that are open tell of it each 10 s, and of those that have ended the
// detector remembers for a day how often they came.
const pastReach = 24 * time.Hour

// Past is what the live detector told, from which one that begins in the middle knows what went before.
type Past struct {
	// Defects and Health are the topics of those names.
	Defects, Health Records
	Contract        *schemas.Contract
}

// restore gives a new state of a partition what was told of its records below an offset; since is when the lookback begins that is folded next.
func (p *Past) restore(ctx context.Context, state *detector.Partition, partition int32, below int64, since time.Time) error {
	latest, err := p.latest(ctx, partition, below, since)
	if err != nil {
		return err
	}
	state.Restore(latest)
	return told(ctx, p.Health, partition, Range{From: since.Add(-state.Recall())}, p.Contract, schemas.Healths, func(r Record, h *schemas.Health) error {
		if h.Offset >= below {
			return errEnough
		}
		state.Recalled(string(r.Key), h)
		return nil
	})
}

// latest is the last event of each defect that was told of below an offset, in the order in which they stand on the log.
func (p *Past) latest(ctx context.Context, partition int32, below int64, since time.Time) ([]schemas.DefectEvent, error) {
	var latest Latest
	err := told(ctx, p.Defects, partition, Range{From: since.Add(-pastReach)}, p.Contract, schemas.DefectEvents, func(_ Record, ev *schemas.DefectEvent) error {
		if ev.Offset >= below {
			return errEnough // what the detector tells stands in the order of what it was told by
		}
		latest.Add(ev)
		return nil
	})
	return latest.List(), err
}

// told hands the values of a range in one partition to handle until there are enough. What cannot be read is passed over.
func told[T any](ctx context.Context, from Records, partition int32, r Range, c *schemas.Contract, schema *schemas.Schema[T], handle func(Record, *T) error) error {
	err := from.Read(ctx, partition, r, func(record Record) error {
		v := new(T)
		if record.Value == nil || schemas.Decode(c, schema, record.Value, v) != nil {
			return nil
		}
		return handle(record, v)
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
