package topology_test

import (
	"slices"
	"testing"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// The attributes are those that CloudEvents 1.0.2 requires, and four that it knows; the values were written down by hand. 1 764 136 800 s is
// 2025-11-26 06:00 UTC.
func TestEventIsACloudEvent(t *testing.T) {
	messages := topology.Event(topology.EventSource("framewatch."), &schemas.DefectEvent{
		ID: "0123456789abcdef0123456789abcdef", Revision: 3, State: "updated", Stream: "north/é", Detected: 1_764_136_800_040_000,
	})
	want := [][2]string{
		{"ce_specversion", "1.0"},
		{"ce_id", "0123456789abcdef0123456789abcdef-3"},
		{"ce_source", "/framewatch/detector"},
		{"ce_type", "framewatch.defect.updated.v1"},
		{"ce_subject", "north/é"},
		{"ce_time", "2025-11-26T06:00:00.040000Z"},
		{"content-type", "application/avro"},
	}
	keys := map[string]string{"defects": "north/é", "defects.latest": "0123456789abcdef0123456789abcdef"}
	if len(messages) != len(keys) {
		t.Fatalf("an event is %d records, want %d", len(messages), len(keys))
	}
	for _, m := range messages {
		if m.Key != keys[m.Topic.Name] {
			t.Errorf("%s: the key is %q, want %q", m.Topic.Name, m.Key, keys[m.Topic.Name])
		}
		if !slices.Equal(m.Headers, want) {
			t.Errorf("%s: the headers are\n%q, want\n%q", m.Topic.Name, m.Headers, want)
		}
		var names []string
		for _, h := range m.Topic.Headers {
			names = append(names, h.Name)
		}
		if len(names) != len(want) || !slices.EqualFunc(names, want, func(name string, h [2]string) bool { return name == h[0] }) {
			t.Errorf("%s: the topic tells of the headers %q", m.Topic.Name, names)
		}
	}
}

func TestEventSource(t *testing.T) {
	for prefix, want := range map[string]string{"framewatch.": "/framewatch/detector", "eu.west.": "/eu.west/detector", "lab": "/lab/detector", "": "/detector"} {
		if got := topology.EventSource(prefix); got != want {
			t.Errorf("prefix %q: %s, want %s", prefix, got, want)
		}
	}
}
