package peer

import (
	_ "embed"
	"strconv"
	"strings"
	"testing"
)

//go:embed rtsp_server.py
var rtspServer string

// RTSP is GStreamer's RTSP server of a clip on a port, 0 for any; it returns the port. login is a user, a password and a file with a certificate.
func RTSP(t testing.TB, clip string, port int, login ...string) (*Peer, int) {
	t.Helper()
	arguments := append([]string{"-c", rtspServer, clip, strconv.Itoa(port)}, login...)
	p := Start(t, nil, "/usr/bin/python3", arguments...) // Debian's, whose packages these are
	port, err := strconv.Atoi(strings.TrimSpace(p.Says("\n")))
	if err != nil {
		t.Fatal(err)
	}
	return p, port
}
