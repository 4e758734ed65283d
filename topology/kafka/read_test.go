package kafka_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// streamOf is the stream that has the id in its URL.
func streamOf(id string) topology.Message {
	return topology.Streams.Message(id, &schemas.StreamSpec{URL: "http://" + id})
}

// publishStreams publishes a StreamSpec of each id, in its partition.
func publishStreams(t *testing.T, c *kafka.Cluster, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := c.Publish(within(t), c.Partition(id), streamOf(id)); err != nil {
			t.Fatal(err)
		}
	}
}

// readAll is the bounded read of a topic as "partition key url" lines, in the order of reading within each partition.
func readAll(t *testing.T, c *kafka.Cluster, options kafka.ReadOptions) []string {
	t.Helper()
	options.Bounded = true
	var lines []string
	err := kafka.Read(within(t), c, topology.Streams, options, func(_ context.Context, r topology.Record[schemas.StreamSpec]) error {
		url := "removed"
		if r.Value != nil {
			url = r.Value.URL
		}
		lines = append(lines, fmt.Sprintf("%d %s %s", r.Partition, r.Key, url))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(a[:1], b[:1]) })
	return lines
}

func TestWhatIsPublishedIsRead(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		c := laidOut(t, configFor(brokers))
		if got := readAll(t, c, kafka.ReadOptions{}); len(got) != 0 {
			t.Errorf("an empty topic reads %q", got)
		}
		publishStreams(t, c, "a", "b", "c", "d", "e", "a")
		if err := c.Publish(within(t), c.Partition("a"), topology.Streams.Tombstone("a")); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, key := range []string{"a", "b", "c", "d", "e", "a"} {
			want = append(want, fmt.Sprintf("%d %s http://%s", c.Partition(key), key, key))
		}
		want = append(want, fmt.Sprintf("%d a removed", c.Partition("a")))
		slices.SortStableFunc(want, func(a, b string) int { return strings.Compare(a[:1], b[:1]) })
		if got := readAll(t, c, kafka.ReadOptions{}); !slices.Equal(got, want) {
			t.Errorf("read %q, want %q", got, want)
		}
		only := c.Partition("a")
		mine := slices.DeleteFunc(want, func(line string) bool { return !strings.HasPrefix(line, fmt.Sprint(only)) })
		if got := readAll(t, c, kafka.ReadOptions{Partitions: []int32{only}}); !slices.Equal(got, mine) {
			t.Errorf("partition %d reads %q, want %q", only, got, mine)
		}
	})
}

