package replay_test

import (
	"context"
	"testing"
	"time"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka/kafkatest"
)

func unchanged(*schemas.Setting) {}

// told are the onsets and lengths of defects, in seconds since the story began.
func toldLives(lives []replay.Life) (all []string) {
	begin := time.UnixMicro(1_700_000_000_000_000)
	for _, l := range lives {
		all = append(all, l.Stream+" "+l.Kind+" "+l.Onset.Sub(begin).String()+" "+l.End.Sub(l.Onset).String())
	}
	return all
}

// Detectors side by side tell what each tells by itself, from the log and from memory.
func TestTrialTellsWhatRedetectionDoes(t *testing.T) {
	c, source := laidOut(t, kafkatest.Embedded(t), &topology.Features.Spec)
	for partition, stream := range []string{"one", "two"} {
		if err := c.Publish(within(t), int32(partition), story(stream)...); err != nil {
			t.Fatal(err)
		}
	}
	contract := schemas.Baked()
	slow := replay.Overlay{Only: "no_signal", Rules: map[string]map[string]any{"no_signal": {"for": "12s"}}}
	never := replay.Overlay{Rules: map[string]map[string]any{"no_signal": {"disabled": true}}}
	changes := []func(*schemas.Setting){never.Change(), unchanged, slow.Change()}
	sieve := replay.NewSieve(replay.Selection{}, &topology.Features.Spec, contract)
	trial, err := replay.Try(within(t), replay.Recorded(source, replay.Range{}, contract, sieve), replay.Range{}, quiet(), nil, changes)
	if err != nil {
		t.Fatal(err)
	}
	for i, change := range changes {
		alone, _, err := replay.Redetect(within(t), replay.Detection{Records: source, Contract: contract, Log: quiet(), Change: change})
		if err != nil {
			t.Fatal(err)
		}
		want(t, toldLives(trial.Lives[i]), toldLives(alone.Lives)...)
	}
	if len(trial.Lives[0]) != 0 || len(trial.Lives[1]) != 2 || len(trial.Lives[2]) != 2 {
		t.Fatalf("of two streams are told %v, %v and %v", toldLives(trial.Lives[0]), toldLives(trial.Lives[1]), toldLives(trial.Lives[2]))
	}
	if one := trial.Streams[0]; len(trial.Streams) != 2 || one.Stream != "one" || one.Length != 90*time.Second || one.End.Sub(one.Begin) != 90*time.Second {
		t.Errorf("the streams are %+v", trial.Streams)
	}
	memory := func(_ context.Context, handle func(replay.Record, *schemas.Feature) error) error {
		for partition, stream := range []string{"one", "two"} {
			for offset, m := range story(stream) {
				if err := handle(replay.Record{Partition: int32(partition), Offset: int64(offset), Key: []byte(m.Key)}, decoded(t, contract, m)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	again, err := replay.Try(t.Context(), memory, replay.Range{}, quiet(), nil, changes[1:])
	if err != nil {
		t.Fatal(err)
	}
	want(t, toldLives(again.Lives[1]), toldLives(trial.Lives[2])...)
}

// inMemory are the messages of each partition as a log has them.
type inMemory struct {
	partitions [][]topology.Message
}

func (m inMemory) PartitionNumbers(context.Context) (numbers []int32, err error) {
	for i := range m.partitions {
		numbers = append(numbers, int32(i))
	}
	return numbers, nil
}

func (m inMemory) Read(_ context.Context, partition int32, _ replay.Range, handle func(replay.Record) error) error {
	contract := schemas.Baked()
	for offset, message := range m.partitions[partition] {
		value, err := message.Encode(contract, nil)
		if err != nil {
			return err
		}
		record := replay.Record{Partition: partition, Offset: int64(offset), Value: value}
		if message.Key != "" {
			record.Key = []byte(message.Key)
		}
		if err := handle(record); err != nil {
			return err
		}
	}
	return nil
}

// Who chooses a stream has the one that it is compared with as well, from the first record on, and no other.
func TestChosenStreamsComeWithTheirCompanions(t *testing.T) {
	expected := `{"same_as":"one"}`
	compared := topology.Features.Message("", &schemas.Feature{Setting: &schemas.Setting{Time: 1_700_000_000_000_000, Generation: 1, Stream: "two", Labels: map[string]string{},
		Rules: "{}", Models: map[string]int64{}, Expectations: &expected}})
	log := inMemory{[][]topology.Message{append(story("one"), append(story("three"), compared)...)}}
	sieve := replay.NewSieve(replay.Selection{Streams: []string{"tw?"}}, &topology.Features.Spec, schemas.Baked())
	seen := map[string]int{}
	err := replay.Recorded(log, replay.Range{}, schemas.Baked(), sieve)(t.Context(), func(r replay.Record, f *schemas.Feature) error {
		seen[string(r.Key)]++
		return nil
	})
	// Ninety seconds of one; without a key its Setting, that of two, and the ticks, which are every stream's.
	if err != nil || seen["one"] != 90 || seen["three"] != 0 || seen[""] != 2+180 {
		t.Errorf("error %v, seen %v", err, seen)
	}
}

// A stream is scored by what is known of the time in which it was monitored.
func TestTrialIsScoredWhereItWasSeen(t *testing.T) {
	begin := time.UnixMicro(1_700_000_000_000_000)
	at := func(stream, kind string, start, end float64) replay.Label {
		return replay.Label{Stream: stream, Kind: kind, Start: begin.Add(time.Duration(start * 1e9)), End: begin.Add(time.Duration(end * 1e9))}
	}
	trial := &replay.Trial{Streams: []*replay.Monitored{{Stream: "one", Begin: begin, End: begin.Add(90 * time.Second), Length: 90 * time.Second}},
		Lives: [][]replay.Life{{{Defect: replay.Defect{ID: "x", Stream: "one", Kind: "black", Onset: begin.Add(time.Second), End: begin.Add(2 * time.Second)}, Open: true}}}}
	known, left := trial.Known(&replay.Truth{
		Faults: []replay.Label{at("one", "black", 10, 12), at("one", "black", -5, 12), at("one", "black", 95, 99), at("two", "black", 10, 12)},
		Sound:  []replay.Label{at("one", "black", 20, 21), at("two", "black", 20, 21)},
	})
	if len(known.Faults) != 1 || len(known.Sound) != 1 || left != 3 {
		t.Fatalf("known is %+v, %d are left", known, left)
	}
	cases := trial.Cases(0, known, true, 9*time.Second)
	// The defect is open: it is taken to have gone on for 15 s after it was heard of.
	if e := replay.Evaluate(cases, 0); len(cases) != 1 || e.Kind("black").Hits != 1 || e.Length != 90*time.Second {
		t.Errorf("the cases are %+v", cases)
	}
	// It began 9 s before the fault: whoever allows less has it miss the fault.
	if e := replay.Evaluate(trial.Cases(0, known, true, 8*time.Second), 0); e.Kind("black").Hits != 0 || e.Kind("black").Unjudged != 1 {
		t.Errorf("earlier than allowed: %+v", e.Kind("black"))
	}
}
