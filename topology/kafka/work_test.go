package kafka

import (
	"testing"
	"time"
)

// TestWorkCountsProcessors: two partitions folded at the same time keep two processors busy, three no more than two.
func TestWorkCountsProcessors(t *testing.T) {
	clock := time.Unix(1_700_000_000, 0)
	w := &work{processors: 2, now: func() time.Time { return clock }}
	pass := func(d time.Duration) { clock = clock.Add(d) }
	wants := func(busy time.Duration, records int64) {
		t.Helper()
		if b, r := w.Done(); b != busy || r != records {
			t.Errorf("%v of processors and %d records, want %v and %d", b, r, busy, records)
		}
	}
	pass(time.Hour)
	w.Begin()
	pass(time.Second)
	wants(time.Second, 0)
	w.Begin()
	pass(time.Second)
	w.Begin()
	pass(time.Second)
	w.End(10)
	w.End(20)
	wants(5*time.Second, 30)
	pass(time.Second)
	w.End(5)
	pass(time.Hour)
	wants(6*time.Second, 35)
}

func TestBehindForgetsWhatIsGone(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	b := newBehind("a_behind_seconds", "a_partitions")
	b.of(1, now.Add(-time.Hour)).Store(now.Add(-3 * time.Second).UnixNano())
	b.of(2, now.Add(-7*time.Second)) // nothing of it is committed
	if list, owned := b.Seconds(now); len(list) != 2 || list[1] != 3 || list[2] != 7 || owned != 2 {
		t.Errorf("behind is %v of %d partitions, want 3 s of partition 1 and, since it is owned, 7 s of partition 2", list, owned)
	}
	b.gone(1)
	if list, owned := b.Seconds(now); len(list) != 1 || list[1] != 0 || owned != 1 {
		t.Errorf("behind is %v of %d partitions, want that of partition 2 alone", list, owned)
	}
}
