package notifier_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/notifier/receiver"
)

func one(name string) []string { return []string{name} }

// TestLife follows a defect: told within a second of its event, its end with the group's next flush, and then nothing is kept of it.
func TestLife(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		d := defect("d1", "news", "black")
		w.post(d.opened())
		w.wait(time.Second)
		w.expectAll("ops", "d1 opened critical")
		w.post(d.severity("critical"))
		w.wait(10 * time.Second)
		w.post(d.closed())
		w.wait(20 * time.Second)
		w.expectAll("ops", "d1 opened critical", "d1 closed critical")
		if m := w.targets["ops"].told[0]; m.Labels["stream"] != "news" || m.Labels["kind"] != "black" || m.Open != 1 || m.ID != m.Changes[0].ID {
			t.Errorf("the message is %+v", m)
		}
		if m := w.targets["ops"].told; m[1].Group != m[0].Group || m[1].Open != 0 {
			t.Errorf("the second message is of group %s with %d open, want that of the first, %s, and none", m[1].Group, m[1].Open, m[0].Group)
		}
		if kept := w.kept(); len(kept) > 0 {
			t.Errorf("%q is kept of a defect that is over", kept)
		}
		if r := w.records; len(r) != 2 || r[0].State != "opened" || r[0].Receiver != "ops/log[0]" || r[0].Outcome != "delivered" || r[0].DelayMS > 1000 || r[1].State != "closed" {
			t.Errorf("the delivery log is %+v", r)
		}
	})
}

// TestGroups: two defects of a stream are one message where the routes say so.
func TestGroups(t *testing.T) {
	in(t, "alertmanager: {route: {receiver: ops, group_by: [stream]}}", one("ops"), func(w *town) {
		black, freeze := defect("d1", "news", "black"), defect("d2", "news", "freeze")
		black.Onset = time.Now().UnixMicro()
		freeze.Onset = time.Now().UnixMicro()
		w.post(black.opened())
		w.wait(300 * time.Millisecond)
		w.post(freeze.opened())
		w.wait(time.Second)
		w.expectAll("ops", "d1 opened critical", "d2 opened critical")
		if told := w.targets["ops"].told; len(told) != 1 || told[0].Open != 2 {
			t.Errorf("%d messages, want one of two defects", len(told))
		}
	})
}

// TestInhibition: a stream without signal says nothing else.
func TestInhibition(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		w.post(defect("d1", "news", "no_signal").opened())
		w.wait(time.Second)
		w.post(defect("d2", "news", "black").opened(), defect("d3", "sport", "black").opened())
		w.wait(time.Minute)
		w.expectAll("ops", "d1 opened critical", "d3 opened critical")
	})
}

// TestBlip: what is over before its group is due is told to nobody, and that stands in the delivery log.
func TestBlip(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		d := defect("d1", "news", "black")
		d.Onset = time.Now().UnixMicro()
		w.post(d.opened())
		w.wait(500 * time.Millisecond)
		w.post(d.closed())
		w.wait(5 * time.Minute)
		w.expectAll("ops")
		if len(w.records) != 1 || w.records[0].Outcome != "untold" || w.records[0].Stream != "news" {
			t.Errorf("the delivery log is %+v, want that nobody was told", w.records)
		}
	})
}

// TestLate: what lasted is told, also when its beginning and its end are heard of at once, or between two flushes of its group.
func TestLate(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		d, next := defect("d1", "news", "black"), defect("d2", "news", "black")
		w.post(d.opened(), d.closed())
		w.wait(time.Minute)
		w.expectAll("ops", "d1 opened critical", "d1 closed critical")
		w.post(next.opened())
		w.wait(time.Second)
		third := defect("d3", "news", "black")
		w.post(third.opened())
		w.wait(2 * time.Second)
		w.post(third.closed())
		w.wait(time.Minute)
		w.expectAll("ops", "d1 opened critical", "d1 closed critical", "d2 opened critical", "d3 opened critical", "d3 closed critical")
	})
}

const bosses = `
alertmanager:
  route:
    receiver: ops
    routes:
    - {matchers: ['escalation="1"'], receiver: boss}
escalate: [5m, 10m]
`

