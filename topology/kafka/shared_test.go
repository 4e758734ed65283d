package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// tray holds what was handled, by key.
type tray struct {
	sync.Mutex
	keys []string
}

func (y *tray) put(key string) { y.Lock(); defer y.Unlock(); y.keys = append(y.keys, key) }

func (y *tray) sorted() []string {
	y.Lock()
	defer y.Unlock()
	return slices.Sorted(slices.Values(y.keys))
}

// reads makes a member of the group "readers" that hands records to handle.
func reads(t *testing.T, c *kafka.Cluster, handle kafka.Handler[schemas.StreamSpec]) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- kafka.Read(ctx, c, topology.Streams, kafka.ReadOptions{Group: "framewatch.readers"}, handle)
	}()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	return stop
}

// into puts all records into the tray.
func into(y *tray) kafka.Handler[schemas.StreamSpec] {
	return func(_ context.Context, r topology.Record[schemas.StreamSpec]) error { y.put(r.Key); return nil }
}

func named(letter string, n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s%02d", letter, i))
	}
	return ids
}

// A group begins when its process began, also in partitions that nothing was ever handled of, and goes on where it was.
func TestGroupGoesOnWhereItWas(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		before := laidOut(t, config)
		publishStreams(t, before, named("a", 10)...)
		// The log's time is in whole milliseconds.
		written := time.Now().UnixMilli()
		eventually(t, "the next millisecond", func() bool { return time.Now().UnixMilli() > written })
		_, admin := raw(t, brokers)
		c := dial(t, config)
		var first tray
		stop := reads(t, c, into(&first))
		eventually(t, "a start in each partition", func() bool { return len(groupOffsets(t, admin, config.Prefix+"readers")) == 4 })
		publishStreams(t, c, named("b", 10)...)
		eventually(t, "ten records", func() bool { return len(first.sorted()) >= 10 })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		publishStreams(t, c, named("c", 10)...)
		// A process that began after these were written must have them all the same.
		var second tray
		reads(t, dial(t, config), into(&second))
		eventually(t, "ten more", func() bool { return len(second.sorted()) >= 10 })
		if got := first.sorted(); !slices.Equal(got, named("b", 10)) {
			t.Errorf("the first handled %q", got)
		}
		if got := second.sorted(); !slices.Equal(got, named("c", 10)) {
			t.Errorf("the second handled %q", got)
		}
	})
}

// groupOffsets are the group's offsets in the partitions where it has one.
func groupOffsets(t *testing.T, admin *kadm.Client, group string) (offsets []int64) {
	t.Helper()
	fetched, err := admin.FetchOffsets(within(t), group)
	// Just after its start a broker may have no coordinator for a group that nobody has asked for.
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) && !errors.Is(err, kerr.CoordinatorNotAvailable) {
		t.Fatal(err)
	}
	fetched.Each(func(o kadm.OffsetResponse) { offsets = append(offsets, o.At) })
	return offsets
}

// A handler that hangs on a record is told when its partition moves on, and the next owner is handed the record.
func TestRecordInHandMovesWithItsPartition(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		c := laidOut(t, config)
		_, admin := raw(t, brokers)
		holding, told := make(chan string, 1), make(chan struct{})
		stop := reads(t, c, func(ctx context.Context, r topology.Record[schemas.StreamSpec]) error {
			select {
			case holding <- r.Key:
				<-ctx.Done()
				close(told)
				return ctx.Err()
			default:
				return nil
			}
		})
		eventually(t, "a start in each partition", func() bool { return len(groupOffsets(t, admin, config.Prefix+"readers")) == 4 })
		publishStreams(t, c, "held")
		if key := <-holding; key != "held" {
			t.Fatalf("the handler holds %s", key)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		<-told
		var next tray
		reads(t, c, into(&next))
		eventually(t, "the record", func() bool { return len(next.sorted()) > 0 })
		if got := next.sorted(); !slices.Equal(got, []string{"held"}) {
			t.Errorf("the next owner handled %q", got)
		}
	})
}

func TestMembersOfAReadersGroupShareAll(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		c := laidOut(t, config)
		_, admin := raw(t, brokers)
		var a, b tray
		reads(t, c, into(&a))
		eventually(t, "a start in each partition", func() bool { return len(groupOffsets(t, admin, config.Prefix+"readers")) == 4 })
		publishStreams(t, c, named("x", 40)...)
		reads(t, c, into(&b))
		more := 0
		eventually(t, "the second member to be given something", func() bool {
			publishStreams(t, c, fmt.Sprintf("y%04d", more))
			more++
			return len(b.sorted()) > 0
		})
		eventually(t, "everything", func() bool {
			both := slices.Concat(a.sorted(), b.sorted())
			slices.Sort(both)
			return len(slices.Compact(both)) == 40+more
		})
		both := slices.Concat(a.sorted(), b.sorted())
		slices.Sort(both)
		if len(slices.Compact(slices.Clone(both))) != len(both) {
			t.Errorf("handled twice in an orderly change of hands: %q", both)
		}
	})
}
