package feature_test

import (
	"testing"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/schemas"
)

// sampledOf gives the group of each of some pictures in a row, at those instants.
func sampledOf(scorer feature.Scorer, at []int64, frames ...*media.Frame) []*schemas.Sampled {
	v := feature.NewVideo()
	defer v.Close()
	v.Scorer = scorer
	var groups []*schemas.Sampled
	for i, f := range frames {
		out := &schemas.VideoFrame{At: at[i]}
		v.Measure(f, out)
		groups = append(groups, out.Sampled)
	}
	return groups
}

// The first readable picture of each second, from the first second that there is one on.
func TestOnePictureASecondIsSampled(t *testing.T) {
	good := draw(320, 180, flat(50))
	type step struct {
		at    int64
		frame *media.Frame
		reset bool
		want  bool
	}
	v := feature.NewVideo()
	defer v.Close()
	out := &schemas.VideoFrame{}
	for i, s := range []step{
		{at: 40_000, frame: good, want: true},
		{at: 80_000, frame: good},
		{at: 999_999, frame: good},
		{at: 1_000_000, frame: good, want: true},
		{at: 1_999_999, frame: good},
		{at: 2_000_000, frame: &media.Frame{}},
		{at: 2_040_000, frame: good, want: true},
		{at: 2_080_000, frame: good},
		{at: 2_120_000, frame: good, reset: true}, // a new epoch is no new second
		{at: 7_500_000, frame: good, want: true},
		{at: 7_900_000, frame: draw(340, 180, flat(50))},
		{at: 8_000_000, frame: draw(340, 180, flat(50)), reset: true, want: true},
	} {
		if s.reset {
			v.Reset()
		}
		out.At = s.at
		v.Measure(s.frame, out)
		if got := out.Sampled != nil; got != s.want {
			t.Errorf("picture %d, at %d: sampled %v, want %v", i, s.at, got, s.want)
		}
	}
}

// What a record was given stays as it is when further pictures are measured.
func TestSampledGroupIsItsOwn(t *testing.T) {
	step := func(right int) *media.Frame {
		return draw(320, 180, func(x, _ int) int { return choose(x < 160, 60, right) })
	}
	got := sampledOf(nil, []int64{0, 1_000_000}, step(61), step(60))
	if *got[0].Banding == 0 || *got[1].Banding != 0 || *got[0].BandingVersion != 1 {
		t.Errorf("got %s and %s, want banding in the first alone, version 1", describe(got[0]), describe(got[1]))
	}
}

func BenchmarkSampled1080p(b *testing.B) {
	for name, frame := range map[string]*media.Frame{
		"gradient": draw(1920, 1080, func(x, y int) int { return 40 + 60*(x+y)/3000 }),
		"texture":  draw(1920, 1080, func(x, y int) int { return 40 + (x*7+y*13)%151 }),
	} {
		for what, every := range map[string]int64{"sampled": 1_000_000, "not": 0} {
			b.Run(name+" "+what, func(b *testing.B) {
				v := feature.NewVideo()
				defer v.Close()
				out := &schemas.VideoFrame{}
				for b.Loop() {
					v.Measure(frame, out)
					out.At += every
				}
			})
		}
	}
}
