package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// TestNotifiersKilled has two notifiers of which the one that tells is killed again and again: beginning and end of every defect are told, by one of them, what comes again has the id it had,
// and of a defect that was never committed nobody hears.
func TestNotifiersKilled(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		x := newTelling(t, brokers)
		notifiers := []*process{x.start("notifier"), x.start("notifier")}
		for round := range 4 {
			x.begin()
			x.heard.await(t, x.open)
			// Half of what is open ends while nobody tells, or while one is killed that does; more begins.
			for _, p := range notifiers {
				x.kill(p)
			}
			ends := x.end(len(x.open) / 2)
			x.begin()
			notifiers = []*process{x.start("notifier"), x.start("notifier")}
			time.Sleep(time.Duration(round) * 300 * time.Millisecond)
			x.kill(notifiers[round%2])
			notifiers[round%2] = x.start("notifier")
			x.heard.awaitEnds(t, ends)
		}
		x.heard.awaitEnds(t, x.end(len(x.open)))
		x.judge(5)
	})
}

// TestNotifierLosesBrokers kills the broker that the notifier writes to, the one that coordinates its transactions and the one that coordinates its group, each time while defects begin and
// end: all of that is told, and what comes again has the id it had.
func TestNotifierLosesBrokers(t *testing.T) {
	machines := kafkatest.Brokers(t, 3)
	x := newTelling(t, machines.Addresses())
	x.start("notifier")
	group := x.prefix + topology.StageNamed("notifier").Group
	for _, victim := range []func() int32{
		func() int32 { return machines.Leader(x.prefix+topology.NotifierState.Name, 0) },
		func() int32 { return machines.TransactionCoordinator(group + "-0") },
		func() int32 { return machines.GroupCoordinator(group) },
	} {
		x.begin()
		x.heard.await(t, x.open)
		machines.Whole()
		node := victim()
		ends := x.end(2)
		machines.Kill(node)
		ends = append(ends, x.end(2)...)
		x.begin()
		x.heard.awaitEnds(t, ends)
		machines.Start(node)
	}
	x.heard.await(t, x.open)
	x.heard.awaitEnds(t, x.end(len(x.open)))
	x.judge(3)
}

// telling is a site whose notifiers tell one webhook of defects.
type telling struct {
	*site
	a      *app
	prefix string
	heard  *heard
	// open are the defects that have not ended, number is how many have begun.
	open   []*schemas.DefectEvent
	number int
}

func newTelling(t *testing.T, brokers []string) *telling {
	t.Helper()
	heard := &heard{ids: map[string]int{}, told: map[string]bool{}}
	hook := httptest.NewServer(heard)
	t.Cleanup(hook.Close)
	dir := t.TempDir()
	prefix := fmt.Sprintf("notify%d.", time.Now().UnixNano())
	text, err := yaml.Marshal(map[string]any{
		"data_dir": dir, "log": map[string]any{"level": "warn"}, "kafka": map[string]any{"prefix": prefix, "partitions": partitions},
		"notifier": map[string]any{"storm": map[string]any{"changes": 10_000}, "receivers": map[string]any{"sink": map[string]any{"type": "webhook", "url": hook.URL}},
			"alertmanager": map[string]any{"route": map[string]any{"receiver": "sink", "group_interval": "2s"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, config: filepath.Join(dir, "framewatch.yaml"), brokers: brokers}
	t.Cleanup(s.stop)
	if err := os.WriteFile(s.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return &telling{site: s, a: laidOut(t, brokers, prefix), prefix: prefix, heard: heard}
}

// begin writes the beginnings of five defects, and of one in a transaction that is aborted.
func (x *telling) begin() {
	x.t.Helper()
	for range 5 {
		ev := benchDefect("killed", x.number)
		x.number++
		x.open = append(x.open, ev)
		x.publish(ev)
	}
	ghost := benchDefect("ghost", x.number)
	value, err := topology.Defects.Message(ghost.Stream, ghost).Encode(x.a.contract, nil)
	if err != nil {
		x.t.Fatal(err)
	}
	aborted := kafkatest.Begin(x.t, x.brokers, x.prefix+topology.Defects.Name, x.a.cluster.Partition(ghost.Stream))
	aborted.WriteRecords(kafkatest.Record{Key: ghost.Stream, Value: value})
	aborted.Abort()
}

// end writes the ends of the n defects that have been open for longest.
func (x *telling) end(n int) (ends []*schemas.DefectEvent) {
	x.t.Helper()
	ends, x.open = x.open[:n:n], x.open[n:]
	for _, ev := range ends {
		x.publish(ended(ev))
	}
	return ends
}

func (x *telling) publish(ev *schemas.DefectEvent) {
	x.t.Helper()
	if err := publishDefects(x.t.Context(), x.a, ev); err != nil {
		x.t.Fatal(err)
	}
}

// judge compares what was told with what happened; no message may have come more than most times.
func (x *telling) judge(most int) {
	x.t.Helper()
	x.heard.mu.Lock()
	defer x.heard.mu.Unlock()
	if len(x.heard.told) != 2*x.number {
		x.t.Errorf("told %d beginnings and ends of %d defects: %v", len(x.heard.told), x.number, x.heard.told)
	}
	again := 0
	for id, n := range x.heard.ids {
		again += n - 1
		if n > most {
			x.t.Errorf("%s came %d times", id, n)
		}
	}
	if len(x.heard.ids) != 2*x.number {
		x.t.Errorf("%d ids of %d changes: what came again had another id", len(x.heard.ids), 2*x.number)
	}
	x.t.Logf("%d defects, %d messages came again", x.number, again)
}

// heard is what a target was told.
type heard struct {
	mu   sync.Mutex
	ids  map[string]int
	told map[string]bool
}

// ServeHTTP takes a webhook.
func (h *heard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Type string
		Data struct{ ID string }
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids[r.Header.Get("Webhook-Id")]++
	h.told[body.Type+" "+body.Data.ID] = true
}

func (h *heard) await(t *testing.T, defects []*schemas.DefectEvent) {
	t.Helper()
	h.awaitAll(t, "defect.opened ", defects)
}

func (h *heard) awaitEnds(t *testing.T, defects []*schemas.DefectEvent) {
	t.Helper()
	h.awaitAll(t, "defect.closed ", defects)
}

func (h *heard) awaitAll(t *testing.T, what string, defects []*schemas.DefectEvent) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		missing := ""
		h.mu.Lock()
		for _, ev := range defects {
			if !h.told[what+ev.ID] {
				missing = what + ev.ID
			}
		}
		h.mu.Unlock()
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody was told of %s", missing)
		}
	}
}
