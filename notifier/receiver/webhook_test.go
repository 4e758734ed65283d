package receiver_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
)

func secret(fill byte) receiver.Secret {
	return receiver.Secret("whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32)))
}

// request is what a target got.
type request struct {
	path   string
	header http.Header
	body   []byte
}

// target answers each request as answer says and hands on what it got.
func target(t *testing.T, answer http.HandlerFunc) (url string, got chan request) {
	t.Helper()
	got = make(chan request, 8)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the request: %v", err)
		}
		got <- request{r.URL.Path, r.Header, body}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, got
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// TestSignature lets the reference library of Standard Webhooks verify what is sent, with each of the secrets in force.
func TestSignature(t *testing.T) {
	url, got := target(t, status(http.StatusNoContent))
	file := filepath.Join(t.TempDir(), "secrets")
	if err := os.WriteFile(file, []byte(secret('c')+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hook := receiver.NewWebhook()
	hook.URL, hook.Secret, hook.SecretFile = receiver.Address(url), receiver.Secrets{secret('a'), secret('b')}, file
	if code, err := hook.Tell(t.Context(), message(change(receiver.Opened))); err != nil || code != http.StatusNoContent {
		t.Fatalf("notify: status %d, %v", code, err)
	}
	r := <-got
	for _, s := range []receiver.Secret{secret('a'), secret('b'), secret('c')} {
		verifier, err := standardwebhooks.NewWebhook(string(s))
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify(r.body, r.header); err != nil {
			t.Errorf("the library refuses the signature by one of the secrets: %v", err)
		}
	}
	stranger, err := standardwebhooks.NewWebhook(string(secret('d')))
	if err != nil {
		t.Fatal(err)
	}
	if stranger.Verify(r.body, r.header) == nil {
		t.Error("the library accepts a secret that did not sign")
	}
	if id := r.header.Get("webhook-id"); id != "chg_opened" {
		t.Errorf("webhook-id is %q, want chg_opened", id)
	}
}

// TestKeySignature verifies a signature by the public key alone.
func TestKeySignature(t *testing.T) {
	url, got := target(t, status(http.StatusOK))
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range [][]byte{private, private.Seed()} {
		hook := receiver.NewWebhook()
		hook.URL, hook.Secret = receiver.Address(url), receiver.Secrets{secret('a'), receiver.Secret("whsk_" + base64.StdEncoding.EncodeToString(key))}
		if _, err := hook.Tell(t.Context(), message(change(receiver.Opened))); err != nil {
			t.Fatal(err)
		}
		r := <-got
		_, second, _ := strings.Cut(r.header.Get("webhook-signature"), " v1a,")
		signature, err := base64.StdEncoding.DecodeString(second)
		text := append([]byte("chg_opened."+r.header.Get("webhook-timestamp")+"."), r.body...)
		if err != nil || !ed25519.Verify(public, text, signature) {
			t.Errorf("a key of %d bytes: the signatures are %q", len(key), r.header.Get("webhook-signature"))
		}
	}
}

// TestEachChangeOnce has the target refuse the second of three changes once.
func TestEachChangeOnce(t *testing.T) {
	refuse := true
	url, got := target(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("webhook-id") == "chg_updated" && refuse {
			refuse = false
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	hook := receiver.NewWebhook()
	hook.URL = receiver.Address(url)
	m := message(change(receiver.Opened), change(receiver.Updated), change(receiver.Closed))
	if code, err := hook.Tell(t.Context(), m); code != http.StatusBadGateway || err == nil {
		t.Fatalf("status %d, error %v; want 502 and an error", code, err)
	}
	if !m.Changes[0].Told || m.Changes[1].Told || m.Changes[2].Told {
		t.Errorf("told are %+v, want the first alone", m.Changes)
	}
	if code, err := hook.Tell(t.Context(), m); code != http.StatusOK || err != nil {
		t.Fatalf("status %d, error %v; want 200", code, err)
	}
	var ids []string
	for range len(got) {
		ids = append(ids, (<-got).header.Get("webhook-id"))
	}
	if want := []string{"chg_opened", "chg_updated", "chg_updated", "chg_closed"}; !slices.Equal(ids, want) {
		t.Errorf("the ids are %v, want %v", ids, want)
	}
}

// TestWebhookBodies compares what is posted with what is agreed on.
func TestWebhookBodies(t *testing.T) {
	for name, m := range map[string]*receiver.Message{"opened": message(change(receiver.Opened)), "muted": message(change(receiver.Muted)), "storm": storm()} {
		url, got := target(t, status(http.StatusOK))
		hook := receiver.NewWebhook()
		hook.URL = receiver.Address(url)
		if _, err := hook.Tell(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		golden(t, "webhook_"+name+".json", (<-got).body)
	}
}

// TestPayloadIsShort tells of defects whose texts have no end.
func TestPayloadIsShort(t *testing.T) {
	url, got := target(t, status(http.StatusOK))
	hook := receiver.NewWebhook()
	hook.URL = receiver.Address(url)
	for _, m := range []*receiver.Message{message(change(receiver.Muted)), storm()} {
		m = endless(m)
		m.Link = func(string) string { return "https://watch.example.org/" + strings.Repeat("x", 1<<16) }
		if _, err := hook.Tell(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		body := (<-got).body
		var payload struct{ Data struct{ Cut []string } }
		if err := json.Unmarshal(body, &payload); err != nil || len(body) >= 20_000 || !slices.Contains(payload.Data.Cut, "summary") {
			t.Errorf("%d bytes, cut are %v, %v; want less than 20 kB and a note of it", len(body), payload.Data.Cut, err)
		}
	}
}

// TestProxy goes through a proxy when one is configured, whatever the environment says.
func TestProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	url, got := target(t, status(http.StatusAccepted))
	hook := receiver.NewWebhook()
	hook.URL, hook.Proxy = "http://target.invalid/hook", receiver.Address(url)
	if code, err := hook.Tell(t.Context(), message(change(receiver.Opened))); err != nil || code != http.StatusAccepted || len(got) != 1 {
		t.Errorf("status %d, error %v, %d requests to the proxy; want 202 and 1", code, err, len(got))
	}
}

func TestPayload(t *testing.T) {
	url, got := target(t, status(http.StatusOK))
	hook := receiver.NewWebhook()
	hook.URL = receiver.Address(url)
	if _, err := hook.Tell(t.Context(), message(change(receiver.Opened))); err != nil {
		t.Fatal(err)
	}
	r := <-got
	var payload struct {
		Type      string
		Timestamp string
		Data      schemas.DefectEvent
	}
	if err := json.Unmarshal(r.body, &payload); err != nil {
		t.Fatal(err)
	}
	// 1 700 000 002.5 s after the epoch.
	if payload.Type != "defect.opened" || payload.Timestamp != "2023-11-14T22:13:22.5Z" || payload.Data.ID != "0123456789abcdef0123456789abcdef" || payload.Data.Onset != onset {
		t.Errorf("payload is %s", r.body)
	}
	if kind := r.header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("content type is %q", kind)
	}
	if r.header.Get("webhook-signature") != "" {
		t.Error("signed without a secret")
	}
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		status     int
		retryAfter string
		permanent  bool
		after      time.Duration
	}{
		{status: 301, permanent: false},
		{status: 400, permanent: true},
		{status: 404, permanent: true},
		{status: 408},
		{status: 410, permanent: true},
		{status: 425},
		{status: 429, retryAfter: "7", after: 7 * time.Second},
		{status: 429, retryAfter: "soon"},
		{status: 500},
		{status: 503, retryAfter: time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), after: time.Hour},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.status, test.retryAfter), func(t *testing.T) {
			url, got := target(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				if test.retryAfter != "" {
					w.Header().Set("Retry-After", test.retryAfter)
				}
				w.WriteHeader(test.status)
			})
			hook := receiver.NewWebhook()
			hook.URL = receiver.Address(url)
			code, err := hook.Tell(t.Context(), message(change(receiver.Opened)))
			if code != test.status || err == nil {
				t.Fatalf("status %d, error %v; want %d and an error", code, err, test.status)
			}
			if _, permanent := errors.AsType[receiver.Permanent](err); permanent != test.permanent {
				t.Errorf("permanent is %t, want %t", permanent, test.permanent)
			}
			busy, _ := errors.AsType[receiver.Busy](err)
			// A date has no fractions, and some time has passed.
			if busy.After > test.after || busy.After < test.after-time.Minute {
				t.Errorf("come again after %s, want %s", busy.After, test.after)
			}
			if len(got) != 1 {
				t.Errorf("%d requests were made, want 1: no redirect is followed", len(got))
			}
		})
	}
}

