package receiver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// payloadLimit is how long a payload can be, in bytes: Standard Webhooks 1.0.0 asks for less than 20 kB.
const payloadLimit = 20_000

// event is what has become of a defect, or of many, as told to machines: the payload of a Standard Webhook.
type event struct {
	// Type is defect. and one of the words of Change.What, or defect.digest.
	Type string `json:"type"`
	// Timestamp is the instant of the record that caused the event, so every attempt has the same.
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

// told is a change: the event of the contract with what is known beside it.
type told struct {
	*schemas.DefectEvent
	By            string     `json:"by,omitempty"`
	Note          string     `json:"note,omitempty"`
	Until         *time.Time `json:"until,omitempty"`
	Escalation    int        `json:"escalation,omitempty"`
	Link          string     `json:"link,omitempty"`
	FilmstripLink string     `json:"filmstrip_link,omitempty"`
	// Cut names the fields that were too long to be told whole.
	Cut []string `json:"cut,omitempty"`
}

// digest is what a storm was.
type digest struct {
	Summary string            `json:"summary"`
	Group   string            `json:"group"`
	Labels  map[string]string `json:"labels"`
	Opened  int               `json:"opened"`
	Over    int               `json:"over"`
	Open    int               `json:"open"`
	Streams int               `json:"streams"`
	Kinds   map[string]int    `json:"kinds"`
	Since   time.Time         `json:"since"`
	// Worst are the worst few, More how many of them had no room.
	Worst []brief  `json:"worst"`
	More  int      `json:"more,omitempty"`
	Cut   []string `json:"cut,omitempty"`
}

// brief is a change in a digest.
type brief struct {
	ID       string    `json:"id"`
	What     string    `json:"what"`
	Stream   string    `json:"stream"`
	Kind     string    `json:"kind"`
	Part     string    `json:"part"`
	Severity string    `json:"severity"`
	Summary  string    `json:"summary"`
	Onset    time.Time `json:"onset"`
	Link     string    `json:"link,omitempty"`
}

// changePayload is a change as JSON, the same bytes for every attempt that has the same links.
func changePayload(m *Message, c *Change) ([]byte, error) {
	return fit(func(k *cutter) event {
		ev := k.event(c.Event)
		data := told{DefectEvent: ev, By: c.By, Note: c.Note, Escalation: c.Escalation, Link: m.link(c.Event.ID), FilmstripLink: m.filmstripLink(c.Event.ID)}
		if !c.Until.IsZero() {
			until := c.Until.UTC()
			data.Until = &until
		}
		k.text("by", &data.By)
		k.text("note", &data.Note)
		k.address("link", &data.Link)
		k.address("filmstrip_link", &data.FilmstripLink)
		data.Cut = k.cut
		return event{"defect." + c.What, time.UnixMicro(ev.Detected).UTC(), data}
	})
}

// digestPayload is a storm as JSON.
func digestPayload(m *Message) ([]byte, error) {
	latest := m.Digest.Since
	for _, c := range m.Changes {
		if at := time.UnixMicro(c.Event.Detected); at.After(latest) {
			latest = at
		}
	}
	return fit(func(k *cutter) event {
		d := digest{Summary: storm(m.Digest), Group: m.Group, Labels: cutMap(k, "labels", m.Labels), Opened: m.Digest.Opened, Over: m.Digest.Over, Open: m.Open,
			Streams: m.Digest.Streams, Kinds: cutMap(k, "kinds", m.Digest.Kinds), Since: m.Digest.Since.UTC(), Worst: []brief{}}
		k.text("summary", &d.Summary)
		for i, c := range m.Changes {
			if i >= k.entries {
				d.More = len(m.Changes) - i
				break
			}
			ev := k.event(c.Event)
			b := brief{ev.ID, c.What, ev.Stream, ev.Kind, ev.Part, ev.Severity, ev.Summary, onset(ev), m.link(c.Event.ID)}
			k.address("worst.link", &b.Link)
			d.Worst = append(d.Worst, b)
		}
		d.Cut = k.cut
		return event{"defect.digest", latest.UTC(), d}
	})
}

// fit makes a payload that is not too long, by cutting more of it until it is not.
func fit(build func(*cutter) event) ([]byte, error) {
	for limit := 1024; ; limit /= 4 {
		var body bytes.Buffer
		encoder := json.NewEncoder(&body)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(build(&cutter{limit: limit, entries: max(4, limit/16)})); err != nil {
			return nil, fmt.Errorf("encode payload: %w", err)
		}
		text := bytes.TrimRight(body.Bytes(), "\n")
		if len(text) < payloadLimit || limit <= 16 {
			return text, nil
		}
	}
}

// cutter cuts what is too long and keeps the names of what it has cut.
type cutter struct {
	// limit is how long a text can be, in characters, entries how long a list.
	limit, entries int
	cut            []string
}

func (k *cutter) note(field string) {
	if !slices.Contains(k.cut, field) {
		k.cut = append(k.cut, field)
	}
}

func (k *cutter) text(field string, text *string) {
	if short := shorten(*text, k.limit); short != *text {
		k.note(field)
		*text = short
	}
}

// address drops a link that is too long: a part of one leads nowhere.
func (k *cutter) address(field string, link *string) {
	if len(*link) > 4*k.limit {
		k.note(field)
		*link = ""
	}
}

// idLength is how long the id of a defect is, in characters: it is kept whole.
const idLength = 32

// event is ev with what is too long cut.
func (k *cutter) event(ev *schemas.DefectEvent) *schemas.DefectEvent {
	short := *ev
	if id := shorten(ev.ID, max(idLength, k.limit)); id != ev.ID {
		k.note("id")
		short.ID = id
	}
	for field, text := range map[string]*string{"stream": &short.Stream, "kind": &short.Kind, "part": &short.Part, "severity": &short.Severity, "profile": &short.Profile,
		"unit": &short.Unit, "reason": &short.Reason, "summary": &short.Summary, "edge": &short.Edge, "state": &short.State} {
		k.text(field, text)
	}
	if len(short.Labels) > k.entries {
		k.note("labels")
		short.Labels = short.Labels[:k.entries]
	}
	short.Labels = slices.Clone(short.Labels)
	for i := range short.Labels {
		k.text("labels", &short.Labels[i].Name)
		k.text("labels", &short.Labels[i].Value)
	}
	slices.Sort(k.cut)
	return &short
}

// cutMap is m with what is too long cut: of the names, and of how many there are.
func cutMap[V any](k *cutter, field string, m map[string]V) map[string]V {
	short := make(map[string]V, len(m))
	for _, name := range slices.SortedFunc(maps.Keys(m), strings.Compare) {
		if len(short) == k.entries {
			k.note(field)
			break
		}
		value := m[name]
		if text, ok := any(&value).(*string); ok {
			k.text(field, text)
		}
		k.text(field, &name)
		short[name] = value
	}
	return short
}
