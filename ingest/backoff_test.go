package ingest_test

import (
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
)

// about tells whether a wait is d, spread by a quarter.
func about(got, d time.Duration) bool { return got >= d*3/4 && got <= d*5/4 }

func TestBackoffDown(t *testing.T) {
	b := ingest.NewBackoff(5*time.Second, time.Minute)
	for i, want := range []time.Duration{250, 500, 1000, 2000, 4000, 5000, 5000} {
		if got := b.Down(); !about(got, want*time.Millisecond) {
			t.Errorf("try %d waits %v, want about %d ms", i, got, want)
		}
	}
	b.Presented(4 * time.Second)
	if got := b.Down(); !about(got, 5*time.Second) {
		t.Errorf("after 4 s of presentation: %v, want about 5 s still", got)
	}
	b.Presented(5 * time.Second)
	if got := b.Down(); !about(got, 250*time.Millisecond) {
		t.Errorf("after 5 s of presentation: %v, want about 250 ms", got)
	}
}

func TestBackoffCrash(t *testing.T) {
	b := ingest.NewBackoff(5*time.Second, time.Minute)
	now := time.Unix(0, 0)
	crash := func(after, want time.Duration, quarantine bool) {
		t.Helper()
		now = now.Add(after)
		if got, quarantined := b.Crash(now); !about(got, want) || quarantined != quarantine {
			t.Errorf("crash at %v waits %v, quarantined %v; want about %v, %v", now.Unix(), got, quarantined, want, quarantine)
		}
	}
	const ms = time.Millisecond
	for _, sentence := range []time.Duration{1, 2, 4, 8, 16, 16} { // minutes
		crash(0, 100*ms, false)
		crash(time.Second, 200*ms, false)
		crash(time.Second, 400*ms, false)
		crash(time.Second, 800*ms, false)
		crash(time.Second, sentence*time.Minute, true)
		now = now.Add(sentence * time.Minute)
	}
	b.Presented(5 * time.Minute)
	crash(0, 100*ms, false)
	for range 3 { // at 16 s, 32 s, 48 s: four in the last minute
		if _, quarantined := b.Crash(now.Add(16 * time.Second)); quarantined {
			t.Error("quarantined by four crashes in a minute")
		}
		now = now.Add(16 * time.Second)
	}
	crash(16*time.Second, 800*ms, false) // at 64 s the first is forgotten: four again
}
