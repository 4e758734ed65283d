package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/replay"
)

// tuneOutputs are the ways of telling what was tuned.
var tuneOutputs = []string{"yaml", "json", "table", "markdown"}

// mostCandidates bounds --most: each has a detector of its own that sees all of the records.
const mostCandidates = 5000

// tuningCommand is the flags of `tune`: those of an evaluation, and what is looked for.
type tuningCommand struct {
	evaluation
	objective replay.Objective
	train     float64
	raise     []float64
	wait      []time.Duration
	most      int
}

func tuneCommand() *cobra.Command {
	t := tuningCommand{}
	cmd := &cobra.Command{
		Use:   "tune",
		Short: "Choose thresholds by labelled clips, or by what people say of what was recorded",
		Long: "Choose raise, clear and for of kinds of defect: by the labels of clips, or by the verdicts on recorded features. A part of the streams (or of the recordings\n" +
			"that clips were made of) chooses, and the others tell how good that is. Clips are decoded once; then, and from the log, only detection is done again.\n" +
			"What is printed is a profile for the configuration file and for `framewatch replay --rules`. Interrupted, it gives what is known so far.",
		Example: "  framewatch tune --kinds black,freeze --min-recall 0.95 --objective precision > candidate.yaml\n" +
			"  framewatch tune --kinds black --set recorded --from 24h --max-alarms 0.1 --objective recall --report tuned.html",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := commandConfig(cmd)
			if err != nil {
				return err
			}
			t.config, t.stdout, t.stderr = config, cmd.OutOrStdout(), cmd.ErrOrStderr()
			if err := cmp.Or(t.check(), t.recorded.check(cmd, isRecorded(t.set))); err != nil {
				return usage(err)
			}
			return t.run(cmd)
		},
	}
	cmd.Flags().StringSliceVar(&t.kinds, "kinds", nil, "the kinds of defect to tune (at least one)")
	cmd.Flags().StringVar(&t.objective.Best, "objective", replay.BestF1, "what is to be as high as can be: f1, precision or recall")
	cmd.Flags().Float64Var(&t.objective.Recall, "min-recall", 0, "take only what finds at least this share of the faults, 0 to 1")
	cmd.Flags().Float64Var(&t.objective.Alarms, "max-alarms", math.Inf(1), "take only what has at most so many false alarms of the kind per stream and day")
	cmd.Flags().Float64Var(&t.train, "train", 0.5, "share of the streams, or recordings, that choose; the others test")
	cmd.Flags().Uint64Var(&t.seed, "seed", 1, "seed of the parts, of the intervals and of the built-in set")
	cmd.Flags().Float64SliceVar(&t.raise, "raise", nil, "raise levels to try, instead of a grid around the one in force; of one kind only")
	cmd.Flags().DurationSliceVar(&t.wait, "for", nil, "how long a figure must be bad: durations to try, instead of 0s to 10s")
	cmd.Flags().IntVar(&t.most, "most", 150, "how many candidates of each kind are tried at most, the nearest to what is in force first")
	cmd.Flags().StringVar(&t.set, "set", "built-in", setUsage)
	clipsFlag(cmd, &t.clips)
	cmd.Flags().StringVar(&t.profile, "profile", defaultProfile, "rule profile to tune; of what was recorded, only the streams that it is in force on")
	cmd.Flags().Float64Var(&t.clean, "clean", 1, "how long the clean part of the built-in set is, as a share of the rest")
	cmd.Flags().IntVar(&t.jobs, "jobs", runtime.NumCPU(), "how many clips are made and measured at a time")
	t.reporting.flags(cmd)
	t.recorded.flags(cmd)
	cmd.Flags().Lookup("max-alarms").DefValue = "any"
	output := cmd.Flags().Lookup("output")
	output.DefValue, output.Usage = "yaml", strings.Join(tuneOutputs[:3], ", ")+" or markdown"
	t.output = output.DefValue
	return cmd
}