func TestErrorsHideCredentials(t *testing.T) {
	// Some servers repeat what they were asked for.
	url, _ := target(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, "cannot post %s, user %v", r.RequestURI, r.Header)
	})
	for _, base := range []string{url, "http://127.0.0.1:1"} {
		hook := receiver.NewWebhook()
		hook.URL = receiver.Address(strings.Replace(base, "http://", "http://user:hunter2@", 1) + "/services/T0K3N?key=sesame")
		_, err := hook.Tell(t.Context(), message(change(receiver.Opened)))
		if err == nil {
			t.Fatal("no error")
		}
		shown, _ := yaml.Marshal(hook)
		for _, word := range []string{"hunter2", "T0K3N", "sesame"} {
			if strings.Contains(err.Error(), word) || strings.Contains(string(shown), word) {
				t.Errorf("%s is in %q or %q", word, err, shown)
			}
		}
	}
}

func TestSlowTarget(t *testing.T) {
	released := make(chan struct{})
	url, _ := target(t, func(http.ResponseWriter, *http.Request) { <-released })
	defer close(released)
	hook := receiver.NewWebhook()
	hook.URL, hook.Timeout = receiver.Address(url), time.Millisecond
	code, err := hook.Tell(t.Context(), message(change(receiver.Opened)))
	if _, permanent := errors.AsType[receiver.Permanent](err); err == nil || permanent || code != 0 {
		t.Errorf("status %d, error %v; want an error that may be tried again", code, err)
	}
}

