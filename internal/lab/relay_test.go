package lab_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// echo answers every connection with what it is sent.
func echo(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go io.Copy(c, c)
		}
	}()
	return listener.Addr().String()
}

func startRelay(t *testing.T, network, target string) *lab.Relay {
	r, err := lab.NewRelay(network, target, 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- r.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("relay ended: %v", err)
		}
	})
	return r
}

func dial(t *testing.T, network, address string) net.Conn {
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// exchange sends data and returns as much of what comes back.
func exchange(t *testing.T, c net.Conn, data []byte) []byte {
	t.Helper()
	if _, err := c.Write(data); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(data))
	if _, err := io.ReadFull(c, got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestRelayOfConnections(t *testing.T) {
	r := startRelay(t, "tcp", echo(t))
	small, large := []byte("small"), bytes.Repeat([]byte{7}, 4096)
	c := dial(t, "tcp", r.Address)
	for _, data := range [][]byte{small, large} {
		if got := exchange(t, c, data); !bytes.Equal(got, data) {
			t.Errorf("forwarding: %d bytes came back changed", len(data))
		}
	}
	r.Corrupt(true)
	if got := exchange(t, c, small); !bytes.Equal(got, small) {
		t.Error("corrupt: a small message was changed")
	}
	if got := exchange(t, c, large); bytes.Equal(got, large) || !bytes.Equal(got[:512], large[:512]) {
		t.Error("corrupt: want a large message changed, and not in front")
	}
	r.Corrupt(false)

	r.Set(lab.Stalled)
	if _, err := c.Write(small); err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Error("stalled: something came")
	}
	c.SetReadDeadline(time.Now().Add(patience))
	r.Set(lab.Forwarding)
	if _, err := io.ReadFull(c, make([]byte, len(small))); err != nil {
		t.Errorf("after the stall: %v, want what was held back", err)
	}

	r.Set(lab.Broken)
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("broken: the connection stands")
	}
	if n, err := dial(t, "tcp", r.Address).Read(make([]byte, 1)); n > 0 || err == nil {
		t.Error("broken: a new connection is served")
	}
	r.Set(lab.Forwarding)
	if got := exchange(t, dial(t, "tcp", r.Address), small); !bytes.Equal(got, small) {
		t.Error("mended: what came back was changed")
	}
}

func TestRelayOfDatagrams(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		buffer := make([]byte, 2048)
		for {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			server.WriteTo(buffer[:n], from)
		}
	}()
	r := startRelay(t, "udp", server.LocalAddr().String())
	c := dial(t, "udp", r.Address)
	if got := exchange(t, c, []byte("one")); string(got) != "one" {
		t.Errorf("got %q back, want one", got)
	}
	// What comes in an outage is lost, and nothing of it comes afterwards.
	for _, state := range []lab.RelayState{lab.Stalled, lab.Broken} {
		r.Set(state)
		c.Write([]byte("two"))
		c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if n, err := c.Read(make([]byte, 8)); err == nil {
			t.Errorf("state %d: %d bytes came", state, n)
		}
		c.SetReadDeadline(time.Now().Add(patience))
		r.Set(lab.Forwarding)
		if got := exchange(t, c, []byte("six")); string(got) != "six" {
			t.Errorf("after state %d: got %q, want six", state, got)
		}
	}
}
