package lab_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
)

func TestScheduleShowsEveryKindInAMinute(t *testing.T) {
	for seed := range uint64(20) {
		kinds := map[string]bool{}
		for _, p := range lab.Schedule(time.Minute, lab.Clips, seed) {
			kinds[p.Fault.Kind] = true
		}
		for _, f := range lab.Faults {
			if !kinds[f.Kind] {
				t.Errorf("seed %d: a minute shows no %s", seed, f.Kind)
			}
		}
	}
}

func TestScheduleBeginsOutagesWhereTheyShowAtOnce(t *testing.T) {
	protocol := map[string]lab.Protocol{}
	for _, c := range lab.Clips {
		protocol[c.Name] = c.Protocol
	}
	for seed := range uint64(20) {
		for _, p := range lab.Schedule(time.Minute, lab.Clips, seed) {
			if p.Fault.Outage() {
				if protocol[p.Stream] != lab.MPEGTS {
					t.Errorf("seed %d: the first outage is of %s, which is %s", seed, p.Stream, protocol[p.Stream])
				}
				break
			}
		}
	}
}

func TestScheduleLeavesStreamsCleanBetweenFaults(t *testing.T) {
	for _, length := range []time.Duration{time.Minute, 90 * time.Second, 10 * time.Minute} {
		for seed := range uint64(20) {
			t.Run(fmt.Sprint(length, " seed ", seed), func(t *testing.T) {
				clean := map[string]int64{}
				for _, p := range lab.Schedule(length, lab.Clips, seed) {
					start, end := time.Duration(p.From)*lab.PieceDuration, time.Duration(p.To)*lab.PieceDuration
					if gap := time.Duration(p.From-clean[p.Stream]) * lab.PieceDuration; gap < 6*time.Second {
						t.Errorf("%s: %s at %s comes %s after the one before", p.Stream, p.Fault.Kind, start, gap)
					}
					if start < 8*time.Second {
						t.Errorf("%s: %s at %s, while everything starts", p.Stream, p.Fault.Kind, start)
					}
					if length-end < 10*time.Second {
						t.Errorf("%s: %s ends at %s of %s: too late to be closed", p.Stream, p.Fault.Kind, end, length)
					}
					clean[p.Stream] = p.To
				}
			})
		}
	}
}

func TestScheduleFollowsItsSeed(t *testing.T) {
	first := fmt.Sprint(stories(1))
	if again := fmt.Sprint(stories(1)); again != first {
		t.Errorf("seed 1 gave %s and then %s", first, again)
	}
	if reflect.DeepEqual(stories(1), stories(2)) {
		t.Error("seeds 1 and 2 give the same schedule")
	}
}

// stories tells a schedule without the functions in it.
func stories(seed uint64) (told []string) {
	for _, p := range lab.Schedule(2*time.Minute, lab.Clips, seed) {
		told = append(told, fmt.Sprint(p.Stream, p.Fault.Kind, p.From, p.To))
	}
	return told
}
