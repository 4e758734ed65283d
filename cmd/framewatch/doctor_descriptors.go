package main

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

const (
	// descriptorsEach is how many descriptors a stream takes in the supervisor: worker's pipes and process, connections to its source.
	descriptorsEach = 8
	// fewStreams is how many streams a machine should be able to carry.
	fewStreams = 100
)

// checkDescriptors tells for how many streams this process may open files.
func checkDescriptors(context.Context, *patient) []finding {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return []finding{{Check: "descriptors", Status: statusFail, Detail: err.Error(), Remedy: "let the process ask for its limits (getrlimit)"}}
	}
	f := finding{Check: "descriptors", Status: statusOK, Detail: fmt.Sprintf("%d may be open: enough for %d streams", limit.Cur, limit.Cur/descriptorsEach)}
	if limit.Cur < fewStreams*descriptorsEach {
		f.Status, f.Remedy = statusWarn, "raise it: ulimit -n, LimitNOFILE= of systemd, ulimits.nofile of Compose"
	}
	return []finding{f}
}
