package ingest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

// A worker that is told to measures one picture in four, then decodes key pictures only, then all again: every record says how it came about, none says
// that the source missed anything, and the seconds go on.
func TestThinned(t *testing.T) {
	t.Parallel()
	edge, r := run(t, ingest.Defaults(), quiet())
	// A key picture every 0.48 s, no sound.
	path := clip(t, 20, "clip.ts")
	silent := t.TempDir() + "/silent.ts"
	remux(t, path, silent, "-an")
	edge.Set("s", &schemas.StreamSpec{URL: silent})
	last := func(sampling int32, n int) func([]published) bool {
		return func(of []published) bool {
			f := frames(of)
			if len(f) < n {
				return false
			}
			for _, p := range f[len(f)-n:] {
				if p.VideoFrame.Sampling != sampling {
					return false
				}
			}
			return true
		}
	}
	r.wait(t, "s", "a second of all pictures", last(1, 30)) // two key pictures at least
	edge.Sample("s", 4)
	r.wait(t, "s", "one picture in four", last(4, 8))
	edge.Sample("s", 0)
	r.wait(t, "s", "key pictures only", last(0, 6))
	edge.Sample("s", 1)
	of := r.wait(t, "s", "all pictures again", last(1, 30))

	var before *schemas.VideoFrame
	alone := 0
	for _, p := range frames(of) {
		v := p.VideoFrame
		if v.Epoch != 0 || v.Flags&(1<<5) != 0 {
			t.Errorf("picture %d at %d is of epoch %d, flags %b: nothing was missing", v.Seq, v.At, v.Epoch, v.Flags)
		}
		if v.Grid == nil || v.Luma == nil || v.Hash == nil {
			t.Errorf("picture %d was not measured", v.Seq)
		}
		if before != nil && v.Seq != before.Seq+1+int64(v.Skipped) {
			t.Errorf("picture %d follows %d, with %d skipped", v.Seq, before.Seq, v.Skipped)
		}
		switch apart := before == nil || v.Sampling == 0; {
		case apart != (v.Difference == nil), apart != (v.Grid.Difference == nil), apart != (v.Detail.TI == nil), apart && v.Field != nil:
			t.Errorf("picture %d of sampling %d: difference %v, field %v", v.Seq, v.Sampling, v.Difference, v.Field)
		case !apart && v.Skipped > 0 && (v.Difference.Previous2 != nil || v.Field != nil):
			t.Errorf("picture %d, with %d skipped, is compared to the one before the last", v.Seq, v.Skipped)
		}
		switch {
		case v.Sampling == 4 && v.Skipped != 3, v.Sampling == 1 && v.Skipped != 0:
			t.Errorf("picture %d of sampling %d: %d skipped", v.Seq, v.Sampling, v.Skipped)
		case v.Sampling == 0:
			if alone++; alone > 1 && v.Flags&1 == 0 { // the first was decoded before
				t.Errorf("picture %d is no key picture", v.Seq)
			}
		}
		before = v
	}
	passed := int32(0)
	for i, p := range presented(of) {
		v := p.StreamSecond
		// What was passed over is told each half second.
		if i > 0 && (v.State != ingest.Up || v.FramesDecoded+*v.FramesPassed < 5 || v.FramesDecoded+*v.FramesPassed > 45) {
			t.Errorf("second %d: %s with %d decoded, %d passed", i, v.State, v.FramesDecoded, *v.FramesPassed)
		}
		passed += *v.FramesPassed
	}
	// Six key pictures 0.48 s apart: some 2.4 s, of which 23 in 25 pictures a second are passed over.
	if passed < 40 {
		t.Errorf("%d pictures were passed over", passed)
	}
}

// presented are the seconds from the first on that tells of pictures.
func presented(of []published) []published {
	all := seconds(of)
	return all[slices.IndexFunc(all, func(p published) bool { return p.StreamSecond.FramesDecoded > 0 }):]
}

// Where key pictures are too far apart to stand for the others, one picture in eight is measured, and at least one a second.
func TestThinnedWithoutKeys(t *testing.T) {
	t.Parallel()
	edge, r := run(t, ingest.Defaults(), quiet())
	path := clip(t, 20, "clip.ts")
	long := t.TempDir() + "/long.ts"
	transcode(t, path, long, "-an", "-c:v", "libx264", "-preset", "ultrafast", "-g", "1000", "-r", "5")
	edge.Set("s", &schemas.StreamSpec{URL: long})
	r.second(t, "s", ingest.Up, "")
	edge.Sample("s", 0)
	of := r.wait(t, "s", "four thinned pictures", func(of []published) bool {
		f := frames(of)
		return len(f) > 4 && f[len(f)-4].VideoFrame.Sampling == 8
	})
	f := frames(of)
	for _, p := range f[len(f)-4:] {
		// Five a second, so that one a second is four skipped.
		if v := p.VideoFrame; v.Sampling != 8 || v.Skipped != 4 || v.Difference == nil {
			t.Errorf("picture %d: sampling %d, %d skipped, difference %v", v.Seq, v.Sampling, v.Skipped, v.Difference)
		}
	}
	for _, s := range presented(of) {
		if v := s.StreamSecond; v.State != ingest.Up || *v.FramesPassed != 0 {
			t.Errorf("second %d: %s, %d passed over", v.Seq, v.State, *v.FramesPassed)
		}
	}
}

