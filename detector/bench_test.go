package detector_test

import (
	"testing"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/schemas"
)

// BenchmarkFold folds one stream's records, a minute of it over and over: 1500 pictures, 600 blocks of sound, 60 heartbeats and ticks. One
// operation is one picture with what belongs to it.
func BenchmarkFold(b *testing.B) {
	p, log, pictures := benchLog(b)
	emit := func(detector.Output) {}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += pictures {
		for _, e := range log {
			p.Fold(e.Input, emit)
		}
		shift(log)
	}
}

// BenchmarkDecodeFold is the same from the bytes on the log.
func BenchmarkDecodeFold(b *testing.B) {
	p, log, pictures := benchLog(b)
	contract := schemas.Baked()
	emit := func(detector.Output) {}
	values := make([][]byte, len(log))
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += pictures {
		b.StopTimer()
		for i, e := range log {
			var err error
			if values[i], err = schemas.Append(contract, schemas.Features, values[i][:0], e.Feature); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		for i, e := range log {
			var f schemas.Feature
			if err := schemas.Decode(contract, schemas.Features, values[i], &f); err != nil {
				b.Fatal(err)
			}
			p.Fold(detector.Input{Stream: e.Stream, Offset: e.Offset, Feature: &f}, emit)
		}
		b.StopTimer()
		shift(log)
		b.StartTimer()
	}
}

func benchLog(b *testing.B) (p *detector.Partition, log []entry, pictures int) {
	log, err := readLog("video a moving*40s still*5s moving*15s\naudio a tone*60s\nheartbeat a up*60s", "{}")
	if err != nil {
		b.Fatal(err)
	}
	return detector.New(detector.Config{}), log, 1500
}

// shift moves the log a minute on.
func shift(log []entry) {
	const minute = 60_000_000
	for i := range log {
		log[i].Offset += int64(len(log))
		switch f := log[i].Feature; {
		case f.VideoFrame != nil:
			f.VideoFrame.At += minute
		case f.AudioBlock != nil:
			f.AudioBlock.At += minute
		case f.StreamSecond != nil:
			f.StreamSecond.At += minute
		case f.Tick != nil:
			f.Tick.Time += minute
		case f.Setting != nil:
			f.Setting.Time += minute
		}
	}
}
