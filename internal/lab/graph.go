package lab

import (
	"fmt"
	"strings"
)

// graph is an FFmpeg filter graph as it is written: chains that hand on what goes by a name.
type graph struct {
	chains []string
	// steps is how often something was handed on by each name: a link has one end only.
	steps map[string]int
}

// out is the link that a name stands for now.
func (g *graph) out(name string) string { return fmt.Sprintf("[%s%d]", name, g.steps[name]) }

// next is the link by which the name's newest is handed on.
func (g *graph) next(name string) string {
	if g.steps == nil {
		g.steps = map[string]int{}
	}
	g.steps[name]++
	return g.out(name)
}

// add puts what goes by from, unless that is empty, through a chain; it goes by to from then on.
func (g *graph) add(from, chain, to string) {
	in := ""
	if from != "" {
		in = g.out(from)
	}
	g.chains = append(g.chains, in+chain+g.next(to))
}

// split gives what goes by name a second name.
func (g *graph) split(filter, name, second string) {
	in := g.out(name)
	g.chains = append(g.chains, in+filter+g.next(name)+g.next(second))
}

// replacePicture has c take the place of p while a fault lasts.
func (g *graph) replacePicture(f placement) {
	g.chains = append(g.chains, fmt.Sprintf("%s%soverlay=enable='between(n,%d,%d)'", g.out("p"), g.out("c"), f.from, f.to-1)+g.next("p"))
}

// replaceSound has d take the place of s while a fault lasts, to the sample.
func (g *graph) replaceSound(f placement) {
	expression := func(channel int) string {
		return fmt.Sprintf("if(gte(t,%g)*lt(t,%g),val(%d),val(%d))", pictures(f.from).Seconds(), pictures(f.to).Seconds(), channel+2, channel)
	}
	g.chains = append(g.chains, g.out("s")+g.out("d")+"amerge,aeval='"+expression(0)+"|"+expression(1)+"':c=stereo"+g.next("s"))
}

func (g *graph) text() string { return strings.Join(g.chains, ";") }
