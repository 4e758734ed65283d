package ingest_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/media"
	"github.com/framewatch/framewatch/ingest/sandbox"
	"github.com/framewatch/framewatch/schemas"
)

func frame(session int64, epoch int32, seq, at int64) *schemas.Feature {
	return &schemas.Feature{VideoFrame: &schemas.VideoFrame{Session: session, Epoch: epoch, Seq: seq, At: at}}
}

func block(session int64, epoch, track int32, seq, at int64) *schemas.Feature {
	return &schemas.Feature{AudioBlock: &schemas.AudioBlock{Session: session, Epoch: epoch, Track: track, Seq: seq, At: at,
		Channels: []schemas.Channel{{KEnergy: []byte{0, 0, 0, 1}, Energy: []byte{3}}}}}
}

func TestWireRoundTrip(t *testing.T) {
	want := []ingest.Message{
		{Feature: frame(5, 1, 2, 3)},
		{Feature: block(5, 1, 4, 0, 7)},
		{Picture: &ingest.Picture{At: 12, JPEG: []byte("jpeg")}},
		{Progress: &ingest.Progress{Received: 9, Taken: 8}},
		{Feature: &schemas.Feature{Inventory: &schemas.Inventory{Session: 5, Version: 1, Container: "mpegts", Tracks: []schemas.Track{{Kind: "data"}}}}},
		{End: &ingest.Ending{Reason: "end of file", Failed: true}},
	}
	var pipe bytes.Buffer
	s := ingest.NewSender(&pipe)
	all := []media.Coding{{Track: 1, Video: true, Codec: 27, ExtraData: []byte{0, 0, 1}}}
	if err := s.Codings(all); err != nil {
		t.Fatal(err)
	}
	if err := s.Packet(5, &media.Packet{Track: 258, PTS: 90000, DTS: media.NoTime, Duration: 3600, Key: true, Video: true, Data: []byte("data")}); err != nil {
		t.Fatal(err)
	}
	for i, m := range want {
		var err error
		switch {
		case m.Feature != nil:
			err = s.Record(m.Feature)
		case m.Picture != nil:
			err = s.Picture(*m.Picture)
		case m.Progress != nil:
			err = s.Progress(*m.Progress)
		default:
			err = s.End(*m.End)
		}
		if err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	r := ingest.NewReceiver(&pipe)
	m, err := r.Next()
	if err != nil || m.Codings == nil || !m.Codings.Video || m.Codings.Body[0] != 2 {
		t.Errorf("the codings: %+v, %v", m.Codings, err)
	}
	if m, err = r.Next(); err != nil || m.Packet == nil {
		t.Fatalf("the packet: %+v, %v", m, err)
	}
	// 0, 0, 0, 0, 0, 1, 95, 144 is 90000, 14, 16 is 3600, 1, 2 is 258, 3 is key and video.
	body := "\x00\x00\x00\x00\x00\x00\x00\x05" + "\x00\x00\x00\x00\x00\x01\x5f\x90" + "\x80\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x0e\x10" + "\x01\x02" + "\x03" + "data"
	if want := (ingest.Packet{Body: []byte(body), At: 5, Lasts: 40_000, Key: true, Video: true}); !reflect.DeepEqual(*m.Packet, want) {
		t.Errorf("the packet: %+v, want %+v", *m.Packet, want)
	}
	var got []ingest.Message
	for range want {
		m, err := r.Next()
		if err != nil {
			t.Fatalf("message %d: %v", len(got), err)
		}
		got = append(got, m)
	}
	// Compared only now: nothing may share memory with a later message.
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("message %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the last: %v, want EOF", err)
	}
}

// A picture's record is written with what came before it, unless the last was a moment ago; sound waits for the next picture where there are any;
// whatever waits goes with the progress, and before it becomes much.
func TestWireWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pipe bytes.Buffer
		s := ingest.NewSender(&pipe)
		packet := func(size int) func() error {
			return func() error { return s.Packet(0, &media.Packet{Data: make([]byte, size)}) }
		}
		record := func(f *schemas.Feature) func() error { return func() error { return s.Record(f) } }
		picture, sound := record(frame(0, 0, 0, 0)), record(block(0, 0, 0, 0, 0))
		for i, c := range []struct {
			after time.Duration // the one before
			send  func() error
			want  int // messages that are written
		}{
			{0, packet(10), 0},
			{0, picture, 2},
			{39 * time.Millisecond, sound, 0},
			{time.Millisecond, packet(10), 0},
			{0, picture, 0},
			{40 * time.Millisecond, picture, 4},
			{44 * time.Millisecond, picture, 0},
			{time.Millisecond, picture, 2},
			{89 * time.Millisecond, sound, 0},
			{time.Millisecond, sound, 2}, // there are no pictures
			{0, packet(60 << 10), 0},
			{0, packet(4 << 10), 2},
			{0, picture, 0},
			{0, func() error { return s.Progress(ingest.Progress{}) }, 2},
		} {
			time.Sleep(c.after)
			if err := c.send(); err != nil {
				t.Fatal(err)
			}
			n := 0
			for r := ingest.NewReceiver(bytes.NewReader(pipe.Bytes())); ; n++ {
				if _, err := r.Next(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatalf("message %d: %v", i, err)
				}
			}
			if n != c.want {
				t.Errorf("with message %d, %d are written, want %d", i, n, c.want)
			}
			pipe.Reset()
		}
	})
}

