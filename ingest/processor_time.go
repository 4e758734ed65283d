package ingest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// clockTick is the unit of the processor times in /proc: USER_HZ, 100 on every platform that Linux runs on here.
const clockTick = time.Second / 100

// processorTime is what the workers have used of the processors. It is safe for concurrent use.
type processorTime struct {
	mu sync.Mutex
	// workers holds what each running one had used when last looked at, by process id; ended is what all others have.
	workers map[int]time.Duration
	ended   time.Duration
}

// Begin takes a worker.
func (t *processorTime) Begin(pid int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.workers[pid] = 0
}

// End lets one go that has ended; state may be nil.
func (t *processorTime) End(pid int, state *os.ProcessState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	used := t.workers[pid]
	if state != nil {
		used = max(used, state.UserTime()+state.SystemTime())
	}
	t.ended += used
	delete(t.workers, pid)
}

// Workers is what they have used so far; it never falls.
func (t *processorTime) Workers() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.ended
	for pid, before := range t.workers {
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
			t.workers[pid] = max(before, usedBy(stat))
		}
		all += t.workers[pid]
	}
	return all
}

// usedBy reads utime and stime of /proc/PID/stat: the fields 14 and 15 of proc(5), counted from behind the name, which may hold anything.
func usedBy(stat []byte) time.Duration {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, _ := strconv.ParseInt(string(field), 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * clockTick
}

// ownTime is what this process has used.
func ownTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Share measures the share of the processors until ctx is done.
func (m *meters) Share(ctx context.Context) {
	ticker := time.NewTicker(shareOver)
	defer ticker.Stop()
	used, at := ownTime()+m.processors.Workers(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		usedNow, now := ownTime()+m.processors.Workers(), time.Now()
		m.share.Set(shareOf(usedNow-used, now.Sub(at)))
		used, at = usedNow, now
	}
}
