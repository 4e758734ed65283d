package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/ingest/access"
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/notifier"
)

func configCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Read the configuration and say whether it is sound, and where it is not",
		Long: "Read the configuration and say whether it is sound: all that can be known without the network, templates, routes, the options of receivers and rules,\n" +
			"and whether ingest.access lets each stream's protocol through. A mistake is told with its file, line and column. `framewatch doctor` looks at what is around it.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := commandConfig(cmd)
			if err == nil {
				err = config.checkOffline(cmd)
			}
			if err != nil {
				path, _ := cmd.Flags().GetString("config")
				return usage(atItsPlace(path, err))
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "the configuration is sound")
			return err
		},
	}
}

// checkOffline tells what a process would find wrong with the configuration once it runs.
func (c *Config) checkOffline(cmd *cobra.Command) error {
	log, err := newLogger(c.Log, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if _, err := notifier.New(c.Notifier, log); err != nil {
		return fmt.Errorf("notifier: %w", err)
	}
	if c.Streams == nil {
		return nil
	}
	policy := access.New(c.Ingest.Access)
	for i, s := range *c.Streams {
		if strings.HasPrefix(s.URL, "${") {
			continue // only the edge knows what it is
		}
		scheme, err := source.Lookup(source.Unresolved(s.URL))
		if err == nil {
			err = policy.Scheme(scheme.Name)
		}
		if err != nil {
			return fmt.Errorf("streams[%d] (%q): url: %w", i, s.ID, err)
		}
	}
	return nil
}

// atItsPlace is a mistake with the line and column of the key that it names, as far as the file has it.
func atItsPlace(path string, err error) error {
	text, failed := os.ReadFile(path)
	var document yaml.Node
	if failed != nil || yaml.Unmarshal(text, &document) != nil || len(document.Content) == 0 {
		return err
	}
	message := strings.TrimPrefix(err.Error(), path+": ")
	if node := keyNamed(document.Content[0], message); node != nil {
		return fmt.Errorf("%s:%d:%d: %w", path, node.Line, node.Column, errors.New(message))
	}
	return err
}

// step is a key in a message, the place in a list or the name after it: streams[2], user "ann", profiles.default.
var step = regexp.MustCompile(`^([a-z_0-9]+)(?:\[(\d+)\])?(?: "([^"]*)")?`)

// keyNamed is the key furthest down that the parts of a message name; nil: none does.
func keyNamed(node *yaml.Node, message string) (found *yaml.Node) {
	for part := range strings.SplitSeq(message, ": ") {
		for _, name := range strings.Split(part, ".") {
			m := step.FindStringSubmatch(name)
			if m == nil {
				return found
			}
			key, value := child(node, m[1])
			if key == nil && m[3] != "" {
				key, value = child(node, m[1]+"s")
			}
			if key == nil {
				return found
			}
			found, node = key, value
			if n, err := strconv.Atoi(m[2]); err == nil && node.Kind == yaml.SequenceNode && n < len(node.Content) {
				node = node.Content[n]
				found = node
			}
			if key, value := child(node, m[3]); key != nil && m[3] != "" {
				found, node = key, value
			}
		}
	}
	return found
}

// child is a key of a mapping, with its value.
func child(node *yaml.Node, name string) (key, value *yaml.Node) {
	if node.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i], node.Content[i+1]
		}
	}
	return nil, nil
}
