package replay_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
)

// baked is made once: it parses every schema that there ever was.
var baked = sync.OnceValue(schemas.Baked)

// kept is one partition of a topic in memory, whose records were written when the test says.
type kept []replay.Record

func (k kept) PartitionNumbers(context.Context) ([]int32, error) { return []int32{0}, nil }

func (k kept) Read(_ context.Context, _ int32, r replay.Range, handle func(replay.Record) error) error {
	for _, record := range k {
		end := r.Offsets[0].End
		if record.Offset < max(r.FromOffset, r.Offsets[0].Start) || end > 0 && record.Offset >= end || !r.Holds(record.Time) {
			continue
		}
		if err := handle(record); err != nil {
			return err
		}
	}
	return nil
}

// write appends a value.
func write[T any](t *testing.T, k *kept, at time.Time, key string, s *schemas.Schema[T], v *T) {
	t.Helper()
	value, err := schemas.Append(baked(), s, nil, v)
	if err != nil {
		t.Fatal(err)
	}
	r := replay.Record{Offset: int64(len(*k)), Time: at, Value: value}
	if key != "" {
		r.Key = []byte(key)
	}
	*k = append(*k, r)
}

// live is a features topic of ten minutes and what a detector tells of it as it is written: stream a is away for two minutes from the 200th second on
// and b, which is to be the same as a, for one; c comes and goes all the time.
type live struct {
	features, defects, health kept
	// told are the outputs as bytes, with the offsets and the streams that they are of.
	told    []string
	offsets []int64
	streams []string
}

const liveBegin = 1_764_136_800_000_000

// liveAt is the instant a second of the run.
func liveAt(second int) time.Time {
	return time.UnixMicro(liveBegin).Add(time.Duration(second) * time.Second)
}

func newLive(t *testing.T) *live {
	l := &live{}
	same := `{"same_as":"a"}`
	away := map[string]func(second int) bool{
		"a": func(s int) bool { return s >= 200 && s < 320 },
		"b": func(s int) bool { return s >= 230 && s < 290 },
		"c": func(s int) bool { return s%90 >= 60 },
	}
	for second := range 600 {
		now := liveAt(second)
		for _, id := range []string{"c", "b", "a"} {
			if second%10 == 0 {
				setting := &schemas.Setting{Time: now.UnixMicro(), Generation: 1, Stream: id, Labels: map[string]string{}, Profile: "default", Rules: "{}", Models: map[string]int64{}}
				if id == "b" {
					setting.Expectations = &same
				}
				write(t, &l.features, now, "", schemas.Features, &schemas.Feature{Setting: setting})
			}
			state := "up"
			if away[id](second) {
				state = "down"
			}
			write(t, &l.features, now.Add(time.Duration(len(l.features)%3)*time.Second), id, schemas.Features, &schemas.Feature{StreamSecond: &schemas.StreamSecond{
				Session: liveBegin, Seq: int64(second), At: int64(second) * 1_000_000, State: state, FramesDecoded: 25, FramesAnalysed: 25, AudioBlocks: 10, Bytes: 100_000}})
		}
		write(t, &l.features, now, "", schemas.Features, &schemas.Feature{Tick: &schemas.Tick{Time: now.UnixMicro(), Generation: 1}})
	}
	state := detector.New(detector.Config{Log: quiet()})
	for _, r := range l.features {
		feature := new(schemas.Feature)
		if err := schemas.Decode(baked(), schemas.Features, r.Value, feature); err != nil {
			t.Fatal(err)
		}
		state.Fold(detector.Input{Stream: string(r.Key), Offset: r.Offset, Feature: feature}, func(out detector.Output) {
			if out.Defect != nil {
				write(t, &l.defects, r.Time, out.Stream, schemas.DefectEvents, out.Defect)
			} else {
				write(t, &l.health, r.Time, out.Stream, schemas.Healths, out.Health)
			}
			l.told = append(l.told, told(t, baked(), 0, out))
			l.offsets, l.streams = append(l.offsets, r.Offset), append(l.streams, out.Stream)
		})
	}
	return l
}

