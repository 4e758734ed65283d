package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// All messages of a call stand on the log or none, whatever became of the call before it.
func TestAllIsPublishedOrNothing(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		c := laidOut(t, config)
		target := topology.DefectsNamed("defects.again")
		if err := c.Provide(within(t), &target.Spec); err != nil {
			t.Fatal(err)
		}
		if err := c.Provide(within(t), &target.Spec); err != nil {
			t.Fatalf("one that is there: %v", err)
		}
		event := func(n int) *schemas.DefectEvent {
			return &schemas.DefectEvent{ID: fmt.Sprint(n), Revision: 1, State: "opened", Stream: fmt.Sprint("stream", n%4)}
		}
		var messages []kafka.Placed
		var want []string
		for n := range 200 {
			messages = append(messages, kafka.Placed{Partition: int32(n % 4), Message: topology.EventIn(target, "/again", event(n))})
			want = append(want, fmt.Sprintf("%d: %d of stream%d by /again", n%4, n, n%4))
		}
		slices.Sort(want)
		committed := func() (got []string) {
			t.Helper()
			err := kafka.Read(within(t), c, target, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
				got = append(got, fmt.Sprintf("%d: %s of %s by %s", r.Partition, r.Value.ID, r.Key, r.Headers[2][1]))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			return got
		}
		// One that was killed in the middle has left this.
		killed, _ := raw(t, brokers, kgo.TransactionalID(config.Prefix+"again"))
		if err := killed.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		left := &kgo.Record{Topic: config.Prefix + "defects.again", Partition: 1, Key: []byte("stream1"), Value: encoded(t, messages[1].Message)}
		if err := killed.ProduceSync(within(t), left).FirstErr(); err != nil {
			t.Fatal(err)
		}
		// One that fails on the way leaves nothing either.
		broken := slices.Clone(messages)
		broken[150].Encode = func(*schemas.Contract, []byte) ([]byte, error) { return nil, errors.New("no such value") }
		if err := c.PublishAll(within(t), "again", made(broken)); err == nil || !strings.Contains(err.Error(), "no such value") {
			t.Fatalf("got %v", err)
		}
		if got := committed(); len(got) > 0 {
			t.Fatalf("%d of a call that failed are committed, the first %s", len(got), got[0])
		}
		if err := c.PublishAll(within(t), "again", made(messages)); err != nil {
			t.Fatal(err)
		}
		if got := committed(); !slices.Equal(got, want) {
			t.Errorf("%d are committed, want %d", len(got), len(want))
		}
		if err := c.PublishAll(within(t), "again", made(nil)); err != nil {
			t.Errorf("of nothing: %v", err)
		}
		fewer := topology.DefectsNamed("defects.fewer")
		_, admin := raw(t, brokers)
		if _, err := admin.CreateTopic(within(t), 3, 1, nil, config.Prefix+"defects.fewer"); err != nil {
			t.Fatal(err)
		}
		if err := c.Provide(within(t), &fewer.Spec); err == nil || !strings.Contains(err.Error(), "has 3 partitions, not 4") {
			t.Errorf("one with other partitions: %v", err)
		}
	})
}

// Whoever is killed while it writes hides what is written behind it no longer than it could itself have gone on.
func TestATransactionOfAllEndsWithItsContext(t *testing.T) {
	broker, config := fakeBroker(t)
	c := laidOut(t, config)
	var timeout atomic.Int32
	broker.ControlKey(int16(kmsg.InitProducerID), func(r kmsg.Request) (kmsg.Response, error, bool) {
		broker.KeepControl()
		if begins := r.(*kmsg.InitProducerIDRequest); begins.TransactionalID != nil {
			timeout.Store(begins.TransactionTimeoutMillis)
		}
		return nil, nil, false
	})
	for _, test := range []struct {
		bound       time.Duration
		least, most int32
	}{{0, 300_000, 300_000}, {20 * time.Second, 6_000, 26_000}, {time.Hour, 300_000, 300_000}} {
		ctx := context.Background()
		if test.bound > 0 {
			bounded, cancel := context.WithTimeout(ctx, test.bound)
			defer cancel()
			ctx = bounded
		}
		if err := c.PublishAll(ctx, "again", made(nil)); err != nil {
			t.Fatal(err)
		}
		if got := timeout.Load(); got < test.least || got > test.most {
			t.Errorf("with %v left the time-out is %d ms, want %d to %d", test.bound, got, test.least, test.most)
		}
	}
}

// made makes messages that there are already.
func made(messages []kafka.Placed) func(context.Context) ([]kafka.Placed, error) {
	return func(context.Context) ([]kafka.Placed, error) { return messages, nil }
}
