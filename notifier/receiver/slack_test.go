package receiver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/framewatch/framewatch/notifier/receiver"
)

// workspace is as much of Slack's Web API as an app needs that posts, edits and uploads. It holds requests to what Slack's documentation asks for.
type workspace struct {
	URL string

	mu sync.Mutex
	// calls are the methods in order, bodies what each was given.
	calls  []string
	bodies [][]byte
	// posts are the messages that are there, by ts; picture is what was uploaded.
	posts   map[string]bool
	picture []byte
	// fail answers a method, once.
	fail map[string]http.HandlerFunc
}

func newWorkspace(t *testing.T) *workspace {
	w := &workspace{posts: map[string]bool{}, fail: map[string]http.HandlerFunc{}}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.serve(t, rw, r) }))
	t.Cleanup(server.Close)
	w.URL = server.URL
	return w
}

func (w *workspace) serve(t *testing.T, rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	w.calls, w.bodies = append(w.calls, method), append(w.bodies, body)
	if fail := w.fail[method]; fail != nil {
		delete(w.fail, method)
		fail(rw, r)
		return
	}
	if method == "/upload/1" {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token went to the address for uploads")
		}
		w.picture = body
		return
	}
	if r.Header.Get("Authorization") != "Bearer xoxb-hunter2" {
		answer(rw, `{"ok":false,"error":"invalid_auth"}`)
		return
	}
	var m struct{ Channel, TS, Thread_TS, Text string }
	form, _ := url.ParseQuery(string(body))
	if strings.HasPrefix(method, "chat.") {
		checkMessage(t, body)
		if err := json.Unmarshal(body, &m); err != nil {
			t.Error(err)
		}
	}
	switch {
	case method == "chat.postMessage" && m.Channel == "C0123456789" && (m.Thread_TS == "" || w.posts[m.Thread_TS]):
		ts := fmt.Sprintf("1700000000.%06d", len(w.posts)+1)
		w.posts[ts] = true
		answer(rw, `{"ok":true,"channel":"C0123456789","ts":"`+ts+`","message":{"text":"x"}}`)
	case method == "chat.update" && w.posts[m.TS]:
		answer(rw, `{"ok":true,"channel":"C0123456789","ts":"`+m.TS+`"}`)
	case method == "chat.update":
		answer(rw, `{"ok":false,"error":"message_not_found"}`)
	case method == "files.getUploadURLExternal" && form.Get("filename") != "" && form.Get("length") != "":
		answer(rw, `{"ok":true,"upload_url":"`+w.URL+`/upload/1","file_id":"F1"}`)
	case method == "files.completeUploadExternal" && w.picture != nil && w.posts[form.Get("thread_ts")]:
		answer(rw, `{"ok":true,"files":[{"id":"F1"}]}`)
	default:
		answer(rw, `{"ok":false,"error":"channel_not_found"}`)
	}
}

// take hands over what was called since the last time.
func (w *workspace) take() (calls []string, bodies [][]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls, bodies, w.calls, w.bodies = w.calls, w.bodies, nil, nil
	return calls, bodies
}

// breaks has the next call of a method answered by what is given.
func (w *workspace) breaks(method string, how http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail[method] = how
}

func answer(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	io.WriteString(w, body)
}

// checkMessage reads the blocks by a library that others use, and holds them to Slack's limits.
func checkMessage(t *testing.T, body []byte) {
	var m struct {
		Text   string
		Blocks slack.Blocks
	}
	if err := json.Unmarshal(body, &m); err != nil {
		t.Errorf("the library cannot read %s: %v", body, err)
	}
	if m.Text == "" || len([]rune(m.Text)) > 4000 || len(m.Blocks.BlockSet) > 50 {
		t.Errorf("a message of %d characters and %d blocks", len([]rune(m.Text)), len(m.Blocks.BlockSet))
	}
	for _, b := range m.Blocks.BlockSet {
		switch b := b.(type) {
		case *slack.HeaderBlock:
			if b.Text.Type != "plain_text" || len([]rune(b.Text.Text)) > 150 {
				t.Errorf("header %+v", b.Text)
			}
		case *slack.SectionBlock:
			if len([]rune(b.Text.Text)) > 3000 || !b.Text.Verbatim || strings.Contains(b.Text.Text, "<!") {
				t.Errorf("section %+v", b.Text)
			}
		case *slack.ContextBlock:
			if len(b.ContextElements.Elements) == 0 {
				t.Errorf("context without elements in %s", body)
			}
		default:
			t.Errorf("a block of the type %T", b)
		}
	}
}

// slackApp is an app in the workspace.
func slackApp(w *workspace) *receiver.Slack {
	s := receiver.NewSlack()
	s.Token, s.Channel, s.APIURL = "xoxb-hunter2", "C0123456789", receiver.Address(w.URL+"/api/")
	return s
}

