package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
)

// Plot is a drawing that scales.
type Plot interface {
	// draw writes one SVG element, with the style in it when it is to stand by itself.
	draw(w io.Writer, style string)
	// wide plots stand by themselves in a row.
	wide() bool
	title() string
}

// plotStyle is the look of plots, light and dark.
const plotStyle = `svg.plot { --ink: #1b1f24; --soft: #59636e; --rule: #d4d9df; --a: #0b62a4; --b: #c4480f; --c: #2a7d46; }
@media (prefers-color-scheme: dark) { svg.plot { --ink: #e4e8ec; --soft: #9aa5b1; --rule: #39424c; --a: #6db3f2; --b: #ff9a62; --c: #7fd39a; } }
svg.plot text { font: 11px system-ui, sans-serif; fill: var(--soft); } svg.plot text.title { font-weight: 600; font-size: 13px; fill: var(--ink); }
svg.plot .grid { stroke: var(--rule); stroke-width: 1; } svg.plot .zero { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 3; }
svg.plot .line { fill: none; stroke-width: 1.8; } svg.plot .s0 { stroke: var(--a); } svg.plot .s1 { stroke: var(--b); } svg.plot .s2 { stroke: var(--c); }
svg.plot .d0 { fill: var(--a); } svg.plot .d1 { fill: var(--b); } svg.plot .d2 { fill: var(--c); } svg.plot .ring { fill: none; stroke: var(--ink); stroke-width: 1.8; }
`

// gallery is plots side by side.
type gallery struct {
	name  string
	plots []Plot
}

func (g gallery) text(io.Writer) {}

func (g gallery) markdown(w io.Writer, d *drawings) {
	if d.keep == nil {
		return
	}
	for i, p := range g.plots {
		name := fmt.Sprintf("%s-%d.svg", g.name, i+1)
		var svg bytes.Buffer
		p.draw(&svg, plotStyle)
		link, err := d.keep(name, svg.Bytes())
		d.err = errors.Join(d.err, err)
		fmt.Fprintf(w, "![%s](<%s>)\n", p.title(), link)
	}
	fmt.Fprintln(w)
}

func (g gallery) html(w io.Writer) {
	class := "plots"
	if g.plots[0].wide() {
		class += " wide"
	}
	fmt.Fprintf(w, "<div class=\"%s\">\n", class)
	for _, p := range g.plots {
		fmt.Fprint(w, "<figure>")
		p.draw(w, "")
		fmt.Fprint(w, "</figure>\n")
	}
	fmt.Fprint(w, "</div>\n")
}

// frame is the rectangle that figures are drawn in, in units of the drawing.
type frame struct {
	left, top, right, bottom float64
	// What stands at its edges.
	fromX, toX, fromY, toY float64
}

func (f frame) x(v float64) float64 { return place(v, f.fromX, f.toX, f.left, f.right) }
func (f frame) y(v float64) float64 { return place(v, f.fromY, f.toY, f.bottom, f.top) }

func place(v, from, to, low, high float64) float64 {
	return low + (min(max(v, from), to)-from)/(to-from)*(high-low)
}

// begin opens a drawing.
func begin(w io.Writer, style, title string, width, height float64) {
	fmt.Fprintf(w, `<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img"><title>%s</title>`, width, height, escaped(title))
	if style != "" {
		fmt.Fprintf(w, "<style>%s</style>", style)
	}
	label(w, 8, 17, "start", "title", title)
}

func label(w io.Writer, x, y float64, anchor, class, text string) {
	fmt.Fprintf(w, `<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>`, x, y, anchor, class, escaped(text))
}

func line(w io.Writer, class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(w, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

// dot is a point that says what it is when it is pointed at.
func dot(w io.Writer, class string, x, y, radius float64, says string) {
	fmt.Fprintf(w, `<circle class="%s" cx="%.1f" cy="%.1f" r="%g"><title>%s</title></circle>`, class, x, y, radius, escaped(says))
}

// legend names the series, from the right.
func legend(w io.Writer, right, y float64, names []string) {
	for i := len(names) - 1; i >= 0; i-- {
		if names[i] == "" {
			continue
		}
		label(w, right, y, "end", "", names[i])
		right -= 6.2*float64(len(names[i])) + 8
		fmt.Fprintf(w, `<circle class="d%d" cx="%.1f" cy="%.1f" r="4"/>`, i, right, y-4)
		right -= 12
	}
}

// tick is a place on an axis with what stands there.
type tick struct {
	at   float64
	text string
}

// ticks are about five round figures between two.
func ticks(from, to float64) (all []tick) {
	step := math.Pow(10, math.Floor(math.Log10((to-from)/4)))
	for _, m := range []float64{5, 2.5, 2} {
		if (to-from)/(step*m) >= 3.5 {
			step *= m
			break
		}
	}
	for i := math.Ceil(from/step - 1e-9); i*step <= to+1e-9; i++ {
		all = append(all, tick{i * step, fmt.Sprintf("%.4g", i*step+0)})
	}
	return all
}
