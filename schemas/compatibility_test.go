package schemas_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/avro"

	"github.com/framewatch/framewatch/schemas"
)

// incompatible are the pairs of versions, from the first on, that do not read one another: each must read what older ones wrote (backward
// transitive), and with full what newer ones wrote as well.
func incompatible(t *testing.T, versions []string, full bool) (pairs []string) {
	t.Helper()
	parsed := make([]*avro.Schema, len(versions))
	for i, text := range versions {
		var err error
		if parsed[i], err = avro.Parse(text); err != nil {
			t.Fatal(err)
		}
	}
	for r, reader := range parsed {
		for w, writer := range parsed {
			if w > r && !full {
				continue
			}
			if err := avro.CheckCompatibility(writer, reader); err != nil {
				pairs = append(pairs, fmt.Sprintf("%d does not read %d: %v", r+1, w+1, err))
			}
		}
	}
	return pairs
}

// What the registry enforces where there is one holds without one: anyone may upgrade first in reading defects, and everything reads what stands on
// the log.
func TestVersionsAreCompatible(t *testing.T) {
	for _, k := range schemas.All() {
		var texts []string
		for _, v := range schemas.Versions(k.Text) {
			texts = append(texts, v.Text)
		}
		if pairs := incompatible(t, texts, k.Name == schemas.DefectEvents.Name); len(pairs) > 0 {
			t.Errorf("%s: %s", k.Name, strings.Join(pairs, "\n"))
		}
	}
}

// What the test above would say of changes that break one direction or both.
func TestIncompatibleVersionsAreTold(t *testing.T) {
	today := schemas.DefectEvents.Text()
	for _, test := range []struct {
		name           string
		change         func([]any) []any
		backward, full int
	}{
		{"a field with a default", with(map[string]any{"name": "area", "type": []any{"null", "double"}, "default": nil}), 0, 0},
		{"a field without one", with(map[string]any{"name": "area", "type": "double"}), 1, 1},
		{"a field without a default is gone", without("kind"), 0, 1},
		{"a wider type", func(fields []any) []any { fields[1].(map[string]any)["type"] = "long"; return fields }, 0, 1},
	} {
		versions := []string{today, edited(t, today, test.change)}
		if got := incompatible(t, versions, false); len(got) != test.backward {
			t.Errorf("%s: backward, %d pairs are told, want %d: %q", test.name, len(got), test.backward, got)
		}
		if got := incompatible(t, versions, true); len(got) != test.full {
			t.Errorf("%s: full, %d pairs are told, want %d: %q", test.name, len(got), test.full, got)
		}
	}
}
