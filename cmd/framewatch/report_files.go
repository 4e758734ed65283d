package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/replay/report"
)

// reporting is how what was found is told.
type reporting struct {
	output string
	// files of the report: Markdown or HTML by their names.
	files []string
}

// outputs are the ways of telling on stdout.
var outputs = []string{"json", "table", "markdown"}

func (r *reporting) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&r.output, "output", "o", "table", "json, table or markdown")
	cmd.Flags().StringArrayVar(&r.files, "report", nil, "also write a report with plots: FILE.html is one page that needs nothing else, FILE.md has its plots beside it; may be repeated")
}

// check refuses what cannot be written.
func (r *reporting) check(outputs []string) error {
	if !slices.Contains(outputs, r.output) {
		last := len(outputs) - 1
		return fmt.Errorf("--output: %q is neither %s nor %s", r.output, strings.Join(outputs[:last], ", "), outputs[last])
	}
	for _, file := range r.files {
		if ext := filepath.Ext(file); ext != ".html" && ext != ".md" {
			return fmt.Errorf("--report: %s ends neither in .html nor in .md", file)
		}
	}
	return nil
}

// write tells what was found as value is for programs, and d for people; long is with all details.
func (r *reporting) write(w io.Writer, value any, d, long *report.Document) error {
	for _, file := range r.files {
		if err := writeReportFile(file, long); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	switch r.output {
	case "json":
		return json.NewEncoder(w).Encode(value)
	case "markdown":
		return d.Markdown(w, nil)
	}
	return d.Text(w)
}

// writeReportFile writes a file, and beside one of Markdown those of its plots, by its name.
func writeReportFile(file string, d *report.Document) error {
	var text bytes.Buffer
	if filepath.Ext(file) == ".html" {
		return errors.Join(d.HTML(&text), os.WriteFile(file, text.Bytes(), 0o644))
	}
	directory, name := filepath.Dir(file), strings.TrimSuffix(filepath.Base(file), ".md")
	err := d.Markdown(&text, func(plot string, svg []byte) (string, error) {
		beside := name + "-" + plot
		return beside, os.WriteFile(filepath.Join(directory, beside), svg, 0o644)
	})
	return errors.Join(err, os.WriteFile(file, text.Bytes(), 0o644))
}
