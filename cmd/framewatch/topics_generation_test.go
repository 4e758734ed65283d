package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// detects runs a detector on a vault's log until the function that it returns is called, and waits for it to judge a stream.
func (v *vault) detects(stream string) (stop func()) {
	v.t.Helper()
	config, err := loadConfig(v.config)
	if err != nil {
		v.t.Fatal(err)
	}
	config.Log.Level = "error"
	begun := time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		if err := run(ctx, config, []string{"detector"}, io.Discard, nil); err != nil {
			v.t.Errorf("detector: %v", err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); all.Wait() })
	v.t.Cleanup(stop)
	waitFor(v.t, "a Setting of the stream", func() (has bool) {
		err := kafka.Read(ctx, v.a.cluster, topology.Features, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.Feature]) error {
			s := r.Value.Setting
			has = has || s != nil && s.Stream == stream && s.Time >= begun.UnixMicro()
			return nil
		})
		return err == nil && has
	})
	return stop
}

// shows publishes seconds of a stream from a session's beginning on: good, or black.
func (v *vault) shows(stream string, session int64, seconds ...bool) {
	v.t.Helper()
	var messages []topology.Message
	say := func(f schemas.Feature) { messages = append(messages, topology.Features.Message(stream, &f)) }
	for second, black := range seconds {
		begins, n := int64(second)*1_000_000, int64(second)
		for i := range int64(5) {
			picture := drawnPicture(5*n+i, begins+i*200_000, black)
			picture.Session = session
			say(schemas.Feature{VideoFrame: picture})
		}
		for i := range int64(10) {
			sound := drawnSound(10*n+i, begins+i*100_000, false)
			sound.Session = session
			say(schemas.Feature{AudioBlock: sound})
		}
		say(schemas.Feature{StreamSecond: &schemas.StreamSecond{Session: session, Seq: n, At: begins + 1_000_000, State: "up", FramesDecoded: 5, FramesAnalysed: 5, AudioBlocks: 10}})
	}
	v.publish(v.a.cluster.Partition("lane"), messages...)
}

// told are the events of black of a stream: the ids by what was told of them, in order.
func (v *vault) told(stream string) (states, ids []string) {
	v.t.Helper()
	err := kafka.Read(context.Background(), v.a.cluster, topology.Defects, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
		if r.Value.Stream == stream && r.Value.Kind == "black" && r.Value.State != "updated" {
			states, ids = append(states, r.Value.State), append(ids, r.Value.ID)
		}
		return nil
	})
	if err != nil {
		v.t.Fatal(err)
	}
	return states, ids
}

// TestDefectsOutliveAGeneration: with another number of partitions what is open closes under the id that it was opened by, what comes is found, nothing is told
// twice, and the generation before stays as it was.
func TestDefectsOutliveAGeneration(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		const good, black = false, true
		old := newVault(t, brokers, 4)
		old.run("streams", "apply", "-f", old.file("streams: [{id: news, url: 'https://origin.example/news.m3u8', lane: lane}, {id: other, url: 'https://origin.example/other.m3u8'}]"))
		next := &vault{t: t, brokers: brokers, prefix: old.prefix + "g2."}
		next.config = next.file(fmt.Sprintf("kafka: {brokers: [%q], prefix: %s, partitions: 7}\n", brokers[0], next.prefix))
		if kafka.PartitionAmong("lane", 4) == kafka.PartitionAmong("lane", 7) {
			t.Fatal("the lane proves nothing")
		}
		generation := []string{"topics", "generation", "--partitions", "7", "--prefix", next.prefix, "--by", "ann"}
		execute := append(slices.Clone(generation), "--execute")

		stop := old.detects("news")
		session := time.Now().UnixMicro()
		old.shows("news", session, good, good, black, black, black, black)
		waitFor(t, "a defect", func() bool { states, _ := old.told("news"); return len(states) == 1 })
		_, opened := old.told("news")
		old.refused("members of detector are at work", execute...)
		stop()
		old.publish(old.a.cluster.Partition("lane"), topology.Features.Message("other", &schemas.Feature{StreamSecond: &schemas.StreamSecond{Session: session, At: 1_000_000, State: "down"}}))
		old.refused("1 records of features are not folded", execute...)
		plan := old.run(generation...)
		for _, want := range []string{"2, of which", "nothing is changed", "create " + next.prefix + "features", "write  " + next.prefix + "defects.latest", "first  1 records"} {
			if !strings.Contains(plan, want) {
				t.Errorf("the plan does not say %q:\n%s", want, plan)
			}
		}
		stop = old.detects("news")
		waitFor(t, "all to be folded", func() bool {
			left, err := (&succession{old: old.a}).unfolded(t.Context())
			return err == nil && left == 0
		})
		stop()

		old.run(execute...)
		if out := old.run(execute...); !strings.Contains(out, "all of it is there") {
			t.Errorf("done again it says:\n%s", out)
		}
		old.refused("have 7 partitions already, not 9", "topics", "generation", "--partitions", "9", "--prefix", next.prefix)
		before, _ := old.told("news")
		next.dial()
		next.detects("news")
		next.shows("news", session+60_000_000, good, good, good, good, good, good, good, good, black, black, black, black)
		waitFor(t, "the end of the defect, and another", func() bool { states, _ := next.told("news"); return len(states) >= 2 })
		states, ids := next.told("news")
		if !slices.Equal(states, []string{"closed", "opened"}) || ids[0] != opened[0] || ids[1] == opened[0] {
			t.Errorf("the next generation tells %v of %v, want the end of %v and the beginning of another", states, ids, opened)
		}
		if after, _ := old.told("news"); !slices.Equal(after, before) || !slices.Equal(after, []string{"opened"}) {
			t.Errorf("the generation before tells %v, want opened alone", after)
		}
	})
}