// TestEscalation: what nobody takes up is told on; the end is told to all.
func TestEscalation(t *testing.T) {
	in(t, bosses, []string{"ops", "boss"}, func(w *town) {
		d, quiet := defect("d1", "news", "black"), defect("d2", "sport", "black")
		w.post(d.opened(), quiet.opened())
		acknowledge(t, w, "d2")
		w.wait(4 * time.Minute)
		w.expectAll("boss")
		w.wait(2 * time.Minute)
		w.expectAll("boss", "d1 opened critical !")
		w.wait(5 * time.Minute)
		w.post(d.closed())
		w.wait(time.Minute)
		w.expectAll("boss", "d1 opened critical !", "d1 closed critical !")
		w.expectAll("ops", "d1 opened critical", "d2 opened critical", "d2 acknowledged critical", "d1 opened critical !!", "d1 closed critical", "d1 closed critical !!")
	})
}

func acknowledge(t *testing.T, w *town, id string) {
	t.Helper()
	e, err := notifier.Acknowledgement{Defect: id, By: "ann", Note: "on it", Time: time.Now()}.Entry()
	if err != nil {
		t.Fatal(err)
	}
	w.write(e)
}

// TestAcknowledged: it is told once, with who; nothing is repeated from then on; it ends with the defect.
func TestAcknowledged(t *testing.T) {
	in(t, "alertmanager: {route: {receiver: ops, repeat_interval: 10m}}", one("ops"), func(w *town) {
		d, other := defect("d1", "news", "black"), defect("d2", "sport", "black")
		w.post(d.opened(), other.opened())
		w.wait(5 * time.Second)
		acknowledge(t, w, "d1")
		w.wait(25 * time.Minute)
		w.expectAll("ops", "d1 opened critical", "d2 opened critical", "d1 acknowledged critical", "d2 repeated critical", "d2 repeated critical")
		if c := w.targets["ops"].told[2].Changes[0]; c.By != "ann" || c.Note != "on it" {
			t.Errorf("acknowledged by %q: %q", c.By, c.Note)
		}
		w.post(d.closed(), other.closed())
		w.wait(5 * time.Minute)
		if kept := w.kept(); len(kept) > 0 {
			t.Errorf("%q is kept of defects that are over", kept)
		}
	})
}

// TestSilenced: a silence that begins is told, and the end of the defect under it; what begins under it is not.
func TestSilenced(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		d := defect("d1", "news", "black")
		w.post(d.opened())
		w.wait(5 * time.Second)
		e, err := notifier.NewSilence(notifier.Silence{Matchers: []string{`stream="news"`}, By: "ann", Comment: "works", Start: time.Now(), End: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		w.write(e)
		w.wait(5 * time.Second)
		w.expectAll("ops", "d1 opened critical", "d1 muted critical")
		if c := w.targets["ops"].told[1].Changes[0]; c.By != "ann" || c.Note != "works" || c.Until.IsZero() {
			t.Errorf("muted by %q until %v: %q", c.By, c.Until, c.Note)
		}
		later := defect("d2", "news", "freeze")
		w.post(later.opened())
		w.wait(time.Minute)
		w.post(d.closed(), later.closed())
		w.wait(time.Minute)
		w.expectAll("ops", "d1 opened critical", "d1 muted critical", "d1 closed critical")
	})
}

// TestSeverity: a change of severity is told, and one that leads to another receiver leaves the first one with the defect until it ends.
func TestSeverity(t *testing.T) {
	in(t, "alertmanager: {route: {receiver: ops, routes: [{matchers: ['severity=\"critical\"'], receiver: boss}]}}", []string{"ops", "boss"}, func(w *town) {
		d, other := defect("d1", "news", "black"), defect("d2", "sport", "black")
		d.Severity, other.Severity = "info", "info"
		w.post(d.opened(), other.opened())
		w.wait(10 * time.Second)
		w.post(d.severity("warning"), other.severity("critical"))
		w.wait(time.Minute)
		w.expectAll("ops", "d1 opened info", "d2 opened info", "d1 updated warning")
		w.expectAll("boss", "d2 opened critical")
		w.post(d.closed(), other.closed())
		w.wait(2 * time.Minute)
		w.expectAll("ops", "d1 opened info", "d2 opened info", "d1 updated warning", "d1 closed warning", "d2 closed critical")
		w.expectAll("boss", "d2 opened critical", "d2 closed critical")
	})
}

