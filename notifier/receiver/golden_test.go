package receiver_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

// update writes the bodies of requests anew: go test ./notifier/receiver -update. What changes then changes for whoever reads them.
var update = flag.Bool("update", false, "write the bodies of requests anew")

// golden compares body with the file of that name in testdata. JSON is compared with its keys in order, a line each.
func golden(t *testing.T, name string, body []byte) {
	t.Helper()
	if filepath.Ext(name) == ".json" {
		var value any
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			t.Fatalf("%s: %v in %s", name, err, body)
		}
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(value); err != nil {
			t.Fatal(err)
		}
		body = text.Bytes()
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(body, want) {
		t.Errorf("%s: the body is\n%s\nwant\n%s", name, body, want)
	}
}
