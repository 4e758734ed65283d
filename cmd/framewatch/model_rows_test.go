package main

import (
	"path/filepath"
	"testing"
)

// What was measured of a clip is found again wherever its bytes are the same, and not when another clip has come to stand there.
func TestRecordsAreKeptByTheClipsBytes(t *testing.T) {
	directory := t.TempDir()
	kept := func(name, content string) string {
		t.Helper()
		file := filepath.Join(directory, name)
		writeText(t, file, content)
		path, err := keptRecords(file)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	first := kept("a.ts", "one")
	if again := kept("b.ts", "one"); again != first {
		t.Errorf("the same bytes are kept as %s, and were as %s", again, first)
	}
	if other := kept("a.ts", "two"); other == first {
		t.Errorf("other bytes are kept as the first were, %s", other)
	}
	if _, err := keptRecords(filepath.Join(directory, "none")); err == nil {
		t.Error("a clip that is not there is kept")
	}
}
