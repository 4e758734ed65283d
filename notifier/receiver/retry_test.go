package receiver_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
)

// scripted is a target with prepared answers; n counts from 1.
type scripted struct {
	n      int
	answer func(n int) (int, error)
}

func (s *scripted) Notify(context.Context, *schemas.DefectEvent, string) (int, error) {
	s.n++
	return s.answer(s.n)
}

var errDown = errors.New("down")

// retry runs one delivery of an event that is detected now, and gives the attempts and when each began, since the first.
func retry(t *testing.T, giveUp time.Duration, answer func(n int) (int, error)) (attempts []receiver.Attempt, starts []time.Duration, err error) {
	t.Helper()
	begin := time.Now()
	ev := opened
	ev.Detected = begin.UnixMicro()
	r := receiver.NewRetry(&scripted{answer: answer}, giveUp, func(a receiver.Attempt) {
		attempts = append(attempts, a)
		starts = append(starts, a.Start.Sub(begin))
	})
	_, err = r.Notify(t.Context(), &ev, "msg_1")
	return attempts, starts, err
}

func TestRetryUntilDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts, starts, err := retry(t, 24*time.Hour, func(n int) (int, error) {
			if n < 12 {
				return 503, errDown
			}
			return 200, nil
		})
		if err != nil || len(attempts) != 12 {
			t.Fatalf("%d attempts, %v; want 12 and success", len(attempts), err)
		}
		for i, a := range attempts {
			want := receiver.Retrying
			if i == 11 {
				want = receiver.Delivered
			}
			if a.Number != i+1 || a.Outcome != want {
				t.Errorf("attempt %d is number %d, %s; want %s", i+1, a.Number, a.Outcome, want)
			}
		}
		// Waits are 1, 2, 4, ... 256 s and then 5 min, each cut by up to half.
		for i, longest := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
			longest *= time.Second
			if wait := starts[i+1] - starts[i]; wait > longest || wait < longest/2 {
				t.Errorf("wait %d is %s, want %s to %s", i+1, wait, longest/2, longest)
			}
		}
	})
}

func TestRetryStopsAtPermanent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts, starts, err := retry(t, time.Hour, func(int) (int, error) { return 410, receiver.Permanent{Err: errDown} })
		if !errors.Is(err, errDown) || len(attempts) != 1 || attempts[0].Outcome != receiver.Failed || attempts[0].Status != 410 || starts[0] != 0 {
			t.Errorf("%+v, %v; want one failed attempt", attempts, err)
		}
	})
}

func TestRetryGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts, starts, err := retry(t, 10*time.Minute, func(int) (int, error) { return 0, errDown })
		last := len(attempts) - 1
		if !errors.Is(err, errDown) || attempts[last].Outcome != receiver.Failed || starts[last] > 10*time.Minute || starts[last] < 5*time.Minute {
			t.Errorf("the last attempt is %s after %s, %v; want failed within 10 min, one wait of at most 5 min before", attempts[last].Outcome, starts[last], err)
		}
	})
}

// TestRetryTriesOldEvents: a queue that grew while a target was away is worked off, one attempt each.
func TestRetryTriesOldEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts, _, err := retry(t, -time.Hour, func(int) (int, error) { return 0, errDown })
		if len(attempts) != 1 || attempts[0].Outcome != receiver.Failed || err == nil {
			t.Errorf("%+v, %v; want one failed attempt", attempts, err)
		}
	})
}

func TestRetryHonoursRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, starts, err := retry(t, 24*time.Hour, func(n int) (int, error) {
			switch n {
			case 1:
				return 429, receiver.Busy{Err: errDown, After: 90 * time.Second}
			case 2:
				return 429, receiver.Busy{Err: errDown, After: 10000 * time.Hour}
			default:
				return 200, nil
			}
		})
		// What a target may ask for is bounded by an hour.
		if err != nil || starts[1] != 90*time.Second || starts[2]-starts[1] != time.Hour {
			t.Errorf("attempts at %v, %v; want 90 s and an hour between them", starts, err)
		}
	})
}

func TestRetryEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		down := scripted{answer: func(int) (int, error) { return 0, errDown }}
		ev := opened
		ev.Detected = time.Now().UnixMicro()
		r := receiver.NewRetry(&down, time.Hour, func(a receiver.Attempt) {
			if a.Outcome != receiver.Retrying {
				t.Errorf("outcome is %s, want retrying", a.Outcome)
			}
		})
		if _, err := r.Notify(ctx, &ev, "msg_1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the end of the context", err)
		}
	})
}
