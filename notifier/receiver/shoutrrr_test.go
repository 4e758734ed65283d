package receiver_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/notifier/receiver"
)

// shoutTo is the URL of shoutrrr's generic service, which posts to a target.
func shoutTo(url string) receiver.Secret {
	return receiver.Secret(strings.Replace(url, "http://", "generic://", 1) + "/T0K3N/hook?disabletls=yes")
}

// TestShoutrrr reads the URL from a file for each attempt, and sends the common words or a template's.
func TestShoutrrr(t *testing.T) {
	url, got := target(t, status(http.StatusOK))
	file := filepath.Join(t.TempDir(), "url")
	s := receiver.NewShoutrrr()
	s.URLFile = file
	if _, err := s.Tell(t.Context(), message(change(receiver.Opened))); err == nil {
		t.Error("no error without the file")
	}
	if err := os.WriteFile(file, []byte(shoutTo(url)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		text string
		m    *receiver.Message
		want string
	}{
		{"", message(change(receiver.Opened)), "CRITICAL news-hd: black — Picture is black, since 22:13:20 UTC\nhttps://watch.example.org/defects/0123456789abcdef0123456789abcdef"},
		{"", message(change(receiver.Closed)), "RESOLVED news-hd: black — Picture is black, 22:13:20 to 22:14:50 UTC (1 min 30 s)\nhttps://watch.example.org/defects/0123456789abcdef0123456789abcdef"},
		{"", storm(), "Storm: 214 defects began and 12 ended on 180 streams since 22:13:20 UTC: no_signal 178, freeze 34, black 2\n" +
			"CRITICAL news-hd: black — Picture is black, since 22:13:20 UTC\nWARNING sport: freeze — Picture stands still, since 22:13:20 UTC\n202 defects are open.\n" +
			"https://watch.example.org/defects/0123456789abcdef0123456789abcdef"},
		{"{{.Title}}: {{range .Message.Changes}}{{.Event.Value}}{{\"\\x1b\\x00\"}}{{end}}\n{{.Standing}}", message(change(receiver.Opened)),
			"CRITICAL news-hd: black — Picture is black: 1\n1 defect is open."},
	} {
		s.Text = test.text
		if _, err := s.Tell(t.Context(), test.m); err != nil || !test.m.Changes[0].Told {
			t.Fatalf("error %v, told %t", err, test.m.Changes[0].Told)
		}
		if body := string((<-got).body); body != test.want {
			t.Errorf("sent is\n%s\nwant\n%s", body, test.want)
		}
	}
}

// TestShoutrrrMail is the same by another of its services, to a server that is not ours.
func TestShoutrrrMail(t *testing.T) {
	address, _, mails := postOffice(t, "plain")
	s := receiver.NewShoutrrr()
	s.URL = receiver.Secret("smtp://" + address + "/?from=watch@example.org&to=ann@example.org&auth=None&encryption=None&starttls=No")
	s.Title = "{{.Title}}"
	if _, err := s.Tell(t.Context(), message(change(receiver.Closed))); err != nil {
		t.Fatal(err)
	}
	header, parts := opened(t, <-mails)
	if subject := header.Get("Subject"); !strings.Contains(subject, "RESOLVED") || !strings.Contains(parts["text/plain"], "22:13:20 to 22:14:50 UTC") {
		t.Errorf("the subject is %q, the text %q", subject, parts)
	}
}

// TestShoutrrrErrors holds errors to say nothing of the URL, whoever makes them.
func TestShoutrrrErrors(t *testing.T) {
	url, _ := target(t, status(http.StatusInternalServerError))
	for _, to := range []receiver.Secret{shoutTo(url), shoutTo("http://127.0.0.1:1"), "telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?channels=x-1",
		"discord://hunter2token@T0K3Nid?thread_id=x", "slack://hook:WNA3PBYV6-hunter2-T0K3N@webhook", "ntfy://user:hunter2@127.0.0.1:1/T0K3N?scheme=http"} {
		s := receiver.NewShoutrrr()
		s.URL, s.Timeout = to, 2*time.Second
		m := message(change(receiver.Opened))
		if !strings.Contains(string(to), "127.0.0.1") {
			// These would leave the machine; their URLs are read here, and no more.
			if err := s.Validate(); err != nil {
				hides(t, err)
			}
			continue
		}
		_, err := s.Tell(t.Context(), m)
		if err == nil || m.Changes[0].Told {
			t.Fatalf("error %v, told %t", err, m.Changes[0].Told)
		}
		if _, permanent := errors.AsType[receiver.Permanent](err); permanent {
			t.Errorf("%v is for good", err)
		}
		hides(t, err)
	}
}

// hides fails when an error holds one of the tests' secrets.
func hides(t *testing.T, err error) {
	t.Helper()
	for _, word := range []string{"hunter2", "T0K3N", "AAHdq", "sesame"} {
		if strings.Contains(err.Error(), word) {
			t.Errorf("%s is in %q", word, err)
		}
	}
}

// TestShoutrrrHangs leaves a service alone that does not answer.
func TestShoutrrrHangs(t *testing.T) {
	released := make(chan struct{})
	url, _ := target(t, func(http.ResponseWriter, *http.Request) { <-released })
	defer close(released)
	s := receiver.NewShoutrrr()
	s.URL, s.Timeout = shoutTo(url), time.Millisecond
	if _, err := s.Tell(t.Context(), message(change(receiver.Opened))); err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("error %v, want that there is no answer", err)
	}
}

