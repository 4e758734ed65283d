package schemas_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"syscall"
	"testing"

	"github.com/framewatch/framewatch/schemas"
)

// The contract is not only for Go: fastavro reads each golden record as what stands beside it.
func TestGoldenRecordsAreReadByPython(t *testing.T) {
	type record struct {
		Name   string `json:"name"`
		Schema string `json:"schema"`
		Value  string `json:"value"`
	}
	var records []record
	for _, g := range goldens() {
		value, _ := read(t, g.name)
		i := slices.IndexFunc(schemas.All(), func(k schemas.Known) bool { return k.Name == g.schema })
		records = append(records, record{g.name, schemas.All()[i].Text, hex.EncodeToString(value)})
	}
	request, err := json.Marshal(records)
	if err != nil {
		t.Fatal(err)
	}
	var complaint bytes.Buffer
	command := exec.Command(python(t), "testdata/read.py")
	command.Stdin, command.Stderr = bytes.NewReader(request), &complaint
	out, err := command.Output()
	if err != nil {
		t.Fatalf("read.py: %v\n%s", err, &complaint)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(lines) != len(records) {
		t.Fatalf("read.py wrote %d lines for %d records", len(lines), len(records))
	}
	for i, line := range lines {
		_, want := read(t, records[i].Name)
		if !sameJSON(t, line, want) {
			t.Errorf("%s: fastavro reads\n%s\nwant\n%s", records[i].Name, line, want)
		}
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatalf("%v in %s", err, a)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return reflect.DeepEqual(x, y)
}

// python is an interpreter with testdata/requirements.txt installed, kept in the user's cache.
func python(t *testing.T) string {
	t.Helper()
	wanted, err := os.ReadFile("testdata/requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(cache, "framewatch", fmt.Sprintf("python-%x", sha256.Sum256(wanted))[:len("python-")+12])
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.Create(home + ".lock")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	interpreter, done := filepath.Join(home, "bin", "python"), filepath.Join(home, "done")
	if _, err := os.Stat(done); err == nil {
		return interpreter
	}
	for _, step := range [][]string{
		{"python3", "-m", "venv", "--clear", home},
		{interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", "testdata/requirements.txt"},
	} {
		if out, err := exec.Command(step[0], step[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", step, err, out)
		}
	}
	if err := os.WriteFile(done, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return interpreter
}
