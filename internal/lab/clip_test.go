package lab_test

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/internal/lab"
)

// clips is the folder of the clips.
const clips = "../../testdata/clips"

func TestClipsAreAsInTheirSource(t *testing.T) {
	listed := manifest(t)
	for path, sum := range listed {
		data, err := os.ReadFile(filepath.Join(clips, path))
		if err != nil {
			t.Error(err)
			continue
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != sum {
			t.Errorf("%s: SHA-256 is %s, the manifest says %s", path, got, sum)
		}
	}
	for _, c := range lab.Clips {
		if _, ok := listed[c.Path]; !ok {
			t.Errorf("clip %s: %s is not in the manifest", c.Name, c.Path)
		}
	}
}

func TestClipsAreListedAndSmall(t *testing.T) {
	var total int64
	listed := manifest(t)
	err := filepath.WalkDir("../../testdata", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		total += info.Size()
		rel, err := filepath.Rel(clips, path)
		if err != nil || strings.HasPrefix(rel, "..") || strings.HasPrefix(rel, "LICENSES/") || rel == "README.md" || rel == "manifest.tsv" {
			return err
		}
		if _, ok := listed[rel]; !ok {
			t.Errorf("%s: no line in the manifest says whose it is", rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if total >= 25e6 {
		t.Errorf("testdata holds %d bytes, want less than 25 MB", total)
	}
}

// manifest gives the SHA-256 of each listed file by path.
func manifest(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(clips, "manifest.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sums := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 11 {
			t.Fatalf("manifest: %d fields in %q, want 11", len(fields), lines.Text())
		}
		if fields[0] != "path" {
			sums[fields[0]] = fields[5]
		}
	}
	return sums
}
