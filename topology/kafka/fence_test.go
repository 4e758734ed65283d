package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// A dead owner's open transaction would hide all that is written after it until it times out, here after a minute.
func TestTakeOverFencesTheDeadOwner(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		c := laidOut(t, config)
		at := c.Partition("one")
		dead, _ := raw(t, brokers, kgo.TransactionalID(fmt.Sprintf("%ssums-%d", config.Prefix, at)), kgo.TransactionTimeout(time.Minute))
		if err := dead.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		ghost := encoded(t, topology.Defects.Message("", &schemas.DefectEvent{ID: "ghost", Stream: "one"}))
		if err := dead.ProduceSync(within(t), &kgo.Record{Topic: config.Prefix + "defects", Partition: at, Key: []byte("one"), Value: ghost}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		count(t, c, []string{"one"}, 1, 20)
		begun := time.Now()
		runs(t, c, stage())
		check(t, c, []string{"one"}, 20)
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("what was written behind the dead owner's transaction came after %v", took)
		}
		err := dead.EndTransaction(within(t), kgo.TryCommit)
		if !errors.Is(err, kerr.ProducerFenced) && !errors.Is(err, kerr.InvalidProducerEpoch) {
			t.Errorf("the dead owner commits: %v, want that it is fenced", err)
		}
		check(t, c, []string{"one"}, 20)
	})
}

// Whatever request fails while a partition is folded, and however the end of a transaction turns out, each event is said once.
func TestFaultsWhileFolding(t *testing.T) {
	for _, fault := range []kfake.Fault{
		{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidProducerEpoch},
		{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.MessageTooLarge},
		{Keys: []kmsg.Key{kmsg.AddOffsetsToTxn}, Err: kerr.InvalidTxnState},
		{Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.IllegalGeneration},
		{Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.UnknownServerError},
		{Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.UnknownServerError},
		{Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.ProducerFenced},
		// This one is answered although the transaction has ended: the member cannot know how it turned out.
		{Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.RequestTimedOut},
		{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.UnknownServerError},
		{Keys: []kmsg.Key{kmsg.Heartbeat}, Err: kerr.UnknownMemberID},
		{Keys: []kmsg.Key{kmsg.Heartbeat}, Err: kerr.IllegalGeneration},
	} {
		t.Run(fmt.Sprintf("%s %s", fault.Keys[0].Name(), fault.Err.Message), func(t *testing.T) {
			t.Parallel()
			broker, config := fakeBroker(t)
			c := laidOut(t, config)
			runs(t, c, stage())
			count(t, c, counters, 1, 50)
			check(t, c, counters, 50)
			fault.Count = 3
			fault.When = func(r kmsg.Request) bool {
				// The numbers themselves are not to fail.
				p, ok := r.(*kmsg.ProduceRequest)
				return !ok || p.TransactionID != nil
			}
			struck := broker.Fault(fault)
			count(t, c, counters, 51, 100)
			check(t, c, counters, 100)
			// Of these numbers, without an event, the offset is committed by itself.
			count(t, c, counters, 101, 102)
			if err := struck.Wait(within(t), 3); err != nil {
				t.Fatalf("the fault struck %d times, want 3: %v", struck.Hits(), err)
			}
			count(t, c, counters, 103, 120)
			check(t, c, counters, 120)
		})
	}
}

// Whatever request fails while a partition is taken over, it is taken over.
func TestFaultsWhileTakingOver(t *testing.T) {
	for _, fault := range []kfake.Fault{
		{Keys: []kmsg.Key{kmsg.FindCoordinator}, Err: kerr.CoordinatorLoadInProgress},
		{Keys: []kmsg.Key{kmsg.JoinGroup}, Err: kerr.CoordinatorNotAvailable},
		{Keys: []kmsg.Key{kmsg.InitProducerID}, Err: kerr.TransactionalIDNotFound},
		{Keys: []kmsg.Key{kmsg.InitProducerID}, Err: kerr.ConcurrentTransactions},
		{Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.UnstableOffsetCommit},
		{Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.UnknownServerError},
		{Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.UnknownServerError},
		{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.UnknownServerError},
	} {
		t.Run(fmt.Sprintf("%s %s", fault.Keys[0].Name(), fault.Err.Message), func(t *testing.T) {
			t.Parallel()
			broker, config := fakeBroker(t)
			c := laidOut(t, config)
			stop := runs(t, c, stage())
			count(t, c, counters, 1, 52)
			check(t, c, counters, 52)
			stop()
			fault.Count = 3
			struck := broker.Fault(fault)
			runs(t, c, stage())
			if err := struck.Wait(within(t), 3); err != nil {
				t.Fatalf("the fault struck %d times, want 3: %v", struck.Hits(), err)
			}
			count(t, c, counters, 53, 60)
			check(t, c, counters, 60)
		})
	}
}

// fakeBroker is an embedded broker whose requests can be made to fail.
func fakeBroker(t *testing.T) (*kfake.Cluster, kafka.Config) {
	t.Helper()
	broker, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	return broker, configFor(broker.ListenAddrs())
}

// While a leader has died and has no successor yet, what reads a topic from its start waits for it.
func TestReadOutlastsAnElection(t *testing.T) {
	broker, config := fakeBroker(t)
	c := laidOut(t, config)
	count(t, c, []string{"one"}, 1, 3)
	struck := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.LeaderNotAvailable, Count: 3})
	numbers := 0
	err := kafka.Read(within(t), c, topology.Features, kafka.ReadOptions{Bounded: true}, func(context.Context, topology.Record[schemas.Feature]) error {
		numbers++
		return nil
	})
	if err != nil || numbers != 3 || struck.Hits() != 3 {
		t.Errorf("%d records, %v, after %d answers without a leader; want 3, nil, after 3", numbers, err, struck.Hits())
	}
}
