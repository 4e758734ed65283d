package replay_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// story is the records of one stream that loses its source for 30 of 90 s.
func story(stream string) []topology.Message {
	var log []topology.Message
	start := int64(1_700_000_000_000_000)
	setting := &schemas.Setting{Time: start, Generation: 1, Stream: stream, Labels: map[string]string{"region": "eu"}, Profile: "default", Rules: "{}", Models: map[string]int64{}}
	log = append(log, topology.Features.Message("", &schemas.Feature{Setting: setting}))
	for second := range int64(90) {
		at := (second + 1) * 1_000_000
		state := "up"
		if second >= 30 && second < 60 {
			state = "down"
		}
		log = append(log,
			topology.Features.Message(stream, &schemas.Feature{StreamSecond: &schemas.StreamSecond{
				Session: start, Seq: second, At: at, State: state, FramesDecoded: 25, FramesAnalysed: 25, AudioBlocks: 10, Bytes: 100_000,
			}}),
			topology.Features.Message("", &schemas.Feature{Tick: &schemas.Tick{Time: start + at, Generation: 1}}))
	}
	return log
}

// What is told of a topic again is what a detector that sees the records as they are written tells, to the byte.
func TestDetectionAgainEqualsTheFirst(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, brokers []string) {
		contract := schemas.Baked()
		c, source := laidOut(t, brokers, &topology.Features.Spec)
		aborted := kafkatest.Begin(t, brokers, source.Topic, 1)
		aborted.Write("never")
		poison := topology.Message{Topic: &topology.Features.Spec, Encode: func(_ *schemas.Contract, dst []byte) ([]byte, error) { return append(dst, 0, 1), nil }}
		for partition, stream := range []string{"one", "two"} {
			if err := c.Publish(within(t), int32(partition), append([]topology.Message{poison}, story(stream)...)...); err != nil {
				t.Fatal(err)
			}
		}
		aborted.Abort()

		var live []string
		for partition, stream := range []string{"one", "two"} {
			state := detector.New(detector.Config{Log: quiet()})
			offset := int64(partition) // the aborted record stands first in the second partition
			for _, m := range story(stream) {
				offset++ // the poison record stands before
				feature := decoded(t, contract, m)
				state.Fold(detector.Input{Stream: m.Key, Offset: offset, Feature: feature}, func(out detector.Output) {
					live = append(live, told(t, contract, int32(partition), out))
				})
			}
		}
		var again []string
		err := replay.Detect(within(t), source, replay.Range{}, contract, quiet(), func(partition int32, out detector.Output) error {
			again = append(again, told(t, contract, partition, out))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		joined := strings.Join(live, "\n")
		if opened, closed := strings.Count(joined, "opened"), strings.Count(joined, "closed"); opened != 2 || closed != 2 {
			t.Fatalf("in two streams, %d defects were opened and %d closed, want 2 and 2", opened, closed)
		}
		for i := range max(len(live), len(again)) {
			if i == len(live) || i == len(again) || live[i] != again[i] {
				t.Fatalf("output %d is told again as\n%s\nbut was\n%s", i, at(again, i), at(live, i))
			}
		}
	})
}

// A range that begins in the middle is told of as if the detector had been there before.
func TestDetectionFromTheMiddle(t *testing.T) {
	c, source := laidOut(t, kafkatest.Embedded(t), &topology.Features.Spec)
	if err := c.Publish(within(t), 0, story("one")...); err != nil {
		t.Fatal(err)
	}
	events := func(r replay.Range) (events []string) {
		err := replay.Detect(within(t), source, r, schemas.Baked(), quiet(), func(_ int32, out detector.Output) error {
			if out.Defect != nil {
				events = append(events, fmt.Sprint(out.Defect.Kind, " ", out.Defect.State, " ", out.Defect.Offset))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return events
	}
	all := events(replay.Range{})
	if len(all) == 0 {
		t.Fatal("the story has no event")
	}
	// All of it was written just now: whatever is asked for from now on has the story for its lookback, and nothing to tell.
	want(t, events(replay.Range{From: time.Now().Add(time.Second)}))
	want(t, events(replay.Range{From: time.Now().Add(-time.Minute)}), all...)
}

// decoded is the message's value as a reader of the log has it.
func decoded(t *testing.T, c *schemas.Contract, m topology.Message) *schemas.Feature {
	t.Helper()
	value, err := m.Encode(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	feature := new(schemas.Feature)
	if err := schemas.Decode(c, schemas.Features, value, feature); err != nil {
		t.Fatal(err)
	}
	return feature
}

// told is an output as its bytes on the log.
func told(t *testing.T, c *schemas.Contract, partition int32, out detector.Output) string {
	t.Helper()
	var value []byte
	var err error
	switch {
	case out.Defect != nil:
		value, err = schemas.Append(c, schemas.DefectEvents, nil, out.Defect)
	case out.Health != nil:
		value, err = schemas.Append(c, schemas.Healths, nil, out.Health)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s %q", partition, out.Stream, value)
}

// at is an element, or nothing past the end.
func at(all []string, i int) string {
	if i < len(all) {
		return all[i]
	}
	return "nothing"
}
