package report

import (
	"bufio"
	"fmt"
	"html"
	"io"
)

// escaped is text as HTML and SVG have it.
func escaped(text string) string { return html.EscapeString(text) }

// HTML writes one page that needs no other file: no script, no font, no picture. It is light or dark as the reader's system is.
func (d *Document) HTML(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, pageHead, escaped(d.title), pageStyle, plotStyle, escaped(d.title))
	for _, p := range d.parts {
		p.html(out)
	}
	fmt.Fprint(out, "</main>\n</body>\n</html>\n")
	return out.Flush()
}

// The policy keeps out whatever a name that got past the escaping would try.
const pageHead = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>%s</title>
<style>
%s%s</style>
</head>
<body>
<main>
<h1>%s</h1>
`

const pageStyle = `:root { color-scheme: light dark; --ground: #ffffff; --text: #1b1f24; --muted: #59636e; --line: #d4d9df; --band: #f4f6f8; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181d; --text: #e4e8ec; --muted: #9aa5b1; --line: #39424c; --band: #1c2229; } }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 74rem; margin: 0 auto; padding: 1rem 1.25rem 3rem; }
h1 { font-size: 1.6rem; margin: 1rem 0; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
p { max-width: 62rem; margin: .6rem 0; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; margin: .8rem 0 1.4rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
thead th { color: var(--muted); font-weight: 600; } tbody th { font-weight: 500; } tbody tr:nth-child(even) { background: var(--band); } td.n { text-align: right; }
pre { background: var(--band); padding: .8rem 1rem; overflow-x: auto; font-size: 13px; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(21rem, 1fr)); gap: 1rem; margin: 1rem 0; }
.plots.wide { grid-template-columns: 1fr; max-width: 52rem; } figure { margin: 0; } svg.plot { width: 100%; height: auto; }
@media print { body { font-size: 11px; } }
`
