package schemas_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os/exec"
	"reflect"
	"slices"
	"testing"

	"github.com/framewatch/framewatch/internal/venv"
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
	command := exec.Command(venv.Python(t, "testdata/requirements.txt"), "testdata/read.py")
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
