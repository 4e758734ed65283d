package lab

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// ProcessUse is what a process has used since it started, as /proc tells.
type ProcessUse struct {
	// CPU is user plus system time, seconds.
	CPU float64
	// Memory is the resident set of now, KiB.
	Memory int64
	// Read and Written are the bytes of all its reads and writes, from and to sockets and files.
	Read, Written int64
}

// UseOf is what the processes have used together; it is an error when one of them has ended.
func UseOf(ids ...int) (sum ProcessUse, err error) {
	for _, id := range ids {
		folder := "/proc/" + strconv.Itoa(id)
		stat, err := os.ReadFile(folder + "/stat")
		if err != nil {
			return sum, fmt.Errorf("measure process %d: %w", id, err)
		}
		io, err := os.ReadFile(folder + "/io")
		if err != nil {
			return sum, fmt.Errorf("measure process %d: %w", id, err)
		}
		_, cpu, _, ok := processTimes(stat)
		if !ok || !bytes.Contains(io, []byte("rchar:")) {
			return sum, fmt.Errorf("measure process %d: it has ended", id)
		}
		sum.CPU += cpu
		sum.Memory += residentMemory(id)
		sum.Read += statusField(io, "rchar")
		sum.Written += statusField(io, "wchar")
	}
	return sum, nil
}

// Since is what was used after an earlier look; the memory is that of now.
func (u ProcessUse) Since(earlier ProcessUse) ProcessUse {
	return ProcessUse{u.CPU - earlier.CPU, u.Memory, u.Read - earlier.Read, u.Written - earlier.Written}
}

// Machine is this one: its cores, what its processors call themselves, and its load average over a minute.
func Machine() (cores int, processor string, load float64) {
	processors, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(processors)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			processor = strings.TrimSpace(value)
			break
		}
	}
	loads, _ := os.ReadFile("/proc/loadavg")
	fmt.Sscan(string(loads), &load)
	return runtime.GOMAXPROCS(0), cmp.Or(processor, "unknown processor"), load
}
