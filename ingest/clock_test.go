package ingest_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/media"
)

const (
	picture25 = 3600 // one picture at 25 a second, 90 kHz
	wrap      = 1 << 33
	none      = media.NoTime
)

// unit is one call of Stamp and what it must say.
type unit struct {
	track    int
	pts, now int64
	want     ingest.Instant
}

func TestClockStamp(t *testing.T) {
	const video, audio = 0, 1
	for _, c := range []struct {
		name  string
		mode  ingest.Mode
		units []unit
	}{
		{"40 ms a picture from the first", ingest.Offline, []unit{
			{video, 900000, 0, ingest.Instant{PTS: 900000, At: 0, Fresh: true}},
			{video, 903600, 0, ingest.Instant{PTS: 903600, At: 40000}},
			{video, 907200, 0, ingest.Instant{PTS: 907200, At: 80000}},
		}},
		{"the wrap of 33 bits is no break", ingest.Offline, []unit{
			{video, wrap - 3600, 0, ingest.Instant{PTS: wrap - 3600, At: 0, Fresh: true}},
			{video, 0, 0, ingest.Instant{PTS: wrap, At: 40000}},
			{audio, wrap - 1800, 0, ingest.Instant{PTS: wrap - 1800, At: 20000, Fresh: true}},
			{video, 3600, 0, ingest.Instant{PTS: wrap + 3600, At: 80000}},
			{audio, 1800, 0, ingest.Instant{PTS: wrap + 1800, At: 60000}},
		}},
		{"back by more than 100 ms: an epoch right after the end, 40 + 40 ms", ingest.Offline, []unit{
			{video, 100000, 0, ingest.Instant{PTS: 100000, At: 0, Fresh: true}},
			{video, 103600, 0, ingest.Instant{PTS: 103600, At: 40000}},
			{video, 50000, 0, ingest.Instant{PTS: 50000, At: 80000, Epoch: 1, Fresh: true}},
			{video, 53600, 0, ingest.Instant{PTS: 53600, At: 120000, Epoch: 1}},
		}},
		{"back by 100 ms or less: time stands still", ingest.Offline, []unit{
			{video, 100000, 0, ingest.Instant{PTS: 100000, At: 0, Fresh: true}},
			{video, 109000, 0, ingest.Instant{PTS: 109000, At: 100000, Missing: 9000 - 3600}},
			{video, 100000, 0, ingest.Instant{PTS: 100000, At: 100000, Missing: -9000 - 3600}},
		}},
		{"ahead by 10 s is a gap, by one tick more an epoch", ingest.Offline, []unit{
			{video, 0, 0, ingest.Instant{PTS: 0, At: 0, Fresh: true}},
			{video, 900000, 0, ingest.Instant{PTS: 900000, At: 10000000, Missing: 900000 - 3600}},
			{video, 1800001, 0, ingest.Instant{PTS: 1800001, At: 10040000, Epoch: 1, Fresh: true}},
		}},
		{"sound that jumps after the picture joins its epoch", ingest.Offline, []unit{
			{video, 0, 0, ingest.Instant{PTS: 0, At: 0, Fresh: true}},
			{audio, 0, 0, ingest.Instant{PTS: 0, At: 0, Fresh: true}},
			{video, 9000000, 0, ingest.Instant{PTS: 9000000, At: 40000, Epoch: 1, Fresh: true}},
			{audio, 3600, 0, ingest.Instant{PTS: 3600, At: 40000, Epoch: 1}},
			{video, 9003600, 0, ingest.Instant{PTS: 9003600, At: 80000, Epoch: 1}},
			{audio, 9003600, 0, ingest.Instant{PTS: 9003600, At: 80000, Epoch: 1, Fresh: true}},
		}},
		{"units without a time stamp follow each other", ingest.Offline, []unit{
			{video, none, 0, ingest.Instant{PTS: 0, At: 0, Fresh: true}},
			{video, none, 0, ingest.Instant{PTS: 3600, At: 40000}},
			{video, 7200, 0, ingest.Instant{PTS: 7200, At: 80000}},
			{audio, none, 0, ingest.Instant{PTS: 7200, At: 80000, Fresh: true}},
		}},
		{"live: a burst gets its arrival, then the picture after it 40 ms", ingest.Live, []unit{
			{video, 0, 300000, ingest.Instant{PTS: 0, At: 300000, Fresh: true}},
			{video, 3600, 301000, ingest.Instant{PTS: 3600, At: 301000}},   // 340000 was ahead by 39000
			{video, 7200, 302000, ingest.Instant{PTS: 7200, At: 302000}},   // and so on
			{video, 10800, 345000, ingest.Instant{PTS: 10800, At: 342000}}, // 302000 + 40000: came 3 ms late
		}},
		{"paced: begins now, and again when a new epoch comes after a pause", ingest.Paced, []unit{
			{video, 0, 250000, ingest.Instant{PTS: 0, At: 250000, Fresh: true}},
			{video, 90000000, 300000, ingest.Instant{PTS: 90000000, At: 290000, Epoch: 1, Fresh: true}}, // 10 ms late: right after the end
			{video, 0, 900000, ingest.Instant{PTS: 0, At: 900000, Epoch: 2, Fresh: true}},               // 570 ms late: now
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := ingest.NewClock(c.mode)
			for i, u := range c.units {
				if got := clock.Stamp(u.track, u.pts, picture25, u.now); got != u.want {
					t.Errorf("unit %d: got %+v, want %+v", i, got, u.want)
				}
			}
		})
	}
}

