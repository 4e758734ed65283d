package catalogue

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

var unknownField = regexp.MustCompile(`^line (\d+): field (\S+) not found in type (\S+)$`)

// IsUnknownKey tells whether one of the messages of a yaml.TypeError is of a key that does not exist.
func IsUnknownKey(message string) bool { return unknownField.MatchString(message) }

// Explain rewrites yaml's "field x not found in type T" into words for people: the unknown key and the nearest known one. v is what was decoded onto.
func Explain(err error, v any) error {
	var typeError *yaml.TypeError
	if !errors.As(err, &typeError) {
		return err
	}
	keys := map[string][]string{}
	collectKeys(reflect.TypeOf(v), keys)
	lines := make([]string, len(typeError.Errors))
	for i, e := range typeError.Errors {
		lines[i] = e
		if m := unknownField.FindStringSubmatch(e); m != nil {
			lines[i] = fmt.Sprintf("line %s: unknown key %q%s", m[1], m[2], Suggest(m[2], keys[m[3]]))
		}
	}
	return errors.New(strings.Join(lines, "; "))
}

// collectKeys lists the YAML keys of every struct type below t, by the type's name as yaml's errors print it.
func collectKeys(t reflect.Type, keys map[string][]string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array:
		collectKeys(t.Elem(), keys)
	case reflect.Struct:
		if _, seen := keys[t.String()]; !seen {
			keys[t.String()] = nil
			keys[t.String()] = keysOf(t, keys)
		}
	}
}

func keysOf(t reflect.Type, keys map[string][]string) []string {
	var own []string
	for f := range fields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
		case strings.Contains(options, "inline"):
			own = append(own, keysOf(f.Type, keys)...)
		case name != "":
			own = append(own, name)
			collectKeys(f.Type, keys)
		default:
			own = append(own, strings.ToLower(f.Name))
			collectKeys(f.Type, keys)
		}
	}
	return own
}

func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}
