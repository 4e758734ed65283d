// Package catalogue turns a unit's name into the unit and lays the user's options onto its exported fields.
package catalogue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Catalogue is the list of the units of one room: name to constructor. The constructor sets the defaults.
type Catalogue[T any] map[string]func() T

// Names of the units, sorted.
func (c Catalogue[T]) Names() []string {
	names := make([]string, 0, len(c))
	for name := range c {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// New makes the unit called name and decodes options, a YAML or JSON mapping or nothing, onto its exported fields. An unknown name or
// option is an error that suggests the nearest known one.
func (c Catalogue[T]) New(name string, options []byte) (T, error) {
	var none T
	make, ok := c[name]
	if !ok {
		return none, fmt.Errorf("%q is unknown%s", name, Suggest(name, c.Names()))
	}
	unit := make()
	if len(options) > 0 {
		decoder := yaml.NewDecoder(bytes.NewReader(options))
		decoder.KnownFields(true)
		if err := decoder.Decode(unit); err != nil && !errors.Is(err, io.EOF) {
			return none, fmt.Errorf("options of %s: %w", name, Explain(err, unit))
		}
	}
	if v, ok := any(unit).(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return none, fmt.Errorf("options of %s: %w", name, err)
		}
	}
	return unit, nil
}

// Suggest is the end of an error message: ", did you mean X?" when a known name is near, else the list of them.
func Suggest(name string, known []string) string {
	best, distance := "", (len(name)+1)/2+1
	for _, k := range known {
		if d := editDistance(strings.ToLower(name), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf(", did you mean %q?", best)
	}
	return fmt.Sprintf(" (known: %s)", strings.Join(known, ", "))
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
