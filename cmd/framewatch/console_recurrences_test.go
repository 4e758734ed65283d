package main

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/notifier"
)

// TestRecurringByTheConsole: what recurs is added by the page and by command, listed by both, and ends with what is in force of it.
func TestRecurringByTheConsole(t *testing.T) {
	a, brokers := withDefects(t)
	daily := console.Schedule{Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, From: "00:00", To: "24:00", Zone: "Europe/Berlin"}
	wanted := console.Recurrence{Matchers: []string{`stream="news"`}, Comment: "backup", Schedule: daily}
	r, err := a.recurFor(t.Context(), ann, wanted)
	if err != nil || r.ID == "" || r.By != "ann" || r.Comment != "backup" || !slices.Equal(r.Matchers, wanted.Matchers) {
		t.Fatalf("it recurs as %+v, %v", r, err)
	}
	for want, change := range map[string]func(r *console.Recurrence){
		"zone":             func(r *console.Recurrence) { r.Schedule.Zone = "Mars" },
		"matcher":          func(r *console.Recurrence) { r.Matchers = []string{"stream"} },
		"all else":         func(r *console.Recurrence) { r.Matchers = []string{`stream=~".*"`} },
		"comment: ":        func(r *console.Recurrence) { r.Comment = "two\nlines" },
		"no such time":     func(r *console.Recurrence) { r.Schedule.Last = "2020-01-01" },
		"either days":      func(r *console.Recurrence) { r.Schedule.MonthDays = []int{1} },
		"is no time of th": func(r *console.Recurrence) { r.Schedule.To = "25:00" },
	} {
		wrong := wanted
		change(&wrong)
		_, err := a.recurFor(t.Context(), ann, wrong)
		if status, reason := refused(t, err); status != 0 || !strings.Contains(reason, want) {
			t.Errorf("refused with %d %s, want %s", status, reason, want)
		}
	}

	// What the notifier that tells would make of it.
	now := time.Now()
	window, entry := windowOf(t, r, now)
	if err := a.cluster.Publish(t.Context(), 0, stateMessages([]notifier.Entry{entry})...); err != nil {
		t.Fatal(err)
	}
	id := strings.TrimSpace(onLog(t, brokers, "silence", "add", `kind="black"`, "--every", "1,-1 23:00-01:30 UTC", "--until", "2099-12-31", "--by", "bob"))
	list := onLog(t, brokers, "silence", "list")
	for _, want := range []string{r.ID, "daily 00:00-24:00 Europe/Berlin", id, "1,-1 23:00-01:30 UTC until 2099-12-31", window} {
		if !strings.Contains(list, want) {
			t.Errorf("%s is not listed:\n%s", want, list)
		}
	}
	onLog(t, brokers, "silence", "expire", id, "--by", "bob")
	if _, err := a.endRecurrenceFor(t.Context(), ann, r.ID); err != nil {
		t.Fatal(err)
	}
	if list := onLog(t, brokers, "silence", "list"); strings.Count(list, "\n") != 1 {
		t.Errorf("when all have been ended there are\n%s", list)
	}
	_, err = a.endRecurrenceFor(t.Context(), ann, r.ID)
	if status, _ := refused(t, err); status != http.StatusNotFound {
		t.Errorf("ended again: %d", status)
	}
	want := []string{"ann|silence recur|[stream=\"news\"]", "bob|silence recur|[kind=\"black\"]", "bob|silence recur no more|" + id, "ann|silence recur no more|" + r.ID}
	got := audits(t, a)
	for i := range got {
		if i >= len(want) || !strings.HasPrefix(got[i], want[i]) || len(got) != len(want) {
			t.Fatalf("the audit records are %q, want %q", got, want)
		}
	}
}

// windowOf is a silence of a recurrence that is in force, as an entry of the state.
func windowOf(t *testing.T, r console.Recurrence, now time.Time) (id string, e notifier.Entry) {
	t.Helper()
	e, err := notifier.Recurrence{ID: r.ID, Matchers: r.Matchers, By: r.By, Comment: r.Comment}.Silence(notifier.Window{Start: now.Add(-time.Hour), End: now.Add(time.Hour)}, now)
	if err != nil {
		t.Fatal(err)
	}
	return notifier.SilenceID(e.Key), e
}

