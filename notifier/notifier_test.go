package notifier_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
)

// scripted is a receiver that notes what it is told and answers as the function says.
type scripted struct {
	told     []string
	messages []string
	answer   func() (int, error)
}

func (s *scripted) Notify(_ context.Context, ev *schemas.DefectEvent, message string) (int, error) {
	s.told = append(s.told, fmt.Sprint(ev.State, " ", ev.Revision))
	s.messages = append(s.messages, message)
	return s.answer()
}

func deliverAll(t *testing.T, s *scripted, events ...schemas.DefectEvent) (records []schemas.Notification) {
	t.Helper()
	unit, err := notifier.NewReceiver("log", nil)
	if err != nil {
		t.Fatal(err)
	}
	unit.Options = s
	n := notifier.New(notifier.Config{Receivers: map[string]notifier.Receiver{"ops.hook": unit}}, slog.New(slog.DiscardHandler))
	for _, ev := range events {
		err := n.Deliver(t.Context(), "ops.hook", &ev, func(_ context.Context, n *schemas.Notification) error {
			records = append(records, *n)
			return nil
		})
		if err != nil {
			t.Fatalf("deliver %s: %v", ev.State, err)
		}
	}
	return records
}

func event(state string, revision int32) schemas.DefectEvent {
	return schemas.DefectEvent{ID: "d1", Revision: revision, State: state, Stream: "news-hd", Kind: "black", Detected: time.Now().UnixMicro()}
}

// TestDelivered follows a defect that a target takes at the second attempt.
func TestDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := []error{errors.New("status 503"), nil, nil}
		s := &scripted{}
		s.answer = func() (int, error) {
			time.Sleep(40 * time.Millisecond)
			err := answers[len(s.told)-1]
			if err != nil {
				return 503, err
			}
			return 204, nil
		}
		begin := time.Now()
		events := []schemas.DefectEvent{event("opened", 1), event("updated", 2), event("closed", 3)}
		records := deliverAll(t, s, events...)
		if want := []string{"opened 1", "opened 1", "closed 3"}; !slices.Equal(s.told, want) {
			t.Errorf("told %q, want %q: updates are not told by default", s.told, want)
		}
		if s.messages[0] != s.messages[1] || s.messages[0] == s.messages[2] {
			t.Errorf("messages are %q, want one id for both attempts of one event", s.messages)
		}
		if len(records) != 3 {
			t.Fatalf("%d records, want 3", len(records))
		}
		first := schemas.Notification{Message: s.messages[0], Stream: "news-hd", Kind: "black", Revision: 1, State: "opened", Receiver: "ops.hook",
			Attempt: 1, Outcome: "retrying", Status: 503, Error: "status 503", Time: begin.UnixMicro(), LatencyMS: 40, DelayMS: 40}
		if records[0] != first {
			t.Errorf("first record is %+v, want %+v", records[0], first)
		}
		second := records[1]
		// 40 ms, a wait of half to one second, 40 ms.
		if second.Attempt != 2 || second.Outcome != "delivered" || second.Status != 204 || second.Error != "" || second.DelayMS < 580 || second.DelayMS > 1080 {
			t.Errorf("second record is %+v", second)
		}
	})
}

// TestGivenUp: an event that cannot be told must not hold up those behind it.
func TestGivenUp(t *testing.T) {
	s := &scripted{answer: func() (int, error) { return 410, receiver.Permanent{Err: errors.New("gone")} }}
	records := deliverAll(t, s, event("opened", 1), event("retracted", 2))
	if len(records) != 2 || records[0].Outcome != "failed" || records[1].State != "retracted" {
		t.Errorf("records are %+v, want two failed", records)
	}
}

// TestInterrupted: what is not told yet when the process ends is an error, so that the caller does not commit it.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unit, err := notifier.NewReceiver("log", nil)
		if err != nil {
			t.Fatal(err)
		}
		unit.Options = &scripted{answer: func() (int, error) { return 0, errors.New("down") }}
		n := notifier.New(notifier.Config{Receivers: map[string]notifier.Receiver{"a": unit}}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		ev := event("opened", 1)
		err = n.Deliver(ctx, "a", &ev, func(context.Context, *schemas.Notification) error { return errors.New("the log is away too") })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the end of the context", err)
		}
	})
}

func TestMessage(t *testing.T) {
	ev, later := event("opened", 1), event("closed", 2)
	message := notifier.Message(&ev, "a.b")
	if !regexp.MustCompile(`^[a-zA-Z0-9_]+$`).MatchString(message) {
		t.Errorf("message id is %q, want letters, digits and _ only", message)
	}
	if message != notifier.Message(&ev, "a.b") || message == notifier.Message(&ev, "a.c") || message == notifier.Message(&later, "a.b") {
		t.Error("a message id stands for one event to one receiver")
	}
}

func TestNames(t *testing.T) {
	config := decode(t, "receivers: {b: {type: log}, a: {type: log, format: json}}")
	if names := notifier.New(config, slog.Default()).Names(); !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("names are %q", names)
	}
	if names := notifier.New(notifier.Config{}, slog.Default()).Names(); !slices.Equal(names, []string{"log"}) {
		t.Errorf("with none configured names are %q, want log", names)
	}
}

func decode(t *testing.T, text string) (c notifier.Config) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

func TestConfig(t *testing.T) {
	tests := []struct{ text, problem string }{
		{"{}", ""},
		{"receivers: {a: {type: log, send: [updated], give_up: 1h}}", ""},
		{"receivers: {a: {type: webhok}}", `receiver "a": line 1: "webhok" is unknown, did you mean "webhook"?`},
		{"receivers:\n  a:\n    type: webhook\n    url: ftp://example.org", `receiver "a": line 3: options of webhook: url is not`},
		{"receivers: {a: {type: log, sned: [opened]}}", "sned"},
		{"receivers: {a: {type: log, send: [open]}}", `"open" is unknown, did you mean "opened"?`},
		{"receivers: {a: {type: log, give_up: 0s}}", "give_up"},
	}
	for _, test := range tests {
		err := decode(t, test.text).Validate()
		if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%s: %v, want %q", test.text, err, test.problem)
		}
	}
}

// TestShow: what is printed can be read again, but for what is secret.
func TestShow(t *testing.T) {
	config := decode(t, "receivers: {a: {type: webhook, url: 'https://u:hunter2@example.org/T0K3N', secret: whsec_c2VzYW1lc2VzYW1lc2VzYW1lc2VzYW1l, send: [closed], give_up: 2h}}")
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	shown, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	want := `receivers:
    a:
        give_up: 2h0m0s
        secret:
            - <secret>
        secret_file: ""
        send:
            - closed
        timeout: 15s
        type: webhook
        url: https://example.org
`
	if string(shown) != want {
		t.Errorf("shown as\n%s\nwant\n%s", shown, want)
	}
}
