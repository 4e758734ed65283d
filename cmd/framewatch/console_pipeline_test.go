package main

import (
	"context"
	"testing"
	"time"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

func TestSelf(t *testing.T) {
	config := defaultConfig()
	s := newSelf(config)
	again, ok := readSelf(s.client())
	if !ok || again.config != s.config || again.tag != s.tag || again.started.Unix() != s.started.Unix() {
		t.Errorf("%q is read as %+v, of %+v", s.client(), again, s)
	}
	config.Ingest.Listen = "127.0.0.1:8090"
	if other := newSelf(config); other.config == s.config {
		t.Error("another configuration has the same hash")
	}
	for _, client := range []string{"", "framewatch", "kcat", "framewatch_v1_abcd_!_ff", "framewatch_v1_abcd_zzzzzzzzzzzzz_ff", "other_v1_abcd_1_ff"} {
		if s, ok := readSelf(client); ok {
			t.Errorf("%q is read as %+v", client, s)
		}
	}
}

// TestPipeline asks how an installation of one edge does, with figures that are laid on the log.
func TestPipeline(t *testing.T) {
	a := laidOut(t, kafkatest.Embedded(t), "framewatch.")
	assigned := make(chan int32, 100)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	go func() {
		done <- kafka.Own(ctx, a.cluster, topology.Streams, topology.StageNamed("ingest").Group, kafka.Owner[schemas.StreamSpec]{
			Assigned: func(p int32) { assigned <- p }, Lost: func(int32) {}, Changed: func(topology.Record[schemas.StreamSpec]) {},
		})
	}()
	for range a.cluster.Partitions() {
		<-assigned
	}
	now := time.Now().UnixMicro()
	half, none := int32(2), int32(0)
	second := func(stream, state string, sampling *int32, decoded, passed int32) []topology.Message {
		s := &schemas.StreamSecond{State: state, Edge: "http://edge-1", Sampling: sampling, FramesDecoded: decoded, FramesPassed: &passed, FramesAnalysed: decoded, Bytes: 1000, Dropped: 1}
		return []topology.Message{topology.Features.Message(stream, &schemas.Feature{VideoFrame: &schemas.VideoFrame{Duration: 3600}}), topology.Features.Message(stream, &schemas.Feature{StreamSecond: &schemas.StreamSecond{State: "starting", Edge: "http://edge-1"}}),
			topology.Features.Message(stream, &schemas.Feature{StreamSecond: s})}
	}
	defect := topology.Defects.Message("news", &schemas.DefectEvent{ID: "d", State: "opened", Onset: now - 3e6, Detected: now - 1e6, Labels: []schemas.Label{}})
	ended := topology.Defects.Message("news", &schemas.DefectEvent{ID: "d", State: "closed", Onset: now - 90e6, Detected: now, Labels: []schemas.Label{}})
	tell := func(outcome string, delay int64) topology.Message {
		return topology.Notifications.Message("d", &schemas.Notification{State: "opened", Outcome: outcome, DelayMS: delay})
	}
	var messages []topology.Message
	messages = append(messages, second("news", "up", nil, 25, 0)...)
	messages = append(messages, second("sport", "up", &half, 12, 13)...)
	messages = append(messages, second("kids", "up", &none, 1, 24)...)
	messages = append(messages, second("movies", "down", nil, 0, 0)...)
	messages = append(messages, defect, ended, tell("retrying", 100), tell("delivered", 500), tell("delivered", 90_000))
	if err := a.cluster.Publish(t.Context(), 1, messages...); err != nil {
		t.Fatal(err)
	}
	p, err := a.pipelineFor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ingest := p.Stages[0].Members
	if len(ingest) != 1 || ingest[0].Process == nil || *ingest[0].Process != p.Self || len(ingest[0].Partitions) != int(a.cluster.Partitions()) || len(p.Stages[1].Members) != 0 {
		t.Errorf("the stages are %+v", p.Stages)
	}
	// 25 + 12 + 1 pictures of 40 ms in a second of three streams.
	want := console.Edge{URL: "http://edge-1", Streams: 4, Decoded: 38, Analysed: 38, Passed: 37, Dropped: 4, Bytes: 4000, MediaSeconds: 38 * 0.04, Timed: 3, Thinned: 1, MostThinned: 2, KeyOnly: 1}
	if len(p.Edges) != 1 || p.Edges[0].States["up"] != 3 || p.Edges[0].States["down"] != 1 {
		t.Fatalf("the edges are %+v", p.Edges)
	}
	got := p.Edges[0]
	got.States = nil
	if got.MediaSeconds = float64(int(got.MediaSeconds*100+0.5)) / 100; jsonOf(t, got) != jsonOf(t, want) {
		t.Errorf("the edge is %+v, want %+v", got, want)
	}
	if d := p.Delays; d[0].Count != 1 || *d[0].P50 != 2 || *d[1].P99 < 0.5 || d[2].Count != 1 || *d[2].P50 != 0.5 {
		t.Errorf("the delays are %s", jsonOf(t, d))
	}
	for _, l := range p.Lags {
		if l.Detector != nil {
			t.Errorf("of a detector that there has never been it is known that it is %v s behind", *l.Detector)
		}
	}
}