// What a worker tells of its lag is the least since it last told; without units it is for how long data has waited, and what comes late by itself is none.
func TestLag(t *testing.T) {
	waiting := int64(0)
	fetched, direct := ingest.NewLag(func() int64 { return waiting }), ingest.NewLag(nil)
	for _, c := range []struct {
		name  string
		lag   *ingest.Lag
		notes [][2]int64 // late, worked
		live  bool
		wait  int64
		now   int64
		want  int64
	}{
		{"no units", fetched, nil, true, 0, 500_000, 0},
		{"the least of them", fetched, [][2]int64{{300, 0}, {200, 0}, {900, 0}}, true, 700, 1_000_000, 200},
		{"data waits and no unit comes", fetched, nil, true, 400_000, 1_500_000, 400_000},
		{"early", fetched, [][2]int64{{-5000, 0}}, false, 0, 2_000_000, 0},
		{"a segment waits until its time", fetched, nil, false, 6_000_000, 2_500_000, 0},
		{"late and busy", direct, [][2]int64{{800_000, 200_000}, {700_000, 100_000}}, false, 0, 500_000, 700_000},
		{"late and idle", direct, [][2]int64{{800_000, 100_000}, {700_000, 100_000}}, true, 0, 1_000_000, 0},
	} {
		waiting = c.wait
		for _, n := range c.notes {
			c.lag.Note(n[0], n[1], c.live)
		}
		if got := c.lag.Tell(c.now); got != c.want {
			t.Errorf("%s: %d us, want %d", c.name, got, c.want)
		}
	}
}

// Pictures passed over are a sign of life and no outage; what a worker claims is bounded.
func TestStatusCountsPassedPictures(t *testing.T) {
	begin := time.Unix(1_700_000_000, 0)
	s := ingest.NewStatus("", begin)
	if v := s.Second(begin.Add(time.Second)); v.Sampling != nil || v.FramesPassed != nil {
		t.Errorf("without a worker the second tells %v, %v", v.Sampling, v.FramesPassed)
	}
	s.Begin(begin.Add(time.Second))
	s.Sampling(0)
	for n, c := range []struct {
		passed int64
		want   int32
		state  string
	}{{0, 0, ingest.Starting}, {25, 25, ingest.Up}, {50, 25, ingest.Up}, {50, 0, ingest.Up}, {50, 0, ingest.Down}, {40, 0, ingest.Down}, {1 << 62, 10_000, ingest.Up}} {
		now := begin.Add(time.Duration(n+2) * time.Second)
		s.Progress(ingest.Progress{Passed: c.passed}, now.Add(-100*time.Millisecond), false)
		if v := s.Second(now); v.State != c.state || *v.FramesPassed != c.want || *v.Sampling != 0 {
			t.Errorf("second %d: %s, %d passed over, sampling %d; want %s and %d", n, v.State, *v.FramesPassed, *v.Sampling, c.state, c.want)
		}
	}
}

// That a worker finds no time for what has come is our fault, and no outage of the source.
func TestStatusTellsOurSlownessFromAnOutage(t *testing.T) {
	begin := time.Unix(1_700_000_000, 0)
	for _, c := range []struct {
		name   string
		lag    int64
		silent time.Duration
		want   string
	}{
		{"the source gives nothing", 0, 0, ingest.Down},
		{"a little behind", 300_000, 0, ingest.Down},
		{"data waits for the decoder", 3_000_000, 0, ingest.Fault},
		{"the worker does not come to say", 0, 3 * time.Second, ingest.Fault},
	} {
		s := ingest.NewStatus("", begin)
		s.Begin(begin)
		s.Media(&schemas.Feature{VideoFrame: &schemas.VideoFrame{Sampling: 1}}, begin, false)
		s.Second(begin.Add(time.Second))
		now := begin.Add(10 * time.Second)
		s.Progress(ingest.Progress{Lag: c.lag}, now.Add(-c.silent), false)
		if v := s.Second(now); v.State != c.want {
			t.Errorf("%s: %s, want %s", c.name, v.State, c.want)
		}
	}
}