func TestExtendingByTheConsole(t *testing.T) {
	a, brokers := withDefects(t)
	start := time.Now().Truncate(time.Second)
	s, err := a.silenceFor(t.Context(), ann, console.Silence{Matchers: []string{`stream="news"`}, Comment: "works", Start: start.UnixMicro(), End: start.Add(time.Hour).UnixMicro()})
	if err != nil {
		t.Fatal(err)
	}
	longer, err := a.extendSilenceFor(t.Context(), ann, s.ID, start.Add(3*time.Hour))
	if err != nil || longer.ID != s.ID || longer.Start != s.Start || longer.End != start.Add(3*time.Hour).UnixMicro() || longer.By != "ann" {
		t.Errorf("extended as %+v, %v", longer, err)
	}
	for _, test := range []struct {
		id     string
		end    time.Time
		status int
		want   string
	}{
		{s.ID, start.Add(-time.Hour), 0, "past"},
		{s.ID, start.Add(400 * 24 * time.Hour), 0, "366 days"},
		{"x", start.Add(2 * time.Hour), http.StatusNotFound, "no silence"},
	} {
		_, err := a.extendSilenceFor(t.Context(), ann, test.id, test.end)
		if status, reason := refused(t, err); status != test.status || !strings.Contains(reason, test.want) {
			t.Errorf("%+v: %d %s", test, status, reason)
		}
	}
	onLog(t, brokers, "silence", "extend", s.ID, "--for", "5h", "--by", "bob")
	if all, err := a.silences(t.Context()); err != nil || len(all) != 1 || all[0].End.Before(start.Add(5*time.Hour)) || all[0].End.After(time.Now().Add(5*time.Hour)) {
		t.Errorf("by command it is extended as %+v, %v", all, err)
	}
	if _, err := a.endSilenceFor(t.Context(), ann, s.ID); err != nil {
		t.Fatal(err)
	}
	_, err = a.extendSilenceFor(t.Context(), ann, s.ID, start.Add(2*time.Hour))
	if status, _ := refused(t, err); status != http.StatusConflict {
		t.Errorf("one that has ended is extended: %d", status)
	}
	if got := audits(t, a); len(got) != 4 || got[1] != "ann|silence extend|"+s.ID+"|console, password, 192.0.2.7" || got[2] != "bob|silence extend|"+s.ID+"|command line" {
		t.Errorf("the audit records are %q", got)
	}
}

// TestRecurringGoesRound: what recurs by the API is made a silence by the notifier of another process, shown by the page, and ended with it.
func TestRecurringGoesRound(t *testing.T) {
	a, _ := withDefects(t)
	a.config.Console = console.Config{Listen: "127.0.0.1:0"}
	ctx, stop := context.WithCancel(t.Context())
	up, ended := make(chan struct{}, 2), make(chan error, 2)
	for _, run := range []func(context.Context, *app, func()) error{runConsole, runNotifier} {
		go func() { ended <- run(ctx, a, func() { up <- struct{}{} }) }()
	}
	defer func() {
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}()
	for range 2 {
		select {
		case <-up:
		case err := <-ended:
			ended <- err
			t.Fatal(err)
		}
	}
	api := *a.console.Load() + "/api/v1/"
	ask := func(method, path, body string) (answer struct{ ID string }) {
		t.Helper()
		r, err := http.NewRequest(method, api+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode > 299 {
			t.Fatalf("%s %s: %s, %v", method, path, resp.Status, err)
		}
		return answer
	}
	// wait gives those of the recurrence that are in force or near, once there are some, or none.
	wait := func(id string, some bool) (of []console.Silence) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			var list struct{ Silences []console.Silence }
			askJSON(t, api+"silences", &list)
			of = slices.DeleteFunc(list.Silences, func(s console.Silence) bool { return s.Recurrence != id })
			if (len(of) > 0) == some {
				return of
			}
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain for some silences of it: %v, there are %+v", some, of)
			}
		}
	}
	id := ask("POST", "recurrences", `{"matchers":["stream=\"news\""],"comment":"always","schedule":{"days":["mon","tue","wed","thu","fri","sat","sun"],"from":"00:00","to":"24:00","zone":"UTC"}}`).ID
	now := time.Now()
	s := wait(id, true)[0]
	if s.By != "console" || s.Comment != "always" || s.End-s.Start != (24*time.Hour).Microseconds() || s.End < now.UnixMicro() || s.Mutes == nil || s.Mutes.Streams != 1 {
		t.Errorf("the silence is %+v", s)
	}
	ask("DELETE", "recurrences/"+id, "")
	wait(id, false)
}
