package report

import (
	"fmt"
	"io"
	"math"
)

// Rows are figures of named things, one below the other.
type Rows struct {
	Title string
	// From and To are the ends of the axis.
	From, To float64
	// Series are the names of each row's figures, each with a colour; at most three.
	Series []string
	Rows   []Row
}

// Row is one thing with a figure for each series; NaN: there is none.
type Row struct {
	Name    string
	Figures []Figure
}

// Figure is a figure and, when Low and High differ, the interval that it lies in.
type Figure struct{ Value, Low, High float64 }

func (r Rows) title() string { return marked(r.Title) }

func (Rows) wide() bool { return true }

func (r Rows) draw(w io.Writer, style string) {
	const width, pitch = 760, 26
	height := 76 + pitch*float64(len(r.Rows))
	f := frame{left: 210, top: 40, right: width - 20, bottom: height - 28, fromX: r.From, toX: r.To, toY: 1}
	begin(w, style, r.Title, width, height)
	for _, t := range ticks(r.From, r.To) {
		class := "grid"
		if math.Abs(t.at) < 1e-9 && r.From < 0 {
			class = "zero"
		}
		line(w, class, f.x(t.at), f.top, f.x(t.at), f.bottom)
		label(w, f.x(t.at), f.bottom+15, "middle", "", t.text)
	}
	legend(w, f.right, f.top-12, r.Series)
	for i, row := range r.Rows {
		row.draw(w, f, r.Series, f.top+pitch*(float64(i)+0.7))
	}
	fmt.Fprint(w, "</svg>")
}

func (r Row) draw(w io.Writer, f frame, series []string, y float64) {
	label(w, f.left-10, y+4, "end", "", r.Name)
	for i, x := range r.Figures {
		if math.IsNaN(x.Value) {
			continue
		}
		at := y + 5*(float64(i)-float64(len(r.Figures)-1)/2)
		if x.Low < x.High {
			line(w, fmt.Sprintf("line s%d", i), f.x(x.Low), at, f.x(x.High), at)
		}
		dot(w, fmt.Sprintf("d%d", i), f.x(x.Value), at, 4, fmt.Sprintf("%s, %s: %.3f", r.Name, series[i], x.Value))
	}
}
