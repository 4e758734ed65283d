package ingest_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/access"
	"github.com/framewatch/framewatch/schemas"
)

// What the settings do not let us read is our fault and no defect of the stream; the reason says what to configure, and no worker is started.
func TestNotToBeRead(t *testing.T) {
	t.Parallel()
	ours, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	address := ours.Addr().String()
	config := ingest.Defaults()
	config.Access.Directories, config.Access.Schemes = []string{t.TempDir()}, []string{"file", "http", "rtmp", "rtsp", "srt"}
	config.Policy = access.New(config.Access)
	config.Policy.Own("the console", address)
	config.Executable = "/nonexistent"
	outside := filepath.Join(t.TempDir(), "hunter2.ts")
	if err := os.WriteFile(outside, []byte("G"), 0o600); err != nil {
		t.Fatal(err)
	}
	edge, r := run(t, config, quiet())
	streams := map[string]struct{ url, reason string }{
		"https": {"https://h/?token=hunter2", "ingest.access.schemes has file, http, rtmp, rtsp, srt; add https to it"},
		"file":  {outside, "it does not lie in ingest.access.directories"},
		"http":  {"http://bob:hunter2@169.254.169.254/a.ts", "a link-local address"},
		"rtsp":  {"rtsp://bob:hunter2@169.254.169.254/a", "a link-local address"},
		"rtmp":  {"rtmp://[::ffff:169.254.169.254]/app/hunter2", "a link-local address"},
		"srt":   {"srt://169.254.169.254:9000?passphrase=hunter2hunter2", "a link-local address"},
		"ours":  {"rtsp://bob:hunter2@" + address + "/a", "the console is there"},
	}
	for id, c := range streams {
		edge.Set(id, &schemas.StreamSpec{URL: c.url})
	}
	for id, c := range streams {
		s := r.second(t, id, ingest.Fault, c.reason)
		if strings.Contains(s.Reason, "hunter2") || s.Restarts != 0 {
			t.Errorf("%s: %+v", id, *s)
		}
	}
}