func TestClockRestartContinues(t *testing.T) {
	c := ingest.NewClock(ingest.Offline)
	c.Stamp(0, 0, picture25, 0)
	c.Stamp(1, 0, 9000, 0) // sound ends later than the picture: at 100 ms
	c.Restart()
	if got, want := c.Stamp(0, 0, picture25, 0), (ingest.Instant{PTS: 0, At: 100000, Epoch: 1, Fresh: true}); got != want {
		t.Errorf("picture: got %+v, want %+v", got, want)
	}
	if got, want := c.Stamp(1, 1800, 9000, 0), (ingest.Instant{PTS: 1800, At: 120000, Epoch: 1, Fresh: true}); got != want {
		t.Errorf("sound: got %+v, want %+v", got, want)
	}
}

func TestClockChangeKeepsTheLine(t *testing.T) {
	c := ingest.NewClock(ingest.Offline)
	c.Change() // before the first unit there is nothing to break
	c.Stamp(0, 0, picture25, 0)
	c.Change()
	if got, want := c.Stamp(0, 7200, picture25, 0), (ingest.Instant{PTS: 7200, At: 80000, Epoch: 1, Missing: 3600}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestClockHold(t *testing.T) {
	for _, c := range []struct {
		name    string
		mode    ingest.Mode
		at, now int64
		want    time.Duration
	}{
		{"offline never waits", ingest.Offline, 9_000_000, 0, 0},
		{"paced waits for its time", ingest.Paced, 1_040_000, 1_000_000, 40 * time.Millisecond},
		{"paced and late", ingest.Paced, 1_000_000, 1_040_000, 0},
		{"live and a second ahead", ingest.Live, 2_000_000, 1_000_000, 0},
		{"live and further ahead is not live", ingest.Live, 2_000_001, 1_000_000, 1_000_001 * time.Microsecond},
	} {
		if got := ingest.NewClock(c.mode).Hold(c.at, c.now); got != c.want {
			t.Errorf("%s: waits %v, want %v", c.name, got, c.want)
		}
	}
}

// A file behind an HTTP server gives ten seconds of media in a tenth of a second: after five it is no live burst.
func TestClockLongBurstIsPaced(t *testing.T) {
	c := ingest.NewClock(ingest.Live)
	for i := int64(0); i < 250; i++ {
		at := c.Stamp(0, i*picture25, picture25, i*400).At
		// Each picture is 40 - 0.4 ms further ahead: 126 steps are 4.99 s, 127 are 5.03.
		if held := c.Hold(at, i*400) > 0; held != (i >= 127) {
			t.Fatalf("picture %d at %d, now %d: held is %v", i, at, i*400, held)
		}
	}
}

// The source's clock runs 50 ppm fast or slow for a day, each picture comes up to 100 ms late at random.
func TestClockFollowsDrift(t *testing.T) {
	for _, ppm := range []float64{-50, 0, 50} {
		c := ingest.NewClock(ingest.Live)
		jitter := uint32(1)
		var last int64
		for i := int64(0); i < 24*3600*25; i++ {
			jitter = jitter*1664525 + 1013904223
			came := int64(float64(i)*40000*(1+ppm/1e6)) + int64(jitter>>16)*100000/65536
			out := c.Stamp(0, i*picture25%wrap, picture25, came)
			c.Hold(out.At, came)
			c.Presented(came-out.At, 0, came)
			if out.At < last || out.Epoch != 0 {
				t.Fatalf("%v ppm: picture %d at %d after %d, epoch %d", ppm, i, out.At, last, out.Epoch)
			}
			if step := out.At - last; i > 50 && (step < 39959 || step > 40041) {
				t.Fatalf("%v ppm: step of %d us to picture %d: more than 0.1 %% from 40000", ppm, step, i)
			}
			last = out.At
			// The earliest of a window of 250 pictures is at most a few milliseconds after its true time.
			if ideal := int64(float64(i) * 40000 * (1 + ppm/1e6)); i > 500 && (out.At-ideal < -10000 || out.At-ideal > 20000) {
				t.Fatalf("%v ppm: picture %d is %d us off", ppm, i, out.At-ideal)
			}
		}
	}
}

// Everything is 3.1 s late for a whole window: the clock is set again, with an epoch.
func TestClockLateForLong(t *testing.T) {
	for _, c := range []struct {
		late  int64
		epoch int32
	}{{3_100_000, 1}, {2_900_000, 0}} {
		clock := ingest.NewClock(ingest.Paced)
		clock.Stamp(0, 0, picture25, 0)
		var out ingest.Instant
		for i := int64(1); i <= 252; i++ { // a window is 10 s: 250 steps
			now := i*40000 + c.late
			out = clock.Stamp(0, i*picture25, picture25, now)
			clock.Presented(now-out.At, 0, now)
		}
		if out.Epoch != c.epoch {
			t.Errorf("late by %d us: epoch %d, want %d", c.late, out.Epoch, c.epoch)
		}
		if at := 252*40000 + c.late; c.epoch == 1 && out.At != at {
			t.Errorf("set again: at %d, want now, %d", out.At, at)
		}
	}
}

// A segmented source whose data waits 13 s to be presented runs ahead: presentation quickens by at most a thousandth, down to 3 s.
func TestClockPacedCatchesUp(t *testing.T) {
	c := ingest.NewClock(ingest.Paced)
	now := c.Stamp(0, 0, picture25, 0).At
	for i := int64(1); i <= 25*3600*4; i++ {
		at := c.Stamp(0, i*picture25, picture25, now).At
		if at-now < 39959 || at-now > 40000 {
			t.Fatalf("picture %d: step of %d us", i, at-now)
		}
		now = at // held until then
		ahead := i*40000 - now
		c.Presented(0, 13_000_000-ahead, now)
		if i == 25*3600*4 && (ahead < 9_900_000 || ahead > 10_000_000) {
			t.Errorf("after four hours it has gained %d us, want the 10 s", ahead)
		}
	}
}

// Whatever the time stamps do, instants of a track and epochs never decrease and nothing is before the session.
func TestClockNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := ingest.NewClock(rapid.SampledFrom([]ingest.Mode{ingest.Offline, ingest.Live, ingest.Paced}).Draw(t, "mode"))
		last := map[int]int64{}
		var epoch int32
		var pts, now int64
		for i := range rapid.IntRange(1, 200).Draw(t, "units") {
			track := rapid.IntRange(0, 2).Draw(t, "track")
			switch rapid.IntRange(0, 19).Draw(t, "turn") {
			case 0:
				pts = rapid.Int64Range(0, wrap-1).Draw(t, "jump")
			case 1:
				c.Restart()
			case 2:
				c.Change()
			default:
				pts += rapid.Int64Range(-5000, 20000).Draw(t, "step")
			}
			now += rapid.Int64Range(0, 500000).Draw(t, "passed")
			stamp := (pts + wrap) % wrap
			if rapid.IntRange(0, 19).Draw(t, "bare") == 0 {
				stamp = none
			}
			out := c.Stamp(track, stamp, rapid.Int64Range(0, 9000).Draw(t, "duration"), now)
			if out.At < last[track] || out.At < 0 || out.Epoch < epoch {
				t.Fatalf("unit %d of track %d: %+v after at %d, epoch %d", i, track, out, last[track], epoch)
			}
			last[track], epoch = out.At, out.Epoch
			c.Hold(out.At, now)
			c.Presented(now-out.At, rapid.Int64Range(0, 20_000_000).Draw(t, "waited"), now)
		}
	})
}