// TestSlackThread follows a group from its first post to its end, and the start of the next.
func TestSlackThread(t *testing.T) {
	w := newWorkspace(t)
	s := slackApp(w)
	remote := map[string]string{}
	freeze := change(receiver.Opened)
	freeze.ID, freeze.Event.ID, freeze.Event.Kind, freeze.Event.Severity, freeze.Event.Summary = "chg_freeze", "fedcba9876543210fedcba9876543210", "freeze", "warning", "Picture stands still <!channel> & more."
	upload := []string{"files.getUploadURLExternal", "/upload/1", "files.completeUploadExternal"}
	for _, step := range []struct {
		name   string
		m      *receiver.Message
		open   int
		calls  []string
		golden []int
	}{
		{"opened", message(change(receiver.Opened)), 1, append([]string{"chat.postMessage"}, upload...), []int{0}},
		{"second", message(freeze), 2, append([]string{"chat.update", "chat.postMessage"}, upload...), []int{0, 1}},
		{"acknowledged", message(change(receiver.Acknowledged)), 2, []string{"chat.update", "chat.postMessage"}, []int{0, 1}},
		{"closed", message(change(receiver.Closed), ended(freeze)), 0, []string{"chat.update", "chat.postMessage"}, []int{0, 1}},
		{"again", message(change(receiver.Opened)), 1, append([]string{"chat.postMessage"}, upload...), nil},
		{"storm", storm(), 202, []string{"chat.update", "chat.postMessage"}, []int{0, 1}},
	} {
		step.m.Remote, step.m.Evidence, step.m.Open = remote, picture, step.open
		code, err := s.Tell(t.Context(), step.m)
		if err != nil || code != http.StatusOK {
			t.Fatalf("%s: status %d, error %v; want 200", step.name, code, err)
		}
		calls, bodies := w.take()
		if !slices.Equal(calls, step.calls) {
			t.Errorf("%s: the calls are %v, want %v", step.name, calls, step.calls)
		}
		for _, i := range step.golden {
			golden(t, fmt.Sprintf("slack_%s_%d.json", step.name, i+1), bodies[i])
		}
		if strip, _ := picture(t.Context(), ""); slices.Contains(calls, "/upload/1") && string(bodies[len(bodies)-2]) != string(strip.JPEG) {
			t.Errorf("%s: uploaded is %q", step.name, bodies[len(bodies)-2])
		}
	}
}

// ended is the end of what c tells.
func ended(c receiver.Change) receiver.Change {
	ev := *c.Event
	c.ID, c.What, c.Event = c.ID+"_closed", receiver.Closed, &ev
	ev.State, ev.Reason, ev.End = "closed", "resolved", onset+90_000_000
	return c
}

// TestSlackRefusals tries again where that helps, and makes no second post of what is there.
func TestSlackRefusals(t *testing.T) {
	for _, test := range []struct {
		code, retryAfter, answer string
		status                   int
		permanent                bool
		after                    time.Duration
	}{
		{answer: `{"ok":false,"error":"invalid_auth"}`, status: 200, permanent: true},
		{answer: `{"ok":false,"error":"channel_not_found"}`, status: 200, permanent: true},
		{answer: `{"ok":false,"error":"is_archived"}`, status: 200, permanent: true},
		{answer: `{"ok":false,"error":"internal_error"}`, status: 200},
		{answer: `{"ok":false,"error":"something_new"}`, status: 200},
		{answer: `{"ok":false,"error":"ratelimited"}`, status: 200, after: 30 * time.Second},
		{answer: `{"ok":false,"error":"ratelimited"}`, status: 429, retryAfter: "7", after: 7 * time.Second},
		{answer: "<html>xoxb-hunter2</html>", status: 200},
		{answer: "<html>xoxb-hunter2</html>", status: 503},
	} {
		w := newWorkspace(t)
		s, m := slackApp(w), message(change(receiver.Opened))
		w.breaks("chat.postMessage", func(rw http.ResponseWriter, _ *http.Request) {
			if test.retryAfter != "" {
				rw.Header().Set("Retry-After", test.retryAfter)
			}
			rw.WriteHeader(test.status)
			io.WriteString(rw, test.answer)
		})
		code, err := s.Tell(t.Context(), m)
		if err == nil || code != test.status || strings.Contains(err.Error(), "hunter2") || m.Changes[0].Told {
			t.Fatalf("%s: status %d, error %v, told %t", test.answer, code, err, m.Changes[0].Told)
		}
		_, permanent := errors.AsType[receiver.Permanent](err)
		busy, _ := errors.AsType[receiver.Busy](err)
		if permanent != test.permanent || busy.After != test.after {
			t.Errorf("%s: permanent %t, busy for %s; want %t, %s", test.answer, permanent, busy.After, test.permanent, test.after)
		}
		if code, err := s.Tell(t.Context(), m); err != nil || code != 200 || !m.Changes[0].Told {
			t.Errorf("%s: the next attempt ends with %d, %v", test.answer, code, err)
		}
	}
}

