package ingest

import (
	"strings"
	"sync/atomic"
)

// refusedMost bounds what a worker tells of a refusal, in bytes.
const refusedMost = 200

// refusal is why the last of a worker's input that could not be decoded was refused, until there are pictures again, or sound of what has none.
// It is safe for concurrent use.
type refusal struct{ last atomic.Pointer[string] }

// Take keeps the reason.
func (r *refusal) Take(reason string) {
	reason = bounded(reason)
	r.last.Store(&reason)
}

// bounded is as much of a reason as a worker tells.
func bounded(reason string) string {
	return strings.ToValidUTF8(reason[:min(len(reason), refusedMost)], "")
}

// Over forgets it.
func (r *refusal) Over() {
	if r.last.Load() != nil {
		r.last.Store(nil)
	}
}

// Tell is the reason, empty when there is none.
func (r *refusal) Tell() string {
	if reason := r.last.Load(); reason != nil {
		return *reason
	}
	return ""
}

// because is a reason with the refusal that is behind it, if there is one.
func because(reason, refused string) string {
	if refused == "" {
		return reason
	}
	return reason + ": " + refused
}
