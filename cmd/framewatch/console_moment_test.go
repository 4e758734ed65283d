package main

import (
	"slices"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

// TestMoment asks for the records of an instant among those of two streams of one lane: the nearest picture, the sound that is heard then, the second that it lies in.
func TestMoment(t *testing.T) {
	a := laidOut(t, kafkatest.Embedded(t), "framewatch.")
	session := time.Now().Add(-10 * time.Second).UnixMicro()
	var messages []topology.Message
	put := func(stream string, f schemas.Feature) {
		messages = append(messages, topology.Features.Message(stream, &f))
	}
	for at := int64(0); at < 10e6; at += 40_000 {
		if at%1_000_000 == 0 {
			put("news", schemas.Feature{StreamSecond: &schemas.StreamSecond{Session: session, At: at, State: "up", FramesDecoded: 25, Transport: &schemas.Transport{SyncLosses: int32(at / 1e6), ContinuityErrors: map[string]int32{"video": 2}}}})
			put("news", schemas.Feature{Inventory: &schemas.Inventory{Session: session, At: at, Version: int32(at / 1e6), Tracks: []schemas.Track{}}})
			put("", schemas.Feature{Setting: &schemas.Setting{Stream: "news", Time: session + at}})
			put("", schemas.Feature{Setting: &schemas.Setting{Stream: "sport", Time: session + at}})
		}
		if at%200_000 == 0 {
			put("news", schemas.Feature{AudioBlock: &schemas.AudioBlock{Session: session, At: at, Track: 1, Channels: []schemas.Channel{}}})
			put("news", schemas.Feature{AudioBlock: &schemas.AudioBlock{Session: session, At: at, Track: 2, Channels: []schemas.Channel{}}})
		}
		put("news", schemas.Feature{VideoFrame: &schemas.VideoFrame{Session: session, At: at}})
		put("sport", schemas.Feature{VideoFrame: &schemas.VideoFrame{Session: session, At: at + 20_000}})
	}
	if err := a.cluster.Publish(t.Context(), a.cluster.Partition("north"), messages...); err != nil {
		t.Fatal(err)
	}
	kinds := func(m console.Moment) (kinds []string) {
		for _, r := range m.Records {
			kinds = append(kinds, r.Record)
		}
		return kinds
	}
	m, err := a.momentFor(t.Context(), "news", "north", session+5_510_000)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"VideoFrame", "Inventory", "Setting", "AudioBlock", "AudioBlock", "StreamSecond"}
	// The picture at 5.52 s is nearer than that at 5.48; blocks begin at 5.4 s; the second ends at 6 s; the inventory is that of 5 s.
	if !slices.Equal(kinds(m), all) || m.At != session+5_520_000 || m.Previous != session+5_480_000 || m.Next != session+5_560_000 {
		t.Fatalf("%v at %d, beside %d and %d", kinds(m), m.At-session, m.Previous-session, m.Next-session)
	}
	for i, want := range map[int]int64{0: 5_520_000, 1: 5_000_000, 3: 5_400_000, 4: 5_400_000, 5: 6_000_000} {
		if got := m.Records[i].Value["at"]; got != want {
			t.Errorf("%s is of %v, want %d", m.Records[i].Record, got, want)
		}
	}
	if m.Records[2].Value["stream"] != "news" || m.Records[2].Value["time"] != session+5_000_000 {
		t.Errorf("the setting is %v", m.Records[2].Value)
	}
	figure := func(m console.Moment, name string) (f console.MomentFigure) {
		for _, f := range m.Figures {
			if f.Name == name {
				return f
			}
		}
		t.Fatalf("there is no figure %s", name)
		return f
	}
	// The seconds that end at 0 to 6 s: 0+1+2+3+4+5+6 = 21 losses, two continuity errors each.
	if f := figure(m, "transport.sync_losses"); f.Sum != 21 || f.Max != 6 || *f.Last != 6 || f.Count != 7 || m.Seconds != 7 {
		t.Errorf("of %d seconds losses are %+v", m.Seconds, f)
	}
	if f := figure(m, "transport.continuity_errors.video"); f.Sum != 14 {
		t.Errorf("continuity errors are %+v", f)
	}
	if m, err = a.momentFor(t.Context(), "news", "north", 0); err != nil || m.At != session+9_960_000 || m.Next != 0 || m.Previous != session+9_920_000 || !slices.Equal(kinds(m), all) {
		t.Errorf("lately: %v at %d, %v", kinds(m), m.At-session, err)
	}
	if m, err = a.momentFor(t.Context(), "news", "north", session-3_600_000_000); err != nil || len(m.Records) != 0 || m.Seconds != 0 {
		t.Errorf("an hour before: %+v, %v", m, err)
	}
	if m, err = a.momentFor(t.Context(), "kids", "north", 0); err != nil || len(m.Records) != 0 || m.At != 0 {
		t.Errorf("another stream: %+v, %v", m, err)
	}
}
