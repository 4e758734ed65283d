package receiver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/notifier/receiver"
)

// units are all receivers of the catalogue, told to tell targets on this machine, with hunter2 in every secret that they have. requests counts what the targets got.
func units(t *testing.T) (all map[string]receiver.Receiver, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		answer(w, `{"ok":true,"channel":"C0123456789","ts":"1700000000.000001","upload_url":"http://127.0.0.1:1/hunter2","file_id":"F1"}`)
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	mailbox, _, mails := postOffice(t, "plain")
	go func() {
		for range mails {
			requests.Add(1)
		}
	}()
	const web = "proxy: 'http://user:hunter2@HOST', "
	options := map[string]string{
		"email":     "server: '" + mailbox + "', tls: none, from: watch@example.org, to: [ann@example.org], username: ann, password: hunter2",
		"log":       "format: json",
		"pagerduty": web + "api_url: 'http://user:hunter2@HOST', routing_key: hunter2",
		"shoutrrr":  "url: 'generic://HOST/hunter2?disabletls=yes'",
		"slack":     web + "api_url: 'http://user:hunter2@HOST', token: hunter2, channel: C0123456789, evidence_wait: 1s",
		"webhook":   web + "url: 'http://user:hunter2@HOST/hunter2?hunter2', secret: [" + string(secret('a')) + "]",
	}
	all = map[string]receiver.Receiver{}
	for _, name := range receiver.Catalogue.Names() {
		unit, err := receiver.Catalogue.New(name, []byte("{"+strings.ReplaceAll(options[name], "HOST", host)+"}"))
		if err != nil {
			t.Fatalf("%s has no options in this test, or other than these: %v", name, err)
		}
		if l, ok := unit.(*receiver.Log); ok {
			l.Output = writer(func(p []byte) (int, error) { requests.Add(1); return len(p), nil })
		}
		all[name] = unit
	}
	return all, requests
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

var _ io.Writer = writer(nil)

// life is what can become of a group, a message each.
func life() []*receiver.Message {
	messages := []*receiver.Message{message(change(receiver.Opened), change(receiver.Updated))}
	for _, what := range []string{receiver.Updated, receiver.Acknowledged, receiver.Muted, receiver.Repeated, receiver.Closed, receiver.Retracted} {
		messages = append(messages, message(change(what)))
	}
	return append(messages, storm(), message(change(receiver.Opened)))
}

// TestLife has every receiver tell the same life: each message is told, no message is told twice, and nothing that a text holds stops it.
func TestLife(t *testing.T) {
	all, requests := units(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, alter := range []func(*receiver.Message) *receiver.Message{func(m *receiver.Message) *receiver.Message { return m }, endless} {
			remote := map[string]string{}
			for i, m := range life() {
				m = alter(m)
				m.Remote, m.Evidence = remote, picture
				before := requests.Load()
				if _, err := all[name].Tell(t.Context(), m); err != nil {
					t.Fatalf("%s: message %d: %v", name, i+1, err)
				}
				if slices.ContainsFunc(m.Changes, func(c receiver.Change) bool { return !c.Told }) {
					t.Errorf("%s: message %d is not told", name, i+1)
				}
				after := requests.Load()
				if name != "email" && after == before {
					t.Errorf("%s: message %d has not come", name, i+1)
				}
				if _, err := all[name].Tell(t.Context(), m); err != nil || name != "email" && requests.Load() != after {
					t.Errorf("%s: message %d, which is told: %v, %d requests", name, i+1, err, requests.Load()-after)
				}
			}
		}
	}
}

// TestNoReceiverPrintsSecrets prints each type in all the ways there are.
func TestNoReceiverPrintsSecrets(t *testing.T) {
	all, _ := units(t)
	for name, unit := range all {
		asJSON, err := json.Marshal(unit)
		if err != nil && name != "log" {
			t.Errorf("%s: %v", name, err)
		}
		asYAML, err := yaml.Marshal(unit)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("unit", "unit", unit)
		text := fmt.Sprintf("%v %+v %#v %s %q %x %d %t", unit, unit, unit, unit, unit, unit, unit, unit) + string(asJSON) + string(asYAML) + logged.String()
		for _, word := range []string{"hunter2", "68756e74657232", string(secret('a')), "sesame"} {
			if strings.Contains(text, word) {
				t.Errorf("%s: %s is in %s", name, word, text)
			}
		}
	}
}