func TestWireRefuses(t *testing.T) {
	head := func(kind byte, length uint32) string {
		return string(binary.BigEndian.AppendUint32([]byte{kind}, length))
	}
	for name, c := range map[string]struct{ pipe, want string }{
		"an unknown kind":              {head('X', 0), "kind 0x58"},
		"a length beyond the bound":    {head('R', 1<<31), "longer than"},
		"a body cut short":             {head('R', 9) + "1234", "cut short"},
		"a record that is none":        {head('R', 3) + "abc", "too few"},
		"a picture without instant":    {head('P', 7) + "1234567", "too few"},
		"progress that is no JSON":     {head('S', 2) + "{]", "invalid"},
		"a packet without data's head": {head('K', 34) + strings.Repeat("x", 34), "too few"},
		"a packet beyond 8 MiB":        {head('K', 8<<20+1), "longer than"},
		"empty codings":                {head('D', 0), "empty"},
		"a record with bytes to spare": {head('R', 7) + string([]byte{0, 0, 0, 0, 1, 0, 0}), "unknown"},
	} {
		_, err := ingest.NewReceiver(strings.NewReader(c.pipe)).Next()
		if err == nil || errors.Is(err, io.EOF) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
	}
}

// FuzzReceiver feeds the supervisor what a broken or hostile worker may send: no panic, no message larger than its bound, and nothing that the
// guard lets pass is of another session, goes back, lies beyond what can be, or counts what nobody can have counted.
func FuzzReceiver(f *testing.F) {
	var pipe bytes.Buffer
	s := ingest.NewSender(&pipe)
	for _, r := range []*schemas.Feature{frame(0, 0, 0, 0), block(0, 0, 0, 0, 0), {Inventory: &schemas.Inventory{}}, {Tick: &schemas.Tick{}}} {
		if err := errors.Join(s.Record(r), s.Flush()); err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(pipe.Bytes()))
	}
	pipe.Reset()
	s.Picture(ingest.Picture{At: 1, JPEG: []byte{0xff}})
	s.Codings([]media.Coding{{Video: true}})
	s.Packet(1, &media.Packet{Data: []byte{1}})
	s.Place(ingest.Place{Round: 1, Offset: 188})
	s.Progress(ingest.Progress{Received: 1, Refused: "track 1"})
	s.Probe([]sandbox.Attempt{{}})
	s.End(ingest.Ending{Reason: "end", Refused: "track 1"})
	f.Add(pipe.Bytes())
	for _, wild := range []func(v *schemas.VideoFrame){
		func(v *schemas.VideoFrame) { v.At = 1 << 62 }, func(v *schemas.VideoFrame) { v.Skipped = 1<<31 - 1 }, func(v *schemas.VideoFrame) { v.Seq = -1 },
	} {
		pipe.Reset()
		r := frame(0, 0, 0, 0)
		wild(r.VideoFrame)
		s.Record(r)
		s.Flush()
		f.Add(bytes.Clone(pipe.Bytes()))
	}
	f.Fuzz(func(t *testing.T, pipe []byte) {
		r := ingest.NewReceiver(bytes.NewReader(pipe))
		g := ingest.NewGuard(0, nil)
		p := passed{tracks: map[int32]int64{}, seq: -1, most: int64(len(pipe))}
		for {
			m, err := r.Next()
			if err != nil {
				return
			}
			p.message(t, m)
			switch {
			case m.Picture != nil && g.Picture(m.Picture) == nil:
				p.instant(t, "a picture", m.Picture.At)
			case m.Packet != nil && g.Packet(m.Packet) == nil:
				p.instant(t, "a packet", m.Packet.At)
			case m.Feature != nil && g.Record(m.Feature) == nil:
				p.record(t, m.Feature)
			}
		}
	})
}

// passed is what a guard has let pass offline, looked at by other means than its own.
type passed struct {
	// seq of the pictures and at of all so far, and by sound track its last seq.
	seq, furthest int64
	tracks        map[int32]int64
	// most is how long the pipe's content is: what was kept of it cannot be larger.
	most int64
}

// message checks what was kept of the pipe.
func (p *passed) message(t *testing.T, m ingest.Message) {
	kept := len(m.Clip)
	if m.Picture != nil {
		kept = len(m.Picture.JPEG)
	}
	if m.Packet != nil {
		kept = len(m.Packet.Body)
		if m.Packet.Lasts < 0 || m.Packet.Lasts > 10_000_000 {
			t.Fatalf("a packet lasts %d us", m.Packet.Lasts)
		}
	}
	if m.Progress != nil {
		kept = len(m.Progress.Refused)
	}
	if m.End != nil {
		kept = len(m.End.Reason) + len(m.End.Refused)
	}
	// A byte that is no UTF-8 becomes one of three bytes.
	if most := min(3*p.most, 8<<20); int64(kept) > most {
		t.Fatalf("%d bytes were kept of %d", kept, p.most)
	}
}

