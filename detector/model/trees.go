package model

import (
	"fmt"
	"math"
)

// Operating is the figure at the operating point of every model: whatever probability a model calls bad from on, its figure is this there, so that a rule's
// levels mean the same with each. 0.5 of it and up is worth a look, 1 is certain.
const Operating = 0.75

// Trees are gradient-boosted trees, made to be evaluated fast. They never change: any number of goroutines may use them.
type Trees struct {
	// Name and Version are the model's.
	Name    string
	Version int64
	// Threshold is the model's operating point as a probability.
	Threshold float64

	features int
	// weights of the linear part and its intercept; none: there is no such part.
	weights []float64
	linear  float64
	base    float64
	slope   float64
	// intercept of the probability, and shifted that of the figure.
	intercept, shifted float64
	groups             []group
}

// group is lanes trees side by side, which are walked together: none waits for another's memory.
type group struct {
	// depth is how many steps lead to every leaf.
	depth int
	// nodes of all trees, each tree's roots first.
	roots [lanes]uint32
	nodes []node
	// values are the leaves'.
	values []float64
}

// lanes is how many trees are walked at a time.
const lanes = 4

// node is one of a tree's. A leaf goes to itself, whatever the feature.
type node struct {
	threshold float64
	feature   uint32
	// next is the left child; the right one follows it. Of a leaf it is itself, and its threshold above everything.
	next uint32
}

// Read makes the model of a file, for features that are to be scored.
func Read(data []byte, features Features) (*Trees, error) {
	f, err := Parse(data)
	if err != nil {
		return nil, err
	}
	if err := features.check(f.Features, f.Names); err != nil {
		return nil, fmt.Errorf("model %s version %d: %w", f.Name, f.Version, err)
	}
	return f.trees(), nil
}

// trees lays the nodes out.
func (f *File) trees() *Trees {
	t := &Trees{
		Name: f.Name, Version: f.Version, Threshold: f.Threshold, features: len(f.Names), base: f.Base, slope: f.Calibration.Slope, intercept: f.Calibration.Intercept,
	}
	if f.Linear != nil {
		t.weights, t.linear = f.Linear.Weights, f.Linear.Intercept
	}
	t.shifted = t.intercept + logit(Operating) - logit(f.Threshold)
	for from := 0; from < len(f.Trees); from += lanes {
		var g group
		for lane := range lanes {
			if from+lane < len(f.Trees) {
				g.add(lane, &f.Trees[from+lane])
			} else {
				g.add(lane, &Tree{Feature: []int{0}, Threshold: []float64{0}, Left: []int{0}, Right: []int{0}, Value: []float64{0}})
			}
		}
		t.groups = append(t.groups, g)
	}
	return t
}

// add lays out one tree, so that the two children of a node stand side by side.
func (g *group) add(lane int, t *Tree) {
	type place struct {
		node  int
		at    uint32
		depth int
	}
	root := uint32(len(g.nodes))
	g.roots[lane] = root
	g.nodes, g.values = append(g.nodes, node{}), append(g.values, 0)
	for queue := []place{{0, root, 0}}; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		g.depth = max(g.depth, p.depth)
		if t.Left[p.node] <= 0 {
			g.nodes[p.at], g.values[p.at] = node{threshold: math.MaxFloat64, next: p.at}, t.Value[p.node]
			continue
		}
		next := uint32(len(g.nodes))
		g.nodes[p.at] = node{threshold: t.Threshold[p.node] + 0, feature: uint32(t.Feature[p.node]), next: next}
		g.nodes, g.values = append(g.nodes, node{}, node{}), append(g.values, 0, 0)
		queue = append(queue, place{t.Left[p.node], next, p.depth + 1}, place{t.Right[p.node], next + 1, p.depth + 1})
	}
}

// Probability is how likely what has these features is bad, 0 to 1; they stand in the order of Features, and are finite.
func (t *Trees) Probability(x []float64) float64 { return logistic(t.slope*t.margin(x) + t.intercept) }

// Figure is the probability, moved so that it is Operating at the model's threshold.
func (t *Trees) Figure(x []float64) float64 { return logistic(t.slope*t.margin(x) + t.shifted) }

// margin is the sum of the trees.
func (t *Trees) margin(x []float64) float64 {
	x = x[:t.features]
	if len(t.weights) > 0 {
		var all [maxFeatures + 1]float64
		all[copy(all[:], x)] = t.linear + product(t.weights, x)
		x = all[:t.features+1]
	}
	sum := t.base
	for i := range t.groups {
		g := &t.groups[i]
		nodes := g.nodes
		a, b, c, d := g.roots[0], g.roots[1], g.roots[2], g.roots[3]
		for range g.depth {
			a, b, c, d = nodes[a].child(x), nodes[b].child(x), nodes[c].child(x), nodes[d].child(x)
		}
		sum += g.values[a] + g.values[b] + g.values[c] + g.values[d]
	}
	return sum
}

// product is the sum of the products, in four parts that do not wait for each other.
func product(weights, x []float64) float64 {
	weights = weights[:len(x)]
	var parts [4]float64
	i := 0
	for ; i+4 <= len(x); i += 4 {
		parts[0] += weights[i] * x[i]
		parts[1] += weights[i+1] * x[i+1]
		parts[2] += weights[i+2] * x[i+2]
		parts[3] += weights[i+3] * x[i+3]
	}
	for ; i < len(x); i++ {
		parts[0] += weights[i] * x[i]
	}
	return parts[0] + parts[1] + parts[2] + parts[3]
}

// child is the node after this one. The sign of the difference takes the place of a branch, which no processor can foresee: it is set where the feature is above
// the threshold.
func (n *node) child(x []float64) uint32 {
	return n.next + uint32(math.Float64bits(n.threshold-x[n.feature])>>63)
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func logit(p float64) float64 { return math.Log(p / (1 - p)) }