// TestDeadTarget: one that takes nothing delays no other, and is told everything in order once it is back.
func TestDeadTarget(t *testing.T) {
	in(t, "", []string{"dead", "well"}, func(w *town) {
		dead := w.targets["dead"]
		dead.answer = func(*receiver.Message) error { return errors.New("connection refused") }
		d, other := defect("d1", "news", "black"), defect("d2", "sport", "black")
		w.post(d.opened(), other.opened())
		w.wait(2 * time.Second)
		w.expectAll("well", "d1 opened critical", "d2 opened critical")
		w.post(d.closed())
		w.wait(10 * time.Minute)
		w.expectAll("well", "d1 opened critical", "d2 opened critical", "d1 closed critical")
		w.expectAll("dead")
		dead.mu.Lock()
		dead.answer = nil
		dead.mu.Unlock()
		w.wait(2 * time.Minute)
		got := dead.lines()
		if i, j := slices.Index(got, "d1 opened critical"), slices.Index(got, "d1 closed critical"); len(got) != 3 || i < 0 || j < i || !slices.Contains(got, "d2 opened critical") {
			t.Errorf("once it is back it was told %q", got)
		}
	})
}

// TestBusy: Retry-After holds for all that the target is told.
func TestBusy(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		first := true
		w.targets["ops"].answer = func(*receiver.Message) error {
			if first {
				first = false
				return receiver.Busy{Err: errors.New("status 429"), After: 2 * time.Minute}
			}
			return nil
		}
		begin := time.Now()
		w.post(defect("d1", "news", "black").opened())
		w.wait(10 * time.Second)
		w.post(defect("d2", "sport", "black").opened())
		w.wait(5 * time.Minute)
		told := w.targets["ops"]
		if len(told.at) != 2 || told.at[0].Sub(begin) < 2*time.Minute {
			t.Errorf("told %q at %v, want both after 2 min", told.lines(), told.at)
		}
	})
}

// TestRefused: what a target refuses for good is not sent again and again.
func TestRefused(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		tries := 0
		w.targets["ops"].answer = func(*receiver.Message) error {
			tries++
			return receiver.Permanent{Err: errors.New("status 410")}
		}
		d := defect("d1", "news", "black")
		w.post(d.opened())
		w.wait(10 * time.Minute)
		if tries < 1 || tries > 25 {
			t.Errorf("%d tries in ten minutes, want a few", tries)
		}
		if w.records[0].Outcome != "failed" {
			t.Errorf("the first record is %+v", w.records[0])
		}
	})
}

// TestStorm: thousands of defects at once end in a few messages, and so does their end.
func TestStorm(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		const many = 5_000
		all := make([]*life, many)
		for i := range all {
			all[i] = defect(fmt.Sprintf("d%05d", i), fmt.Sprintf("s%05d", i), "no_signal")
			w.post(all[i].opened())
		}
		w.wait(2 * time.Minute)
		opened := tally(w.targets["ops"])
		if opened.messages > 60 || opened.opened != many {
			t.Errorf("%d messages told of %d of %d that opened", opened.messages, opened.opened, many)
		}
		for _, d := range all {
			w.post(d.closed())
		}
		w.wait(5 * time.Minute)
		both := tally(w.targets["ops"])
		if both.messages > 140 || both.over != many {
			t.Errorf("%d messages told of the end of %d of %d", both.messages, both.over, many)
		}
		if last := w.targets["ops"].told[both.messages-1]; last.Digest != nil && last.Open != 0 {
			t.Errorf("the last digest says that %d are open", last.Open)
		}
		if kept := w.kept(); len(kept) > 0 {
			t.Errorf("%d entries are kept", len(kept))
		}
	})
}

type count struct{ messages, opened, over int }

func tally(g *target) (c count) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.told {
		c.messages++
		if m.Digest != nil {
			c.opened, c.over = c.opened+m.Digest.Opened, c.over+m.Digest.Over
			continue
		}
		for _, change := range m.Changes {
			if change.Over() {
				c.over++
			} else if change.What == receiver.Opened {
				c.opened++
			}
		}
	}
	return c
}

// TestTakenOver: the next notifier tells what the last one did not, and nothing twice: also after other routes have come into force, and with what ended in between.
func TestTakenOver(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		open, ends, fresh := defect("d1", "news", "black"), defect("d2", "sport", "black"), defect("d3", "film", "black")
		w.post(open.opened(), ends.opened())
		w.wait(20 * time.Second)
		w.stop()
		w.post(ends.closed(), fresh.opened())
		w.wait(30 * time.Second)
		w.post(open.severity("critical"), fresh.severity("critical"))
		w.text = "alertmanager: {route: {receiver: ops, group_by: [stream], routes: [{matchers: ['kind=\"black\"']}]}}"
		w.begin()
		w.wait(2 * time.Minute)
		got := w.targets["ops"].lines()
		slices.Sort(got)
		if want := []string{"d1 opened critical", "d2 closed critical", "d2 opened critical", "d3 opened critical"}; !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
		w.post(open.closed(), fresh.closed())
		w.wait(2 * time.Minute)
		if got := w.targets["ops"].lines(); len(got) != 6 || !slices.Contains(got, "d1 closed critical") || !slices.Contains(got, "d3 closed critical") {
			t.Errorf("told %q", got)
		}
	})
}

