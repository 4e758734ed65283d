// Package replay reads stretches of the log, from here to there and no further, without a consumer group: to export them, and to run the
// detector over them again.
package replay

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Source is a topic of a cluster.
type Source struct {
	Cluster Cluster
	// Topic by its full name, prefix included.
	Topic string
	// Partitions to read, in this order; none: all, in order of number.
	Partitions []int32
	// Rate bounds how fast it is read, in bytes of keys and values a second; 0: as fast as it comes.
	Rate int64
	// Learn is given the first value of each run of values with one schema id, before it is handed on: to learn the schema. Nil: nobody needs it.
	Learn func(ctx context.Context, value []byte) error
}

// Range is a stretch of a topic. Whatever it says, it ends where the committed records ended when reading began.
type Range struct {
	// From and To bound the records' time stamps: not before From, before To. A zero time bounds nothing.
	From, To time.Time
	// FromOffset and ToOffset bound the offsets of each partition: not below FromOffset, below ToOffset. 0 bounds nothing.
	FromOffset, ToOffset int64
	// Offsets bound those of single partitions besides.
	Offsets map[int32]Span
}

// Holds tells whether an instant is within the times of the range.
func (r Range) Holds(t time.Time) bool {
	return !t.Before(r.From) && (r.To.IsZero() || t.Before(r.To))
}

// Span is offsets of one partition: from Start on, below End. In a Range an End of 0 bounds nothing.
type Span struct {
	Partition int32 `json:"partition"`
	Start     int64 `json:"start"`
	End       int64 `json:"end"`
}

// Record is one committed record of the log.
type Record struct {
	Partition int32
	Offset    int64
	// Time is the record's time stamp: when it was written, not media time.
	Time time.Time
	// Key is nil for a record without one, Value for a tombstone.
	Key, Value []byte
	// Headers in order, name and value; nil for none, and where the record is from a file.
	Headers [][2]string
}

// disorder is how far records of one partition stand out of order of their time stamps.
const disorder = 10 * time.Second

// Read hands the committed records of a range to handle, partition after partition, each in order of offset. Records of aborted
// transactions and the markers of transactions are not among them. An error from handle ends the reading and is returned.
func Read(ctx context.Context, s Source, r Range, handle func(Record) error) error {
	c := s.connect()
	defer c.close()
	spans, err := c.spans(ctx, s.Partitions, r)
	if err != nil {
		return err
	}
	for _, span := range spans {
		err := c.read(ctx, span, func(record Record) error {
			if !r.Holds(record.Time) {
				return nil
			}
			return handle(record)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// PartitionNumbers are those that the source names, or all of the topic's.
func (s Source) PartitionNumbers(ctx context.Context) ([]int32, error) {
	c := s.connect()
	defer c.close()
	return c.partitions(ctx, s.Partitions)
}

// Read hands the committed records of a range in one partition to handle, as the function of that name does.
func (s Source) Read(ctx context.Context, partition int32, r Range, handle func(Record) error) error {
	s.Partitions = []int32{partition}
	return Read(ctx, s, r, handle)
}

// spans turns a range into offsets. The ends are looked up before the first record is read.
func (c *connection) spans(ctx context.Context, wanted []int32, r Range) ([]Span, error) {
	partitions, err := c.partitions(ctx, wanted)
	if err != nil {
		return nil, err
	}
	first, err := c.offsets(ctx, partitions, earliest)
	if err != nil {
		return nil, err
	}
	stable, err := c.offsets(ctx, partitions, latest)
	if err != nil {
		return nil, err
	}
	from, to := first, stable
	if !r.From.IsZero() {
		if from, err = c.offsets(ctx, partitions, r.From.UnixMilli()); err != nil {
			return nil, err
		}
	}
	if !r.To.IsZero() {
		if to, err = c.offsets(ctx, partitions, r.To.Add(disorder).UnixMilli()); err != nil {
			return nil, err
		}
	}
	spans := make([]Span, len(partitions))
	for i, p := range partitions {
		named := r.Offsets[p]
		spans[i] = Span{p, max(first[p], within(from[p], stable[p]), r.FromOffset, named.Start), min(stable[p], within(to[p], stable[p]))}
		for _, end := range []int64{r.ToOffset, named.End} {
			if end > 0 {
				spans[i].End = min(spans[i].End, end)
			}
		}
	}
	return spans, nil
}

// within takes the answer "there is no such offset" as the end.
func within(offset, end int64) int64 {
	if offset < 0 {
		return end
	}
	return offset
}

// partitions are those wanted, or all of the topic's.
func (c *connection) partitions(ctx context.Context, wanted []int32) ([]int32, error) {
	known, err := c.known(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range wanted {
		if !slices.Contains(known, p) {
			return nil, fmt.Errorf("read %s: it has no partition %d", c.topic, p)
		}
	}
	if len(wanted) > 0 {
		return wanted, nil
	}
	return known, nil
}
