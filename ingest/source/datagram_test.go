package source_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/framewatch/framewatch/ingest/source"
)

// What the kernel has no room for is counted, and in the place where it is missing.
func TestKernelDropsAreCounted(t *testing.T) {
	next, at, stop, err := source.Receiver()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	sender, err := net.Dial("udp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	const sent = 50
	for range sent {
		sender.Write(make([]byte, 1316))
	}
	b := make([]byte, 2000)
	came := 0
	for {
		if _, dropped, err := next(b); errors.Is(err, os.ErrDeadlineExceeded) {
			break
		} else if err != nil || dropped != 0 {
			t.Fatalf("datagram %d: %d dropped, %v", came, dropped, err)
		}
		came++
	}
	sender.Write(make([]byte, 1316))
	if _, dropped, err := next(b); err != nil || came == 0 || came+dropped != sent {
		t.Errorf("%d came, then %d are told to be dropped of %d: %v", came, dropped, sent, err)
	}
}

func TestFIFO(t *testing.T) {
	q := source.NewFIFO(10)
	for _, c := range []struct {
		data   string
		broken bool
		taken  bool
	}{{"abc", false, true}, {"def", false, true}, {"ghi", true, true}, {"xx", false, false}, {"j", false, true}} {
		if taken := q.Put([]byte(c.data), c.broken); taken != c.taken {
			t.Errorf("%s was taken: %v", c.data, taken)
		}
	}
	q.Close()
	got := ""
	for {
		h, ok := q.Take()
		if !ok {
			break
		}
		data, broken := h.Data()
		got += fmt.Sprintf("%s %v; ", data, broken)
		q.Back(data)
	}
	if want := "abcdef false; ghi true; j true; "; got != want { // xx is missing in front of j
		t.Errorf("got %s, want %s", got, want)
	}
}

// port is a UDP port of loopback that is free.
func port(t *testing.T) int {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}

// send repeats a datagram to a port of loopback until the test ends.
func send(t *testing.T, port int, datagram []byte) {
	t.Helper()
	c, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	var stopped atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !stopped.Load() {
			c.Write(datagram) // refused until somebody listens
			time.Sleep(time.Millisecond)
		}
	}()
	t.Cleanup(func() {
		stopped.Store(true)
		<-done
		c.Close()
	})
}

// What is no MPEG-TS is told as what it is, and gets nowhere.
func TestDatagramsRefused(t *testing.T) {
	ts := bytes.Repeat(append([]byte{0x47}, make([]byte, 187)...), 7)
	busy, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { busy.Close() })
	for name, c := range map[string]struct {
		scheme, address, options string
		datagram                 []byte
		want                     string
	}{
		"silence":             {"udp", "127.0.0.1", "", nil, "no datagrams for 200ms"},
		"nothing but noise":   {"udp", "127.0.0.1", "", bytes.Repeat([]byte{1, 2, 3}, 400), "there is no MPEG-TS in the datagrams: they begin with 01 02 03"},
		"RTP to udp":          {"udp", "127.0.0.1", "", append([]byte{0x80, 33, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 188)...), "the URL must begin with rtp://"},
		"MPEG-TS to rtp":      {"rtp", "127.0.0.1", "", ts, "the URL must begin with udp://"},
		"only other senders":  {"udp", "127.0.0.1", "&sources=127.0.0.2", ts, "no datagrams for 200ms but"},
		"a blocked sender":    {"udp", "127.0.0.1", "&block=127.0.0.1", ts, "no datagrams for 200ms but"},
		"no such address":     {"udp", "192.0.2.77", "", nil, "cannot assign requested address"},
		"no such interface":   {"udp", "239.255.0.1", "&iface=none0", nil, "find interface \"none0\": there is none of that name"},
		"no interface has it": {"udp", "239.255.0.1", "&localaddr=192.0.2.77", nil, "this machine has no such address"},
		"taken":               {"udp", "127.0.0.1", fmt.Sprintf("&localport=%d", busy.LocalAddr().(*net.UDPAddr).Port), nil, "address already in use"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := port(t)
			if c.datagram != nil {
				send(t, p, c.datagram)
			}
			var w sink
			url := fmt.Sprintf("%s://%s:%d?timeout=200000%s", c.scheme, c.address, p, c.options)
			err := source.Fetch(t.Context(), source.Request{URL: url}, &w, &source.Meter{})
			if err == nil || !strings.Contains(err.Error(), c.want) || len(w.String()) > 0 {
				t.Errorf("%s: %v, %d bytes written; want %s", url, err, len(w.String()), c.want)
			}
			if ours := strings.HasPrefix(name, "no ") || name == "taken"; errors.As(err, new(source.Unfit)) != ours {
				t.Errorf("%v is our own fault: %v, want %v", err, !ours, ours)
			}
			if silent := strings.Contains(c.want, "no datagrams"); errors.Is(err, source.ErrSilent) != silent {
				t.Errorf("%v is silence: %v, want %v", err, !silent, silent)
			}
		})
	}
}

