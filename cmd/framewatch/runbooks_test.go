package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// inRunbook is a command of ours as a page of docs/runbooks or a panel's description names it: on a line of its own, or in backquotes.
var inRunbook = regexp.MustCompile("(?m)^ {4,}(framewatch .*)$|`(framewatch [^`]+)`")

// unindented is a command that would be shown as prose.
var unindented = regexp.MustCompile(`(?m)^ {0,3}(framewatch|curl|kubectl|openssl) .*$`)

func TestCommandsOfRunbooksExist(t *testing.T) {
	pages, err := filepath.Glob("../../docs/runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	dashboards, err := filepath.Glob("../../deploy/grafana/dashboards/*.json")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, page := range append(pages, dashboards...) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if m := unindented.FindString(string(text)); m != "" {
			t.Errorf("%s: %q begins a line: four spaces before it make it a command", filepath.Base(page), m)
		}
		for _, m := range inRunbook.FindAllStringSubmatch(string(text), -1) {
			found++
			if err := understood(m[1] + m[2]); err != nil {
				t.Errorf("%s: %s: %v", filepath.Base(page), m[1]+m[2], err)
			}
		}
	}
	if found < 20 {
		t.Errorf("%d commands were found on %d pages", found, len(pages))
	}
	for _, wrong := range []string{"framewatch tap features --wehre x", "framewatch topics discribe", "framewatch tap", "framewatch streams show"} {
		if understood(wrong) == nil {
			t.Errorf("%s is taken for a command", wrong)
		}
	}
}

// understood finds a command line's command, its flags and the number of its arguments right; it runs nothing.
func understood(line string) error {
	cmd, err := parsed(line)
	if err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// nameable finds a command line's command and its flags right.
func nameable(line string) error {
	cmd, err := parsed(line)
	if err == nil && cmd.HasSubCommands() {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	return err
}

func parsed(line string) (*cobra.Command, error) {
	var words []string
	for _, w := range word.FindAllString(line, -1) {
		words = append(words, strings.Trim(w, "'"))
	}
	cmd, rest, err := rootCommand().Find(words[1:])
	if err != nil {
		return nil, err
	}
	return cmd, cmd.ParseFlags(rest)
}

// word is one of a command line, or what stands in quotes.
var word = regexp.MustCompile(`'[^']*'|\S+`)
