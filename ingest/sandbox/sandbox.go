// Package sandbox holds a process that decodes hostile media to what it needs: a pipe, or one file, or one network source. It has three
// parts. Landlock is laid on the thread that starts the process, so that it is in force before the process's first instruction and for
// all its threads. Limits and seccomp the process lays on itself, for all its threads, before it sees any media.
package sandbox

import (
	"fmt"
	"strings"
)

// Mode says what happens when a part of the sandbox is not to be had on this machine.
type Mode string

const (
	// Required starts nothing without the whole sandbox.
	Required Mode = "required"
	// BestEffort goes on with the parts that there are.
	BestEffort Mode = "best-effort"
	// Off lays limits only.
	Off Mode = "off"
)

// Validate tells that the mode is none of the three.
func (m Mode) Validate() error {
	switch m {
	case Required, BestEffort, Off:
		return nil
	}
	return fmt.Errorf("%q is none of %s, %s, %s", m, Required, BestEffort, Off)
}

// Needs is what a process must be able to reach beside its pipes and libraries. The zero value: nothing.
type Needs struct {
	// File is the one path that it may read; empty: none.
	File string
	// Network tells that it may have IPv4 and IPv6 sockets and read the files with which names are resolved and servers are proved.
	Network bool
	// Port is the one TCP port that it may connect to; 0: none. UDP has no such bound.
	Port uint16
}

// Absent is the error of a sandbox that is required and of which a part is not to be had.
type Absent struct{ Parts []string }

func (e Absent) Error() string {
	return "the sandbox is required and lacks " + strings.Join(e.Parts, "; ")
}

// Missing lists the parts that needs wants and this machine does not have, each with what to do about it. What it says rests on what the
// kernel answers; Probe proves it.
func Missing(n Needs) (parts []string) {
	if part := missingLandlock(n); part != "" {
		parts = append(parts, part)
	}
	if part := missingSeccomp(); part != "" {
		parts = append(parts, part)
	}
	return parts
}