// TestTakenOverOnce has one notifier after the other find a log that nothing was compacted away from: what was told to its end stays so.
func TestTakenOverOnce(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		over, longer := defect("d1", "news", "black"), defect("d2", "news", "freeze")
		w.post(over.opened(), longer.opened())
		w.wait(10 * time.Second)
		w.post(over.closed())
		w.wait(12 * time.Second)
		for range 2 {
			w.stop()
			w.begin()
			w.wait(30 * time.Second)
		}
		w.post(longer.closed())
		w.wait(time.Minute)
		w.stop()
		w.begin()
		w.wait(2 * time.Minute)
		got := w.targets["ops"].lines()
		slices.Sort(got)
		if want := []string{"d1 closed critical", "d1 opened critical", "d2 closed critical", "d2 opened critical"}; !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}

// TestEnds has a notifier end shortly after it has told of a defect's beginning and end, as an operator ends it or killed, also where the target is told of no ends: the next one tells nothing
// again.
func TestEnds(t *testing.T) {
	leave, kill := (*town).leave, func(w *town) { w.stop() }
	for _, c := range []struct {
		name       string
		end        func(*town)
		unresolved bool
		want       []string
	}{
		{"it leaves", leave, false, []string{"d1 opened critical", "d1 closed critical"}},
		{"it is killed", kill, false, []string{"d1 opened critical", "d1 closed critical"}},
		{"it is killed, and tells of no ends", kill, true, []string{"d1 opened critical"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTown(t, "alertmanager: {route: {receiver: ops, group_interval: 1s}}", "ops")
				w.unresolved = c.unresolved
				w.begin()
				defer func() { w.stop() }()
				w.wait(11 * time.Second) // the position has been written down once and is not again before 20 s
				short := defect("d1", "news", "black")
				w.post(short.opened())
				w.wait(1500 * time.Millisecond)
				w.post(short.closed())
				w.wait(7 * time.Second) // an end that is not told is taken in within group_interval, grace and a tick
				c.end(w)
				w.begin()
				w.wait(time.Minute)
				if got := w.targets["ops"].lines(); !slices.Equal(got, c.want) {
					t.Errorf("told %q, want %q", got, c.want)
				}
			})
		})
	}
}

// TestEndsWhileItTells has an operator end a notifier while a target is taking a message: it is waited for, and not told again, unless it takes its time.
func TestEndsWhileItTells(t *testing.T) {
	for takes, want := range map[time.Duration]int{2 * time.Second: 1, time.Minute: 2} {
		in(t, "alertmanager: {route: {receiver: ops, group_wait: 0s}}", one("ops"), func(w *town) {
			begun, ops := 0, w.targets["ops"]
			ops.answer = func(*receiver.Message) error { begun++; return nil }
			ops.takes = takes
			w.post(defect("d1", "news", "black").opened())
			w.wait(time.Second)
			ends := time.Now()
			w.leave()
			if took := time.Since(ends); begun != 1 || took > 4*time.Second {
				t.Errorf("a target that takes %s: %d messages were begun, the notifier ended after %s", takes, begun, took)
			}
			ops.takes = 0
			w.begin()
			w.wait(2 * time.Minute)
			if got := ops.lines(); begun != want || !slices.Equal(got, []string{"d1 opened critical"}) {
				t.Errorf("a target that takes %s was told %d times, want %d, and has %q", takes, begun, want, got)
			}
		})
	}
}