// of are the outputs that records from one offset on and below another have caused, of these streams.
func (l *live) of(from, to int64, streams ...string) (outputs []string) {
	for i, o := range l.told {
		if l.offsets[i] >= from && l.offsets[i] < to && (streams == nil || slices.Contains(streams, l.streams[i])) {
			outputs = append(outputs, o)
		}
	}
	return outputs
}

// again is what a detection tells.
func (l *live) again(t *testing.T, d replay.Detection) (outputs []string, folded replay.Folded) {
	t.Helper()
	d.Records, d.Contract, d.Log, d.Health = l.features, baked(), quiet(), true
	folded, err := d.Run(within(t), func(p int32, out detector.Output) error {
		outputs = append(outputs, told(t, baked(), p, out))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return outputs, folded
}

// Whatever part of a run is replayed, by time, by offsets or of some streams, what is told of it is what was told live, to the byte.
func TestAnyPartOfARunIsToldAsItWas(t *testing.T) {
	l := newLive(t)
	past := &replay.Past{Defects: l.defects, Health: l.health, Contract: baked()}
	whole, _ := l.again(t, replay.Detection{})
	want(t, whole, l.told...)
	first := func(second int) int64 { // the offset of the first record that was not written before the second
		return int64(slices.IndexFunc(l.features, func(r replay.Record) bool { return !r.Time.Before(liveAt(second)) }))
	}
	for _, streams := range [][]string{nil, {"a"}, {"b"}, {"c"}, {"c", "b"}} {
		for _, second := range []int{1, 30, 63, 199, 210, 260, 299, 311, 318, 325, 480, 551} {
			d := replay.Detection{Selection: replay.Selection{Streams: streams}, Past: past, Range: replay.Range{From: liveAt(second), To: liveAt(second + 45)}}
			got, _ := l.again(t, d)
			end := first(second + 45)
			if end < 0 {
				end = int64(len(l.features))
			}
			want(t, got, l.of(first(second), end, streams...)...)
			d.Range = replay.Range{FromOffset: 7 * int64(second), Offsets: map[int32]replay.Span{0: {End: 7*int64(second) + 300}}}
			got, _ = l.again(t, d)
			want(t, got, l.of(7*int64(second), 7*int64(second)+300, streams...)...)
		}
	}
	// The records of others are passed over, unless the stream is compared with them.
	_, all := l.again(t, replay.Detection{})
	_, alone := l.again(t, replay.Detection{Selection: replay.Selection{Streams: []string{"c"}}})
	_, both := l.again(t, replay.Detection{Selection: replay.Selection{Streams: []string{"b"}}})
	if all.Seconds != 1800 || alone.Seconds != 600 || both.Seconds < 1200 || all.Span() != 599*time.Second {
		t.Errorf("seconds of streams: %d of all, %d of one, %d of one and what it is compared with; %v in all", all.Seconds, alone.Seconds, both.Seconds, all.Span())
	}
}

// Without the past a defect that is open for longer than the lookback is not told of as it was: that is what the past is for.
func TestOpenDefectsAreKnownByThePast(t *testing.T) {
	l := newLive(t)
	d := replay.Detection{Range: replay.Range{From: liveAt(300)}, Selection: replay.Selection{Streams: []string{"a"}}}
	without, _ := l.again(t, d)
	d.Past = &replay.Past{Defects: l.defects, Health: l.health, Contract: baked()}
	with, _ := l.again(t, d)
	if slices.Equal(with, without) {
		t.Error("the past makes no difference")
	}
}

// Of a stretch of media time the defects are told that last within it.
func TestDefectsOfAStretchOfMediaTime(t *testing.T) {
	l := newLive(t)
	kinds := map[string]bool{}
	_, err := replay.Detection{
		Records: l.features, Contract: baked(), Log: quiet(),
		Selection: replay.Selection{Streams: []string{"c"}, Begin: liveAt(155).UnixMicro(), End: liveAt(160).UnixMicro()},
	}.Run(within(t), func(_ int32, out detector.Output) error {
		if out.Defect != nil {
			kinds[time.UnixMicro(out.Defect.Onset).Sub(liveAt(0)).String()] = true
		}
		return nil
	})
	if err != nil || len(kinds) != 1 || !kinds["2m29s"] {
		t.Errorf("the onsets are %v, want that of the outage of the 150th second, which its heartbeat ends; %v", kinds, err)
	}
}
