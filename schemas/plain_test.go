package schemas_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/schemas"
)

// TestPlain: each golden record is read under the names of its schema, with nothing of how Avro writes unions, and can be written as JSON.
func TestPlain(t *testing.T) {
	contract := schemas.Baked()
	generic := schemas.NewGeneric(contract)
	texts := map[string]string{}
	for _, g := range goldens() {
		src, err := g.encode(contract)
		if err != nil {
			t.Fatal(err)
		}
		record, value, err := generic.Plain(src)
		if err != nil {
			t.Fatalf("%s: %v", g.name, err)
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatalf("%s: %v", g.name, err)
		}
		for _, branch := range []string{`"framewatch.`, `{"int":`, `{"long":`, `{"string":`, `{"array":`, `{"boolean":`} {
			if strings.Contains(string(text), branch) {
				t.Errorf("%s still has %s", g.name, branch)
			}
		}
		texts[g.name] = record + " " + string(text)
	}
	for name, want := range map[string]string{
		"features-tick":          `Tick {"generation":`,
		"features-stream-second": `"transport":{"`,
		"models":                 `"weights":"`,
		"features-audio-block":   `AudioBlock {"arrival":`,
		"streams":                `StreamSpec {"`,
		"features-inventory":     `"tracks":[{"audio":{"channels":`,
	} {
		if !strings.Contains(texts[name], want) {
			t.Errorf("%s is %s, want %s in it", name, texts[name], want)
		}
	}
	if _, _, err := generic.Plain([]byte{0, 1, 2}); err == nil {
		t.Error("three bytes are a value")
	}
}
