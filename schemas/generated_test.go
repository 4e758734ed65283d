package schemas_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Each struct is what go generate makes of its schema, and no struct is left of a schema that is gone.
func TestGeneratedCodeIsFresh(t *testing.T) {
	fresh := t.TempDir()
	if out, err := exec.Command("go", "run", "./gen", fresh).CombinedOutput(); err != nil {
		t.Fatalf("go run ./gen: %v\n%s", err, out)
	}
	want, got := generated(t, fresh), generated(t, ".")
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("%s is not what its schema says: run go generate ./schemas", name)
		}
	}
	for name := range got {
		if want[name] == nil {
			t.Errorf("%s has no schema", name)
		}
	}
}

func generated(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*_gen.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no generated code in %s (%v)", folder, err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		if files[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
