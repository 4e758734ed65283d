package lab

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// Usage is how much there was of one resource of this process and its workers.
type Usage struct {
	Name string `json:"name"`
	// Before the soak, Settled the most in its first half without the beginning, Late the most in its last quarter, After when it was over.
	Before  int64 `json:"before"`
	Settled int64 `json:"settled"`
	Late    int64 `json:"late"`
	After   int64 `json:"after"`
	// allowed is how much more Late may be than Settled, beside a quarter; leak, not 0, how much more After may be than Before.
	allowed, leak int64
}

// UsageWatch looks once a second at what this process and its workers use. Begin it before the soak.
type UsageWatch struct {
	// workerArg marks the command lines of workers.
	workerArg string
	usage     []Usage
	looks     [][]int64
}

// WatchUsage takes what there is before the soak. Workers have workerArg in their command line.
func WatchUsage(workerArg string) *UsageWatch {
	w := &UsageWatch{workerArg: workerArg, usage: []Usage{
		{Name: "goroutines", allowed: 100, leak: 20}, {Name: "descriptors", allowed: 60, leak: 20}, {Name: "processes", allowed: 4, leak: 1},
		{Name: "memory_kib", allowed: 64 << 10}, {Name: "worker_memory_kib", allowed: 32 << 10},
	}}
	for i, n := range w.look() {
		w.usage[i].Before = n
	}
	return w
}

// Look is called once a second.
func (w *UsageWatch) Look() { w.looks = append(w.looks, w.look()) }

// look is in the order of usage.
func (w *UsageWatch) look() []int64 {
	descriptors, _ := os.ReadDir("/proc/self/fd")
	children := Children("")
	workers := Children(w.workerArg)
	var largest int64
	for _, c := range workers {
		largest = max(largest, residentMemory(c))
	}
	return []int64{int64(runtime.NumGoroutine()), int64(len(descriptors)), int64(len(children)), residentMemory(os.Getpid()), largest}
}

// End is called when the soak is over and everything has been ended; it waits a moment for what is still ending, and tells what failed.
func (w *UsageWatch) End(r *SoakReport) {
	var after []int64
	for range 50 {
		after = w.look()
		settled := true
		for i, u := range w.usage {
			settled = settled && (u.leak == 0 || after[i] < u.Before+u.leak)
		}
		if settled {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	quarter := len(w.looks) / 4
	for i := range w.usage {
		u := &w.usage[i]
		for n, look := range w.looks {
			switch {
			case n >= len(w.looks)-quarter:
				u.Late = max(u.Late, look[i])
			case n >= int(settling.Seconds()) && n < 2*quarter:
				u.Settled = max(u.Settled, look[i])
			}
		}
		u.After = after[i]
		if u.Late > u.Settled+u.Settled/4+u.allowed {
			r.fail("%s grew from %d to %d", u.Name, u.Settled, u.Late)
		}
		if u.leak > 0 && u.After >= u.Before+u.leak {
			r.fail("%s were %d before and are %d after", u.Name, u.Before, u.After)
		}
	}
	r.Usage = w.usage
}

// Children are the ids of our child processes that have argument in their command line; all with an empty one.
func Children(argument string) (ids []int) {
	for _, c := range children() {
		if len(c.line) > 0 && bytes.Contains(c.line, []byte(argument)) {
			ids = append(ids, int(statusField(c.status, "Pid")))
		}
	}
	return ids
}

// residentMemory of a process in KiB; 0 when it has ended.
func residentMemory(id int) int64 {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(id), "status"))
	if err != nil {
		return 0
	}
	return statusField(status, "VmRSS")
}
