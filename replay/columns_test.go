package replay_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/topology"
)

// Making the tables compares them with the schemas, both ways.
func TestEveryTopicHasColumns(t *testing.T) {
	for _, topic := range topology.Topics() {
		columns, err := replay.Columns(topic)
		if err != nil {
			t.Errorf("%s: %v", topic.Name, err)
		}
		if len(columns) != len(topic.Values) {
			t.Errorf("%s: %d tables for %v", topic.Name, len(columns), topic.Values)
		}
		for kind, names := range columns {
			for _, taken := range []string{"kind", "date", "hour"} {
				if slices.Contains(names, taken) && (taken != "kind" || len(columns) > 1) {
					t.Errorf("%s: the column %s is called as a directory is", kind, taken)
				}
			}
		}
	}
	columns, _ := replay.Columns(&topology.Features.Spec)
	frame := columns["video_frame"]
	if got := strings.Join(frame[:6], " "); got != "stream_id kafka_partition kafka_offset written session epoch" || !slices.Contains(frame, "luma_mean") {
		t.Errorf("the columns of pictures are %v", frame)
	}
}

func TestFieldWithoutColumnIsAnError(t *testing.T) {
	const tick = `{"type": "record", "name": "Tick", "fields": [{"name": "time", "type": "long"}, {"name": "generation", "type": "int"}]}`
	if err := replay.TickTable(tick); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ add, want string }{
		{`{"name": "zone", "type": "int"}`, "the field zone has no column"},
		{`{"name": "clock", "type": ["null", {"type": "record", "name": "Clock", "fields": [{"name": "drift", "type": "int"}]}]}`, "the field clock_drift has no column"},
	} {
		if err := replay.TickTable(strings.Replace(tick, "}]}", "}, "+test.add+"]}", 1)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
	if err := replay.TickTable(strings.Replace(tick, `, {"name": "generation", "type": "int"}`, "", 1)); err == nil || !strings.Contains(err.Error(), "the column generation is no field") {
		t.Errorf("got %v", err)
	}
}
