package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// fleet is what the features topic says of each stream: its last StreamSecond.
type fleet struct {
	t       *testing.T
	brokers []string
	file    string
	// partition is where a stream lives; there are four.
	partition func(id string) int32

	mu      sync.Mutex
	changed chan struct{}
	last    map[string]*schemas.StreamSecond
}

// newFleet follows the features on a log of its own.
func newFleet(t *testing.T) *fleet {
	f := &fleet{t: t, brokers: kafkatest.Embedded(t), file: filepath.Join(t.TempDir(), "streams.yaml"), changed: make(chan struct{}), last: map[string]*schemas.StreamSecond{}}
	onLog(t, f.brokers, "topics", "apply")
	a := f.app()
	f.partition = a.cluster.Partition
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- kafka.Read(ctx, a.cluster, topology.Features, kafka.ReadOptions{}, func(_ context.Context, r topology.Record[schemas.Feature]) error {
			if s := r.Value.StreamSecond; s != nil {
				f.mu.Lock()
				defer f.mu.Unlock()
				if before := f.last[r.Key]; before == nil || s.Session >= before.Session {
					f.last[r.Key] = s
				}
				close(f.changed)
				f.changed = make(chan struct{})
			}
			return nil
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("read: %v", err)
		}
		a.cluster.Close()
	})
	return f
}

func (f *fleet) app() *app {
	config := defaultConfig()
	config.Kafka.Brokers, config.Log.Level = f.brokers, "error"
	a, err := newApp(config, io.Discard)
	if err == nil {
		err = a.dial(f.t.Context())
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

// member runs a converter until the returned function is called.
func (f *fleet) member() (leave func()) {
	config := defaultConfig()
	config.Kafka.Brokers, config.Log.Level = f.brokers, "error"
	config.Ingest.Access.Directories = []string{os.TempDir()}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx, config, []string{"ingest"}, io.Discard, nil) }()
	leave = sync.OnceFunc(func() {
		stop()
		if err := <-done; err != nil {
			f.t.Errorf("ingest: %v", err)
		}
	})
	f.t.Cleanup(leave)
	return leave
}

// pairs are eight streams, two of each partition.
func (f *fleet) pairs() (ids []string) {
	of := map[int32]int{}
	for i := 0; len(ids) < 8; i++ {
		id := fmt.Sprintf("s%d", i)
		if p := f.partition(id); of[p] < 2 {
			of[p]++
			ids = append(ids, id)
		}
	}
	return ids
}

