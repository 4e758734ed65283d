package peer

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// Port is one of loopback that nothing uses, of TCP and UDP.
func Port(t testing.TB) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		l.Close()
		if c, err := net.ListenPacket("udp", fmt.Sprint("127.0.0.1:", port)); err == nil {
			c.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// EvenPort is one of loopback that nothing uses, of UDP, as is the one above it: RTP's.
func EvenPort(t testing.TB) int {
	t.Helper()
	for {
		a, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		port := a.LocalAddr().(*net.UDPAddr).Port
		if b, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", port+1)); err == nil && port%2 == 0 {
			b.Close()
			return port
		}
	}
}

// Listening waits until that many sockets receive datagrams at the port.
func Listening(t testing.TB, port, sockets int) {
	t.Helper()
	for guard := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		open := 0
		for _, table := range []string{"/proc/thread-self/net/udp", "/proc/thread-self/net/udp6"} {
			text, err := os.ReadFile(table)
			if err != nil {
				t.Fatal(err)
			}
			open += strings.Count(string(text), fmt.Sprintf(":%04X 0", port))
		}
		if open >= sockets {
			return
		}
		if time.Now().After(guard) {
			t.Fatalf("%d sockets listen at port %d, want %d", open, port, sockets)
		}
	}
}
