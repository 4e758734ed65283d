package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framewatch/framewatch/replay/report"
)

var update = flag.Bool("update", false, "write what is told now as what is expected")

// small is a report of each part that there is, with a name that somebody has made up.
func small() *report.Document {
	d := report.New("How well <it> is found")
	d.Heading("By kind")
	d.Line("Two kinds, of which one has a name | that is `made` up: <script>alert(1)</script>.")
	d.Table([]string{"kind", "faults", "F1"}, [][]string{{"black", "2", "0.667"}, {"<b>freeze</b> | *x*", "0", "-"}})
	d.Plots("curves", report.Curve{Title: "black", X: "recall", Y: "precision", Series: []report.Series{{Points: []report.Point{
		{X: 1, Y: 0.25, Says: "raise 0.5"}, {X: 0.5, Y: 1, Says: "raise 0.98", Marked: true}, {X: math.NaN(), Y: 1, Says: "nothing was found"},
	}}}}, report.Curve{Title: "black by raise", X: "raise", Y: "F1", XLabels: []string{"0.5", "0.98"}, Series: []report.Series{
		{Name: "chosen by", Points: []report.Point{{X: 0, Y: 0.4}, {X: 1, Y: 0.667}}}, {Name: "tested on", Points: []report.Point{{X: 0, Y: 0.5}, {X: 1, Y: 0.6}}},
	}})
	d.Plots("comparison", report.Rows{Title: "Change", From: -1, To: 1, Series: []string{"F1", "recall"}, Rows: []report.Row{
		{Name: "black", Figures: []report.Figure{{Value: 0.25, Low: -0.1, High: 0.5}, {Value: math.NaN()}}},
	}})
	d.Code("profiles:\n  default: {} # <b>\n")
	return d
}

// The same report in each of its forms.
func TestReportIsGolden(t *testing.T) {
	var text, markdown, page bytes.Buffer
	files := map[string][]byte{}
	keep := func(name string, svg []byte) (string, error) {
		files[name] = svg
		return "beside-" + name, nil
	}
	d := small()
	if err := errors.Join(d.Text(&text), d.Markdown(&markdown, keep), d.HTML(&page)); err != nil {
		t.Fatal(err)
	}
	files["small.txt"], files["small.md"], files["small.html"] = text.Bytes(), markdown.Bytes(), page.Bytes()
	if len(files) != 6 {
		t.Errorf("there are %d files, want 3 and 3 plots", len(files))
	}
	for name, got := range files {
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is\n%s\nwant\n%s\n(go test ./replay/report -update writes it)", name, got, want)
		}
	}
}

// Whatever a name holds, plots are well-formed and pages have no element of its making.
func TestNamesStayText(t *testing.T) {
	const name = `"><script>alert(1)</script><img src=x onerror=alert(1)> | [x](javascript:alert(1)) ` + "`"
	d := report.New(name)
	d.Heading(name)
	d.Line(name)
	d.Table([]string{name}, [][]string{{name}})
	d.Plots("x", report.Curve{Title: name, X: name, Y: name, XLabels: []string{name}, Series: []report.Series{{Name: name, Points: []report.Point{{Says: name}}}}})
	d.Plots("y", report.Rows{Title: name, From: -1, To: 1, Series: []string{name}, Rows: []report.Row{{Name: name, Figures: []report.Figure{{}}}}})
	var page, markdown bytes.Buffer
	if err := errors.Join(d.HTML(&page), d.Markdown(&markdown, func(file string, svg []byte) (string, error) {
		decoder := xml.NewDecoder(bytes.NewReader(svg))
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				return file, nil
			}
			if err != nil {
				t.Errorf("%s: %v", file, err)
				return file, nil
			}
			if e, is := token.(xml.StartElement); is && (e.Name.Local == "script" || e.Name.Local == "img") {
				t.Errorf("%s has an element %s", file, e.Name.Local)
			}
		}
	})); err != nil {
		t.Fatal(err)
	}
	for _, made := range []string{"<script", "<img"} {
		if strings.Contains(page.String(), made) || strings.Contains(markdown.String(), made) {
			t.Errorf("there is %s", made)
		}
	}
	if strings.Contains(markdown.String(), "[x](") {
		t.Error("Markdown has a link")
	}
}

func TestMarkdownTellsOfPlotsThatCannotBeKept(t *testing.T) {
	full := errors.New("the disk is full")
	if err := small().Markdown(io.Discard, func(string, []byte) (string, error) { return "", full }); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
}