func TestWebhookOptions(t *testing.T) {
	good := string(secret('a'))
	private := "whsk_" + base64.StdEncoding.EncodeToString(make([]byte, ed25519.SeedSize))
	tests := []struct{ options, problem string }{
		{"url: https://example.org/hook", ""},
		{"{url: 'http://example.org', secret: " + good + "}", ""},
		{"{url: 'http://example.org', secret: [" + good + ", " + string(secret('b')) + "]}", ""},
		{"url: file:///etc/passwd", "http or https"},
		{"url: gopher://example.org", "http or https"},
		{"url: 'http://'", "http or https"},
		{"{url: 'http://example.org', timeout: 0s}", "timeout"},
		{"{url: 'http://example.org', proxy: 'socks5://10.0.0.1:1080'}", ""},
		{"{url: 'http://example.org', proxy: 'ftp://hunter2:hunter2@10.0.0.1'}", "proxy \"ftp://10.0.0.1\""},
		{"{url: 'http://example.org', secret: " + private + "}", ""},
		{"{url: 'http://example.org', secret: whsk_aHVudGVyMg==}", "holds 7 bytes"},
		{"{url: 'http://example.org', secret: hunter2}", "whsec_"},
		{"{url: 'http://example.org', secret: whsec_hunter2}", "base64"},
		{"{url: 'http://example.org', secret: whsec_aHVudGVyMg==}", "holds 7 bytes"},
		{"{url: 'http://example.org', secret_file: /does/not/exist}", "secret_file"},
		{"{url: 'http://example.org', secrte: x}", "secrte"},
	}
	for _, test := range tests {
		_, err := receiver.Catalogue.New("webhook", []byte(test.options))
		if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%s: %v, want %q", test.options, err, test.problem)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the secret is in %q", test.options, err)
		}
	}
}
