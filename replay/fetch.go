package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"

	"github.com/framewatch/framewatch/schemas"
)

// What one request may bring, in bytes and milliseconds.
const (
	fetchBytes  = 8 << 20
	fetchWaitMS = 500
)

// read hands the committed records of a span to handle. kafka-go's own Reader would also hand out what was aborted, and the markers of
// transactions, so the batches are taken from the protocol and sorted out here.
func (c *connection) read(ctx context.Context, s Span, handle func(Record) error) error {
	for position := s.Start; position < s.End; {
		answer, err := c.fetch(ctx, s.Partition, position)
		if errors.Is(err, kafka.OffsetOutOfRange) {
			if position, err = c.skip(ctx, s, position); err == nil {
				continue
			}
		}
		if err != nil {
			return fmt.Errorf("read %s/%d at offset %d: %w", c.topic, s.Partition, position, err)
		}
		batches, _ := answer.RecordSet.Records.(*protocol.RecordStream)
		if batches == nil {
			if answer.LastStableOffset >= s.End {
				return nil // nothing is left up to the end: it was compacted away
			}
			continue
		}
		filter, asked := newFilter(answer.AbortedTransactions), position
		for _, batch := range batches.Records {
			if position, err = c.deliver(ctx, batch, filter, s, position, handle); err != nil {
				return err
			}
		}
		if err := c.pace.spend(ctx, filter.bytes); err != nil {
			return err
		}
		if position == asked {
			position++ // compaction has left a batch without the record at this offset
		}
	}
	return nil
}

// skip is the position after what retention has removed since the span was made.
func (c *connection) skip(ctx context.Context, s Span, position int64) (int64, error) {
	first, err := c.offsets(ctx, []int32{s.Partition}, earliest)
	if err != nil {
		return position, err
	}
	next := min(first[s.Partition], s.End)
	if next <= position {
		return position, kafka.OffsetOutOfRange
	}
	if c.gone != nil {
		c.gone(Span{s.Partition, position, next})
	}
	return next, nil
}

// fetch asks for what stands from offset on.
func (c *connection) fetch(ctx context.Context, partition int32, offset int64) (*fetch.ResponsePartition, error) {
	answer, err := c.transport.RoundTrip(ctx, c.addresses, &fetch.Request{
		ReplicaID: -1, MaxWaitTime: fetchWaitMS, MinBytes: 1, MaxBytes: c.pace.fetch(), IsolationLevel: int8(kafka.ReadCommitted), SessionEpoch: -1,
		Topics: []fetch.RequestTopic{{Topic: c.topic, Partitions: []fetch.RequestPartition{{
			Partition: partition, CurrentLeaderEpoch: -1, FetchOffset: offset, LogStartOffset: -1, PartitionMaxBytes: c.pace.fetch(),
		}}}},
	})
	if err != nil {
		return nil, err
	}
	response := answer.(*fetch.Response)
	if response.ErrorCode != 0 {
		return nil, kafka.Error(response.ErrorCode)
	}
	if len(response.Topics) != 1 || len(response.Topics[0].Partitions) != 1 {
		return nil, errors.New("the broker's answer is about something else")
	}
	part := &response.Topics[0].Partitions[0]
	if part.ErrorCode != 0 {
		return nil, kafka.Error(part.ErrorCode)
	}
	return part, nil
}

// deliver hands the records of one batch to handle and returns the position after them. A batch may begin before the position.
func (c *connection) deliver(ctx context.Context, batch protocol.RecordReader, f *filter, s Span, position int64, handle func(Record) error) (int64, error) {
	committed, err := f.committed(batch)
	if err != nil {
		return 0, err
	}
	for {
		r, err := batch.ReadRecord()
		if errors.Is(err, io.EOF) {
			return position, nil
		}
		if err != nil {
			return 0, err
		}
		record, err := own(r, s.Partition)
		if err != nil {
			return 0, err
		}
		f.bytes += len(record.Key) + len(record.Value)
		if committed && record.Offset >= position && record.Offset < s.End {
			if err := c.know(ctx, record.Value); err != nil {
				return 0, err
			}
			if err := handle(record); err != nil {
				return 0, err
			}
		}
		position = max(position, record.Offset+1)
	}
}

// know has the schema of a value learnt.
func (c *connection) know(ctx context.Context, value []byte) error {
	id, err := schemas.WireID(value)
	if c.learn == nil || err != nil || id == c.learnt {
		return nil
	}
	c.learnt = id
	return c.learn(ctx, value)
}

// own copies a record out of the connection's memory.
func own(r *protocol.Record, partition int32) (Record, error) {
	out := Record{Partition: partition, Offset: r.Offset, Time: r.Time}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, [2]string{h.Key, string(h.Value)})
	}
	var err error
	if out.Key, err = take(r.Key); err != nil {
		return out, err
	}
	out.Value, err = take(r.Value)
	return out, err
}

// take reads and frees; nil stays nil.
func take(b protocol.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	defer b.Close()
	return protocol.ReadAll(b)
}

// filter tells, for the batches of one answer in order, which of them were committed.
type filter struct {
	// aborted transactions that begin further on, in order of their first offset.
	aborted []fetch.ResponseTransaction
	// open are the producers within an aborted transaction.
	open map[int64]bool
	// bytes are those of the keys and values seen, committed or not.
	bytes int
}

func newFilter(aborted []fetch.ResponseTransaction) *filter {
	aborted = slices.SortedFunc(slices.Values(aborted), func(a, b fetch.ResponseTransaction) int { return cmp.Compare(a.FirstOffset, b.FirstOffset) })
	return &filter{aborted: aborted, open: map[int64]bool{}}
}

// committed tells whether the records of batch are to be seen. The end marker of an aborted transaction closes it.
func (f *filter) committed(batch protocol.RecordReader) (bool, error) {
	switch b := batch.(type) {
	case *protocol.ControlBatch:
		delete(f.open, b.ProducerID)
		return false, nil
	case *protocol.RecordBatch:
		for len(f.aborted) > 0 && f.aborted[0].FirstOffset <= b.BaseOffset {
			f.open[f.aborted[0].ProducerID] = true
			f.aborted = f.aborted[1:]
		}
		return !b.Attributes.Transactional() || !f.open[b.ProducerID], nil
	}
	return true, nil
}
