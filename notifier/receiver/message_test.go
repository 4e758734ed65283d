package receiver_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/framewatch/framewatch/notifier/receiver"
	"github.com/framewatch/framewatch/schemas"
)

// onset of the defect that the tests tell of: 2023-11-14T22:13:20Z.
const onset = 1_700_000_000_000_000

// change is a change of the tests' defect, with an event of its own.
func change(what string) receiver.Change {
	ev := &schemas.DefectEvent{ID: "0123456789abcdef0123456789abcdef", Revision: 1, State: "opened", Stream: "news-hd", Labels: []schemas.Label{{Name: "site", Value: "north"}},
		Kind: "black", Severity: "critical", Onset: onset, End: onset + 2_500_000, Detected: onset + 2_500_000, Value: 1, Threshold: 0.98, Summary: "Picture is black."}
	c := receiver.Change{ID: "chg_" + what, What: what, Event: ev}
	switch what {
	case receiver.Updated, receiver.Closed, receiver.Retracted:
		ev.Revision, ev.State, ev.End = 2, what, onset+90_000_000
	case receiver.Acknowledged:
		c.By, c.Note = "ann", "on it"
	case receiver.Muted:
		c.By, c.Note, c.Until = "bob", "planned work", time.UnixMicro(onset).Add(time.Hour)
	case receiver.Repeated:
		c.Escalation = 1
	}
	if what == receiver.Closed {
		ev.Reason = "resolved"
	}
	return c
}

// message is one that tells the changes.
func message(changes ...receiver.Change) *receiver.Message {
	open := 0
	for _, c := range changes {
		if !c.Over() {
			open++
		}
	}
	return &receiver.Message{ID: "msg_" + changes[0].What, Receiver: "operations", Group: "grp_1", Labels: map[string]string{"stream": "news-hd"}, Changes: changes, Open: open,
		Remote: map[string]string{},
		Link:   func(defect string) string { return "https://watch.example.org/defects/" + defect },
		FilmstripLink: func(defect string) string {
			return "https://watch.example.org/filmstrips/" + defect + "?expires=1700003600&signature=c2lnbmF0dXJl"
		},
	}
}

// storm is a digest of 214 defects, with the worst two.
func storm() *receiver.Message {
	dark, frozen := change(receiver.Opened), change(receiver.Opened)
	dark.ID, frozen.ID = "chg_dark", "chg_frozen"
	frozen.Event.ID, frozen.Event.Stream, frozen.Event.Kind, frozen.Event.Severity, frozen.Event.Summary = "fedcba9876543210fedcba9876543210", "sport", "freeze", "warning", "Picture stands still."
	m := message(dark, frozen)
	m.ID, m.Open = "msg_storm", 202
	m.Digest = &receiver.Digest{Opened: 214, Over: 12, Streams: 180, Kinds: map[string]int{"no_signal": 178, "freeze": 34, "black": 2}, Since: time.UnixMicro(onset)}
	return m
}

// picture is evidence that is there at once.
func picture(context.Context, string) (receiver.Filmstrip, error) {
	return receiver.Filmstrip{JPEG: []byte("\xff\xd8\xff\xe0 a picture"), Start: time.UnixMicro(onset).Add(-5 * time.Second), End: time.UnixMicro(onset).Add(3 * time.Second)}, nil
}

// endless gives every text of a message a length that no target takes, and characters that mean something somewhere.
func endless(m *receiver.Message) *receiver.Message {
	text := strings.Repeat("\x00\x1b[31m\r\nBcc: a@b\u202e<!channel>&<script>*é\xff", 1<<8)
	for i := range m.Changes {
		c := &m.Changes[i]
		ev := c.Event
		ev.ID, ev.Stream, ev.Kind, ev.Part, ev.Severity, ev.Summary, ev.Reason, ev.Unit, ev.Edge = text, text, text, text, text, text, text, text, text
		ev.Labels = slices.Repeat([]schemas.Label{{Name: text, Value: text}}, 100)
		ev.End = -1 << 62
		c.By, c.Note = text, text
	}
	m.Labels = map[string]string{text: text}
	if m.Digest != nil {
		m.Digest.Kinds[text] = 1
	}
	return m
}
