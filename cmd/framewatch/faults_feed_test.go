package main

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// faultTape is what is measured of a source in 24 s, at five pictures a second: good for 6 s, black for 4, good and silent for 4, black and silent
// for 4, away for 5, good again.
func faultTape() []*schemas.Feature {
	var tape []*schemas.Feature
	for second := range int64(24) {
		begins := second * 1_000_000
		black := second >= 6 && second < 10 || second >= 14 && second < 18
		silent := second >= 10 && second < 18
		heartbeat := &schemas.StreamSecond{Seq: second, At: begins + 1_000_000, State: "down"}
		if second < 18 || second == 23 {
			heartbeat.State, heartbeat.FramesDecoded, heartbeat.FramesAnalysed, heartbeat.AudioBlocks = "up", 5, 5, 10
			for i := range int64(5) {
				tape = append(tape, &schemas.Feature{VideoFrame: drawnPicture(5*second+i, begins+i*200_000, black)})
			}
			for i := range int64(10) {
				tape = append(tape, &schemas.Feature{AudioBlock: drawnSound(10*second+i, begins+i*100_000, silent)})
			}
		}
		tape = append(tape, &schemas.Feature{StreamSecond: heartbeat})
	}
	return tape
}

func drawnPicture(seq, at int64, black bool) *schemas.VideoFrame {
	f := &schemas.VideoFrame{Sampling: 1, Seq: seq, At: at, PTS: at * 9 / 100, Duration: 18_000, Luma: &schemas.Luma{Mean: 100 * 256, Std: 40 * 256}, Grid: &schemas.Grid{}}
	level := byte(100)
	if black {
		level, f.Luma.Mean, f.Luma.Std = 16, 16*256, 0
		for i := 1; i < 24; i++ { // all of it is at 16 or below
			binary.BigEndian.PutUint16(f.Luma.CDF[2*i:], math.MaxUint16)
		}
	}
	for i := range f.Grid.Mean {
		f.Grid.Mean[i] = level
	}
	return f
}

func drawnSound(seq, at int64, silent bool) *schemas.AudioBlock {
	channel := schemas.Channel{KEnergy: make([]byte, 40), Energy: make([]byte, 10)}
	if !silent { // -20 dB
		for i := range 10 {
			channel.Energy[i] = 215
			binary.BigEndian.PutUint32(channel.KEnergy[4*i:], math.Float32bits(0.01))
		}
	}
	return &schemas.AudioBlock{Track: 1, Seq: seq, At: at, Samples: 4800, Channels: []schemas.Channel{channel, channel}}
}

// faultFeed publishes the features of streams as they happen, poison among them, until its context ends.
type faultFeed struct {
	t       *testing.T
	cluster *kafka.Cluster
	random  *rand.Rand
	// records and poison are how many stand on the log.
	records, poison int
}

// feedLength is more than any run takes.
const feedLength = 2 * time.Hour

// run returns when what was published stands on the log. The first stream is the one that is never there: its source has been down all the time.
func (f *faultFeed) run(ctx context.Context, streams int) {
	fleet, err := lab.NewFleet(faultTape())
	if err != nil {
		f.t.Error(err)
		return
	}
	begin := time.Now()
	pending := make(chan struct{}, 5000) // bounds what is on its way while brokers are away
	publish := func(partition int32, m topology.Message) {
		pending <- struct{}{}
		f.cluster.TryPublish(partition, m, func(err error) {
			<-pending
			if err != nil {
				f.t.Errorf("publish: %v", err)
			}
		})
	}
	lastPoison, second := begin, int64(0)
	for id, feature := range fleet.Records(streams, begin.UnixMicro(), feedLength) {
		at := begin.Add(time.Duration(featureTime(feature)) * time.Microsecond)
		if !sleepUntil(ctx, at) {
			break
		}
		publish(faultPartition(id), topology.Features.Message(id, feature))
		f.records++
		if at.Sub(lastPoison) > time.Second {
			lastPoison = at
			publish(f.random.Int32N(faultPartitions), f.poisoned(id, feature))
			down := &schemas.StreamSecond{Session: begin.UnixMicro(), Seq: second, At: at.Sub(begin).Microseconds(), State: "down"}
			publish(faultPartition(steadyStream), topology.Features.Message(steadyStream, &schemas.Feature{StreamSecond: down}))
			f.poison++
			f.records++
			second++
		}
	}
	for range cap(pending) {
		pending <- struct{}{} // all stand there once the bound can be filled
	}
}

// featureTime is the time of a record since its session, microseconds.
func featureTime(f *schemas.Feature) int64 {
	switch {
	case f.VideoFrame != nil:
		return f.VideoFrame.At
	case f.AudioBlock != nil:
		return f.AudioBlock.At
	case f.Inventory != nil:
		return f.Inventory.At
	}
	return f.StreamSecond.At
}

// sleepUntil tells whether the time came before the context's end.
func sleepUntil(ctx context.Context, at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// poisoned is a record that cannot be read: of another format, of an unknown schema, cut off, too long, or with a length that nothing has.
func (f *faultFeed) poisoned(id string, feature *schemas.Feature) topology.Message {
	m := topology.Features.Message(id, feature)
	spoil := []func([]byte) []byte{
		func(b []byte) []byte { b[0] = 7; return b },
		func(b []byte) []byte { b[1] ^= 0x55; return b },
		func(b []byte) []byte { return b[:len(b)-1] },
		func(b []byte) []byte { return append(b, 0) },
		func(b []byte) []byte { return append(b[:5], 0xfe, 0xff, 0xff, 0xff, 0x0f) },
		func([]byte) []byte { return []byte("poison") },
	}[f.random.IntN(6)]
	sound := m.Encode
	m.Encode = func(c *schemas.Contract, dst []byte) ([]byte, error) {
		value, err := sound(c, dst)
		if err != nil {
			return nil, err
		}
		return spoil(value), nil
	}
	return m
}
