package sandbox

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// addressSpace bounds the memory map in bytes. The Go runtime alone reserves more than a gigabyte that it never touches.
	addressSpace = 16 << 30
	// descriptors bounds the files and sockets that may be open.
	descriptors = 64
)

// Limit bounds what the calling process may take of the machine: memory in bytes that it can write to, with which nothing that is only
// reserved counts; no core file, no file to write, few descriptors.
func Limit(memory uint64) error {
	for _, l := range []struct {
		what     string
		resource int
		most     uint64
	}{
		{"core", unix.RLIMIT_CORE, 0}, {"written files", unix.RLIMIT_FSIZE, 0}, {"descriptors", unix.RLIMIT_NOFILE, descriptors},
		{"address space", unix.RLIMIT_AS, addressSpace}, {"memory", unix.RLIMIT_DATA, memory},
	} {
		var now unix.Rlimit
		if err := unix.Getrlimit(l.resource, &now); err != nil {
			return fmt.Errorf("limit %s: %w", l.what, err)
		}
		most := min(l.most, now.Max)
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("limit %s to %d: %w", l.what, most, err)
		}
	}
	return nil
}

// sacrifice is the most that a process can be preferred with when memory is short.
const sacrifice = "1000"

// Sacrifice makes a child the first that the kernel ends when memory is short.
func Sacrifice(pid int) error { return os.WriteFile(preference(pid), []byte(sacrifice), 0) }

// Sacrificed tells whether a child, which has not been waited for, is the first that the kernel ends.
func Sacrificed(pid int) Attempt {
	return try(Limits, "outlive others when memory is short", func() error {
		value, err := os.ReadFile(preference(pid))
		if err == nil && strings.TrimSpace(string(value)) == sacrifice {
			err = errSacrificed
		}
		return err
	}, errSacrificed)
}

var errSacrificed = errors.New("oom_score_adj is " + sacrifice)

func preference(pid int) string { return "/proc/" + strconv.Itoa(pid) + "/oom_score_adj" }
