package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// spareAfter is how long after it joined its group a member that was given nothing counts as a spare one: a cooperative rebalance hands partitions on within a second.
const spareAfter = 5 * time.Second

// readiness is what a process still waits for before it works. What has come once is not waited for again: a broker that goes away later makes no process start anew. It is safe
// for concurrent use.
type readiness struct {
	mu    sync.Mutex
	gates []*gate
}

// gate is one thing that must have come.
type gate struct {
	all    *readiness
	target string
	// what is still waited for; "" opens the gate for good.
	what func() string
}

// waiting is one thing that has not come.
type waiting struct {
	Target string `json:"target"`
	For    string `json:"for"`
}

// expect adds a gate for a target.
func (r *readiness) expect(target, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gates = append(r.gates, &gate{r, target, func() string { return what }})
}

// of is the gate of a target; one that nobody asks where none is expected.
func (r *readiness) of(target string) *gate {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range r.gates {
		if g.target == target {
			return g
		}
	}
	return &gate{all: &readiness{}, target: target}
}

// until tells what the gate waits for from now on; what answers "" when it is there.
func (g *gate) until(what func() string) {
	g.all.mu.Lock()
	defer g.all.mu.Unlock()
	g.what = what
}

// waitFor is until with a fixed text.
func (g *gate) waitFor(what string) { g.until(func() string { return what }) }

// open tells that all is there.
func (g *gate) open() { g.waitFor("") }

// missing is what has not come yet; none: the process works.
func (r *readiness) missing() []waiting {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []waiting
	r.gates = slices.DeleteFunc(r.gates, func(g *gate) bool {
		what := g.what()
		if what != "" {
			list = append(list, waiting{g.target, what})
		}
		return what == ""
	})
	return list
}

// assignment is what a member's group has given to it, and which of it works. It is safe for concurrent use.
type assignment struct {
	mu     sync.Mutex
	joined time.Time
	owned  []int32
	works  map[int32]bool
}

// owns takes what the member owns now.
func (a *assignment) owns(partitions []int32, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.joined.IsZero() {
		a.joined = now
	}
	a.owned = slices.Clone(partitions)
}

// working tells that a partition's state is there.
func (a *assignment) working(partition int32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.works == nil {
		a.works = map[int32]bool{}
	}
	a.works[partition] = true
}

// missing is what a gate waits for. A member that was given nothing works too, as a spare one.
func (a *assignment) missing(now time.Time) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var rebuilding []string
	for _, p := range a.owned {
		if !a.works[p] {
			rebuilding = append(rebuilding, fmt.Sprint(p))
		}
	}
	switch {
	case a.joined.IsZero():
		return "the consumer group to give partitions to this member"
	case len(a.owned) == 0 && now.Sub(a.joined) < spareAfter:
		return "the consumer group's other members to hand partitions over"
	case len(rebuilding) > 0:
		return "the state of partitions " + strings.Join(rebuilding, ", ") + " to be rebuilt"
	}
	return ""
}
