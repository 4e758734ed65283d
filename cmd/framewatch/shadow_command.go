package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/topology"
)

func shadowCommand() *cobra.Command {
	return group("shadow", "See what a candidate that runs beside the live detector tells otherwise", shadowDiffCommand())
}

// comparing is what the flags of `shadow diff` say.
type comparing struct {
	stretch
	candidate string
	streams   []string
	output    string
}

func shadowDiffCommand() *cobra.Command {
	var x comparing
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "How the defects of a candidate differ from the live ones, and what people say of them",
		Long: "How the defects that a candidate has told of (framewatch run --target shadow) differ from the live ones: which are added, removed or moved, and what\n" +
			"people say of them by their verdicts. Those are compared that began within the range, which ends where both have told of what began before: a\n" +
			"candidate begins with the oldest features on the log and catches up. What began before the features that it judged first is left out. Exit code 3 says that there is a difference.",
		Example: "  framewatch shadow diff -c framewatch.yaml --from 6h\n" +
			"  framewatch shadow diff --candidate strict --stream 'news-*' -o json",
		Args: noArgs,
	}
	outputFlag(cmd, &x.output, "table, or json, one object a change and a line and one of all")
	cmd.Flags().StringVar(&x.candidate, "candidate", "", "its name (default: detector.shadow.name of the configuration)")
	cmd.Flags().StringArrayVar(&x.streams, "stream", nil, "only of streams with this id, which may hold * and ?; may be repeated (default: all)")
	cmd.Flags().StringVar(&x.from, "from", "", "only what began at this media time or later: RFC 3339, or a duration before now such as 6h (default: all that the features on the log tell of)")
	cmd.Flags().StringVar(&x.to, "to", "", "only what began before this media time, in the same form (default: as far as both have told)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return x.run(cmd) }
	return cmd
}

func (x *comparing) run(cmd *cobra.Command) error {
	within, err := x.span(time.Now())
	if err != nil {
		return err
	}
	if x.candidate != "" && !candidateName.MatchString(x.candidate) {
		return usage(fmt.Errorf("--candidate: %.60q is no name of one", x.candidate))
	}
	a, err := commandApp(cmd)
	if err != nil {
		return err
	}
	defer a.cluster.Close()
	if x.candidate == "" {
		x.candidate = a.config.Detector.Shadow.Name
	}
	if x.candidate == "" {
		return usage(errors.New("--candidate: which one? The configuration has no detector.shadow.name"))
	}
	return x.compare(cmd.Context(), cmd.OutOrStdout(), a, within)
}

func (x *comparing) compare(ctx context.Context, w io.Writer, a *app, within replay.Range) error {
	within, err := a.comparable(ctx, x.candidate, within)
	if err != nil {
		return err
	}
	filter := verdictFilter{Range: within}
	live, err := a.lives(ctx, filter)
	if err != nil {
		return err
	}
	candidate, err := a.shadowLives(ctx, x.candidate, within)
	if err != nil {
		return err
	}
	verdicts, err := a.verdicts(ctx, filter)
	if err != nil {
		return err
	}
	sieve := replay.NewSieve(replay.Selection{Streams: x.streams}, &topology.Defects.Spec, a.contract)
	begun, err := a.begun(ctx, x.candidate)
	if err != nil {
		return err
	}
	in := func(lives []replay.Life) []replay.Life {
		return slices.DeleteFunc(lives, func(l replay.Life) bool { return l.Retracted || !within.Holds(l.Onset) || !sieve.Chooses(l.Stream) })
	}
	judged := func(lives []replay.Life) []replay.Life {
		return slices.DeleteFunc(lives, func(l replay.Life) bool { return l.Onset.Before(begun[l.Partition]) })
	}
	live, candidate = in(live), in(candidate)
	all := len(live)
	live, candidate = judged(live), judged(candidate)
	difference := replay.Differ(live, candidate)
	difference.LeftOut = all - len(live)
	return tellDifference(w, difference, live, candidate, verdicts, within, x.output)
}

// comparable is the part of a range of which both the live detector and a candidate have told.
func (a *app) comparable(ctx context.Context, candidate string, within replay.Range) (replay.Range, error) {
	features, err := a.source(topology.Features.Name)
	if err != nil {
		return within, err
	}
	if within.From.IsZero() {
		if within.From, err = begins(ctx, features); err != nil {
			return within, err
		}
	}
	for _, one := range []struct{ what, group string }{{"the live detector", topology.StageNamed("detector").Group}, {"the candidate " + candidate, shadowGroup(candidate)}} {
		reached, err := a.reached(ctx, features, one.group)
		if err != nil {
			return within, fmt.Errorf("%s: %w", one.what, err)
		}
		reached = reached.Add(-replay.Settle())
		if within.To.IsZero() || reached.Before(within.To) {
			within.To = reached
		}
		if !within.From.Before(within.To) {
			return within, fmt.Errorf("%s has told only of what began before %s, and the range begins at %s: wait, or begin it earlier", one.what, utc(reached), utc(within.From))
		}
	}
	return within, nil
}

// errFirst ends a reading after its first record.
var errFirst = errors.New("the first record was read")

// written is when the first record of a range in a partition was written; false: there is none.
func written(ctx context.Context, s replay.Source, partition int32, r replay.Range) (at time.Time, found bool, err error) {
	err = s.Read(ctx, partition, r, func(record replay.Record) error {
		at, found = record.Time, true
		return errFirst
	})
	if errors.Is(err, errFirst) {
		err = nil
	}
	return at, found, err
}

// begins is from when on what the features on the log tell of is told of in every partition as by a detector that was always there.
func begins(ctx context.Context, features replay.Source) (begin time.Time, err error) {
	partitions, err := features.PartitionNumbers(ctx)
	for _, p := range partitions {
		at, found, err := written(ctx, features, p, replay.Range{})
		if err != nil {
			return begin, err
		}
		if at = at.Add(replay.Settle()); found && at.After(begin) {
			begin = at
		}
	}
	return begin, err
}

// reached is until when the features were written that a group has folded in every partition.
func (a *app) reached(ctx context.Context, features replay.Source, group string) (least time.Time, err error) {
	ends, err := a.cluster.Ends(ctx, &topology.Features.Spec)
	if err != nil {
		return least, err
	}
	committed, err := a.cluster.Committed(ctx, group, &topology.Features.Spec)
	if err != nil {
		return least, err
	}
	for p, end := range ends {
		next, begun := committed[p]
		if end == 0 {
			continue
		}
		if !begun || next <= 0 {
			return least, fmt.Errorf("it has folded nothing of partition %d of the features yet: is it running?", p)
		}
		at, found, err := written(ctx, features, p, replay.Range{FromOffset: next - 1})
		if err != nil {
			return least, err
		}
		if found && (least.IsZero() || at.Before(least)) {
			least = at
		}
	}
	if least.IsZero() {
		return least, errors.New("there are no features")
	}
	return least, nil
}
