// Package topology is what flows where: topics and stages as typed values. It knows no client and no broker.
package topology

import (
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// Spec is what the cluster must know of a topic.
type Spec struct {
	// Name without the prefix.
	Name string
	// Key names what the record key holds, as UTF-8 text.
	Key string
	// Doc is one sentence on what stands in the topic.
	Doc string
	// Values are the names of the records that it carries.
	Values []string
	// Type names the value's schema: that of the one record, or of the union.
	Type string
	// Schema is the text of the value's schema.
	Schema string
	// ID of the schema on the wire.
	ID func(c *schemas.Contract) uint32
	// Compatibility is the registry's level for the subject.
	Compatibility string
	// Compact keeps the latest record of each key; Delete drops records older than Retention. Both may hold.
	Compact, Delete bool
	Retention       time.Duration
	// Single topics have one partition; all others have the cluster's partition count, so that one stream keeps one partition number.
	Single bool
	// Control topics hold what people have set and said, and what is not measured anew: they are what a backup holds.
	Control bool
	// WrittenBy names the stages that write it.
	WrittenBy []string
	// Headers are what each record carries beside key and value.
	Headers []Header
	// Promise is what others who read the topic may rely on, in CommonMark: it is in the AsyncAPI document. Empty: the topic is ours alone.
	Promise string
}

// Topic is a Spec with the type of its values.
type Topic[T any] struct {
	Spec
	Value *schemas.Schema[T]
}

// Record is one record of a topic as it was read.
type Record[T any] struct {
	Partition int32
	Offset    int64
	// Key is empty for a record without one.
	Key string
	// Time is the record's timestamp: when it was written, not media time.
	Time time.Time
	// Headers in order, name and value; nil for none.
	Headers [][2]string
	// Value is nil for a tombstone. It is valid until the handler returns unless the handler keeps it, which it may.
	Value *T
}

// Raw is one record of a topic as it stands there, whatever it holds.
type Raw struct {
	Partition int32
	Offset    int64
	// Time is the record's timestamp: when it was written, not media time.
	Time time.Time
	// Key is nil for a record without one, Value for a tombstone.
	Key, Value []byte
	// Headers in order, name and value; nil for none.
	Headers [][2]string
}

// Message is one record to be written: to which topic, under which key, and how to encode it. The partition is the writer's to say.
type Message struct {
	Topic *Spec
	// Key is absent when empty.
	Key string
	// Encode appends the value to dst; nil makes a tombstone.
	Encode func(c *schemas.Contract, dst []byte) ([]byte, error)
	// Headers in order, name and value.
	Headers [][2]string
	// Time is the record's timestamp, to the millisecond; zero is when it is written.
	Time time.Time
}

// Message is v, to be written under key. v must not change until it is encoded.
func (t *Topic[T]) Message(key string, v *T) Message {
	return Message{Topic: &t.Spec, Key: key, Encode: func(c *schemas.Contract, dst []byte) ([]byte, error) {
		return schemas.Append(c, t.Value, dst, v)
	}}
}

// Tombstone removes key from a compacted topic.
func (t *Topic[T]) Tombstone(key string) Message {
	return Message{Topic: &t.Spec, Key: key}
}

// Processor is the state of one partition of a stage: a fold over its input, without clock or side input. It is called by one goroutine.
//
// Records of one key come in the log's order, and those without key in order with all others. Between two without key those of different keys have no
// order: what Fold makes of a record does not depend on those of other keys since the last one without.
type Processor[In, Out any] interface {
	// Lookback is how much of the input, in log time, must be folded again for the state to be whole.
	Lookback() time.Duration
	// Restore is given the latest output of each key before the lookback is folded again with output muted.
	Restore(latest []Out)
	// Fold takes the next record, whose value is gone when it returns. What it emits is written in the transaction that commits the record's offset.
	Fold(r Record[In], emit func(Message))
}

// Failing is a Processor that may have been unable to fold a record: what it has told since is not written, and the partition begins anew.
type Failing interface {
	// Err is nil as long as all that was folded was folded rightly.
	Err() error
}
