package check_test

import (
	"bytes"
	"os"
	"testing"
)

// renderings are the manifests for who does not use Helm, and the values that they are made of.
var renderings = []struct {
	file   string
	values []string
}{
	{"../default.yaml", nil},
	{"../everything.yaml", []string{"testdata/everything.yaml"}},
}

// TestManifestsAreTheChart holds what is committed to what the chart makes.
func TestManifestsAreTheChart(t *testing.T) {
	for _, r := range renderings {
		want := append([]byte("# Made of deploy/helm/framewatch by `make kube`; do not edit.\n"), mustTemplate(t, "{}", r.values...)...)
		hold(t, r.file, want)
	}
}

// hold compares a file with what it ought to be, or makes it so.
func hold(t *testing.T, file string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what it is made of: run make kube and look at the difference", file)
	}
}
