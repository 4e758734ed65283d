package kafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// beating is the toy stage that says in each beat who it is.
func beating(name string) kafka.RunOptions[schemas.Feature, schemas.DefectEvent] {
	options := stage()
	options.Beat = func(_, generation int32, now time.Time) []topology.Message {
		return []topology.Message{topology.Features.Message("", &schemas.Feature{Setting: &schemas.Setting{Stream: name, Generation: generation, Time: now.UnixMicro()}})}
	}
	return options
}

// Each partition has beats, they have one owner at a time, and a later owner's generation is larger.
func TestBeatsEndWithTheTenure(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		c := laidOut(t, configFor(brokers))
		ctx, cancel := context.WithCancel(within(t))
		defer cancel()
		// beats of each partition, in the order of the log.
		beats := make([][]*schemas.Setting, c.Partitions())
		type beat struct {
			partition int32
			by        *schemas.Setting
		}
		beaten := make(chan beat)
		watched := make(chan error, 1)
		go func() {
			watched <- kafka.Read(ctx, c, topology.Features, kafka.ReadOptions{}, func(_ context.Context, r topology.Record[schemas.Feature]) error {
				beaten <- beat{r.Partition, r.Value.Setting}
				return nil
			})
		}()
		// until lets beats come until ok says that they suffice.
		until := func(what string, ok func() bool) {
			for !ok() {
				select {
				case b := <-beaten:
					beats[b.partition] = append(beats[b.partition], b.by)
				case <-ctx.Done():
					t.Fatalf("waited in vain for %s", what)
				}
			}
		}
		by := func(p int, name string) (count int) {
			for _, b := range beats[p] {
				if b.Stream == name {
					count++
				}
			}
			return count
		}
		stop := runs(t, c, beating("a"))
		until("beats of a in all partitions", func() bool { return by(0, "a") > 1 && by(1, "a") > 1 && by(2, "a") > 1 && by(3, "a") > 1 })
		runs(t, c, beating("b"))
		until("two partitions of b", func() bool {
			owned := 0
			for p := range beats {
				if by(p, "b") > 2 {
					owned++
				}
			}
			return owned == 2
		})
		stop()
		until("all partitions of b", func() bool { return by(0, "b") > 3 && by(1, "b") > 3 && by(2, "b") > 3 && by(3, "b") > 3 })
		cancel()
		for ended := false; !ended; {
			select {
			case b := <-beaten:
				beats[b.partition] = append(beats[b.partition], b.by)
			case err := <-watched:
				ended = true
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		for p, all := range beats {
			for i, b := range all[1:] {
				before := all[i]
				if before.Stream == "b" && b.Stream == "a" {
					t.Errorf("partition %d: a beats after b has begun", p)
				}
				if before.Stream != b.Stream && b.Generation <= before.Generation {
					t.Errorf("partition %d: b begins with generation %d after a's %d", p, b.Generation, before.Generation)
				}
				if gap := time.Duration(b.Time-before.Time) * time.Microsecond; gap > 5*time.Second {
					t.Errorf("partition %d: %v between two beats", p, gap)
				}
			}
		}
	})
}