// filling is a writer that cancels when it has enough.
type filling struct {
	bytes.Buffer
	enough int
	cancel func()
}

func (f *filling) Write(b []byte) (int, error) {
	if f.Buffer.Write(b); f.Len() >= f.enough {
		f.cancel()
	}
	return len(b), nil
}

// Packets of 188 and 204 bytes come through, in datagrams of whole packets and not.
func TestDatagramsPass(t *testing.T) {
	for _, c := range []struct {
		packet, datagram int
		unaligned        bool
	}{{188, 7 * 188, false}, {188, 188, false}, {204, 7 * 204, false}, {188, 1472, true}} {
		stream := bytes.Repeat(append([]byte{0x47}, make([]byte, c.packet-1)...), 400)
		p := port(t)
		ctx, cancel := context.WithCancel(t.Context())
		w := &filling{enough: 300 * c.packet, cancel: cancel}
		var m source.Meter
		done := make(chan error, 1)
		go func() {
			done <- source.Fetch(ctx, source.Request{URL: fmt.Sprintf("udp://127.0.0.1:%d", p)}, w, &m)
		}()
		conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", p))
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; ctx.Err() == nil; time.Sleep(100 * time.Microsecond) {
			n := min(c.datagram, len(stream)-at)
			if _, err := conn.Write(stream[at : at+n]); err == nil {
				at = (at + n) % len(stream)
			}
		}
		conn.Close()
		err = <-done
		d, _ := m.Datagrams()
		if !errors.Is(err, context.Canceled) || w.Bytes()[0] != 0x47 || (d.Unaligned > 0) != c.unaligned || d.RTP || d.Dropped != 0 || d.Buffer == 0 {
			t.Errorf("%+v: %v, begins with %x, %+v", c, err, w.Bytes()[0], d)
		}
		for at := 0; at < w.Len(); at += c.packet {
			if w.Bytes()[at] != 0x47 {
				t.Errorf("%+v: no packet at %d", c, at)
				break
			}
		}
	}
}

// gated is a writer that takes nothing before it is opened, and cancels after the datagram of that number. It notes where what is written does not go on.
type gated struct {
	bytes.Buffer
	opened chan struct{}
	last   int
	cancel func()
	breaks []int
}

func (g *gated) Write(data []byte) (int, error) {
	<-g.opened
	g.Buffer.Write(data)
	if numberOf(data[len(data)-7*188:]) == g.last {
		g.cancel()
	}
	return len(data), nil
}

func (g *gated) Discontinuity() { g.breaks = append(g.breaks, g.Len()) }

// numbered is a datagram with its number.
func numbered(n int) []byte {
	return bytes.Repeat(append([]byte{0x47, byte(n >> 8), byte(n)}, make([]byte, 185)...), 7)
}

func numberOf(datagram []byte) int { return int(datagram[1])<<8 | int(datagram[2]) }

// What comes while the worker is busy for too long is counted as lost by us, and where it is missing is told.
func TestDatagramsWhileBusy(t *testing.T) {
	const first, second = 400, 410
	p := port(t)
	ctx, cancel := context.WithCancel(t.Context())
	w := &gated{opened: make(chan struct{}), last: second, cancel: cancel}
	var m source.Meter
	done := make(chan error, 1)
	go func() {
		done <- source.Fetch(ctx, source.Request{URL: fmt.Sprintf("udp://127.0.0.1:%d?fifo_size=1", p)}, w, &m)
	}()
	conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", p))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	received := func() int64 {
		s, _ := m.Datagrams()
		return s.Received
	}
	send := func(from, to int) { // one after the other, so that the kernel loses none
		for n := from; n <= to; n++ {
			before := received()
			if _, err := conn.Write(numbered(n)); err != nil {
				t.Fatal(err)
			}
			for received() == before && ctx.Err() == nil {
				runtime.Gosched()
			}
		}
	}
	for listens := false; !listens; _, listens = m.Datagrams() {
		runtime.Gosched()
	}
	send(1, first)
	close(w.opened)
	for s, _ := m.Datagrams(); s.Dropped == 0; {
		t.Fatalf("of %d datagrams none was dropped: %+v", first, s)
	}
	send(first+1, second)
	<-done
	d, _ := m.Datagrams()
	missing, before := 0, 0
	gaps := []int{0}
	for at := 0; at < w.Len(); at += 7 * 188 {
		n := numberOf(w.Bytes()[at:])
		if n != before+1 {
			missing += n - before - 1
			gaps = append(gaps, at)
		}
		before = n
	}
	if int64(missing) != d.Dropped || missing == 0 || !slices.Equal(w.breaks, gaps) {
		t.Errorf("%d of %d are missing at %v, %d told at %v", missing, second, gaps, d.Dropped, w.breaks)
	}
}
