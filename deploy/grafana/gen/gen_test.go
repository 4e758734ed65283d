package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestDashboardsAreGenerated(t *testing.T) {
	const folder = "../dashboards"
	var want []string
	for _, b := range boards {
		want = append(want, b.file())
		text, err := b.json()
		if err != nil {
			t.Fatal(err)
		}
		if there, err := os.ReadFile(filepath.Join(folder, b.file())); err != nil || !bytes.Equal(there, text) {
			t.Errorf("%s is not what is generated (%v): run go generate ./deploy/grafana/gen", b.file(), err)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(want, e.Name()) {
			t.Errorf("%s is in the folder, and no dashboard is written to it", e.Name())
		}
	}
}
