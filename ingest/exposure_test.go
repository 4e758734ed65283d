package ingest_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

func TestExposures(t *testing.T) {
	dir := t.TempDir()
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, nil))
	var exposures ingest.Exposures
	for _, c := range []struct {
		name string
		mode os.FileMode
		warn bool
	}{{"open", 0o644, true}, {"group", 0o640, false}, {"own", 0o600, false}, {"executable", 0o711, false}} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte("hunter2"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil { // whatever the umask is
			t.Fatal(err)
		}
		link := path + "-link"
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		for _, spelling := range []string{path, dir + "/./" + c.name, link, filepath.Join(dir, "none")} {
			exposures.Check(log, spelling)
		}
		if got := strings.Count(logged.String(), "file="+path+" mode=0644 remedy=\"chmod o-rwx "+path+"\""); (got == 1) != c.warn || strings.Count(logged.String(), "\n") != 1 {
			t.Errorf("%s: %d warnings of it in all of\n%s", c.name, got, &logged)
		}
	}
}

// An edge warns of a file once, however many streams refer to it and however often they are tried.
func TestExposedSecretFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte("hunter2hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	t.Run("edge", func(t *testing.T) {
		edge, r := run(t, ingest.Defaults(), slog.New(slog.NewTextHandler(&logged, nil)))
		for _, id := range []string{"a", "b"} {
			edge.Set(id, &schemas.StreamSpec{URL: "http://bob:${file:" + path + "}@127.0.0.1:1/"})
		}
		for _, id := range []string{"a", "b"} {
			reconnected(t, r, id)
		}
	})
	if got := strings.Count(logged.String(), "chmod o-rwx "+path); got != 1 || strings.Contains(logged.String(), "hunter2") {
		t.Errorf("%d warnings, want one, and no secret:\n%s", got, &logged)
	}
}