// What a newer version has written can be read in the next generation by who could read it before, one record that nobody can read keeps nothing from coming, and what somebody
// else has begun under the prefix is left alone.
func TestAGenerationTakesWhatAnotherVersionWrote(t *testing.T) {
	brokers := kafkatest.Embedded(t)
	old := newVault(t, brokers, 4)
	old.run("streams", "apply", "-f", old.file("streams: [{id: news, url: 'https://origin.example/news.m3u8'}]"))
	old.newerVerdict()
	old.unreadable()
	next := &vault{t: t, brokers: brokers, prefix: old.prefix + "g2."}
	next.config = next.file(fmt.Sprintf("kafka: {brokers: [%q], prefix: %s, partitions: 7}\n", brokers[0], next.prefix))
	generation := []string{"topics", "generation", "--partitions", "7", "--prefix", next.prefix, "--by", "ann"}
	if plan := old.run(generation...); !regexp.MustCompile(`(?m)^write +\S+g2\.schemas +1 records$`).MatchString(plan) {
		t.Errorf("the plan does not name the schema:\n%s", plan)
	}
	execute := append(slices.Clone(generation), "--execute")
	old.run(execute...)
	if out := old.run(execute...); !strings.Contains(out, "all of it is there") {
		t.Errorf("done again it says:\n%s", out)
	}
	if list := next.run("export", "verdicts"); !strings.Contains(list, "certainty") {
		t.Errorf("the verdict reads %s", list)
	}
	next.run("streams", "apply", "-f", next.file("streams: [{id: other, url: 'https://origin.example/other.m3u8'}]"))
	old.refused("streams holds something else; choose another --prefix", execute...)
}

// crowd is so many stream ids of one of many line-ups.
func crowd(of, streams int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for n := range streams {
			if !yield(fmt.Sprintf("lineup-%d/channel-%d", of, n)) {
				return
			}
		}
	}
}

// skewTable is how much fuller the fullest partition is than the mean, on average of some line-ups.
func skewTable() string {
	const lineups = 20
	counts := []int32{12, 24, 48, 96, 192}
	var b strings.Builder
	b.WriteString("| streams |")
	for _, p := range counts {
		fmt.Fprintf(&b, " %d partitions |", p)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(counts)) + "\n")
	for _, streams := range []int{200, 1000, 5000, 20000} {
		fmt.Fprintf(&b, "| %d |", streams)
		for _, p := range counts {
			sum := 0.0
			for of := range lineups {
				sum += kafka.Skew(crowd(of, streams), p)
			}
			fmt.Fprintf(&b, " %.2f |", sum/lineups)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestPartitionsTable: the table in docs/partitions.md is what our own placing of streams gives.
func TestPartitionsTable(t *testing.T) {
	const file, begin, end = "../../docs/partitions.md", "<!-- skew -->\n", "<!-- end -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	has, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		t.Fatalf("%s has no table between %q and %q", file, begin, end)
	}
	want := skewTable()
	if *update && has != want {
		if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		has = want
	}
	if has != want {
		t.Errorf("%s: go test ./cmd/framewatch -run TestPartitionsTable -update\ngot\n%swant\n%s", file, has, want)
	}
}
