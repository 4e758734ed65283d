package notifier_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/notifier"
)

// weekly adds a recurring silence of the stream news.
func weekly(t *testing.T, w *town, text string) notifier.Recurrence {
	t.Helper()
	r, e, err := notifier.NewRecurrence(notifier.Recurrence{Matchers: []string{`stream="news"`}, By: "ann", Comment: "backup", Schedule: schedule(t, text), Made: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	w.write(e)
	return r
}

// silences are those on the log that have not been removed, the latest of each, as from-to in hours and minutes since the epoch.
func silences(t *testing.T, w *town) (list []string, writes int) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	latest := map[string]*notifier.Silence{}
	for _, e := range w.state {
		s, err := notifier.ReadSilence(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		if id := notifier.SilenceID(e.Key); id != "" {
			writes++
			latest[id] = s
		}
	}
	for _, s := range latest {
		if s != nil {
			since := func(at time.Time) string {
				d := at.Sub(epoch)
				return fmt.Sprintf("%d:%02d", int(d.Hours()), int(d.Minutes())%60)
			}
			list = append(list, since(s.Start)+"-"+since(s.End))
		}
	}
	slices.Sort(list)
	return list, writes
}

func expectSilences(t *testing.T, w *town, want ...string) {
	t.Helper()
	synctest.Wait()
	if got, writes := silences(t, w); !slices.Equal(got, want) || writes != len(want) {
		t.Errorf("after %s the silences are %q in %d records, want %q, each written once", time.Since(epoch), got, writes, want)
	}
}

// until lets time pass up to so long after the epoch.
func (w *town) until(d time.Duration) { w.wait(d - time.Since(epoch)) }

// TestRecurring: what begins in the window is told once it is over and not before, what ended in it is not, and each window is one silence, made an hour ahead. The epoch is a Saturday.
func TestRecurring(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		weekly(t, w, "sat 02:00-04:00 UTC")
		w.until(59 * time.Minute)
		expectSilences(t, w)
		before := defect("d0", "news", "black")
		w.post(before.opened(), before.closed())
		w.until(61 * time.Minute)
		expectSilences(t, w, "2:00-4:00")
		w.until(2*time.Hour + time.Second)
		short, lasting, other := defect("d1", "news", "black"), defect("d2", "news", "freeze"), defect("d3", "sport", "black")
		w.post(short.opened(), lasting.opened(), other.opened())
		w.until(3 * time.Hour)
		w.post(short.closed())
		w.until(4*time.Hour - time.Second)
		w.expectAll("ops", "d0 opened critical", "d0 closed critical", "d3 opened critical")
		w.until(4*time.Hour + 20*time.Second)
		w.expectAll("ops", "d0 opened critical", "d0 closed critical", "d3 opened critical", "d2 opened critical")
		w.until(5 * time.Hour)
		w.expectAll("ops", "d0 opened critical", "d0 closed critical", "d3 opened critical", "d2 opened critical")
		expectSilences(t, w, "2:00-4:00")
	})
}

// TestRecurringIsForgotten: a week later the next window is made, and what is left of the one before is removed.
func TestRecurringIsForgotten(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		weekly(t, w, "sat 02:00-04:00 UTC")
		w.until(7*24*time.Hour + 3*time.Hour)
		list, writes := silences(t, w)
		if !slices.Equal(list, []string{"170:00-172:00"}) || writes != 3 {
			t.Errorf("a week later there are %q in %d records, want one window, and that the other was removed", list, writes)
		}
	})
}