func TestTryPublishTellsWhenItIsWritten(t *testing.T) {
	c := laidOut(t, configFor(kafkatest.Embedded(t)))
	done := make(chan error, 1)
	c.TryPublish(2, topology.Streams.Message("a", &schemas.StreamSpec{URL: "u"}), func(err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, c, kafka.ReadOptions{}); !slices.Equal(got, []string{"2 a u"}) {
		t.Errorf("read %q", got)
	}
}

func TestTryPublishDropsWhenTooMuchWaits(t *testing.T) {
	brokers, err := kafka.Embed(kafka.EmbedConfig{})
	if err != nil {
		t.Fatal(err)
	}
	c := laidOut(t, configFor(brokers.Addresses()))
	publishStreams(t, c, "warm")
	brokers.Close()
	// A mebibyte at a time, the 64 MiB that may wait are full after 64; nothing can be written any more.
	full := make(chan error, 200)
	big := &schemas.StreamSpec{URL: strings.Repeat("x", 1<<19)}
	for range 200 {
		c.TryPublish(0, topology.Streams.Message("big", big), func(err error) { full <- err })
	}
	if err := <-full; !errors.Is(err, kgo.ErrMaxBuffered) {
		t.Errorf("with no broker and 100 MiB to write: %v, want %v", err, kgo.ErrMaxBuffered)
	}
}

func TestReadFromATime(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		c := laidOut(t, config)
		client, _ := raw(t, brokers)
		noon := time.Now().Add(-time.Hour).Truncate(time.Second)
		for i := range 5 {
			value := encoded(t, topology.Streams.Message("", &schemas.StreamSpec{URL: fmt.Sprint(i)}))
			r := &kgo.Record{Topic: config.Prefix + "streams", Partition: 1, Key: []byte("k"), Value: value, Timestamp: noon.Add(time.Duration(i) * time.Minute)}
			if err := client.ProduceSync(within(t), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		got := readAll(t, c, kafka.ReadOptions{From: noon.Add(3 * time.Minute)})
		if want := []string{"1 k 3", "1 k 4"}; !slices.Equal(got, want) {
			t.Errorf("read %q, want %q", got, want)
		}
	})
}

// encoded is a message's value as it stands on the log.
func encoded(t *testing.T, m topology.Message) []byte {
	t.Helper()
	value, err := m.Encode(schemas.Baked(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestPoisonIsSetAside(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		c := laidOut(t, config)
		client, _ := raw(t, brokers)
		whole := encoded(t, topology.Streams.Message("", &schemas.StreamSpec{URL: "http://x"}))
		poison := []struct {
			value  []byte
			reason string
		}{
			{[]byte("no"), "too few"},
			{append([]byte{7}, whole[1:]...), "magic byte is 0x7"},
			{append([]byte{0, 0, 0, 0, 9}, whole[5:]...), "schema id 9 is unknown"},
			{whole[:len(whole)-2], "decode StreamSpec"},
			{append(bytes.Clone(whole), 1, 2, 3), "3 bytes are left over"},
			{bytes.Repeat([]byte{1}, 70_000), "magic byte is 0x1"},
		}
		for i, p := range poison {
			r := &kgo.Record{Topic: config.Prefix + "streams", Partition: 3, Key: []byte(fmt.Sprint("poison", i)), Value: p.value}
			if err := client.ProduceSync(within(t), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Publish(within(t), 3, topology.Streams.Message("good", &schemas.StreamSpec{URL: "u"})); err != nil {
			t.Fatal(err)
		}
		for _, owner := range []bool{false, false, true} {
			if got := letters(t, c); len(got) > 0 {
				t.Fatalf("%d dead letters by one that does not own the topic", len(got))
			}
			if got, want := readAll(t, c, kafka.ReadOptions{Owner: owner}), []string{"3 good u"}; !slices.Equal(got, want) {
				t.Errorf("read %q, want %q", got, want)
			}
		}
		letters := letters(t, c)
		if len(letters) != len(poison) {
			t.Fatalf("%d dead letters, want %d", len(letters), len(poison))
		}
		for i, l := range letters {
			v, p := l.Value, poison[i]
			if v.Topic != "streams" || v.Partition != 3 || v.Offset != int64(i) || l.Partition != 3 || l.Key != fmt.Sprint("poison", i) || !strings.Contains(v.Reason, p.reason) {
				t.Errorf("letter %d: %s/%d at %d, key %s, reason %q; want the reason to hold %q", i, v.Topic, v.Partition, v.Offset, l.Key, v.Reason, p.reason)
			}
			if want := p.value[:min(len(p.value), 64<<10)]; !bytes.Equal(v.Value, want) {
				t.Errorf("letter %d keeps %d bytes, want %d", i, len(v.Value), len(want))
			}
		}
		if id := letters[2].Value.SchemaID; id == nil || *id != 9 {
			t.Errorf("letter 2 has schema id %v, want 9", id)
		}
		if id := letters[0].Value.SchemaID; id != nil {
			t.Errorf("letter 0 has schema id %d, want none: it is too short to have one", *id)
		}
	})
}

// letters are the dead letters in the log.
func letters(t *testing.T, c *kafka.Cluster) (all []topology.Record[schemas.DeadLetter]) {
	t.Helper()
	err := kafka.Read(within(t), c, topology.DeadLetter, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.DeadLetter]) error {
		all = append(all, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A log that ends in an aborted transaction ends in records that no reader is shown.
func TestAbortedRecordsAreNeverRead(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		config := configFor(brokers)
		c := laidOut(t, config)
		client, _ := raw(t, brokers, kgo.TransactionalID(config.Prefix+"x"))
		for i, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit, kgo.TryAbort} {
			if err := client.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			value := encoded(t, topology.Streams.Message("", &schemas.StreamSpec{URL: fmt.Sprint(i)}))
			r := &kgo.Record{Topic: config.Prefix + "streams", Partition: 0, Key: []byte("k"), Value: value}
			if err := client.ProduceSync(within(t), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
			if err := client.EndTransaction(within(t), end); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := readAll(t, c, kafka.ReadOptions{}), []string{"0 k 0", "0 k 2"}; !slices.Equal(got, want) {
			t.Errorf("read %q, want %q", got, want)
		}
	})
}

func TestCaughtUpOnceAndThenFollows(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		c := laidOut(t, configFor(brokers))
		publishStreams(t, c, "a", "b", "c")
		ctx, cancel := context.WithCancel(within(t))
		defer cancel()
		var story []string
		caughtUp := make(chan struct{})
		ended := make(chan error, 1)
		go func() {
			ended <- kafka.Read(ctx, c, topology.Streams, kafka.ReadOptions{CaughtUp: func() {
				story = append(story, "caught up")
				close(caughtUp)
			}}, func(_ context.Context, r topology.Record[schemas.StreamSpec]) error {
				story = append(story, "record")
				if len(story) == 5 {
					cancel()
				}
				return nil
			})
		}()
		<-caughtUp
		publishStreams(t, c, "d")
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if want := []string{"record", "record", "record", "caught up", "record"}; !slices.Equal(story, want) {
			t.Errorf("it went %q, want %q", story, want)
		}
	})
}

func TestReadEndsWithTheHandlersError(t *testing.T) {
	c := laidOut(t, configFor(kafkatest.Embedded(t)))
	publishStreams(t, c, "a")
	broken := errors.New("broken")
	err := kafka.Read(within(t), c, topology.Streams, kafka.ReadOptions{}, func(context.Context, topology.Record[schemas.StreamSpec]) error { return broken })
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}
