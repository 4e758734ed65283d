package ingest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest"
)

// Each row is one second: what happens in it, and what its StreamSecond must tell.
func TestStatus(t *testing.T) {
	begin := time.Unix(1000, 0)
	s := ingest.NewStatus("", begin)
	now := begin
	picture := func() { s.Media(frame(0, 0, 0, 0), now, false) }
	for i, c := range []struct {
		happens       func()
		state, reason string
	}{
		{func() {}, ingest.Starting, ""},
		{func() { s.Trouble(ingest.Down, "connection refused") }, ingest.Down, "connection refused"},
		{func() {}, ingest.Down, "connection refused"},
		{picture, ingest.Up, ""},
		{func() {}, ingest.Up, ""},                                           // connected and silent for 1.5 s
		{func() {}, ingest.Down, "no pictures and no"},                       // for 2.5 s
		{func() { picture(); s.Trouble(ingest.Down, "404") }, ingest.Up, ""}, // presented in this second
		{func() {}, ingest.Down, "404"},
		{picture, ingest.Up, ""},
		{func() { s.Trouble(ingest.Fault, "worker died"); picture() }, ingest.Fault, "worker died"}, // also when it is back at once
		{picture, ingest.Up, ""},
		// It dies; another begins at once, and nothing comes from the source.
		{func() { s.Trouble(ingest.Fault, "worker died"); s.Retried(true, now) }, ingest.Fault, "worker died"},
		{func() {}, ingest.Fault, "worker died"},
		{func() {}, ingest.Down, "nothing has come from the source for 2 s"},
		{picture, ingest.Up, ""},
		// It dies again and again.
		{func() {
			s.Trouble(ingest.Fault, "worker died")
			s.Retried(true, now)
			s.Trouble(ingest.Fault, "died again")
		}, ingest.Fault, "died again"},
		{func() {}, ingest.Fault, "died again"},
		{func() {}, ingest.Fault, "died again"},
	} {
		now = now.Add(500 * time.Millisecond)
		c.happens()
		now = now.Add(500 * time.Millisecond)
		got := s.Second(now)
		if got.State != c.state || !strings.HasPrefix(got.Reason, c.reason) || (c.reason == "") != (got.Reason == "") {
			t.Errorf("second %d: %s %q, want %s %q", i, got.State, got.Reason, c.state, c.reason)
		}
		if got.Seq != int64(i) || got.At != int64(i+1)*1_000_000 || got.Session != begin.UnixMicro() {
			t.Errorf("second %d: %+v", i, *got)
		}
	}
}

// A picture that lasts is presented for as long as it does, up to the longest step of a timeline.
func TestStatusLongPicture(t *testing.T) {
	begin := time.Unix(1000, 0)
	s := ingest.NewStatus("", begin)
	long := frame(0, 0, 0, 0)
	long.VideoFrame.Duration = 4 * 90000
	s.Media(long, begin, false)
	for second, want := range []string{ingest.Up, ingest.Up, ingest.Up, ingest.Up, ingest.Up, ingest.Down} { // 4 s and 2 s of grace
		if got := s.Second(begin.Add(time.Duration(second+1) * time.Second)).State; got != want {
			t.Errorf("second %d: %s, want %s", second, got, want)
		}
	}
}

// What a worker cannot decode is told where it may be the reason that nothing, or only sound, is presented.
func TestStatusRefusal(t *testing.T) {
	begin := time.Unix(1000, 0)
	s := ingest.NewStatus("", begin)
	now := begin
	refused := func(reason string) { s.Progress(ingest.Progress{Refused: reason}, now, false) }
	for i, c := range []struct {
		happens       func()
		state, reason string
	}{
		{func() { s.Begin(now); refused("too large") }, ingest.Starting, "too large"},
		{func() { s.Media(block(0, 0, 0, 0, 0), now, false) }, ingest.Up, "too large"},
		{func() { s.Media(block(0, 0, 0, 0, 0), now, false); s.Media(frame(0, 0, 0, 0), now, false) }, ingest.Up, ""},
		{func() {}, ingest.Up, ""}, // within the grace
		{func() { refused("too large") }, ingest.Down, "no pictures and no sound for 2 s: too large"},
		{func() { refused("") }, ingest.Down, "no pictures and no sound for 3 s"},
		{func() { refused("too large"); s.Begin(now) }, ingest.Down, "no pictures and no sound for 4 s"},
	} {
		now = now.Add(500 * time.Millisecond)
		c.happens()
		now = now.Add(500 * time.Millisecond)
		if got := s.Second(now); got.State != c.state || got.Reason != c.reason {
			t.Errorf("second %d: %s %q, want %s %q", i, got.State, got.Reason, c.state, c.reason)
		}
	}
}

func TestStatusSessionsGrow(t *testing.T) {
	now := time.Unix(1000, 0)
	s := ingest.NewStatus("", now)
	first := s.Begin(now)
	if second := s.Begin(now.Add(-time.Hour)); second <= first || first <= now.UnixMicro() {
		t.Errorf("sessions %d, %d, %d do not grow", now.UnixMicro(), first, second)
	}
	if got := s.Second(now.Add(-time.Hour + time.Second)); got.Seq != 0 || got.At != 1_000_000 {
		t.Errorf("a new session's first second: %+v", *got)
	}
}
