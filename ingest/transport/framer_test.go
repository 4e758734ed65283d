package transport_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/framewatch/framewatch/ingest/transport"
)

// clean is the channel for a second: 50 steps of 8 packets, with nothing wrong.
func clean() []byte {
	var m mux
	m.channel(0, 1000, nil)
	return m.out.Bytes()
}

func TestSynchrony(t *testing.T) {
	stream := clean()
	spoil := func(packets ...int) []byte {
		b := bytes.Clone(stream)
		for _, p := range packets {
			b[p*188] = 0
		}
		return b
	}
	cases := []struct {
		name                   string
		stream                 []byte
		packets, losses, wrong int32
	}{
		{"clean", stream, 400, 0, 0},
		{"garbage in front", append(bytes.Repeat([]byte{0x47, 0, 0, 0, 0}, 200), stream...), 400, 0, 0},
		{"one wrong sync byte", spoil(100), 400, 0, 1},
		{"two, not in a row", spoil(100, 102), 400, 0, 2},
		// Of the second nothing is read: it is sought from there on.
		{"two in a row", spoil(100, 101), 399, 1, 2},
		{"twice two in a row", spoil(100, 101, 200, 201), 398, 2, 4},
		// 40 bytes are lost inside packet 10: packets 11 and 12 begin wrongly, and the next that is found is 12 as sent.
		{"bytes lost", append(bytes.Clone(stream[:1900]), stream[1940:]...), 399, 1, 2},
		{"four packets are none", stream[:4*188], 0, 0, 0},
		{"five are", stream[:5*188], 5, 0, 0},
		{"cut in the last packet", stream[:399*188+100], 399, 0, 0},
	}
	for _, c := range cases {
		m := transport.New()
		m.Write(c.stream)
		s, _ := m.Second(false, nil)
		if c.packets == 0 {
			if s != nil {
				t.Errorf("%s: %s", c.name, text(s))
			}
			continue
		}
		if s == nil || s.Packets != c.packets || s.SyncLosses != c.losses || s.SyncByteErrors != c.wrong || !*s.InSync {
			t.Errorf("%s: %s, want %d packets, %d losses, %d wrong", c.name, text(s), c.packets, c.losses, c.wrong)
		}
	}
}

// Packets may stand 192 or 204 bytes apart.
func TestStrides(t *testing.T) {
	for _, more := range []int{4, 16} {
		var b bytes.Buffer
		for p := range slices.Chunk(clean(), 188) {
			b.Write(p)
			b.Write(make([]byte, more))
		}
		m := transport.New()
		m.Write(b.Bytes())
		if s, _ := m.Second(false, nil); s == nil || s.Packets != 400 || s.SyncLosses != 0 || len(s.ContinuityErrors) != 0 {
			t.Errorf("%d bytes apart: %s", 188+more, text(s))
		}
	}
}

// However a damaged stream is cut, the same is told of it.
func TestCutAnywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	stream := append(bytes.Repeat([]byte{1, 0x47}, 300), clean()...)
	for range 30 {
		at := r.IntN(len(stream))
		stream = append(stream[:at:at], stream[min(at+r.IntN(300), len(stream)):]...)
	}
	whole := transport.New()
	whole.Write(stream)
	second, _ := whole.Second(false, nil)
	if second.SyncLosses < 10 {
		t.Fatalf("the stream is not damaged: %s", text(second))
	}
	for round := range 50 {
		m := transport.New()
		for rest := stream; len(rest) > 0; {
			n := min(1+r.IntN(1+r.IntN(2000)), len(rest))
			m.Write(rest[:n])
			rest = rest[n:]
		}
		if cut, _ := m.Second(false, nil); text(cut) != text(second) {
			t.Fatalf("round %d: cut\n%s\nwhole\n%s", round, text(cut), text(second))
		}
	}
}

// Other media is no transport stream, even when packets come in it later; a new stream is looked at anew.
func TestOtherMedia(t *testing.T) {
	m := transport.New()
	m.Write(make([]byte, 70_000))
	m.Write(clean())
	if s, _ := m.Second(false, nil); s != nil {
		t.Errorf("after 70 kB of zeros: %s", text(s))
	}
	m.Discontinuity()
	m.Write(clean())
	if s, _ := m.Second(false, nil); s == nil || s.Packets != 400 {
		t.Errorf("after a discontinuity: %s", text(s))
	}
	if s, _ := m.Second(false, nil); s != nil {
		t.Errorf("a second in which nothing came: %s", text(s))
	}
}

// While synchrony is lost a second has no packets, and says so.
func TestOutOfSync(t *testing.T) {
	m := transport.New()
	m.Write(clean())
	m.Second(false, nil)
	m.Write(make([]byte, 50_000))
	if s, _ := m.Second(false, nil); s == nil || s.Packets != 1 || s.SyncLosses != 1 || *s.InSync {
		t.Errorf("when it is lost: %s", text(s))
	}
	m.Write(make([]byte, 200_000))
	if s, _ := m.Second(false, nil); s == nil || s.Packets != 0 || s.SyncLosses != 0 || *s.InSync {
		t.Errorf("a second later: %s", text(s))
	}
	m.Write(clean())
	if s, _ := m.Second(false, nil); s == nil || s.Packets != 400 || !*s.InSync || len(s.ContinuityErrors) != 0 {
		t.Errorf("when it is back: %s", text(s))
	}
}
