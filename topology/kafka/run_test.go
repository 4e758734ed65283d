package kafka_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

func TestCutAndRebuiltEqualsUncut(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		c := laidOut(t, configFor(brokers))
		// 7 numbers at a time: the cuts fall within windows.
		const last = 70
		for first := int64(1); first <= last; first += 7 {
			stop := runs(t, c, stage())
			count(t, c, counters, first, first+6)
			if first%14 == 1 {
				check(t, c, counters, first+6)
			}
			stop()
		}
		runs(t, c, stage())
		check(t, c, counters, last)
	})
}

func TestMembersComeAndGo(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		c := laidOut(t, configFor(brokers))
		runs(t, c, stage())
		const last = 200
		fed := make(chan struct{})
		go func() {
			defer close(fed)
			count(t, c, counters, 1, last)
		}()
		for more := true; more; {
			stop := runs(t, c, stage())
			select {
			case <-fed:
				more = false
			case <-time.After(300 * time.Millisecond):
			}
			stop()
		}
		check(t, c, counters, last)
	})
}

// Only what the lookback asks for is folded again, and what is older is restored.
func TestRebuildReadsTheLookback(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		c := laidOut(t, config)
		client, _ := raw(t, brokers)
		at := c.Partition("one")
		// One number a second. The lookback of 5 s and the second of slack before 40 leave the numbers from 34 on: 7 of them. (Of these the
		// toy needs four.) The next number is 41.
		begun := time.Now().Add(-time.Hour).Truncate(time.Second)
		write := func(first, last int64) {
			for n := first; n <= last; n++ {
				value := encoded(t, topology.Features.Message("", &schemas.Feature{Tick: &schemas.Tick{Time: n}}))
				r := &kgo.Record{Topic: config.Prefix + "features", Partition: at, Key: []byte("one"), Value: value, Timestamp: begun.Add(time.Duration(n) * time.Second)}
				if err := client.ProduceSync(within(t), r).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
		}
		write(1, 40)
		stop := runs(t, c, stage())
		check(t, c, []string{"one"}, 40)
		stop()
		var again *sums
		options := stage()
		made := make(chan struct{})
		recalled := make(chan time.Time, 1)
		options.Recall = func(_ context.Context, p topology.Processor[schemas.Feature, schemas.DefectEvent], partition int32, _ int64, since time.Time) error {
			if n := p.(*sums).folded.Load(); n > 0 || partition != at && !since.IsZero() {
				t.Errorf("partition %d was recalled after %d records since %v, want before any, and since some time of %d alone", partition, n, since, at)
			}
			if partition == at {
				recalled <- since
			}
			return nil
		}
		options.New = func(p int32) topology.Processor[schemas.Feature, schemas.DefectEvent] {
			s := newSums(p).(*sums)
			s.lookback = 5 * time.Second
			if p == at {
				again = s
				close(made)
			}
			return s
		}
		runs(t, c, options)
		<-made
		write(41, 45)
		check(t, c, []string{"one"}, 45)
		// 34 to 40 again, and 41 to 45.
		if got := again.folded.Load(); got != 12 {
			t.Errorf("%d numbers were folded, want 12", got)
		}
		if since, want := <-recalled, begun.Add(34*time.Second); !since.Equal(want) {
			t.Errorf("what was told since %v was to be recalled, want since %v", since, want)
		}
	})
}

// A stage that was away until all that it had folded is gone is still told to recall what it said: there is no lookback then, and no time since when.
func TestWhatWasToldIsRecalledAfterALongStop(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		c := laidOut(t, config)
		count(t, c, []string{"one"}, 1, 10)
		stop := runs(t, c, stage())
		check(t, c, []string{"one"}, 10)
		stop()
		at := c.Partition("one")
		kafkatest.Forget(t, brokers, config.Prefix+"features", at, 10)
		options := stage()
		recalled := make(chan time.Time, 1)
		options.Recall = func(_ context.Context, _ topology.Processor[schemas.Feature, schemas.DefectEvent], partition int32, _ int64, since time.Time) error {
			if partition == at {
				recalled <- since
			}
			return nil
		}
		runs(t, c, options)
		if since := <-recalled; !since.IsZero() {
			t.Errorf("recalled since %v, want since no time", since)
		}
	})
}

func TestPoisonInTheInputIsSetAsideOnce(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		c := laidOut(t, config)
		client, _ := raw(t, brokers)
		at := c.Partition("one")
		count(t, c, []string{"one"}, 1, 3)
		if err := client.ProduceSync(within(t), &kgo.Record{Topic: config.Prefix + "features", Partition: at, Value: []byte("poison")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		count(t, c, []string{"one"}, 4, 5)
		stop := runs(t, c, stage())
		check(t, c, []string{"one"}, 5)
		stop()
		runs(t, c, stage())
		count(t, c, []string{"one"}, 6, 10)
		check(t, c, []string{"one"}, 10)
		if letters := letters(t, c); len(letters) != 1 || letters[0].Partition != at || letters[0].Value.Offset != 3 {
			t.Errorf("dead letters: %+v, want one of offset 3 in partition %d", letters, at)
		}
	})
}

// Input without output is committed, by itself, without a transaction.
func TestNothingToWriteBeginsNothing(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		c := laidOut(t, config)
		_, admin := raw(t, brokers)
		runs(t, c, stage())
		count(t, c, []string{"one"}, 1, 4)
		eventually(t, "the offset 4", func() bool {
			committed, err := admin.FetchOffsets(within(t), config.Prefix+"sums")
			if err != nil {
				t.Fatal(err)
			}
			o, ok := committed.Lookup(config.Prefix+"features", c.Partition("one"))
			return ok && o.At == 4
		})
		transactions, err := admin.DescribeTransactions(within(t), fmt.Sprintf("%ssums-%d", config.Prefix, c.Partition("one")))
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range transactions {
			if x.State != "Empty" {
				t.Errorf("the transactional id %s is in state %s, want Empty: it has never begun one", x.TxnID, x.State)
			}
		}
		var marks int64
		for _, name := range []string{"defects", "defects.latest"} {
			marks += ends(t, admin, config.Prefix+name)
		}
		if marks != 0 {
			t.Errorf("%d records or markers stand in the outputs, want none", marks)
		}
	})
}

// ends is the sum of a topic's end offsets: its records and markers.
func ends(t *testing.T, admin *kadm.Client, topic string) (sum int64) {
	t.Helper()
	listed, err := admin.ListEndOffsets(within(t), topic)
	if err != nil {
		t.Fatal(err)
	}
	listed.Each(func(o kadm.ListedOffset) { sum += o.Offset })
	return sum
}

func TestGroupBehindTheLogGoesOnFromItsStart(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		c := laidOut(t, config)
		_, admin := raw(t, brokers)
		count(t, c, []string{"one"}, 1, 5)
		stop := runs(t, c, stage())
		check(t, c, []string{"one"}, 5)
		stop()
		// The numbers up to 10 are gone before anyone has folded them.
		count(t, c, []string{"one"}, 6, 15)
		gone := kadm.Offsets{}
		gone.AddOffset(config.Prefix+"features", c.Partition("one"), 10, -1)
		if _, err := admin.DeleteRecords(within(t), gone); err != nil {
			t.Fatal(err)
		}
		runs(t, c, stage())
		eventually(t, "the event of 15", func() bool { return len(said(t, c)) == 2 })
		// The event of 5 is restored: 15 + 14 + 13 + 12 + 11 = 65.
		if got, want := said(t, c)[1], `one-15 sum 65 after "one-5"`; got != want {
			t.Errorf("it said %s, want %s", got, want)
		}
	})
}
