package receiver_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/notifier/receiver"
)

// pager is a PagerDuty that tells url by the key of a file.
func pager(t *testing.T, url string) *receiver.PagerDuty {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("hunter2hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := receiver.NewPagerDuty()
	p.APIURL, p.RoutingKeyFile = receiver.Address(url), key
	return p
}

// TestPagerDutyBodies compares the events with what is agreed on.
func TestPagerDutyBodies(t *testing.T) {
	over := storm()
	over.Open = 0
	over.Changes[1] = ended(over.Changes[1])
	plain := message(change(receiver.Repeated))
	plain.FilmstripLink = func(defect string) string { return "http://watch.example.org/filmstrips/" + defect }
	plain.Changes[0].Event.Severity, plain.Changes[0].Event.Part = "fatal", "track 1"
	for _, test := range []struct {
		name   string
		m      *receiver.Message
		events int
	}{
		{"life", message(change(receiver.Opened), change(receiver.Updated), change(receiver.Acknowledged), change(receiver.Muted), change(receiver.Closed), change(receiver.Retracted)), 6},
		{"repeated", plain, 1},
		{"storm", storm(), 1},
		{"storm_ended", over, 2},
	} {
		url, got := target(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			io.WriteString(w, `{"status":"success","message":"Event processed","dedup_key":"x"}`)
		})
		code, err := pager(t, url+"/").Tell(t.Context(), test.m)
		if err != nil || code != http.StatusAccepted || len(got) != test.events {
			t.Fatalf("%s: status %d, error %v, %d events; want 202 and %d", test.name, code, err, len(got), test.events)
		}
		var bodies []json.RawMessage
		for range test.events {
			r := <-got
			bodies = append(bodies, r.body)
			if r.path != "/v2/enqueue" || r.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: to %s as %s", test.name, r.path, r.header.Get("Content-Type"))
			}
		}
		all, err := json.Marshal(bodies)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "pagerduty_"+test.name+".json", all)
	}
}

func TestPagerDutyAnswers(t *testing.T) {
	for _, test := range []struct {
		status     int
		retryAfter string
		permanent  bool
		after      time.Duration
	}{
		{status: 400, permanent: true},
		{status: 403, permanent: true},
		{status: 429, after: 30 * time.Second},
		{status: 429, retryAfter: "7", after: 7 * time.Second},
		{status: 500},
	} {
		url, _ := target(t, func(w http.ResponseWriter, _ *http.Request) {
			if test.retryAfter != "" {
				w.Header().Set("Retry-After", test.retryAfter)
			}
			w.WriteHeader(test.status)
			fmt.Fprint(w, `{"status":"invalid event","errors":["routing_key hunter2hunter2"]}`)
		})
		m := message(change(receiver.Opened))
		code, err := pager(t, url).Tell(t.Context(), m)
		if code != test.status || err == nil || m.Changes[0].Told || strings.Contains(err.Error(), "hunter2") {
			t.Fatalf("status %d, error %v, told %t; want %d", code, err, m.Changes[0].Told, test.status)
		}
		_, permanent := errors.AsType[receiver.Permanent](err)
		busy, _ := errors.AsType[receiver.Busy](err)
		if permanent != test.permanent || busy.After != test.after {
			t.Errorf("%d: permanent %t, busy for %s; want %t, %s", test.status, permanent, busy.After, test.permanent, test.after)
		}
	}
}

// TestPagerDutyLimits holds an event with endless texts to the limits of the API.
func TestPagerDutyLimits(t *testing.T) {
	url, got := target(t, status(http.StatusAccepted))
	m := endless(message(change(receiver.Opened)))
	if _, err := pager(t, url).Tell(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	body := (<-got).body
	var ev struct {
		DedupKey string `json:"dedup_key"`
		Payload  struct{ Summary string }
	}
	if err := json.Unmarshal(body, &ev); err != nil {
		t.Fatal(err)
	}
	if len(body) > 512<<10 || len([]rune(ev.Payload.Summary)) > 1024 || len([]rune(ev.DedupKey)) > 255 || !strings.Contains(ev.Payload.Summary, "characters cut)") {
		t.Errorf("%d bytes, summary %q, key %q", len(body), ev.Payload.Summary, ev.DedupKey)
	}
}

func TestPagerDutyOptions(t *testing.T) {
	for options, problem := range map[string]string{
		"routing_key: hunter2": "",
		"":                     "routing_key or routing_key_file is missing",
		"routing_key: hunter2, routing_key_file: x":                      "routing_key and routing_key_file",
		"routing_key_file: /does/not/exist":                              "routing_key_file",
		"routing_key: hunter2, api_url: file:///etc":                     "api_url",
		"routing_key: hunter2, timeout: 0s":                              "timeout 0s",
		"routing_key: hunter2, routing_kye: hunter2":                     "routing_kye",
		"routing_key: hunter2, api_url: https://events.eu.pagerduty.com": "",
	} {
		_, err := receiver.Catalogue.New("pagerduty", []byte("{"+options+"}"))
		if (err == nil) != (problem == "") || err != nil && (!strings.Contains(err.Error(), problem) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %v, want %q", options, err, problem)
		}
	}
}