// apply makes one stream what is said, and gives the time.
func (f *fleet) apply(id, text string) time.Time {
	f.t.Helper()
	if err := os.WriteFile(f.file, []byte("streams:\n  - {id: "+id+", "+text+"}\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	onLog(f.t, f.brokers, "streams", "apply", "-f", f.file)
	return time.Now()
}

// wait waits until what the streams said last fulfils done, and gives it.
func (f *fleet) wait(what string, done func(last map[string]*schemas.StreamSecond) bool) map[string]*schemas.StreamSecond {
	f.t.Helper()
	guard := time.After(60 * time.Second)
	for {
		f.mu.Lock()
		last, changed := maps.Clone(f.last), f.changed
		f.mu.Unlock()
		if done(last) {
			return last
		}
		select {
		case <-changed:
		case <-guard:
			f.t.Fatalf("it never came to: %s", what)
		}
	}
}

// waitFurther waits until each stream but those named has told of two more seconds and wants it to be in the session that it was in.
func (f *fleet) waitFurther(after string, but ...string) {
	f.t.Helper()
	f.mu.Lock()
	before := maps.Clone(f.last)
	f.mu.Unlock()
	for _, id := range but {
		delete(before, id)
	}
	f.wait("two more seconds after "+after, func(last map[string]*schemas.StreamSecond) bool {
		for id, s := range before {
			if last[id].Session != s.Session {
				f.t.Fatalf("%s began anew: %s", id, after)
			}
			if last[id].Seq < s.Seq+2 {
				return false
			}
		}
		return true
	})
}

// settle waits until each stream has told of two more seconds in the session that it was in: partitions may move one after the other.
func (f *fleet) settle() {
	f.t.Helper()
	var before map[string]*schemas.StreamSecond
	f.wait("two more seconds of every stream", func(last map[string]*schemas.StreamSecond) bool {
		for id, s := range last {
			if b := before[id]; b == nil || b.Session != s.Session {
				before = last
				return false
			}
		}
		for id, s := range last {
			if s.Seq < before[id].Seq+2 {
				return false
			}
		}
		return true
	})
}

// TestStreamsChangeAndMembersComeAndGo shows that a change reaches the stream that it is of and no other, and that members who come and go take only the
// streams of the partitions that move.
func TestStreamsChangeAndMembersComeAndGo(t *testing.T) {
	clip := filepath.Join(t.TempDir(), "clip.ts")
	if said, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=192x108:r=10:d=30", "-c:v", "libx264", "-preset", "ultrafast", clip).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, said)
	}
	f := newFleet(t)
	ids := f.pairs()
	for _, id := range ids {
		f.apply(id, fmt.Sprintf("url: %q, loop: true", clip))
	}
	up := func(last map[string]*schemas.StreamSecond) bool {
		for _, id := range ids {
			if last[id] == nil || last[id].State != "up" {
				return false
			}
		}
		return true
	}
	f.member()
	f.wait("all streams up", up)

	added := f.apply("added", fmt.Sprintf("url: %q, loop: true", clip))
	f.wait("the stream that was added", func(last map[string]*schemas.StreamSecond) bool { return last["added"] != nil })
	t.Logf("a stream that is added tells its first second after %v", time.Since(added))
	f.waitFurther("a stream was added", "added")

	f.apply(ids[0], fmt.Sprintf("url: %q, loop: true, labels: {site: lab}, profile: other", clip))
	f.waitFurther("labels and profile of a stream were changed")

	was := f.wait("", func(map[string]*schemas.StreamSecond) bool { return true })[ids[1]].Session
	changed := f.apply(ids[1], fmt.Sprintf("url: %q, loop: true", "file:"+clip))
	f.wait("a stream with another URL", func(last map[string]*schemas.StreamSecond) bool { return last[ids[1]].Session > was })
	t.Logf("a stream whose URL is changed begins anew after %v", time.Since(changed))
	f.waitFurther("the URL of a stream was changed", ids[1])
	f.wait("all streams up", up)

	removed := time.Now()
	onLog(t, f.brokers, "streams", "remove", "added")
	f.waitFurther("a stream was removed", "added")
	gone := f.wait("", func(map[string]*schemas.StreamSecond) bool { return true })["added"]
	told := time.UnixMicro(gone.Session + gone.At)
	t.Logf("a stream that is removed tells its last second %v after", max(told.Sub(removed), 0))
	f.waitFurther("a stream was removed", "added")
	if again := f.wait("", func(map[string]*schemas.StreamSecond) bool { return true })["added"]; again.Seq != gone.Seq {
		t.Errorf("a stream that was removed goes on")
	}
	f.mu.Lock()
	delete(f.last, "added")
	f.mu.Unlock()

	before := f.wait("", func(map[string]*schemas.StreamSecond) bool { return true })
	moved := func(last map[string]*schemas.StreamSecond) (n int) {
		for _, id := range ids {
			switch other, newer := last[id].Edge != before[id].Edge, last[id].Session > before[id].Session; {
			case other && newer:
				n++
			case other || newer:
				t.Fatalf("%s moved: %v, began anew: %v; it must do both or none", id, other, newer)
			}
		}
		return n
	}
	joined := time.Now()
	leave := f.member()
	f.wait("streams at a second member", func(last map[string]*schemas.StreamSecond) bool { return moved(last) > 0 })
	t.Logf("a member that joins has the first of its streams after %v", time.Since(joined))
	f.settle()
	after := f.wait("all streams up again", up)
	if n := moved(after); n == len(ids) {
		t.Errorf("all %d streams moved to a second member", n)
	}
	for _, id := range ids {
		for _, other := range ids {
			if f.partition(id) == f.partition(other) && after[id].Edge != after[other].Edge {
				t.Errorf("%s and %s are of one partition and at two members", id, other)
			}
		}
	}

	after = f.wait("", func(map[string]*schemas.StreamSecond) bool { return true })
	left := time.Now()
	leave()
	f.wait("the streams back at the first member", func(last map[string]*schemas.StreamSecond) bool {
		for _, id := range ids {
			if last[id].Edge != before[id].Edge {
				return false
			}
			if after[id].Edge == before[id].Edge && last[id].Session != after[id].Session {
				t.Fatalf("%s began anew at a member that it had never left", id)
			}
		}
		return true
	})
	t.Logf("a member that leaves has given its streams to the other after %v", time.Since(left))
}
