package ingest_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/framewatch/framewatch/ingest"
)

func TestResolve(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("pa55\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	long, fifo := filepath.Join(t.TempDir(), "long"), filepath.Join(t.TempDir(), "fifo")
	if err := os.WriteFile(long, make([]byte, 20<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("EDGE_TEST_USER", "alice")
	t.Setenv("EDGE_TEST_EMPTY", "")
	for _, c := range []struct{ url, want, failure string }{
		{"http://host/live.ts", "http://host/live.ts", ""},
		{"http://${env:EDGE_TEST_USER}:${file:" + file + "}@host/", "http://alice:pa55@host/", ""},
		{"http://host/${env:EDGE_TEST_EMPTY}", "http://host/", ""},
		{"http://host/$%7Benv:A%7D/${other:A}", "http://host/$%7Benv:A%7D/${other:A}", ""},
		{"http://${env:EDGE_TEST_UNSET}@host/", "", "${env:EDGE_TEST_UNSET}"},
		{"http://${file:" + long + "}@host/", "", long + "}: the file has more than 16384 bytes"},
		{"http://${file:" + fifo + "}@host/", "", fifo + "}: this is no regular file"},
		{"http://${file:/dev/zero}@host/", "", "no regular file"},
		{"http://${env:EDGE_TEST_USER}:${file:/nonexistent}@host/", "", "${file:/nonexistent}"},
	} {
		at, err := ingest.Resolve(c.url)
		if c.failure != "" {
			if err == nil || !strings.Contains(err.Error(), c.failure) || strings.Contains(err.Error(), "alice") {
				t.Errorf("%s: %v, want an error that names %s and no value", c.url, err, c.failure)
			}
			continue
		}
		if err != nil || at.URL() != c.want {
			t.Errorf("%s: %q, %v; want %q", c.url, at.URL(), err, c.want)
		}
	}
}

func TestReason(t *testing.T) {
	t.Setenv("EDGE_TEST_SECRET", "hunter2")
	peer, err := ingest.Resolve("rtmp://bob:p%40ssword@host/live/key-1?token=f00dcafe&x=1")
	if err != nil {
		t.Fatal(err)
	}
	if got := peer.Reason("p@ssword, p%40ssword, key-1, f00dcafe, bob, 1"); got != "***, ***, ***, ***, bob, 1" {
		t.Errorf("got %q", got)
	}
	at, err := ingest.Resolve("http://host/${env:EDGE_TEST_SECRET}/live.ts")
	if err != nil {
		t.Fatal(err)
	}
	got := at.Reason("open http://host/hunter2/live.ts:\x1b[31m no\nsuch hunter2 \xff" + strings.Repeat("x", 400))
	if strings.Contains(got, "hunter2") || strings.ContainsAny(got, "\x1b\n") || !utf8.ValidString(got) || len(got) > 310 {
		t.Errorf("got %q", got)
	}
}
