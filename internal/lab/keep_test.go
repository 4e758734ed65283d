package lab_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/framewatch/framewatch/internal/lab"
)

// A file that is kept is another file: who has opened the old one reads that to its end.
func TestKeepReplacesWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kept")
	if err := lab.Keep(file, []byte("old")); err != nil {
		t.Fatal(err)
	}
	old, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := lab.Keep(file, []byte("new and longer")); err != nil {
		t.Fatal(err)
	}
	var seen [20]byte
	n, _ := old.Read(seen[:])
	now, err := os.ReadFile(file)
	if string(seen[:n]) != "old" || string(now) != "new and longer" || err != nil {
		t.Errorf("the old one reads as %q, the new one as %q: %v", seen[:n], now, err)
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if len(entries) != 1 || err != nil {
		t.Errorf("the directory has %d files: %v", len(entries), err)
	}
}
