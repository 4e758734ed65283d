// Package report writes what an evaluation has found for people: paragraphs, tables and plots, as text, Markdown or one HTML page.
package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Document is headings, paragraphs, tables and plots, in the order in which they were added. All texts are plain, and may be anybody's.
type Document struct {
	title string
	parts []part
}

// part is one piece of a document, in each of its forms.
type part interface {
	text(w io.Writer)
	markdown(w io.Writer, d *drawings)
	html(w io.Writer)
}

// New is an empty document.
func New(title string) *Document { return &Document{title: title} }

// Heading begins a section.
func (d *Document) Heading(text string) { d.parts = append(d.parts, heading(text)) }

// Line adds a paragraph.
func (d *Document) Line(text string) { d.parts = append(d.parts, paragraph(text)) }

// Table adds a table; each row has as many cells as the header.
func (d *Document) Table(header []string, rows [][]string) {
	d.parts = append(d.parts, table{header, rows})
}

// Code adds lines that stand as they are.
func (d *Document) Code(text string) { d.parts = append(d.parts, code(text)) }

// Plots adds plots side by side, which are told of by a name of a few letters. They are not in the text.
func (d *Document) Plots(name string, plots ...Plot) {
	if len(plots) > 0 {
		d.parts = append(d.parts, gallery{name, plots})
	}
}

// Text writes paragraphs, and tables in columns.
func (d *Document) Text(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, p := range d.parts {
		p.text(out)
	}
	return out.Flush()
}

// drawings keep the plots of Markdown, which has none: each is a file of its own.
type drawings struct {
	keep func(name string, svg []byte) (link string, err error)
	err  error
}

// Markdown writes it with its title and plots, which keep keeps: each is a file of its own, and it tells by what path the text finds it. With a nil
// keep it is a piece of another text: without title and plots.
func (d *Document) Markdown(w io.Writer, keep func(name string, svg []byte) (link string, err error)) error {
	out, kept := bufio.NewWriter(w), &drawings{keep: keep}
	if keep != nil {
		fmt.Fprintf(out, "# %s\n\n", marked(d.title))
	}
	for _, p := range d.parts {
		p.markdown(out, kept)
	}
	if kept.err != nil {
		return kept.err
	}
	return out.Flush()
}

type heading string

func (h heading) text(w io.Writer)                  { fmt.Fprintf(w, "== %s ==\n\n", h) }
func (h heading) markdown(w io.Writer, _ *drawings) { fmt.Fprintf(w, "## %s\n\n", marked(string(h))) }
func (h heading) html(w io.Writer)                  { fmt.Fprintf(w, "<h2>%s</h2>\n", escaped(string(h))) }

type paragraph string

func (p paragraph) text(w io.Writer)                  { fmt.Fprintf(w, "%s\n\n", p) }
func (p paragraph) markdown(w io.Writer, _ *drawings) { fmt.Fprintf(w, "%s\n\n", marked(string(p))) }
func (p paragraph) html(w io.Writer)                  { fmt.Fprintf(w, "<p>%s</p>\n", escaped(string(p))) }

type code string

func (c code) text(w io.Writer) { fmt.Fprintf(w, "%s\n", c) }

// markdown indents: no line can end the block.
func (c code) markdown(w io.Writer, _ *drawings) {
	for line := range strings.Lines(string(c)) {
		fmt.Fprintf(w, "    %s", line)
	}
	fmt.Fprintln(w)
}

func (c code) html(w io.Writer) { fmt.Fprintf(w, "<pre>%s</pre>\n", escaped(string(c))) }

type table struct {
	header []string
	rows   [][]string
}

func (t table) text(w io.Writer) {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range append([][]string{t.header}, t.rows...) {
		fmt.Fprintln(columns, strings.Join(r, "\t"))
	}
	columns.Flush()
	fmt.Fprintln(w)
}

func (t table) markdown(w io.Writer, _ *drawings) {
	row := func(cells []string) {
		for _, c := range cells {
			fmt.Fprintf(w, "| %s ", marked(c))
		}
		fmt.Fprint(w, "|\n")
	}
	row(t.header)
	fmt.Fprintf(w, "|%s\n", strings.Repeat("---|", len(t.header)))
	for _, r := range t.rows {
		row(r)
	}
	fmt.Fprintln(w)
}

func (t table) html(w io.Writer) {
	fmt.Fprint(w, "<div class=\"scroll\"><table>\n<thead><tr>")
	for _, c := range t.header {
		fmt.Fprintf(w, "<th scope=\"col\">%s</th>", escaped(c))
	}
	fmt.Fprint(w, "</tr></thead>\n<tbody>\n")
	for _, r := range t.rows {
		fmt.Fprint(w, "<tr>")
		for i, c := range r {
			switch {
			case i == 0:
				fmt.Fprintf(w, "<th scope=\"row\">%s</th>", escaped(c))
			case numeric(c):
				fmt.Fprintf(w, "<td class=\"n\">%s</td>", escaped(c))
			default:
				fmt.Fprintf(w, "<td>%s</td>", escaped(c))
			}
		}
		fmt.Fprint(w, "</tr>\n")
	}
	fmt.Fprint(w, "</tbody></table></div>\n")
}

// numeric tells whether a cell is a figure, or none.
func numeric(cell string) bool {
	return strings.Trim(cell, "-+.0123456789") == ""
}

// marked is text without what Markdown would take for more.
var marked = strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", "`", "\\`", "\n", " ", "\r", " ", "*", "\\*", "[", "\\[", "]", "\\]").Replace
