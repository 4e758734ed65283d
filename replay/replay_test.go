package replay_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

func TestMain(m *testing.M) { os.Exit(kafkatest.Main(m)) }

var prefixes atomic.Int32

// laidOut is a cluster with topics of the test's own, of two partitions each, and the source of one of them.
func laidOut(t *testing.T, brokers []string, s *topology.Spec) (*kafka.Cluster, replay.Source) {
	t.Helper()
	config := kafka.Defaults()
	config.Brokers, config.Partitions = brokers, 2
	config.Prefix = fmt.Sprintf("replay%d-%d.", os.Getpid(), prefixes.Add(1))
	c, err := kafka.Dial(within(t), config, schemas.Baked(), quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if _, err := c.Apply(within(t)); err != nil {
		t.Fatal(err)
	}
	return c, replay.Source{Cluster: replay.Cluster{Brokers: brokers}, Topic: config.Prefix + s.Name}
}

// within is a context that ends long after any test should have.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// read collects what is read as partition:value.
func read(t *testing.T, s replay.Source, r replay.Range) []string {
	t.Helper()
	var got []string
	err := replay.Read(within(t), s, r, func(r replay.Record) error {
		got = append(got, fmt.Sprintf("%d:%s", r.Partition, r.Value))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("read\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// tell publishes values outside of any transaction.
func tell(t *testing.T, c *kafka.Cluster, partition int32, values ...string) {
	t.Helper()
	for _, v := range values {
		m := topology.Message{Topic: &topology.Defects.Spec, Encode: func(_ *schemas.Contract, dst []byte) ([]byte, error) {
			return append(dst, v...), nil
		}}
		if err := c.Publish(within(t), partition, m); err != nil {
			t.Fatal(err)
		}
	}
}

// The reader of the library that is used here hands out everything: aborted records, and the markers as well.
func TestOnlyCommittedRecordsAreRead(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		c, source := laidOut(t, brokers, &topology.Defects.Spec)
		begin := func() *kafkatest.Transaction { return kafkatest.Begin(t, brokers, source.Topic, 1) }
		tell(t, c, 0, "other partition")

		tell(t, c, 1, "a plain")
		aborted, committed := begin(), begin()
		aborted.Write("b aborted", "c aborted")
		committed.Write("d committed")
		tell(t, c, 1, "e plain, within both")
		aborted.Write("f aborted")
		committed.Write("g committed", "h committed")
		aborted.Abort()
		committed.Write("i committed, after the abort")
		committed.Commit()
		for i := range 20 {
			x := begin()
			x.Write(fmt.Sprintf("j%d", i))
			if i%4 == 0 {
				x.Commit()
			} else {
				x.Abort()
			}
		}
		tell(t, c, 1, "k plain")
		begin().Write("l never ended")
		tell(t, c, 1, "m plain, behind an open transaction")

		want(t, read(t, source, replay.Range{}),
			"0:other partition", "1:a plain", "1:d committed", "1:e plain, within both", "1:g committed", "1:h committed",
			"1:i committed, after the abort", "1:j0", "1:j4", "1:j8", "1:j12", "1:j16", "1:k plain")

		source.Partitions = []int32{0}
		want(t, read(t, source, replay.Range{}), "0:other partition")
		// Offset 2 stands within the first aborted transaction, offset 5 is its last record.
		source.Partitions = []int32{1}
		want(t, read(t, source, replay.Range{FromOffset: 2, ToOffset: 7}), "1:d committed", "1:e plain, within both", "1:g committed")
	})
}

func TestReadingEndsWhereTheTopicEndedWhenItBegan(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		c, source := laidOut(t, brokers, &topology.Defects.Spec)
		tell(t, c, 0, "a", "b")
		tell(t, c, 1, "c")
		var got []string
		err := replay.Read(within(t), source, replay.Range{}, func(r replay.Record) error {
			got = append(got, string(r.Value))
			tell(t, c, 0, "late")
			tell(t, c, 1, "late")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want(t, got, "a", "b", "c")
	})
}

func TestRangeOfTime(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		c, source := laidOut(t, brokers, &topology.Defects.Spec)
		var times []time.Time
		for _, v := range []string{"a", "b", "c"} {
			tell(t, c, 0, v)
			source.Partitions = []int32{0}
			if err := replay.Read(within(t), source, replay.Range{FromOffset: int64(len(times))}, func(r replay.Record) error {
				times = append(times, r.Time)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			for !time.Now().After(times[len(times)-1].Add(time.Millisecond)) { // time stamps are whole milliseconds
			}
		}
		for _, tt := range []struct {
			name string
			r    replay.Range
			want []string
		}{
			{"from the second", replay.Range{From: times[1]}, []string{"0:b", "0:c"}},
			{"before the second", replay.Range{To: times[1]}, []string{"0:a"}},
			{"the second alone", replay.Range{From: times[1], To: times[2]}, []string{"0:b"}},
			{"after all", replay.Range{From: times[2].Add(time.Hour)}, nil},
			{"before all", replay.Range{To: times[0]}, nil},
			{"all", replay.Range{From: times[0].Add(-time.Hour), To: times[2].Add(time.Hour)}, []string{"0:a", "0:b", "0:c"}},
		} {
			t.Run(tt.name, func(t *testing.T) { want(t, read(t, source, tt.r), tt.want...) })
		}
	})
}

// What compaction has left begins far behind the first offset.
func TestCompactedAwayRecordsAreNotWaitedFor(t *testing.T) {
	c, source := laidOut(t, kafkatest.Embedded(t), &topology.Streams.Spec)
	source.Partitions = []int32{0}
	for i := range 50 {
		spec := &schemas.StreamSpec{URL: fmt.Sprint(i), Labels: map[string]string{}}
		if err := c.Publish(within(t), 0, topology.Streams.Message("one", spec)); err != nil {
			t.Fatal(err)
		}
	}
	var offsets []int64
	for len(offsets) != 2 { // the last batch is kept, and of those before it the last record of the key
		offsets = nil
		if err := replay.Read(within(t), source, replay.Range{}, func(r replay.Record) error { offsets = append(offsets, r.Offset); return nil }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond) // it is swept once a second
	}
	if !slices.Equal(offsets, []int64{48, 49}) {
		t.Fatalf("read offsets %d, want 48 and 49", offsets)
	}
}

func TestReadSaysWhatItCouldNotRead(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	_, source := laidOut(t, brokers, &topology.Defects.Spec)
	for _, tt := range []struct {
		name   string
		change func(s *replay.Source)
		want   string
	}{
		{"topic", func(s *replay.Source) { s.Topic = "nowhere" }, "nowhere"},
		{"partition", func(s *replay.Source) { s.Partitions = []int32{1, 2} }, "no partition 2"},
		{"mechanism", func(s *replay.Source) { s.Cluster.Mechanism = "GSSAPI" }, `"GSSAPI" is none of`},
		{"broker", func(s *replay.Source) { s.Cluster.Brokers = []string{"127.0.0.1:1"} }, "127.0.0.1:1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := source
			tt.change(&s)
			err := replay.Read(within(t), s, replay.Range{}, func(replay.Record) error { return nil })
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestHandlersErrorEndsTheReading(t *testing.T) {
	c, source := laidOut(t, kafkatest.Embedded(t), &topology.Defects.Spec)
	tell(t, c, 0, "a", "b")
	seen := 0
	err := replay.Read(within(t), source, replay.Range{}, func(replay.Record) error { seen++; return io.ErrShortWrite })
	if err != io.ErrShortWrite || seen != 1 {
		t.Fatalf("got %v after %d records, want %v after 1", err, seen, io.ErrShortWrite)
	}
}
