package main

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// public are keys of files that are no secrets: certificates.
var public = []string{"ca_file", "cert_file"}

// secretFiles are the paths of files with secrets that a configuration names: those of ${file:...} references, but under the top-level keys in
// verbatim, and those of keys that end in _file.
func secretFiles(text []byte, verbatim ...string) (paths []string) {
	var document yaml.Node
	if yaml.Unmarshal(text, &document) != nil || len(document.Content) == 0 {
		return nil
	}
	root := document.Content[0]
	for i := 0; i+1 < len(root.Content); i += 2 {
		if !slices.Contains(verbatim, root.Content[i].Value) {
			paths = append(paths, secretFilesBelow(root.Content[i], root.Content[i+1])...)
		}
	}
	return paths
}

// secretFilesBelow are those that node names, or what is below it. key is the nearest one above it.
func secretFilesBelow(key, node *yaml.Node) (paths []string) {
	if node.Kind == yaml.ScalarNode {
		references := reference.FindAllStringSubmatch(node.Value, -1)
		for _, m := range references {
			if m[1] == "file" {
				paths = append(paths, m[2])
			}
		}
		if len(references) == 0 && strings.HasSuffix(key.Value, "_file") && !slices.Contains(public, key.Value) {
			paths = append(paths, node.Value)
		}
		return paths
	}
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 {
			continue
		}
		if node.Kind == yaml.MappingNode {
			key = node.Content[i-1]
		}
		paths = append(paths, secretFilesBelow(key, child)...)
	}
	return paths
}
