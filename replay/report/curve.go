package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Curve is one or more lines through points, of figures from 0 to 1 upwards.
type Curve struct {
	Title, X, Y string
	// Series have a colour each; at most three.
	Series []Series
	// XLabels, when given, stand evenly along the axis below: x is their index.
	XLabels []string
}

// Series is a line, in the order of its points.
type Series struct {
	Name   string
	Points []Point
}

// Point is one point; Says is what it is, Marked draws a ring around it. A point of which a figure is NaN is left out.
type Point struct {
	X, Y   float64
	Says   string
	Marked bool
}

func (c Curve) title() string { return marked(c.Title) }

func (Curve) wide() bool { return false }

func (c Curve) draw(w io.Writer, style string) {
	const width, height = 360, 290
	f := frame{left: 44, top: 44, right: width - 14, bottom: height - 40, toX: 1, toY: 1}
	begin(w, style, c.Title, width, height)
	for _, t := range ticks(0, 1) {
		line(w, "grid", f.left, f.y(t.at), f.right, f.y(t.at))
		label(w, f.left-6, f.y(t.at)+4, "end", "", t.text)
	}
	c.axis(w, &f)
	label(w, (f.left+f.right)/2, height-6, "middle", "", c.X)
	label(w, f.left-6, f.top-12, "start", "", c.Y)
	var names []string
	for _, s := range c.Series {
		names = append(names, s.Name)
	}
	legend(w, f.right, f.top-12, names)
	for i, s := range c.Series {
		s.draw(w, f, i)
	}
	fmt.Fprint(w, "</svg>")
}

// axis is the one below.
func (c Curve) axis(w io.Writer, f *frame) {
	if c.XLabels == nil {
		for _, t := range ticks(0, 1) {
			line(w, "grid", f.x(t.at), f.top, f.x(t.at), f.bottom)
			label(w, f.x(t.at), f.bottom+15, "middle", "", t.text)
		}
		return
	}
	f.fromX, f.toX = -0.5, float64(len(c.XLabels))-0.5
	every := (len(c.XLabels) + 6) / 7
	for i, text := range c.XLabels {
		if i%every == 0 {
			line(w, "grid", f.x(float64(i)), f.top, f.x(float64(i)), f.bottom)
			label(w, f.x(float64(i)), f.bottom+15, "middle", "", text)
		}
	}
}

func (s Series) draw(w io.Writer, f frame, colour int) {
	points := slices.DeleteFunc(slices.Clone(s.Points), func(p Point) bool { return math.IsNaN(p.X + p.Y) })
	var path []string
	for _, p := range points {
		path = append(path, fmt.Sprintf("%.1f,%.1f", f.x(p.X), f.y(p.Y)))
	}
	fmt.Fprintf(w, `<polyline class="line s%d" points="%s"/>`, colour, strings.Join(path, " "))
	for _, p := range points {
		dot(w, fmt.Sprintf("d%d", colour), f.x(p.X), f.y(p.Y), 3, p.Says)
		if p.Marked {
			dot(w, "ring", f.x(p.X), f.y(p.Y), 6.5, p.Says)
		}
	}
}
