package kafkatest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

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

// Write appends the values, one batch a call, under no key.
func (x *Transaction) Write(values ...string) {
	x.t.Helper()
	records := make([]*kgo.Record, len(values))
	for i, v := range values {
		records[i] = &kgo.Record{Topic: x.topic, Partition: x.partition, Value: []byte(v)}
	}
	if err := x.client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		x.t.Fatalf("write to %s/%d: %v", x.topic, x.partition, err)
	}
}

// Commit ends the transaction: what it wrote is there for all to read.
func (x *Transaction) Commit() { x.end(kgo.TryCommit) }

// Abort ends the transaction: what it wrote stays in the log and is nobody's to read.
func (x *Transaction) Abort() { x.end(kgo.TryAbort) }

func (x *Transaction) end(how kgo.TransactionEndTry) {
	x.t.Helper()
	if err := x.client.EndTransaction(context.Background(), how); err != nil {
		x.t.Fatalf("end a transaction on %s/%d: %v", x.topic, x.partition, err)
	}
}
