package kafkatest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Transaction is one that a test holds open, to see that nobody reads what is not committed.
type Transaction struct {
	t         testing.TB
	client    *kgo.Client
	topic     string
	partition int32
}

var transactions atomic.Int64

// Begin begins a transaction that writes to one partition of a topic, named in full. One that is never ended stays open until the test's end.
func Begin(t testing.TB, brokers []string, topic string, partition int32) *Transaction {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0),
		kgo.ProducerBatchCompression(kgo.ZstdCompression(), kgo.NoCompression()), // as the room writes
		kgo.TransactionalID(fmt.Sprintf("%s-%d-%d", topic, time.Now().UnixNano(), transactions.Add(1))))
	if err == nil {
		t.Cleanup(client.Close)
		err = client.BeginTransaction()
	}
	if err != nil {
		t.Fatalf("begin a transaction on %s/%d: %v", topic, partition, err)
	}
	return &Transaction{t, client, topic, partition}
}

// Record is one as it is to stand on the log.
type Record struct {
	Key     string
	Value   []byte
	Headers [][2]string
}

// Write appends the values, one batch a call, under no key.
func (x *Transaction) Write(values ...string) {
	x.t.Helper()
	records := make([]Record, len(values))
	for i, v := range values {
		records[i] = Record{Value: []byte(v)}
	}
	x.WriteRecords(records...)
}

// WriteRecords appends the records, one batch a call. An empty key is none.
func (x *Transaction) WriteRecords(list ...Record) {
	x.t.Helper()
	records := make([]*kgo.Record, len(list))
	for i, r := range list {
		records[i] = &kgo.Record{Topic: x.topic, Partition: x.partition, Value: r.Value}
		if r.Key != "" {
			records[i].Key = []byte(r.Key)
		}
		for _, h := range r.Headers {
			records[i].Headers = append(records[i].Headers, kgo.RecordHeader{Key: h[0], Value: []byte(h[1])})
		}
	}
	if err := x.client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		x.t.Fatalf("write to %s/%d: %v", x.topic, x.partition, err)
	}
}

// Commit ends the transaction: what it wrote is there for all to read.
func (x *Transaction) Commit() { x.end(kgo.TryCommit) }

// Abort ends the transaction: what it wrote stays in the log and is nobody's to read.
func (x *Transaction) Abort() { x.end(kgo.TryAbort) }

// end returns when the partition holds the marker: Apache Kafka writes it after it has answered.
func (x *Transaction) end(how kgo.TransactionEndTry) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := x.client.EndTransaction(ctx, how)
	for open := true; err == nil && open; {
		if open, err = x.open(ctx); open {
			time.Sleep(10 * time.Millisecond)
		}
	}
	if err != nil {
		x.t.Fatalf("end a transaction on %s/%d: %v", x.topic, x.partition, err)
	}
}

// open tells whether the partition still waits for the transaction's end.
func (x *Transaction) open(ctx context.Context) (bool, error) {
	id, _, err := x.client.ProducerID(ctx)
	if err != nil {
		return false, err
	}
	var partition kadm.TopicsSet
	partition.Add(x.topic, x.partition)
	topics, err := kadm.NewClient(x.client).DescribeProducers(ctx, partition)
	if err != nil {
		return false, err
	}
	for _, p := range topics.SortedProducers() {
		if p.ProducerID == id && p.CurrentTxnStartOffset >= 0 {
			return true, nil
		}
	}
	return false, nil
}
