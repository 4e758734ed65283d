package check_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
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

// TestTheChartsCopies holds the files that the chart must have within itself to their originals.
func TestTheChartsCopies(t *testing.T) {
	originals := map[string]string{"../../prometheus/rules.yml": chart + "/files/rules.yml"}
	dashboards, err := filepath.Glob("../../grafana/dashboards/*.json")
	if err != nil || len(dashboards) == 0 {
		t.Fatalf("there are no dashboards: %v", err)
	}
	for _, d := range dashboards {
		originals[d] = chart + "/files/dashboards/" + filepath.Base(d)
	}
	for original, file := range originals {
		want, err := os.ReadFile(original)
		if err != nil {
			t.Fatal(err)
		}
		hold(t, file, want)
	}
	copies, err := filepath.Glob(chart + "/files/dashboards/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range copies {
		if !slices.Contains(dashboards, "../../grafana/dashboards/"+filepath.Base(c)) {
			t.Errorf("%s has no original", c)
		}
	}
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
