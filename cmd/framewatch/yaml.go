package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/internal/catalogue"
)

// decodeStrict reads YAML onto v. Unknown and duplicate keys are errors with their line and a suggestion. References in scalars,
// ${env:NAME}, ${env:NAME:-default} and ${file:/path}, are replaced after parsing, once, except under the top-level keys in verbatim.
func decodeStrict(text []byte, v any, verbatim ...string) error {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return err
	}
	if len(document.Content) == 0 {
		return nil
	}
	if err := checkKeys(text, v); err != nil {
		return err
	}
	root := document.Content[0]
	for i := 0; i+1 < len(root.Content); i += 2 {
		if !slices.Contains(verbatim, root.Content[i].Value) {
			if err := expand(root.Content[i+1]); err != nil {
				return err
			}
		}
	}
	return suggest(document.Decode(v), v)
}

// checkKeys decodes once with unknown keys refused, before references are replaced, so that only shape is judged here.
func checkKeys(text []byte, v any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	probe := reflect.New(reflect.TypeOf(v).Elem()).Interface()
	err := decoder.Decode(probe)
	var typeError *yaml.TypeError
	if errors.As(err, &typeError) {
		var unknown []string
		for _, e := range typeError.Errors {
			if unknownField.MatchString(e) {
				unknown = append(unknown, e)
			}
		}
		if len(unknown) == 0 {
			return nil
		}
		return suggest(&yaml.TypeError{Errors: unknown}, v)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

var unknownField = regexp.MustCompile(`^line (\d+): field (\S+) not found in type (\S+)$`)

// suggest rewrites yaml's "field x not found" into words for people.
func suggest(err error, v any) error {
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
			lines[i] = fmt.Sprintf("line %s: unknown key %q%s", m[1], m[2], catalogue.Suggest(m[2], keys[m[3]]))
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
		case name == "-" || !f.IsExported():
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

var reference = regexp.MustCompile(`\$\{(env|file):([^}]*)\}`)

// expand replaces the references in every scalar below node.
func expand(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		for _, child := range node.Content {
			if err := expand(child); err != nil {
				return err
			}
		}
		return nil
	}
	if !reference.MatchString(node.Value) {
		return nil
	}
	var failed error
	node.Value = reference.ReplaceAllStringFunc(node.Value, func(match string) string {
		m := reference.FindStringSubmatch(match)
		value, err := resolve(m[1], m[2])
		if err != nil && failed == nil {
			failed = fmt.Errorf("line %d: %s: %w", node.Line, match, err)
		}
		return value
	})
	if node.Tag == "!!str" && node.Style == 0 {
		node.Tag = "" // a number or a truth value may come out of a reference
	}
	return failed
}

func resolve(kind, name string) (string, error) {
	if kind == "file" {
		text, err := os.ReadFile(name)
		return strings.TrimRight(string(text), "\r\n"), err
	}
	name, fallback, hasFallback := strings.Cut(name, ":-")
	if value, ok := os.LookupEnv(name); ok {
		return value, nil
	}
	if hasFallback {
		return fallback, nil
	}
	return "", fmt.Errorf("the environment variable %s is not set", name)
}
