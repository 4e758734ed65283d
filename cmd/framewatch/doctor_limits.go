package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// workerMemory is what a stream's worker takes at least beside its decoder, in bytes; measured: framewatch bench edge.
	workerMemory = 75 << 20
	// headroom is how much of a memory limit Go may take at most: thread stacks, FFmpeg and OpenCV are outside its heap.
	headroom = 0.95
)

// checkLimits compares what this process may have of the machine, by its control group, with what Go takes it to be and what the streams need.
func checkLimits(_ context.Context, p *patient) []finding {
	var machine unix.Sysinfo_t
	memory := uint64(math.MaxUint64)
	if unix.Sysinfo(&machine) == nil {
		memory = machine.Totalram * uint64(machine.Unit)
	}
	limit, cpus := controlGroup("/sys/fs/cgroup", "/proc/self/cgroup")
	l := limits{memory: min(memory, limit), cpus: min(float64(runtime.NumCPU()), cpus), goMemory: debug.SetMemoryLimit(-1), processors: runtime.GOMAXPROCS(0)}
	if p.config.Streams != nil && p.runs("ingest") {
		l.streams, l.shared = len(*p.config.Streams), !p.embeds()
	}
	return l.judge("limits")
}

// limits are what a process may have, and what is to run in it.
type limits struct {
	// memory in bytes, and cpus, as the machine and the control group have it.
	memory uint64
	cpus   float64
	// goMemory is GOMEMLIMIT in bytes, processors GOMAXPROCS.
	goMemory   int64
	processors int
	// streams are those of the file; shared tells that other edges may have some of them.
	streams int
	shared  bool
}

func (l limits) judge(check string) (findings []finding) {
	if l.goMemory != math.MaxInt64 && float64(l.goMemory) > headroom*float64(l.memory) {
		findings = append(findings, finding{check, statusFail, fmt.Sprintf("GOMEMLIMIT is %d MiB and the limit of the memory %d MiB: the kernel ends the process before Go collects", l.goMemory>>20, l.memory>>20),
			fmt.Sprintf("set GOMEMLIMIT to at most %d MiB (for an edge, whose workers are beside it, to far less), or raise the limit", uint64(headroom*float64(l.memory))>>20)})
	}
	if float64(l.processors) > math.Ceil(l.cpus) {
		findings = append(findings, finding{check, statusWarn, fmt.Sprintf("GOMAXPROCS is %d, and there are %.3g CPUs: the process is throttled while it collects", l.processors, l.cpus),
			"take GOMAXPROCS out of the environment: Go knows the limit of its control group"})
	}
	if need := uint64(l.streams) * workerMemory; need > l.memory {
		f := finding{check, statusFail, fmt.Sprintf("%d streams take at least %d MiB beside their decoders, and the limit of the memory is %d MiB", l.streams, need>>20, l.memory>>20),
			"raise the limit, or share the streams among more edges"}
		if l.shared {
			f.Status, f.Remedy = statusWarn, fmt.Sprintf("let at least %d edges of this size share them, or raise the limit", (need+l.memory-1)/l.memory)
		}
		findings = append(findings, f)
	}
	if len(findings) == 0 {
		detail := fmt.Sprintf("%d MiB of memory, %.3g CPUs, GOMAXPROCS %d", l.memory>>20, l.cpus, l.processors)
		findings = append(findings, finding{Check: check, Status: statusOK, Detail: detail})
	}
	return findings
}

// controlGroup is the lowest limit of memory, in bytes, and of CPUs on the way from the root, where the control groups are mounted, to the one of a process; the highest
// numbers there are where there is none. It knows version 2.
func controlGroup(root, membership string) (memory uint64, cpus float64) {
	memory, cpus = math.MaxUint64, math.Inf(1)
	text, _ := os.ReadFile(membership)
	own := "/"
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			own = filepath.Clean("/" + path)
		}
	}
	for {
		folder := filepath.Join(root, own)
		if text, err := os.ReadFile(folder + "/memory.max"); err == nil {
			if n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil {
				memory = min(memory, n)
			}
		}
		if text, err := os.ReadFile(folder + "/cpu.max"); err == nil {
			var quota, period float64
			if n, _ := fmt.Sscan(string(text), &quota, &period); n == 2 && period > 0 {
				cpus = min(cpus, quota/period)
			}
		}
		if own == "/" {
			return memory, cpus
		}
		own = filepath.Dir(own)
	}
}
