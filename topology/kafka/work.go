package kafka

import (
	"runtime"
	"sync"
	"time"
)

// work is how long folding has kept processors busy and how many records that was. Partitions are folded at the same time: what k of them take together counts k-fold up to the
// number of processors, since more only wait for each other. It is safe for concurrent use.
type work struct {
	processors int
	now        func() time.Time

	mu sync.Mutex
	// busy and records so far; folding is how many fold since then.
	busy    time.Duration
	records int64
	folding int
	since   time.Time
}

func newWork() *work { return &work{processors: runtime.GOMAXPROCS(0), now: time.Now} }

// Begin tells that one more partition folds.
func (w *work) Begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count()
	w.folding++
}

// End tells that one partition has folded so many records.
func (w *work) End(records int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count()
	w.folding--
	w.records += int64(records)
}

// Done is what has been done so far.
func (w *work) Done() (busy time.Duration, records int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count()
	return w.busy, w.records
}

// count adds what has been done since it was last counted. The lock is held.
func (w *work) count() {
	now := w.now()
	if !w.since.IsZero() {
		w.busy += time.Duration(min(w.folding, w.processors)) * now.Sub(w.since)
	}
	w.since = now
}

// Work is what a stage has folded in this process: how long that kept processors busy, of how many records, and on how many processors it may. Nothing: it has not begun.
func (c *Cluster) Work(stage string) (busy time.Duration, records int64, processors int) {
	c.folding.Lock()
	m := c.folds[stage]
	c.folding.Unlock()
	if m == nil {
		return 0, 0, runtime.GOMAXPROCS(0)
	}
	busy, records = m.work.Done()
	return busy, records, m.work.processors
}

// Behind is the largest age of the last committed record of the partitions that a stage owns in this process, seconds; of one of which nothing is committed it is how long it has
// been owned. 0: it owns none.
func (c *Cluster) Behind(stage string) (most float64) {
	c.folding.Lock()
	m := c.folds[stage]
	c.folding.Unlock()
	if m == nil {
		return 0
	}
	list, _ := m.behind.Seconds(time.Now())
	for _, seconds := range list {
		most = max(most, seconds)
	}
	return most
}
