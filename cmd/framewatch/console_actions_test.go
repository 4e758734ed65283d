package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// ann is somebody who uses the console.
var ann = console.Actor{Name: "ann", Role: console.Operator, Way: "password", Address: "192.0.2.7"}

// refused is the status and text of an error that is for who asked.
func refused(t *testing.T, err error) (status int, reason string) {
	t.Helper()
	var refusal console.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("%v is no refusal", err)
	}
	return refusal.Status, refusal.Reason
}

// audits are what stands in the audit records: who, what, of what, where.
func audits(t *testing.T, a *app) (all []string) {
	t.Helper()
	err := kafka.Read(t.Context(), a.cluster, topology.Audit, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.Audit]) error {
		all = append(all, strings.Join([]string{r.Key, r.Value.Action, r.Value.Target, r.Value.Address}, "|"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAcknowledgingByTheConsole(t *testing.T) {
	a, brokers := withDefects(t)
	open := judgedDefect("d", "news", 5)
	open.State, open.Reason, open.Revision = "opened", "", 1
	later := *open
	later.State, later.Revision = "updated", 2
	for _, ev := range []*schemas.DefectEvent{open, &later} {
		if err := a.cluster.Publish(t.Context(), 0, topology.Defects.Message(ev.Stream, ev), topology.DefectsLatest.Message(ev.ID, ev)); err != nil {
			t.Fatal(err)
		}
	}
	ack, err := a.acknowledgeFor(t.Context(), ann, "d", "on it")
	if err != nil || ack.By != "ann" || ack.Note != "on it" || time.Since(time.UnixMicro(ack.Time)) > time.Minute {
		t.Fatalf("acknowledged as %+v, %v", ack, err)
	}
	_, err = a.acknowledgeFor(t.Context(), ann, "a", "")
	if status, reason := refused(t, err); status != http.StatusConflict || reason != "defect a is over: it is closed" {
		t.Errorf("one that is over: %d %s", status, reason)
	}
	_, err = a.acknowledgeFor(t.Context(), ann, "x", "")
	if status, _ := refused(t, err); status != http.StatusNotFound {
		t.Errorf("one that there is not: %d", status)
	}
	_, err = a.acknowledgeFor(t.Context(), ann, "d", "two\nlines")
	if _, reason := refused(t, err); !strings.HasPrefix(reason, "note: ") {
		t.Errorf("a note of two lines: %s", reason)
	}
	onLog(t, brokers, "verdicts", "add", "d", "confirmed", "--by", "bob")
	onLog(t, brokers, "ack", "d", "--by", "bob")
	if got, want := audits(t, a), []string{"ann|ack|d|console, password, 192.0.2.7", "bob|verdicts add|d|command line", "bob|ack|d|command line"}; !slices.Equal(got, want) {
		t.Errorf("the audit records are %q, want %q", got, want)
	}

	h, err := a.historyFor(t.Context(), "d", &later)
	if err != nil || len(h.Events) != 2 || h.Events[0].State != "opened" || h.Events[1].State != "updated" {
		t.Errorf("the events are %+v, %v", h.Events, err)
	}
	if len(h.Changes) != 3 || h.Changes[0].By != "ann" || h.Changes[0].Detail != "on it" || h.Changes[1].Action != "verdicts add" {
		t.Errorf("the changes are %+v", h.Changes)
	}
	if len(h.Verdicts) != 1 || h.Verdicts[0].Author != "bob" {
		t.Errorf("the verdicts are %+v", h.Verdicts)
	}
	if h, err := a.historyFor(t.Context(), "a", nil); err != nil || len(h.Events) != 1 || h.Events[0].ID != "a" {
		t.Errorf("one that the console has forgotten: %+v, %v", h.Events, err)
	}
	if h, err := a.historyFor(t.Context(), "x", nil); err != nil || len(h.Events) != 0 {
		t.Errorf("one that there is not: %+v, %v", h.Events, err)
	}
}

func TestSilencingByTheConsole(t *testing.T) {
	a, brokers := withDefects(t)
	start := time.Now().Add(time.Hour).Truncate(time.Second)
	wanted := console.Silence{Matchers: []string{`stream="news"`, `kind=~"black|freeze"`}, Comment: "encoder is changed", Start: start.UnixMicro(), End: start.Add(time.Hour).UnixMicro()}
	s, err := a.silenceFor(t.Context(), ann, wanted)
	if err != nil || s.ID == "" || s.By != "ann" || s.Comment != wanted.Comment || s.Start != wanted.Start || s.End != wanted.End || !slices.Equal(s.Matchers, wanted.Matchers) {
		t.Fatalf("silenced as %+v, %v", s, err)
	}
	if list := onLog(t, brokers, "silence", "list"); !strings.Contains(list, s.ID) || !strings.Contains(list, `kind=~"black|freeze"`) {
		t.Errorf("listed is\n%s", list)
	}
	for _, test := range []struct {
		matcher string
		end     time.Time
		want    string
	}{
		{`stream=`, start.Add(time.Hour), ""},
		{`stream=~"("`, start.Add(time.Hour), "matcher"},
		{`stream=~".*"`, start.Add(time.Hour), ""},
		{`stream="` + strings.Repeat("x", 1001) + `"`, start.Add(time.Hour), "matchers: "},
		{`stream="news"`, time.Now().Add(-time.Second), "end: it is past"},
	} {
		_, err := a.silenceFor(t.Context(), ann, console.Silence{Matchers: []string{test.matcher}, Start: start.Add(-48 * time.Hour).UnixMicro(), End: test.end.UnixMicro()})
		if status, reason := refused(t, err); status != 0 || !strings.Contains(reason, test.want) {
			t.Errorf("%.40s: %d %s, want %q", test.matcher, status, reason, test.want)
		}
	}
	ended, err := a.endSilenceFor(t.Context(), ann, s.ID)
	if err != nil || ended.ID != s.ID || ended.End > time.Now().UnixMicro() {
		t.Errorf("ended as %+v, %v", ended, err)
	}
	_, err = a.endSilenceFor(t.Context(), ann, s.ID)
	if status, _ := refused(t, err); status != http.StatusConflict {
		t.Errorf("ended again: %d", status)
	}
	_, err = a.endSilenceFor(t.Context(), ann, "x")
	if status, _ := refused(t, err); status != http.StatusNotFound {
		t.Errorf("one that there is not: %d", status)
	}
	if got := audits(t, a); len(got) != 2 || got[0] != "ann|silence add|"+strings.Join(wanted.Matchers, " ")+"|console, password, 192.0.2.7" || !strings.HasPrefix(got[1], "ann|silence expire|"+s.ID) {
		t.Errorf("the audit records are %q", got)
	}
}

// TestSharingByTheConsole: the address opens that filmstrip for a week, and no other, and who made it stands in the audit records.
func TestSharingByTheConsole(t *testing.T) {
	a, _ := withDefects(t)
	address, until, err := a.shareFor(t.Context(), ann, "a")
	u, parseErr := url.Parse(address)
	if err != nil || parseErr != nil || u.Path != "/shared/defects/a/filmstrip" || a.pictures.check(u, until.Add(-time.Minute)) != nil || a.pictures.check(u, until.Add(time.Minute)) == nil {
		t.Fatalf("shared as %s until %s: %v, %v", address, until, err, a.pictures.check(u, time.Now()))
	}
	u.Path = "/shared/defects/b/filmstrip"
	if a.pictures.check(u, time.Now()) == nil {
		t.Error("the signature holds for another defect")
	}
	if got, want := audits(t, a), []string{"ann|share|a|console, password, 192.0.2.7"}; !slices.Equal(got, want) {
		t.Errorf("the audit records are %q, want %q", got, want)
	}
}

// The page is told what people have done, wherever they did it.
func TestThePageFollowsTheNotifier(t *testing.T) {
	a, brokers := withDefects(t)
	open := judgedDefect(strings.Repeat("d", 32), "news", 5)
	open.State, open.Revision = "opened", 1
	told := &schemas.Notification{Message: "m", Stream: "news", Kind: "black", Revision: 1, State: "opened", Receiver: "hook", Attempt: 1, Outcome: "delivered", Time: open.Onset + 2_000_000}
	if err := a.cluster.Publish(t.Context(), 0, topology.Defects.Message(open.Stream, open), topology.DefectsLatest.Message(open.ID, open), topology.Notifications.Message(open.ID, told)); err != nil {
		t.Fatal(err)
	}
	onLog(t, brokers, "ack", open.ID, "--by", "bob")
	id := strings.TrimSpace(onLog(t, brokers, "silence", "add", `stream="news"`, "--by", "bob"))
	a.config.Console = console.Config{Listen: "127.0.0.1:0"}
	consoleUp(t, a)
	var story console.Story
	askJSON(t, *a.console.Load()+"/api/v1/defects/"+open.ID, &story)
	if story.Defect.Acknowledged == nil || story.Defect.Acknowledged.By != "bob" || story.Times.Acknowledged == nil || story.Times.Notified == nil || *story.Times.Notified != told.Time {
		t.Errorf("the defect's story is %+v", story)
	}
	var silences struct{ Silences []console.Silence }
	askJSON(t, *a.console.Load()+"/api/v1/silences", &silences)
	if len(silences.Silences) != 1 || silences.Silences[0].ID != id {
		t.Errorf("the silences are %+v, want %s", silences, id)
	}
}

func askJSON(t *testing.T, url string, v any) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s, %v", url, resp.Status, text, err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %s: %v", url, text, err)
	}
}

// consoleUp runs the console until the test ends, and returns when it stands, with the context that it has.
func consoleUp(t *testing.T, a *app) context.Context {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	up, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- runConsole(ctx, a, func() { close(up) }) }()
	select {
	case <-up:
	case err := <-done:
		stop()
		t.Fatal(err)
	case <-time.After(time.Minute):
		stop()
		t.Fatal("the console does not come up")
	}
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return ctx
}
