package replay

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/detector/rule"
)

// Level is where a rule's figure raises a defect, and what the defect waits for.
type Level struct {
	Raise, Clear float64
	For          time.Duration
}

// LevelOf is that of a kind under a profile's rules.
func LevelOf(rules, kind string) (Level, error) {
	effective, err := detector.EffectiveRules([]byte(rules))
	if err != nil {
		return Level{}, err
	}
	options := map[string]struct {
		Raise float64       `yaml:"raise"`
		Clear float64       `yaml:"clear"`
		For   time.Duration `yaml:"for"`
	}{}
	if err := yaml.Unmarshal([]byte(effective), &options); err != nil {
		return Level{}, fmt.Errorf("read rules: %w", err)
	}
	o, known := options[kind]
	if !known {
		return Level{}, fmt.Errorf("there is no rule for %q", kind)
	}
	return Level(o), nil
}

// Overlay lays the level over a rule; only the kind is judged.
func (l Level) Overlay(kind string) Overlay {
	return Overlay{Only: kind, Rules: map[string]map[string]any{kind: l.Options()}}
}

// Options are the level as a configuration file has it.
func (l Level) Options() map[string]any {
	return map[string]any{"raise": l.Raise, "clear": l.Clear, "for": l.For.String()}
}

// usable tells whether the rule of a kind takes the level.
func (l Level) usable(kind string) bool {
	text, err := yaml.Marshal(l.Options())
	if err == nil {
		_, err = rule.Catalogue.New(kind, text)
	}
	return err == nil
}

// curveSteps are those of a curve's levels, from the lowest to the highest; 0 is the level in force.
var curveSteps = []float64{-3, -2, -1.5, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 1.5, 2, 3}

// step moves a figure: a share by 4/3 of a logit a step, so that it stays one, another figure above 0 by a factor of 2, one in decibels below
// full scale by 6 dB.
func step(kind string, figure, by float64) float64 {
	switch {
	case by == 0:
		return figure
	case figure > 0 && figure < 1 && newRule(kind).Describe().Unit == "share":
		return rounded(1 / (1 + (1-figure)/figure*math.Exp(-by*4/3)))
	case figure >= 0:
		return rounded(figure * math.Exp2(by))
	}
	return rounded(figure + 6*by)
}

// rounded leaves three digits of a figure, and of a share near 1 three of what is left to 1.
func rounded(x float64) float64 {
	digits := 3
	if x > 0.5 && x < 1 {
		digits = max(digits, 2-int(math.Floor(math.Log10(1-x))))
	}
	text := strconv.FormatFloat(x, 'g', digits, 64)
	out, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return x
	}
	return out
}

// moved is the level with raise and clear a step away; ok is false when the rule does not take it.
func (l Level) moved(kind string, by float64) (moved Level, ok bool) {
	moved = l
	moved.Raise = step(kind, l.Raise, by)
	moved.Clear = min(step(kind, l.Clear, by), moved.Raise)
	return moved, moved.usable(kind)
}

// Levels are raise levels of a kind from far below to far above the one in force, which is among them, with clear levels that go with them.
func (l Level) Levels(kind string) (all []Level) {
	for _, by := range curveSteps {
		if m, ok := l.moved(kind, by); ok && !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

// Point is how well a kind is found at a level.
type Point struct {
	Level
	Accuracy
	// InForce is the level that was not moved.
	InForce bool
}

// Curve is precision and recall of a kind from level to level, upwards. It is made by detection again, since what a rule tells of a figure below Clear is
// only that it is below: between the levels nothing is known, and as events are counted, recall need not fall from one level to the next: two faults
// that one defect covers count as one found.
type Curve struct {
	Kind   string
	Points []Point
}

// NewCurve scores what was told at each of the levels.
func NewCurve(kind string, inForce Level, levels []Level, cases [][]Case, tolerance time.Duration) Curve {
	c := Curve{Kind: kind}
	for i, l := range levels {
		c.Points = append(c.Points, Point{Level: l, Accuracy: Evaluate(cases[i], tolerance).Kind(kind), InForce: l == inForce})
	}
	return c
}

// Best is the point of the highest F1, the lowest level of several; nil when there is none.
func (c Curve) Best() *Point {
	var best *Point
	for i := range c.Points {
		if f1 := c.Points[i].F1(); !math.IsNaN(f1) && (best == nil || f1 > best.F1()) {
			best = &c.Points[i]
		}
	}
	return best
}
