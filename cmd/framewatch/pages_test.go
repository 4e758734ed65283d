package main

import (
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages are what people read of Framewatch: file and text.
func pages(t *testing.T) iter.Seq2[string, string] {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/runbooks/*.md", "deploy/*/*.md", "deploy/*/*/*.md", "deploy/release/*.tmpl", "deploy/helm/framewatch/templates/NOTES.txt", "detector/rule/models/*.md", "ingest/feature/*.md"} {
		found, err := filepath.Glob("../../" + pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d pages, %v", pattern, len(found), err)
		}
		files = append(files, found...)
	}
	return func(yield func(file, text string) bool) {
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !yield(file, string(text)) {
				return
			}
		}
	}
}

var (
	fenced = regexp.MustCompile("(?ms)^ *```[^\n]*\n(.*?)^ *```")
	// commanded is a command of ours in a block of code or, with its first word there, in backquotes: up to a comment, and to where its output goes.
	commanded = regexp.MustCompile(`(?m)^ *(?:kubectl .* -- )?(?:bin/)?(framewatch [^#\n]+)`)
	quoted    = regexp.MustCompile("`(?:kubectl [^`]* -- )?(?:bin/)?(framewatch [^`]+)`")
	output    = regexp.MustCompile(` (>|\|) .*|;.*`)
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

// TestCommandsOfPagesExist: the commands in blocks of code are understood as they stand there; of those in backquotes, which leave out what the text says, their names and flags.
func TestCommandsOfPagesExist(t *testing.T) {
	found := 0
	for page, text := range pages(t) {
		for _, block := range fenced.FindAllStringSubmatch(text, -1) {
			for _, m := range commanded.FindAllStringSubmatch(block[1], -1) {
				found++
				if err := understood(output.ReplaceAllString(m[1], "")); err != nil {
					t.Errorf("%s: %s: %v", page, m[1], err)
				}
			}
		}
		for _, m := range quoted.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			for _, line := range alternatives(output.ReplaceAllString(m[1], "")) {
				found++
				if err := nameable(line); err != nil {
					t.Errorf("%s: %s: %v", page, line, err)
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("%d commands were found", found)
	}
}

// alternatives are the lines that one stands for where words are alternatives, as in `topics plan\|apply [--file FILE]`.
func alternatives(line string) (lines []string) {
	words, most := word.FindAllString(line, -1), 1
	choices := make([][]string, len(words))
	for i, w := range words {
		choices[i] = []string{w}
		if !strings.HasPrefix(w, "'") {
			choices[i] = strings.Split(strings.Trim(w, "[]"), `\|`)
		}
		most = max(most, len(choices[i]))
	}
	for n := range most {
		chosen := make([]string, len(words))
		for i, c := range choices {
			chosen[i] = c[min(n, len(c)-1)]
		}
		lines = append(lines, strings.Join(chosen, " "))
	}
	return lines
}

// Where the README says what one could write instead, each of that is looked at.
func TestAlternatives(t *testing.T) {
	got, want := alternatives(`framewatch topics plan\|apply [--a x\|y] 'p\|q'`), []string{`framewatch topics plan --a x 'p\|q'`, `framewatch topics apply --a y 'p\|q'`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestLinksOfPagesLead: what a page links to in the repository is there, and so is the heading.
func TestLinksOfPagesLead(t *testing.T) {
	found := 0
	for page, text := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], ":") {
				continue
			}
			found++
			path, heading, _ := strings.Cut(m[1], "#")
			target := filepath.Join(filepath.Dir(page), path)
			if path == "" {
				target = page
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
				continue
			}
			if heading == "" {
				continue
			}
			linked, err := os.ReadFile(target)
			if err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(`(?mi)^#+ ` + regexp.QuoteMeta(strings.ReplaceAll(heading, "-", " ")) + `$`).Match(linked) {
				t.Errorf("%s links to %s: there is no such heading", page, m[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("%d links were found", found)
	}
}