// check refuses flags that cannot be used.
func (t *tuningCommand) check() error {
	t.half, t.every = "all", true
	for _, kind := range t.kinds {
		if noRule(kind) {
			return fmt.Errorf("--kinds: %q is unknown%s", kind, catalogue.Suggest(kind, rule.Catalogue.Names()))
		}
	}
	for _, wait := range t.wait {
		if wait < 0 || wait > rule.MaxFor {
			return fmt.Errorf("--for: %v is not within 0s and %v", wait, rule.MaxFor)
		}
	}
	switch {
	case len(t.kinds) == 0:
		return errors.New("--kinds: which kinds of defect are to be tuned?")
	case !slices.Contains([]string{replay.BestF1, replay.BestPrecision, replay.BestRecall}, t.objective.Best):
		return fmt.Errorf("--objective: %q is neither f1, precision nor recall", t.objective.Best)
	case !(t.objective.Recall >= 0 && t.objective.Recall <= 1):
		return fmt.Errorf("--min-recall: %v is not within 0 and 1", t.objective.Recall)
	case !(t.objective.Alarms >= 0):
		return fmt.Errorf("--max-alarms: %v is less than none", t.objective.Alarms)
	case !(t.train > 0 && t.train < 1):
		return fmt.Errorf("--train: %v is not above 0 and below 1", t.train)
	case len(t.raise) > 0 && len(t.kinds) > 1:
		return errors.New("--raise: levels are of one kind: name only that with --kinds")
	case t.most < 1 || t.most > mostCandidates:
		return fmt.Errorf("--most: %d is not within 1 and %d", t.most, mostCandidates)
	case !(t.clean >= 0 && t.clean <= 10) || t.jobs < 1:
		return errors.New("--clean is within 0 and 10, and --jobs at least 1")
	}
	return t.reporting.check(tuneOutputs)
}

func (t *tuningCommand) run(cmd *cobra.Command) error {
	if !isRecorded(t.set) {
		set, err := t.open()
		if err != nil {
			return err
		}
		return t.tune(cmd.Context(), "recordings", t.rules, t.try(set))
	}
	g, err := t.recorded.ground(cmd, t.set, nil, t.profile)
	if err != nil {
		return err
	}
	defer g.app.hangUp()
	if _, err := g.overlaid(cmd.Context(), []replay.Overlay{{Only: t.kinds[0]}}); err != nil { // which also tells what is in force
		return err
	}
	return t.tune(cmd.Context(), "streams", g.rules(), g.overlaid)
}

// tune searches and tells what it has come to. Broken off, it tells what is known so far, and fails.
func (t *tuningCommand) tune(ctx context.Context, unit, rules string, try ground) error {
	tuned, err := replay.Tuning{Kinds: t.kinds, Objective: t.objective, Rules: rules, Train: t.train, Seed: t.seed, Raise: t.raise, For: t.wait, Most: t.most,
		AtOnce: triedAtOnce, Tolerance: setTolerance, Try: try, Progress: t.progress}.Run(ctx)
	if err != nil {
		return err
	}
	r, err := t.report(unit, rules, tuned)
	if err != nil {
		return err
	}
	if err := t.tell(r); err != nil {
		return err
	}
	if tuned.Compared == nil {
		return fmt.Errorf("tune: broken off after %d of %d candidates: what was chosen is the best of those, and was not tried as a whole", tuned.Done, tuned.All)
	}
	return nil
}

// tell writes what was found.
func (t *tuningCommand) tell(r *tuneReport) error {
	d := r.document()
	if t.output != "yaml" {
		return t.reporting.write(t.stdout, r, d, d)
	}
	for _, file := range t.files {
		if err := writeReportFile(file, d); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	_, err := fmt.Fprint(t.stdout, r.comments(), r.Rules)
	return err
}

// progress tells how far it is, and the best so far.
func (t *tuningCommand) progress(so *replay.Tuned) {
	var best []string
	for _, k := range so.Kinds {
		if k.Chosen != nil {
			best = append(best, fmt.Sprintf("%s F1 %s at raise %g, for %v", k.Kind, figure(k.Chosen.Train.F1(), 3), k.Chosen.Raise, k.Chosen.For))
		}
	}
	fmt.Fprintf(t.stderr, "%d of %d candidates tried: %s\n", so.Done, so.All, strings.Join(best, "; "))
}