// TestShoutrrrHangsTogether lets so many attempts wait for a service that does not answer, and no more.
func TestShoutrrrHangsTogether(t *testing.T) {
	released := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-released }))
	defer server.Close()
	defer close(released)
	s := receiver.NewShoutrrr()
	s.URL, s.Timeout = shoutTo(server.URL), time.Millisecond
	var err error
	for range 33 {
		_, err = s.Tell(t.Context(), message(change(receiver.Opened)))
	}
	if err == nil || !strings.Contains(err.Error(), "32 earlier attempts") {
		t.Errorf("error %v, want that earlier attempts wait", err)
	}
}

// TestShoutrrrText cuts what a template makes without end.
func TestShoutrrrText(t *testing.T) {
	url, got := target(t, status(http.StatusOK))
	s := receiver.NewShoutrrr()
	s.URL, s.Text = shoutTo(url), "{{range 100000000}}x{{end}}"
	if _, err := s.Tell(t.Context(), message(change(receiver.Opened))); err != nil {
		t.Fatal(err)
	}
	if body := string((<-got).body); len([]rune(body)) != 4000 || !strings.HasSuffix(body, "characters cut)") {
		t.Errorf("the text has %d characters and ends with %q", len([]rune(body)), body[len(body)-40:])
	}
	s.Text = "{{.Message.Nobody}}"
	_, err := s.Tell(t.Context(), message(change(receiver.Opened)))
	if _, permanent := errors.AsType[receiver.Permanent](err); !permanent {
		t.Errorf("error %v, want one for good", err)
	}
}

func TestShoutrrrOptions(t *testing.T) {
	for options, problem := range map[string]string{
		"url: 'ntfy://ntfy.sh/hunter2'":              "",
		"url: 'carrierpigeon://hunter2@loft/sesame'": `"carrierpigeon" is no service`,
		"url: hunter2":                                  "url",
		"url: '://hunter2'":                             "url",
		"url: 'discord://hunter2'":                      "url",
		"url: 'telegram://hunter2@telegram?channels=x'": "url",
		"": "url or url_file is missing",
		"url: 'ntfy://ntfy.sh/x', text: '{{.Title'":      "text is not a template",
		"url: 'ntfy://ntfy.sh/x', title: '{{nosuch .}}'": "title is not a template",
		"url: 'ntfy://ntfy.sh/x', timeout: 0s":           "timeout 0s",
		"url: 'ntfy://ntfy.sh/x', url_file: x":           "url and url_file",
	} {
		_, err := receiver.Catalogue.New("shoutrrr", []byte("{"+options+"}"))
		if (err == nil) != (problem == "") || err != nil && !strings.Contains(err.Error(), problem) {
			t.Errorf("%s: %v, want %q", options, err, problem)
		}
		if err != nil {
			hides(t, err)
		}
	}
}
