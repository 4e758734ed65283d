package ingest_test

import (
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

// Times are in milliseconds; 90 ticks of PTS are one. Each row is one second of units and what it must tell, in microseconds.
func TestTiming(t *testing.T) {
	picture := func(epoch int32, pts, arrival int64) *schemas.Feature {
		return &schemas.Feature{VideoFrame: &schemas.VideoFrame{Sampling: 1, Epoch: epoch, PTS: pts * 90, Arrival: arrival * 1000}}
	}
	sound := func(track int32, pts, arrival int64) *schemas.Feature {
		return &schemas.Feature{AudioBlock: &schemas.AudioBlock{Track: track, PTS: pts * 90, Arrival: arrival * 1000}}
	}
	number := func(n int32) *int32 { return &n }
	type second struct {
		happens []*schemas.Feature
		want    *schemas.Timing
	}
	alone := func(epoch int32, pts, arrival int64) *schemas.Feature {
		f := picture(epoch, pts, arrival)
		f.VideoFrame.Sampling = 0
		return f
	}
	for _, c := range []struct {
		name    string
		seconds []second
	}{
		{"nothing", []second{{nil, nil}}},
		{"one picture", []second{{[]*schemas.Feature{picture(0, 0, 5)}, nil}}},
		{"steady", []second{{[]*schemas.Feature{picture(0, 1000, 5), picture(0, 1040, 45), picture(0, 1080, 85)}, &schemas.Timing{}}}},
		// The second picture is 10 ms late, and so the third 10 ms early beside it: D is 10, -10 and 0.
		{"jitter", []second{{
			[]*schemas.Feature{picture(0, 1000, 0), picture(0, 1040, 50), picture(0, 1080, 80), picture(0, 1120, 120)},
			&schemas.Timing{PTSJitterMean: 6666, PTSJitterMax: 10_000},
		}}},
		// The pair that spans two seconds is the second one's; a second without pictures has none.
		{"over seconds", []second{
			{[]*schemas.Feature{picture(0, 1000, 0), picture(0, 1040, 40)}, &schemas.Timing{}},
			{[]*schemas.Feature{picture(0, 1080, 83)}, &schemas.Timing{PTSJitterMean: 3000, PTSJitterMax: 3000}},
			{nil, &schemas.Timing{}},
		}},
		{"new epoch", []second{{
			[]*schemas.Feature{picture(0, 1000, 0), picture(0, 1040, 40), picture(1, 900_000, 80), picture(1, 900_040, 121)},
			&schemas.Timing{PTSJitterMean: 500, PTSJitterMax: 1000},
		}}},
		// With the picture of 1040 ms comes sound up to 1080: 40 ms ahead. The next block comes with the next picture, of 1080, and ends at
		// 1180: 100 ms ahead, as it is beside the last picture, since both go on with the time.
		{"skew", []second{{
			[]*schemas.Feature{picture(0, 1000, 0), picture(0, 1040, 40), sound(1, 980, 40), picture(0, 1080, 80), sound(1, 1080, 80), picture(0, 1120, 120)},
			&schemas.Timing{SkewMin: number(40_000), SkewMax: number(100_000)},
		}}},
		// It is the sound of the lowest track that counts; a track below takes over when it comes.
		{"tracks", []second{
			{[]*schemas.Feature{picture(0, 1000, 0), picture(0, 1040, 40), sound(2, 980, 40), sound(3, 2000, 40)}, &schemas.Timing{SkewMin: number(40_000), SkewMax: number(40_000)}},
			{[]*schemas.Feature{sound(1, 990, 40), sound(2, 980, 40)}, &schemas.Timing{SkewMin: number(50_000), SkewMax: number(50_000)}},
		}},
		// Pictures decoded by themselves come out 80 ms sooner: they are no jitter, and no skew.
		{"key pictures only", []second{{
			[]*schemas.Feature{picture(0, 1000, 80), picture(0, 1040, 120), alone(0, 2000, 1000), sound(1, 1900, 1000), alone(0, 4000, 3000), picture(0, 4040, 3120), picture(0, 4080, 3160)},
			&schemas.Timing{SkewMin: number(80_000), SkewMax: number(80_000)},
		}}},
		{"far beyond", []second{{[]*schemas.Feature{picture(0, 0, 0), picture(0, 40, 9_000_000)}, &schemas.Timing{PTSJitterMean: 1<<31 - 1, PTSJitterMax: 1<<31 - 1}}}},
	} {
		var timing ingest.Timing
		for i, s := range c.seconds {
			for _, f := range s.happens {
				timing.Media(f)
			}
			if got := timing.Second(); !equal(got, s.want) {
				t.Errorf("%s: second %d: got %s, want %s", c.name, i, text(got), text(s.want))
			}
		}
	}
}
