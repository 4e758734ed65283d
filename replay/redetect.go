package replay

import (
	"context"
	"time"

	"github.com/framewatch/framewatch/detector"
)

// Redetection is what a detector with other settings tells of a stretch of the log.
type Redetection struct {
	Lives []Life
	// since is from when on each partition that was read is told of as a detector that was always there tells of it.
	since map[int32]time.Time
}

// Settle is how much longer than the range the records must be read for what begins in it to be told of, and how long before now a range must
// end for the live detector to have told of it.
func Settle() time.Duration { return lookback() }

// Redetect runs a detection over a range of times, with each Setting as its Change makes it. What it is to be told of other settings so stands in the
// log's order still, and the same range with the same change gives the same. Records are read for Settle longer than the range.
func Redetect(ctx context.Context, d Detection) (*Redetection, Folded, error) {
	out := &Redetection{since: map[int32]time.Time{}}
	from := d.Range.From
	if !d.Range.To.IsZero() {
		d.Range.To = d.Range.To.Add(Settle())
	}
	d.begins = func(first Record) {
		since := from
		if whole := first.Time.Add(lookback()); first.Offset > 0 && whole.After(since) {
			since = whole // what stood before has been deleted
		}
		out.since[first.Partition] = since
	}
	var lives Lives
	folded, err := d.Run(ctx, func(partition int32, o detector.Output) error {
		if o.Defect != nil {
			lives.Add(partition, o.Defect)
		}
		if d.most > 0 && len(lives.latest) > d.most {
			return ErrTooMany
		}
		return nil
	})
	out.Lives = lives.List()
	return out, folded, err
}

// Compare tells how what was recorded would be otherwise, of the defects that began within r. A defect that began before the features that are
// left on the log can be told of no more: it is left out.
func (x *Redetection) Compare(recorded []Life, r Range) *Difference {
	var before, after []Life
	left := 0
	for _, l := range recorded {
		switch {
		case l.Retracted || !r.Holds(l.Onset):
		case x.sees(l):
			before = append(before, l)
		default:
			left++
		}
	}
	for _, l := range x.Lives {
		if !l.Retracted && r.Holds(l.Onset) && x.sees(l) {
			after = append(after, l)
		}
	}
	d := Differ(before, after)
	d.LeftOut = left
	return d
}

func (x *Redetection) sees(l Life) bool {
	since, read := x.since[l.Partition]
	return read && !l.Onset.Before(since)
}