// What a packet is expected at is what its picture is then stamped with, as long as nothing breaks; asking changes nothing.
func TestClockExpect(t *testing.T) {
	const video, audio = 0, 1
	c := ingest.NewClock(ingest.Paced)
	expect := func(what string, track int, pts, now, want int64) {
		t.Helper()
		if got := c.Expect(track, pts, now); got != want {
			t.Errorf("%s: expected at %d, want %d", what, got, want)
		}
	}
	expect("before anything", video, 900000, 70, 70)
	c.Stamp(video, 900000, picture25, 100)
	expect("one picture on", video, 903600, 200, 40100)
	expect("one back, within 100 ms", video, 896400, 200, 0)
	expect("sound on the same line", audio, 901800, 200, 20100)
	expect("sound of another timeline", audio, 9000000, 200, 40100)
	expect("a picture of another timeline, long after the end", video, 9000000, 50000, 50000)
	expect("no time stamp", video, none, 200, 40100)
	if got := c.Stamp(video, 903600, picture25, 200); got.At != 40100 || got.Epoch != 0 {
		t.Errorf("stamped %+v, want 40100", got)
	}
	expect("the longest step that is no break, 10 s", video, 903600+900000, 200, 10000200)
	c.Restart()
	expect("after a restart", video, 907200, 200, 80100)
}
