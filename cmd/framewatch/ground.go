package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/replay"
)

// ground is what rules are tried on: it gives what each of the overlays, laid over the rules in force, tells of the same streams or clips, in the
// same order.
type ground func(ctx context.Context, overlays []replay.Overlay) ([][]replay.Case, error)

// triedAtOnce is how many overlays are tried in one reading: each has a detector of its own that knows all of the streams.
const triedAtOnce = 32

// try tries overlays on clips. Those of the recipe are left out: only whole clips are scored of it.
func (e *evaluation) try(set []lab.Labelled) ground {
	set = slices.DeleteFunc(slices.Clone(set), func(l lab.Labelled) bool { return slices.Contains(l.Kinds, lab.RecipeClips) })
	return func(ctx context.Context, overlays []replay.Overlay) ([][]replay.Case, error) {
		rules := make([]string, len(overlays))
		out := make([][]replay.Case, len(overlays))
		for i, o := range overlays {
			text, err := o.Lay(e.rules)
			if err != nil {
				return nil, err
			}
			rules[i], out[i] = text, make([]replay.Case, len(set))
		}
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(e.jobs)
		for n, l := range set {
			group.Go(func() error {
				cases, _, err := e.judgeBy(ctx, l, rules)
				for i, c := range cases {
					out[i][n] = c
				}
				return err
			})
		}
		return out, group.Wait()
	}
}

// drawCurves detects the kinds that there are faults of again, at raise levels around the one in force.
func drawCurves(ctx context.Context, rules string, kinds []kindScore, try ground, stderr io.Writer) ([]curveReport, error) {
	type leveled struct {
		kind    string
		inForce replay.Level
		levels  []replay.Level
	}
	var all []leveled
	var overlays []replay.Overlay
	for _, k := range kinds {
		if k.NoRule || k.Faults == 0 || slices.ContainsFunc(all, func(l leveled) bool { return l.kind == k.Kind }) {
			continue
		}
		inForce, err := replay.LevelOf(rules, k.Kind)
		if err != nil {
			return nil, err
		}
		l := leveled{k.Kind, inForce, inForce.Levels(k.Kind)}
		for _, level := range l.levels {
			overlays = append(overlays, level.Overlay(k.Kind))
		}
		all = append(all, l)
	}
	var cases [][]replay.Case
	for some := range slices.Chunk(overlays, triedAtOnce) {
		tried, err := try(ctx, some)
		if err != nil {
			return nil, err
		}
		if cases = append(cases, tried...); len(overlays) > triedAtOnce {
			fmt.Fprintf(stderr, "%d of %d raise levels tried\n", len(cases), len(overlays))
		}
	}
	var curves []curveReport
	for _, l := range all {
		curves = append(curves, newCurveReport(replay.NewCurve(l.kind, l.inForce, l.levels, cases[:len(l.levels)], setTolerance)))
		cases = cases[len(l.levels):]
	}
	return curves, nil
}