// TestRecurringLeaders: notifiers that follow one another make each window once; one that comes in the middle of a window makes it before it tells anything; one after it does not.
func TestRecurringLeaders(t *testing.T) {
	in(t, "alertmanager: {route: {receiver: ops, group_wait: 0s}}", one("ops"), func(w *town) {
		weekly(t, w, "sat 02:00-04:00 UTC")
		w.until(90 * time.Minute)
		w.stop()
		w.begin()
		w.until(3 * time.Hour)
		w.stop()
		w.begin()
		w.until(5 * time.Hour)
		expectSilences(t, w, "2:00-4:00")
		w.stop()

		weekly(t, w, "sat 06:00-08:00 UTC")
		weekly(t, w, "sat 09:00-10:00 UTC")
		w.until(7 * time.Hour)
		d := defect("d1", "news", "black")
		w.post(d.opened())
		w.begin()
		w.until(7*time.Hour + time.Minute)
		expectSilences(t, w, "2:00-4:00", "6:00-8:00")
		w.expectAll("ops")
		w.stop()
		w.until(11 * time.Hour)
		w.begin()
		w.wait(time.Minute)
		expectSilences(t, w, "2:00-4:00", "6:00-8:00")
	})
}

// TestRecurringEnds: one window that somebody ends stays so; with the recurrence its present window ends, also when the notifier was away, and no other comes.
func TestRecurringEnds(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		first := weekly(t, w, "sat 02:00-04:00 UTC")
		w.until(2*time.Hour + 30*time.Minute)
		s := lastSilence(t, w)
		if s.Recurrence != first.ID || s.By != "ann" || s.Comment != "backup" || !slices.Equal(s.Matchers, first.Matchers) {
			t.Errorf("the window's silence is %+v", s)
		}
		w.mu.Lock()
		v := w.state[len(w.state)-1].Value
		for _, e := range w.state {
			if notifier.SilenceID(e.Key) == s.ID {
				v = e.Value
			}
		}
		w.mu.Unlock()
		ended, err := notifier.EndSilence(s.ID, v)
		if err != nil {
			t.Fatal(err)
		}
		w.write(ended)
		w.until(3 * time.Hour)
		w.stop()
		w.begin()
		w.until(3*time.Hour + 10*time.Minute)
		if got, writes := silences(t, w); !slices.Equal(got, []string{"2:00-2:30"}) || writes != 2 {
			t.Errorf("the window that was ended is %q in %d records", got, writes)
		}

		second, third := weekly(t, w, "sat 03:00-05:00 UTC"), weekly(t, w, "sat 03:00-06:00 UTC")
		w.until(3*time.Hour + 20*time.Minute)
		w.write(notifier.RemovedRecurrence(second.ID))
		w.wait(2 * time.Second)
		got, _ := silences(t, w)
		if want := []string{"2:00-2:30", "3:00-3:20", "3:00-6:00"}; !slices.Equal(got, want) {
			t.Errorf("without the second recurrence there are %q, want %q", got, want)
		}
		w.until(3*time.Hour + 30*time.Minute)
		d := defect("d1", "news", "black")
		w.post(d.opened())
		w.wait(10 * time.Second)
		w.expectAll("ops")
		w.stop()
		w.write(notifier.RemovedRecurrence(third.ID))
		w.begin()
		w.wait(30 * time.Second)
		w.expectAll("ops", "d1 opened critical")
		w.until(7*24*time.Hour + 3*time.Hour + 30*time.Minute)
		if got, _ := silences(t, w); len(got) != 1 || !strings.HasPrefix(got[0], "170:00") {
			t.Errorf("a week later there are %q, want that of the first alone", got)
		}
	})
}

func TestExtendSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := notifier.NewSilence(notifier.Silence{Matchers: []string{`stream="news"`}, By: "ann", Comment: "works", Start: time.Now(), End: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Minute)
		longer, err := notifier.ExtendSilence(notifier.SilenceID(e.Key), e.Value, time.Now().Add(2*time.Hour))
		if err != nil || longer.Key != e.Key {
			t.Fatalf("extended as %s, %v", longer.Key, err)
		}
		s, err := notifier.ReadSilence(longer.Value)
		if err != nil || s.Start.Sub(epoch) != 0 || s.End.Sub(epoch) != 150*time.Minute || s.By != "ann" || s.Comment != "works" {
			t.Errorf("it is %+v, %v", s, err)
		}
		time.Sleep(3 * time.Hour)
		if over, err := notifier.ExtendSilence(notifier.SilenceID(e.Key), longer.Value, time.Now().Add(time.Hour)); err == nil && over.Key == e.Key {
			t.Errorf("one that has ended is extended")
		}
	})
}
