package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestLinesComeWholeHoweverTheyAreWritten(t *testing.T) {
	var got []string
	l := &lines{each: func(line []byte) { got = append(got, string(line)) }}
	for _, text := range []string{"one\ntw", "", "o\nthree", "\n", "\nrest"} {
		if n, err := l.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatalf("wrote %d of %q: %v", n, text, err)
		}
	}
	if want := "one\n|two\n|three\n|\n"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDetectorsTellWhenPartitionsFlow(t *testing.T) {
	d := &followed{flowed: map[int32]flow{}}
	d.read([]byte(`{"time":"2026-01-02T03:04:05.5Z","level":"INFO","msg":"partition flows","group":"framewatch.detector","partition":7,"after":250000000}`))
	d.read([]byte(`{"time":"2026-01-02T03:04:06Z","level":"INFO","msg":"target is up","partition":8}`))
	d.read([]byte("no line of a log\n"))
	want := flow{time.Date(2026, 1, 2, 3, 4, 5, 500_000_000, time.UTC), 250 * time.Millisecond}
	if got := fmt.Sprint(d.flows()); got != fmt.Sprint(map[int32]flow{7: want}) {
		t.Errorf("got %s, want partition 7 alone with %v", got, want)
	}
}

// A detector that came first had all partitions, and folds only those that did not flow at the other afterwards; what it takes over again flows anew.
func TestPartitionsBelongToWhereTheyFlowedLast(t *testing.T) {
	at := func(seconds int) flow { return flow{at: time.Unix(int64(seconds), 0)} }
	first := &followed{flowed: map[int32]flow{0: at(1), 1: at(1), 2: at(1)}}
	second := &followed{flowed: map[int32]flow{1: at(5)}}
	owned := second.ownedBeside(first)
	if got := fmt.Sprint(owned); got != "[1]" {
		t.Errorf("the second owns %s, want [1]", got)
	}
	if got := len(first.ownedBeside(second)); got != 2 {
		t.Errorf("the first owns %d, want 2", got)
	}
	killed := time.Unix(9, 0)
	if got := first.since(killed, owned); len(got) != 0 {
		t.Errorf("before they are taken over %v flow", got)
	}
	first.flowed[1] = at(10)
	if got := first.since(killed, owned); len(got) != 1 || got[0] != at(10) {
		t.Errorf("when they are taken over %v flow, want the one of second 10", got)
	}
}

// What is committed ends the waiting of the ends before it; what never is counts with its age.
func TestLagCountsWhatIsNotCommitted(t *testing.T) {
	now := time.Now()
	w := &lagWatch{waiting: map[int32][]lagMark{}}
	if w.behind() < time.Minute {
		t.Error("before anything has been seen nothing is behind")
	}
	at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	w.note(at(-30), at(-30), map[int32]int64{1: 10, 2: 5}, map[int32]int64{})
	w.note(at(-29), at(-28), map[int32]int64{1: 20, 2: 5}, map[int32]int64{1: 10, 2: 5})
	// Partition 1: 10 after 2 s, 20 still waiting since 29 s ago. Partition 2: 5 after 2 s and after 1 s.
	if behind := w.behind(); behind < 29*time.Second || behind > 60*time.Second {
		t.Errorf("the oldest of what is not committed is %v old, want 29 s", behind)
	}
	if got := w.percentile(at(-60), 0.5); got != 2*time.Second {
		t.Errorf("the median is %v, want 2 s", got)
	}
	if got := w.percentile(at(-60), 1); got < 29*time.Second {
		t.Errorf("the largest is %v, want 29 s", got)
	}
}
