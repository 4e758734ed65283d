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
	_, err := decodeGiven(text, v, verbatim...)
	return err
}

// decodeGiven does, and gives what was decoded: nil for nothing.
func decodeGiven(text []byte, v any, verbatim ...string) (*yaml.Node, error) {
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is a second document (---) in the file, which would be ignored")
	}
	if len(document.Content) == 0 {
		return nil, nil
	}
	if err := checkKeys(text, v); err != nil {
		return nil, err
	}
	root := document.Content[0]
	for i := 0; i+1 < len(root.Content); i += 2 {
		if !slices.Contains(verbatim, root.Content[i].Value) {
			if err := expand(root.Content[i+1]); err != nil {
				return nil, err
			}
		}
	}
	return root, catalogue.Explain(document.Decode(v), v)
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
			if catalogue.IsUnknownKey(e) {
				unknown = append(unknown, e)
			}
		}
		if len(unknown) == 0 {
			return nil
		}
		return catalogue.Explain(&yaml.TypeError{Errors: unknown}, v)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
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
	node.Tag, node.Style = "", 0 // a number or a truth value may come out of a reference
	if node.ShortTag() == "!!null" {
		node.Tag = "!!str" // an empty value, or a password that reads like none
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