func (p *passed) instant(t *testing.T, what string, at int64) {
	if at < 0 || at > p.furthest+60_000_000 {
		t.Fatalf("%s at %d passed after %d", what, at, p.furthest)
	}
	p.furthest = max(p.furthest, at)
}

func (p *passed) record(t *testing.T, f *schemas.Feature) {
	const counted = 10_000
	switch v, b, i := f.VideoFrame, f.AudioBlock, f.Inventory; {
	case v != nil:
		if v.Session != 0 || v.Epoch < 0 || v.Seq <= p.seq || v.Skipped < 0 || v.Skipped > counted || v.Duration < 0 || v.Duration > 900_000 || v.Sampling < 0 || v.Sampling > counted {
			t.Fatalf("after %d a picture passed: %+v", p.seq, *v)
		}
		p.seq = v.Seq
		p.instant(t, "a picture", v.At)
	case b != nil:
		last, known := p.tracks[b.Track]
		if b.Session != 0 || b.Epoch < 0 || b.Track < 0 || b.Track > 255 || b.Seq < 0 || known && b.Seq <= last || b.Skipped < 0 || b.Skipped > counted || b.Samples < 0 {
			t.Fatalf("after %d sound passed: %+v", last, *b)
		}
		p.tracks[b.Track] = b.Seq
		p.instant(t, "sound", b.At)
	case i != nil:
		if i.Session != 0 || i.Version < 0 || len(i.Tracks) > 256 {
			t.Fatalf("an inventory passed: %+v", *i)
		}
		p.instant(t, "an inventory", i.At)
	default:
		t.Fatalf("a worker got away with %+v", f)
	}
}

func TestGuard(t *testing.T) {
	now := func() int64 { return 1_000_000 }
	bad := func(f *schemas.Feature, change func(*schemas.VideoFrame)) *schemas.Feature {
		change(f.VideoFrame)
		return f
	}
	for _, c := range []struct {
		name    string
		records []*schemas.Feature // all but the last are right
		want    string             // empty: the last is right too
	}{
		{"in order", []*schemas.Feature{frame(7, 0, 0, 0), frame(7, 0, 1, 40000), frame(7, 1, 3, 40000)}, ""},
		{"tracks apart", []*schemas.Feature{frame(7, 0, 5, 90000), block(7, 0, 1, 0, 80000), block(7, 0, 2, 0, 0)}, ""},
		{"another session", []*schemas.Feature{frame(8, 0, 0, 0)}, "session"},
		{"epoch back", []*schemas.Feature{frame(7, 1, 0, 0), block(7, 0, 1, 0, 0)}, "epoch"},
		{"seq again", []*schemas.Feature{frame(7, 0, 0, 0), frame(7, 0, 0, 0)}, "seq"},
		{"at back", []*schemas.Feature{frame(7, 0, 0, 40000), frame(7, 0, 1, 39999)}, "goes back"},
		{"15 s ahead of the wall", []*schemas.Feature{frame(7, 0, 0, 16_000_000)}, ""},
		{"more than that", []*schemas.Feature{frame(7, 0, 0, 16_000_001)}, "later than"},
		{"before the session", []*schemas.Feature{frame(7, 0, 0, -1)}, "goes back"},
		{"negative skip", []*schemas.Feature{bad(frame(7, 0, 0, 0), func(v *schemas.VideoFrame) { v.Skipped = -1 })}, "skips"},
		{"not a worker's to make", []*schemas.Feature{{StreamSecond: &schemas.StreamSecond{Session: 7}}}, "none that a worker"},
		{"inventory of another session", []*schemas.Feature{{Inventory: &schemas.Inventory{Session: 6}}}, "inventory"},
	} {
		g := ingest.NewGuard(7, now)
		for i, r := range c.records {
			err := g.Record(r)
			if last := i == len(c.records)-1; last && c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: %v, want an error with %q", c.name, err, c.want)
				}
			} else if err != nil {
				t.Errorf("%s: record %d: %v", c.name, i, err)
			}
		}
	}
}

func TestGuardOffline(t *testing.T) {
	g := ingest.NewGuard(0, nil)
	if err := g.Record(frame(0, 0, 0, 60_000_000)); err != nil {
		t.Errorf("a minute ahead: %v", err)
	}
	if err := g.Record(frame(0, 0, 1, 120_000_001)); err == nil {
		t.Error("more than a minute ahead of all before: no error")
	}
	if err := g.Picture(&ingest.Picture{At: 5}); err != nil {
		t.Error(err)
	}
	if err := g.Picture(&ingest.Picture{At: 4}); err == nil {
		t.Error("a picture that goes back: no error")
	}
}