// TestSlackReplyFails has an edit succeed and its reply fail, and a post deleted by somebody.
func TestSlackReplyFails(t *testing.T) {
	w := newWorkspace(t)
	s, m := slackApp(w), message(change(receiver.Opened))
	if _, err := s.Tell(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	next := message(change(receiver.Updated))
	next.Remote = m.Remote
	w.breaks("chat.postMessage", status(http.StatusBadGateway))
	if _, err := s.Tell(t.Context(), next); err == nil || next.Changes[0].Told {
		t.Errorf("error %v, told %t; want another attempt", err, next.Changes[0].Told)
	}
	w.take()
	if _, err := s.Tell(t.Context(), next); err != nil || !next.Changes[0].Told {
		t.Errorf("error %v, told %t; want it told", err, next.Changes[0].Told)
	}
	if calls, _ := w.take(); !slices.Equal(calls, []string{"chat.update", "chat.postMessage"}) {
		t.Errorf("the calls are %v", calls)
	}
	w.mu.Lock()
	clear(w.posts)
	w.mu.Unlock()
	last := message(change(receiver.Closed))
	last.Remote = m.Remote
	if _, err := s.Tell(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	if calls, _ := w.take(); !slices.Equal(calls, []string{"chat.update", "chat.postMessage"}) || len(w.posts) != 1 {
		t.Errorf("the calls are %v and there are %d posts, want a new one", calls, len(w.posts))
	}
}

// TestSlackPictureFails loses the picture in each of the ways there are, and never the message.
func TestSlackPictureFails(t *testing.T) {
	late := func(ctx context.Context, _ string) (receiver.Filmstrip, error) {
		<-ctx.Done()
		return receiver.Filmstrip{}, ctx.Err()
	}
	elsewhere := func(rw http.ResponseWriter, _ *http.Request) {
		answer(rw, `{"ok":true,"upload_url":"gopher://10.0.0.1/upload","file_id":"F1"}`)
	}
	for _, test := range []struct {
		evidence func(context.Context, string) (receiver.Filmstrip, error)
		method   string
		how      http.HandlerFunc
		calls    int
	}{
		{evidence: late, calls: 1},
		{evidence: picture, method: "files.getUploadURLExternal", how: status(http.StatusInternalServerError), calls: 2},
		{evidence: picture, method: "files.getUploadURLExternal", how: elsewhere, calls: 2},
		{evidence: picture, method: "/upload/1", how: status(http.StatusForbidden), calls: 3},
		{evidence: picture, method: "files.completeUploadExternal", how: status(http.StatusTooManyRequests), calls: 4},
	} {
		w := newWorkspace(t)
		s, m := slackApp(w), message(change(receiver.Opened))
		s.EvidenceWait, m.Evidence = 50*time.Millisecond, test.evidence
		w.breaks(test.method, test.how)
		code, err := s.Tell(t.Context(), m)
		calls, _ := w.take()
		if err != nil || code != 200 || !m.Changes[0].Told || len(calls) != test.calls {
			t.Errorf("%s: status %d, error %v, told %t, calls %v", test.method, code, err, m.Changes[0].Told, calls)
		}
	}
}

// TestSlackBoardIsBounded tells of more defects than a post shows.
func TestSlackBoardIsBounded(t *testing.T) {
	w := newWorkspace(t)
	s := slackApp(w)
	remote := map[string]string{}
	for i := range 12 {
		c := change(receiver.Opened)
		c.Event.ID, c.Event.Summary = fmt.Sprintf("%032d", i), strings.Repeat("&", 1<<16)
		m := message(c)
		m.Remote = remote
		if _, err := s.Tell(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	_, bodies := w.take()
	if last := string(bodies[len(bodies)-2]); !strings.Contains(last, "… and 4 more") || len(remote["board"]) > 16<<10 {
		t.Errorf("the post is %s; kept are %d bytes", last, len(remote["board"]))
	}
}

func TestSlackOptions(t *testing.T) {
	for options, problem := range map[string]string{
		"channel: C0123456789, token: x":                        "",
		"channel: '#alerts', token: x":                          `channel "#alerts"`,
		"token: x":                                              `channel ""`,
		"channel: C0123456789":                                  "token or token_file is missing",
		"channel: C0123456789, token: x, token_file: y":         "token and token_file",
		"channel: C0123456789, token_file: /does/not/exist":     "token_file",
		"channel: C0123456789, token: x, evidence_wait: -1s":    "evidence_wait -1s",
		"channel: C0123456789, token: x, api_url: ftp://h/x":    `api_url "ftp://h"`,
		"channel: C0123456789, token: x, timeout: -1s":          "timeout -1s",
		"channel: C0123456789, token: x, proxy: hunter2@nobody": "proxy",
	} {
		_, err := receiver.Catalogue.New("slack", []byte("{"+options+"}"))
		if (err == nil) != (problem == "") || err != nil && (!strings.Contains(err.Error(), problem) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %v, want %q", options, err, problem)
		}
	}
}
