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
		a := laidOut(t, brokers, prefix)
		publish := func(events ...*schemas.DefectEvent) {
			t.Helper()
			if err := publishDefects(t.Context(), a, events...); err != nil {
				t.Fatal(err)
			}
		}
		var open []*schemas.DefectEvent
		number := 0
		opens := func() {
			for range 5 {
				ev := benchDefect("killed", number)
				number++
				open = append(open, ev)
				publish(ev)
			}
			ghost := benchDefect("ghost", number)
			value, err := topology.Defects.Message(ghost.Stream, ghost).Encode(a.contract, nil)
			if err != nil {
				t.Fatal(err)
			}
			x := kafkatest.Begin(t, brokers, prefix+topology.Defects.Name, a.cluster.Partition(ghost.Stream))
			x.WriteRecords(kafkatest.Record{Key: ghost.Stream, Value: value})
			x.Abort()
		}
		notifiers := []*process{s.start("notifier"), s.start("notifier")}
		for round := range 4 {
			opens()
			heard.await(t, open)
			// Half of what is open ends while nobody tells, or while one is killed that does; more begins.
			for _, p := range notifiers {
				s.kill(p)
			}
			ends := open[:len(open)/2]
			open = open[len(open)/2:]
			for _, ev := range ends {
				publish(ended(ev))
			}
			opens()
			notifiers = []*process{s.start("notifier"), s.start("notifier")}
			time.Sleep(time.Duration(round) * 300 * time.Millisecond)
			s.kill(notifiers[round%2])
			notifiers[round%2] = s.start("notifier")
			heard.awaitEnds(t, ends)
		}
		for _, ev := range open {
			publish(ended(ev))
		}
		heard.awaitEnds(t, open)
		heard.mu.Lock()
		defer heard.mu.Unlock()
		if len(heard.told) != 2*number {
			t.Errorf("told %d beginnings and ends of %d defects: %v", len(heard.told), number, heard.told)
		}
		again := 0
		for id, n := range heard.ids {
			again += n - 1
			if n > 5 {
				t.Errorf("%s came %d times", id, n)
			}
		}
		if len(heard.ids) != 2*number {
			t.Errorf("%d ids of %d changes: what came again had another id", len(heard.ids), 2*number)
		}
		t.Logf("%d defects, %d messages came again", number, again)
	})
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
