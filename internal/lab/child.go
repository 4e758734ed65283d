package lab

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cost is what child processes took.
type cost struct {
	// cpu is user plus system time, seconds.
	cpu float64
	// memory is the largest resident set of one of them, MiB.
	memory float64
}

// spent is the cost of the child processes that run starts and waits for. Nothing else may run child processes meanwhile.
func spent(run func() error) (cost, error) {
	var before, after syscall.Rusage
	watch := watchMemory()
	err := errors.Join(syscall.Getrusage(syscall.RUSAGE_CHILDREN, &before), run(), syscall.Getrusage(syscall.RUSAGE_CHILDREN, &after))
	memory := watch.end()
	if err == nil && memory == 0 {
		err = errors.New("measure a process: none was seen")
	}
	cpu := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	return cost{cpu.Seconds(), float64(memory) / (1 << 10)}, err
}

// memoryWatch looks at our child processes from time to time. What wait4 tells is of no use: between fork and exec a child lives in its
// parent's memory, and that counts as its own.
type memoryWatch struct {
	stop chan struct{}
	// peak is sent once the watch has ended, KiB.
	peak chan int64
}

// A watch looks soon after the start, since some processes are short, and ever less often, since looking costs.
const (
	firstLook   = 5 * time.Millisecond
	slowestLook = 100 * time.Millisecond
)

func watchMemory() *memoryWatch {
	w := &memoryWatch{make(chan struct{}), make(chan int64)}
	go func() {
		var peak int64
		for wait := firstLook; ; wait = min(2*wait, slowestLook) {
			select {
			case <-w.stop:
				w.peak <- peak
				return
			case <-time.After(wait):
				peak = max(peak, childMemory())
			}
		}
	}()
	return w
}

// end is the largest resident set that any child process had until it was last looked at, KiB.
func (w *memoryWatch) end() int64 {
	close(w.stop)
	return <-w.peak
}

// childMemory is the largest resident set that a child process has had so far, KiB; 0 without one.
func childMemory() (most int64) {
	self, _ := os.ReadFile("/proc/self/cmdline")
	for _, c := range children() {
		// Before exec the command line is still ours, and so is the memory.
		if !bytes.Equal(c.line, self) {
			most = max(most, statusField(c.status, "VmHWM"))
		}
	}
	return most
}

// child is a child process as /proc tells of it: its command line, and its status as it was read after that.
type child struct{ line, status []byte }

func children() (list []child) {
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range processes {
		line, err := os.ReadFile(p + "/cmdline")
		if err != nil {
			continue
		}
		status, err := os.ReadFile(p + "/status")
		if err == nil && statusField(status, "PPid") == int64(os.Getpid()) {
			list = append(list, child{line, status})
		}
	}
	return list
}

// statusField is a number in a process's status; 0 when it has none of that name, as a process that has ended.
func statusField(status []byte, name string) int64 {
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, name+":"); ok {
			value, _ := strconv.ParseInt(strings.Fields(text)[0], 10, 64)
			return value
		}
	}
	return 0
}

// childrenCPU is the user and system time that the child processes which run now have taken so far, seconds.
func childrenCPU() (seconds float64) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if parent, cpu, _, ok := processTimes(text); ok && parent == os.Getpid() {
			seconds += cpu
		}
	}
	return seconds
}

// ProcessCPU is the user and system time that a process has taken so far, with that of its children that have ended, seconds; 0 when it has ended.
func ProcessCPU(id int) float64 {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(id), "stat"))
	if err != nil {
		return 0
	}
	_, own, children, _ := processTimes(text)
	return own + children
}

// processTimes reads a process's stat: its parent, and the user and system time that it has taken, and its children that have ended, seconds.
func processTimes(stat []byte) (parent int, own, children float64, ok bool) {
	const ticks = 100                                                         // USER_HZ, on every Linux that Go runs on
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // state, parent, ...
	if len(fields) < 15 {
		return 0, 0, 0, false
	}
	parent, _ = strconv.Atoi(fields[1])
	var spent [4]float64
	for i, field := range fields[11:15] {
		n, _ := strconv.ParseInt(field, 10, 64)
		spent[i] = float64(n) / ticks
	}
	return parent, spent[0] + spent[1], spent[2] + spent[3], true
}

// TreeUse is what a process and its children use.
type TreeUse struct {
	// CPU seconds so far; what children that were not waited for had taken is lost with them.
	CPU float64
	// Children that run now, and the largest resident set of one of them, MiB.
	Children    int
	ChildMemory float64
}

// ProcessTree looks at a process and its children.
func ProcessTree(id int) TreeUse {
	use := TreeUse{CPU: ProcessCPU(id)}
	statuses, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, path := range statuses {
		status, err := os.ReadFile(path)
		if err != nil || statusField(status, "PPid") != int64(id) {
			continue
		}
		use.Children++
		use.CPU += ProcessCPU(int(statusField(status, "Pid")))
		use.ChildMemory = max(use.ChildMemory, float64(statusField(status, "VmRSS"))/(1<<10))
	}
	return use
}
