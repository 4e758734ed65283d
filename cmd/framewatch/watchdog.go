package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// watchInterval is how often each loop is looked at, stuckAfter how long one may fail that before the process is not healthy: long enough for a machine that has no time.
const watchInterval, stuckAfter = 5 * time.Second, time.Minute

// watchdog looks whether this process's own loops and locks still go. Nothing that is asked may wait for the log, a stream or the network, so that neither an outage nor a broken
// stream has a process killed that would go on by itself. It is safe for concurrent use.
type watchdog struct {
	mu    sync.Mutex
	loops []*watchedLoop
}

// watchedLoop is one loop.
type watchedLoop struct {
	name string
	// check returns soon while the loop goes; its error says why it does not.
	check func() error
	// good is when it last did.
	good time.Time
	// asking tells that check has not returned, err what it said last.
	asking bool
	err    error
}

// stuck is a loop that does not go.
type stuck struct {
	Loop    string  `json:"loop"`
	Seconds float64 `json:"seconds"`
	Why     string  `json:"why"`
}

// watch adds a loop.
func (w *watchdog) watch(name string, check func() error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loops = append(w.loops, &watchedLoop{name: name, check: check, good: time.Now()})
}

// run looks until ctx ends.
func (w *watchdog) run(ctx context.Context) {
	for ctx.Err() == nil {
		w.look()
		select {
		case <-ctx.Done():
		case <-time.After(watchInterval):
		}
	}
}

// look asks each loop that has answered, without waiting for any: one that never answers has one goroutine wait.
func (w *watchdog) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.loops {
		if l.asking {
			continue
		}
		l.asking = true
		go func() {
			err := l.check()
			w.mu.Lock()
			defer w.mu.Unlock()
			l.asking, l.err = false, err
			if err == nil {
				l.good = time.Now()
			}
		}()
	}
}

// stuck are the loops that have failed for too long at now.
func (w *watchdog) stuck(now time.Time) (list []stuck) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.loops {
		if since := now.Sub(l.good); since > stuckAfter {
			why := "it does not answer"
			if !l.asking && l.err != nil {
				why = l.err.Error()
			}
			list = append(list, stuck{l.name, since.Seconds(), why})
		}
	}
	return list
}

// folds tells whether the folds of partitions go on: what a record does to a partition's state waits for nothing. It is safe for concurrent use.
type folds struct {
	mu sync.Mutex
	// at holds, by partition, one more than the offset of the record that is being folded, 0 between two; seen is what it was when last asked.
	at   map[int32]*atomic.Int64
	seen map[int32]int64
}

// begin adds the fold of a partition, in the place of an earlier one. Who folds writes at.
func (f *folds) begin(partition int32) (at *atomic.Int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.at == nil {
		f.at, f.seen = map[int32]*atomic.Int64{}, map[int32]int64{}
	}
	at = new(atomic.Int64)
	f.at[partition] = at
	delete(f.seen, partition)
	return at
}

// keep forgets all partitions but those.
func (f *folds) keep(partitions []int32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.at, func(p int32, _ *atomic.Int64) bool { return !slices.Contains(partitions, p) })
	maps.DeleteFunc(f.seen, func(p int32, _ int64) bool { return !slices.Contains(partitions, p) })
}

// check fails while a record is being folded that was when last asked.
func (f *folds) check() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var failed error
	for p, at := range f.at {
		now := at.Load()
		if now != 0 && now == f.seen[p] {
			failed = fmt.Errorf("partition %d goes on folding the record at offset %d", p, now-1)
		}
		f.seen[p] = now
	}
	return failed
}
