package source_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/framewatch/framewatch/ingest/source"
)

// confined tells the test's own program, executed again, what to open and which peer it is confined to.
const confined = "FRAMEWATCH_TEST_CONFINED"

// An RTSP server that leads libav elsewhere, to another host or port, leads it nowhere; and the name by which it was asked for is the URL's.
func TestConfine(t *testing.T) {
	if given := os.Getenv(confined); given != "" {
		open(strings.Fields(given))
		return
	}
	other := newTeller(t, "RTSP/1.0 404 Not Found\r\nCSeq: %s\r\n\r\n")
	server := newTeller(t, "RTSP/1.0 302 Found\r\nCSeq: %s\r\nLocation: rtsp://"+other.address+"/inner\r\n\r\n")
	_, port, _ := net.SplitHostPort(server.address)
	named := "rtsp://camera.invalid:" + port + "/live"
	for _, c := range []struct {
		url, host, address  string
		asked, otherIsAsked bool
	}{
		{"rtsp://" + server.address + "/live", "", "", true, true}, // without Confine: so the others below tell something
		{"rtsp://" + server.address + "/live", "127.0.0.1", "127.0.0.1", true, false},
		{named, "camera.invalid", "127.0.0.1", true, false},
		{"rtsp://" + server.address + "/live", "camera.invalid", "127.0.0.2", false, false},
		{"rtsp://" + other.address + "/live", "127.0.0.1", "127.0.0.1", false, false}, // another port
		{named, "-", "", false, false},                                                // nothing may be reached, as with a pipe
	} {
		server.take()
		other.take()
		cmd := exec.Command(os.Args[0], "-test.run=^TestConfine$")
		cmd.Env = append(os.Environ(), confined+"="+strings.Join([]string{c.url, c.host, c.address, port}, " "))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		asked, otherAsked := server.take(), other.take()
		if (len(asked) > 0) != c.asked || (len(otherAsked) > 0) != c.otherIsAsked {
			t.Errorf("%+v: the server was asked %q, the other %q", c, asked, otherAsked)
		}
		if c.asked && !strings.Contains(asked[0], c.url) {
			t.Errorf("%s: asked for %q", c.url, asked[0])
		}
	}
}

// open opens a URL, confined to host and address when they are given: URL [host address] port.
func open(given []string) {
	switch port, _ := strconv.Atoi(given[len(given)-1]); len(given) {
	case 3:
		source.Confine(source.Peer{})
	case 4:
		source.Confine(source.Peer{Host: given[1], Address: given[2], Port: port})
	}
	if d, err := source.Open(context.Background(), source.Input{Path: given[0]}); err == nil {
		d.Close()
	}
}

// teller answers each request with the same text, in which its number stands for %s, and keeps the requests' first lines.
type teller struct {
	address string
	mu      sync.Mutex
	asked   []string
}

func newTeller(t *testing.T, answer string) *teller {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s := &teller{address: listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn, answer)
		}
	}()
	return s
}

func (s *teller) serve(conn net.Conn, answer string) {
	defer conn.Close()
	first, number := "", ""
	for in := bufio.NewScanner(conn); in.Scan(); {
		line := in.Text()
		if first == "" {
			first = line
		}
		if after, ok := strings.CutPrefix(line, "CSeq: "); ok {
			number = after
		}
		if line == "" {
			s.mu.Lock()
			s.asked = append(s.asked, first)
			s.mu.Unlock()
			fmt.Fprintf(conn, answer, number)
			first = ""
		}
	}
}

// take is what was asked for since it was called last.
func (s *teller) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.asked
	s.asked = nil
	return taken
}
