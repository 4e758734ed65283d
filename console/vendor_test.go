package console_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestVendor: what is taken from others, for the page and for its tests, is what VENDOR.json names, to the byte, with its licence; the page's modules import each other by path,
// so that there is one copy of each.
func TestVendor(t *testing.T) {
	const dir = "web/vendor"
	vendored := wantVendored(t, dir)
	wantVendored(t, axeDir)
	scripts, err := filepath.Glob("web/*.js")
	if err != nil {
		t.Fatal(err)
	}
	imports := regexp.MustCompile(`\b(?:from\s*|import\()"([^"]+)"`)
	for _, path := range append(scripts, vendored...) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range imports.FindAllSubmatch(content, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), string(m[1]))); m[1][0] != '.' || err != nil {
				t.Errorf("%s imports %q, which is no file beside it", path, m[1])
			}
		}
	}
}

// wantVendored wants the scripts and style sheets of a folder to be those of its VENDOR.json, and gives them.
func wantVendored(t *testing.T, dir string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "VENDOR.json"))
	if err != nil {
		t.Fatal(err)
	}
	var entries []struct{ File, Package, Version, Licence, Notice, SHA256 string }
	if err := json.Unmarshal(text, &entries); err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, e := range entries {
		named[e.File] = true
		content, err := os.ReadFile(filepath.Join(dir, e.File))
		if err != nil {
			t.Error(err)
			continue
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != e.SHA256 {
			t.Errorf("%s is not the one that VENDOR.json names: sha256 %x", e.File, sum)
		}
		if e.Package == "" || e.Version == "" || e.Licence == "" {
			t.Errorf("%s has no package, version or licence", e.File)
		}
		if _, err := os.Stat(filepath.Join(dir, e.Notice)); err != nil || e.Notice == "" {
			t.Errorf("%s: licence text: %v", e.File, err)
		}
	}
	vendored, err := filepath.Glob(dir + "/*s") // .js and .css
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range vendored {
		if !named[filepath.Base(path)] {
			t.Errorf("%s is not in VENDOR.json", path)
		}
	}
	return vendored
}
