package main

import (
	"io"

	"github.com/framewatch/framewatch/replay/report"
)

// tables prints for people as it goes: in columns, or as Markdown.
type tables struct {
	w        io.Writer
	markdown bool
	err      error
}

func (t *tables) line(text string) {
	t.print(func(d *report.Document) { d.Line(text) })
}

func (t *tables) table(header []string, rows [][]string) {
	t.print(func(d *report.Document) { d.Table(header, rows) })
}

func (t *tables) print(fill func(*report.Document)) {
	d := report.New("")
	fill(d)
	write := d.Text
	if t.markdown {
		write = func(w io.Writer) error { return d.Markdown(w, nil) }
	}
	if err := write(t.w); t.err == nil {
		t.err = err
	}
}