// TestPositionsStayInOrder has the log be slow to take the position that is written with one end, while another end is told: what stands last is the newest, and the next notifier tells neither again.
func TestPositionsStayInOrder(t *testing.T) {
	in(t, "alertmanager: {route: {receiver: ops, group_by: [stream], group_interval: 1s}}", one("ops"), func(w *town) {
		w.wait(11 * time.Second) // the position has been written down once and is not again before 20 s
		first, second := defect("d1", "news", "black"), defect("d2", "film", "black")
		w.post(first.opened())
		w.wait(1500 * time.Millisecond)
		lasts := 3 * time.Second
		w.slow(func(entries []notifier.Entry) (d time.Duration) {
			if hasPosition(entries) {
				d, lasts = lasts, 0
			}
			return d
		})
		w.post(first.closed())
		w.wait(1500 * time.Millisecond)
		w.post(second.opened())
		w.wait(200 * time.Millisecond)
		w.post(second.closed())
		w.wait(5 * time.Second)
		if all := w.positions(); len(all) != 3 || !slices.IsSortedFunc(all, time.Time.Compare) {
			t.Errorf("the positions on the log are %v, want that of 10 s and those of two ends", all)
		}
		w.stop()
		w.begin()
		w.wait(time.Minute)
		w.expectAll("ops", "d1 opened critical", "d1 closed critical", "d2 opened critical", "d2 closed critical")
	})
}

// TestManyEndsShareAPosition ends many defects at once that nobody is told the end of, each of a group of its own: those that come while a position is being written share the next.
func TestManyEndsShareAPosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "alertmanager: {route: {receiver: ops, group_by: [stream], group_interval: 1s}}", "ops")
		w.unresolved = true
		w.begin()
		defer func() { w.stop() }()
		var lives []*life
		for i := range 100 {
			lives = append(lives, defect(fmt.Sprint("d", i), fmt.Sprint("s", i), "black"))
			w.post(lives[i].opened())
		}
		w.wait(11 * time.Second)
		w.slow(func(entries []notifier.Entry) time.Duration {
			if hasPosition(entries) {
				return 100 * time.Millisecond
			}
			return 0
		})
		for _, l := range lives {
			w.post(l.closed())
		}
		before := len(w.positions())
		w.wait(8 * time.Second) // it is not written down by itself before 20 s
		if n := len(w.positions()) - before; n < 1 || n > 2 {
			t.Errorf("the position is written %d times, want once for who came first and once for all others", n)
		}
		if kept := w.kept(); len(kept) > 0 {
			t.Errorf("kept is still %q", kept)
		}
	})
}

// TestLeavesWhatWaits has a notifier end while a defect that is over waits for its group, for longer than the next one looks back: it is told all the same, and what was told to its end beside
// it, in the same partition and since then, is not told again.
func TestLeavesWhatWaits(t *testing.T) {
	in(t, "alertmanager: {route: {receiver: ops, group_by: [kind], group_interval: 4m, routes: [{matchers: ['kind=\"freeze\"'], group_interval: 1s}]}}", one("ops"), func(w *town) {
		first, waits, beside, last := defect("d0", "film", "black"), defect("d1", "news", "black"), defect("d2", "arts", "freeze"), defect("d3", "sport", "silence")
		w.post(first.opened())
		w.wait(10 * time.Second) // told, so that its group is due in four minutes
		w.post(waits.opened(), beside.opened())
		w.wait(20 * time.Second)
		w.post(waits.closed(), beside.closed())
		w.wait(2 * time.Minute)
		w.postLate(2, last.opened(), time.Now()) // in another partition
		w.wait(5 * time.Second)
		w.expectAll("ops", "d0 opened critical", "d2 opened critical", "d2 closed critical", "d3 opened critical")
		w.leave()
		w.begin()
		w.wait(10 * time.Minute)
		w.expectAll("ops", "d0 opened critical", "d1 opened critical", "d1 closed critical", "d2 opened critical", "d2 closed critical", "d3 opened critical")
	})
}

// TestGoneBackFrom has an older program go on, that knows until when each partition was taken in only: it reads again what waits for its group.
func TestGoneBackFrom(t *testing.T) {
	in(t, "alertmanager: {route: {receiver: ops, group_by: [kind], group_interval: 4m}}", one("ops"), func(w *town) {
		w.post(defect("d0", "film", "black").opened())
		w.wait(10 * time.Second) // told, so that its group is due in four minutes
		waits, began := defect("d1", "news", "black"), time.Now()
		w.post(waits.opened())
		w.wait(20 * time.Second)
		w.post(waits.closed())
		w.wait(5 * time.Second)
		w.leave()
		var position struct {
			Until      time.Time
			Partitions map[int32]time.Time
		}
		for _, e := range w.state {
			if e.Key == "position/defects" {
				if err := json.Unmarshal(e.Value.Payload, &position); err != nil {
					t.Fatal(err)
				}
			}
		}
		if at := position.Partitions[1]; !position.Until.Before(began) || at.IsZero() || !at.Before(began) {
			t.Errorf("an older program would go on at %v, in the partition of the defect at %v, want both before %v", position.Until, at, began)
		}
		w.begin()
	})
}

// TestSeenLate has a defect begin and end in a partition that is read later than another, while nobody leads: that it was written earlier than what the notifier before had seen of the other does
// not make it known.
func TestSeenLate(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		seen, late := defect("d1", "news", "black"), defect("d2", "film", "freeze")
		w.wait(15 * time.Second)
		w.post(seen.opened())
		w.wait(15 * time.Second)
		w.leave()
		before := time.Now().Add(-16 * time.Second)
		late.Onset = before.Add(-time.Second).UnixMicro()
		w.postLate(2, late.opened(), before)
		w.postLate(2, late.closed(), before.Add(time.Second/2))
		w.begin()
		w.wait(time.Minute)
		w.expectAll("ops", "d1 opened critical", "d2 opened critical", "d2 closed critical")
	})
}

// TestCrashes lets the notifier die at every step that leaves a trace, one after the other, and another one go on. Nothing is lost, and what is told again has the id it had.
func TestCrashes(t *testing.T) {
	steps := 0
	for at := 0; at == 0 || at <= steps; at++ {
		synctest.Test(t, func(t *testing.T) {
			w := newTown(t, "storm: {changes: 2, every: 5s}", "ops")
			w.begin()
			synctest.Wait()
			restarted := make(chan struct{})
			n, here := 0, ""
			w.onStep(func(step string) {
				if n++; n == at {
					here = step
					w.onStep(nil)
					go func() {
						w.stop()
						w.wait(time.Second)
						w.begin()
						close(restarted)
					}()
					// Nothing of a process goes on that is gone.
					time.Sleep(time.Millisecond)
				}
			})
			lives := []*life{defect("d1", "news", "black"), defect("d2", "sport", "freeze"), defect("d3", "film", "black"), defect("d4", "arts", "black")}
			for _, d := range lives {
				w.post(d.opened())
			}
			time.Sleep(40 * time.Second)
			for _, d := range lives {
				w.post(d.closed())
			}
			w.wait(2 * time.Minute)
			w.settle()
			if at == 0 {
				steps = n
			} else if here != "" {
				<-restarted
			}
			w.wait(2 * time.Minute)
			w.stop()
			w.checkTold(fmt.Sprintf("a crash at step %d, %s", at, here), 4, at > 0)
		})
	}
	if steps < 10 {
		t.Errorf("only %d steps were found to die at", steps)
	}
}

// checkTold checks that of each of n defects beginning and end were told, nothing more than once, but for messages that were under way at the crash: those may come twice with the same id.
func (w *town) checkTold(when string, n int, mayRepeat bool) {
	w.t.Helper()
	ids, opened, over := map[string]int{}, 0, 0
	var lines []string
	for _, m := range w.targets["ops"].told {
		lines = append(lines, m.ID)
		if ids[m.ID]++; ids[m.ID] > 1 {
			continue
		}
		if m.Digest != nil {
			opened, over = opened+m.Digest.Opened, over+m.Digest.Over
			continue
		}
		for _, c := range m.Changes {
			if c.Over() {
				over++
			} else {
				opened++
			}
		}
	}
	most := 1
	if mayRepeat {
		most = 2
	}
	for id, times := range ids {
		if times > most {
			w.t.Errorf("after %s: %s came %d times", when, id, times)
		}
	}
	if opened != n || over != n {
		w.t.Errorf("after %s: %d opened, %d over: %s", when, opened, over, strings.Join(lines, " "))
	}
	if kept := w.kept(); len(kept) > 0 {
		w.t.Errorf("after %s: %q is kept", when, kept)
	}
}

// TestDryRun: nobody is told of a defect whose rule is tried out.
func TestDryRun(t *testing.T) {
	in(t, "", one("ops"), func(w *town) {
		tried, other := defect("d1", "news", "black"), defect("d2", "news", "freeze")
		yes := true
		tried.DryRun = &yes
		w.post(tried.opened(), other.opened())
		w.wait(10 * time.Second)
		w.post(tried.severity("warning"), tried.closed(), other.closed())
		w.wait(20 * time.Second)
		w.expectAll("ops", "d2 opened critical", "d2 closed critical")
		if kept := w.kept(); len(kept) > 0 {
			t.Errorf("%q is kept of defects that are over", kept)
		}
	})
}
