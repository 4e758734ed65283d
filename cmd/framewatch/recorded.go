package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// recordedSet is what flags say of recorded features, and of what is known of them.
type recordedSet struct {
	stretch
	streams         []string
	verdicts, rules string
	complete        bool
}

// verdictEarly is how long before a fault that people know of a defect may begin that tells of it: nobody marks one to the second.
const verdictEarly = 10 * time.Second

// onRecorded are the flags that are about recorded features only.
var onRecorded = []string{"from", "to", "stream", "verdicts", "rules", "complete"}

func (s *recordedSet) flags(cmd *cobra.Command) {
	s.stretch.flags(cmd)
	cmd.Flags().StringSliceVar(&s.streams, "stream", nil, "recorded: only these streams, whose ids may hold * and ? (default: all)")
	cmd.Flags().StringVar(&s.verdicts, "verdicts", "", "recorded: a file of verdicts as framewatch verdicts import takes it, instead of those on the log")
	cmd.Flags().StringVar(&s.rules, "rules", "", "recorded: a configuration file whose profiles are judged by, instead of the rules that were in force")
	cmd.Flags().BoolVar(&s.complete, "complete", false, "recorded: all that is bad has a verdict, so that whatever else is told of is a false alarm")
}

// check refuses flags that are about what was recorded where clips are meant.
func (s *recordedSet) check(cmd *cobra.Command, recorded bool) error {
	for _, name := range onRecorded {
		if !recorded && cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s: it is about recorded features: give --set recorded, or --set and an export, as well", name)
		}
	}
	return nil
}

// recordedGround is what was recorded, and what is known of it.
type recordedGround struct {
	app    *app
	feed   replay.Feed
	sieve  *replay.Sieve
	within replay.Range
	// base makes Settings those that are judged by.
	base func(*schemas.Setting)
	// kinds that are scored; none: all. profile, when not empty, leaves the streams of others out.
	kinds   []string
	profile string
	some    bool

	known *replay.Truth
	// left is how many faults there are of which no features are left.
	left int
	// inForce are the Settings that are judged by, by stream.
	inForce map[string]inForce
}

// inForce is the profile and the rules of a stream.
type inForce struct{ profile, rules string }

// isRecorded tells whether a set is recorded features: those on the log, or an export.
func isRecorded(set string) bool { return set == recordedFeatures || replay.IsExport(set) }

// open is where the features of a set are. The app of an export has no log.
func (s *recordedSet) open(cmd *cobra.Command, set string) (*app, replay.Records, error) {
	if set == recordedFeatures {
		a, err := commandApp(cmd)
		if err != nil {
			return nil, nil, err
		}
		source, err := a.source(topology.Features.Name)
		return a, source, err
	}
	if s.verdicts == "" {
		return nil, nil, usage(errors.New("--verdicts: an export has none: name a file of verdicts"))
	}
	config, err := commandConfig(cmd)
	if err != nil {
		return nil, nil, err
	}
	a, err := newApp(config, cmd.ErrOrStderr())
	if err != nil {
		return nil, nil, err
	}
	files, err := replay.OpenFiles(set, a.contract)
	if err != nil {
		return nil, nil, fmt.Errorf("--set: %w", err)
	}
	return a, files, nil
}

// ground opens what was recorded; it is to be closed.
func (s *recordedSet) ground(cmd *cobra.Command, set string, kinds []string, profile string) (*recordedGround, error) {
	a, records, err := s.open(cmd, set)
	if err != nil {
		return nil, err
	}
	g, err := s.prepare(cmd.Context(), a, records, kinds, profile)
	if err != nil {
		a.hangUp()
	}
	return g, err
}

// hangUp leaves the log, where there is one.
func (a *app) hangUp() {
	if a.cluster != nil {
		a.cluster.Close()
	}
}

// within is what is looked at: of the log only what the live detector must have told of.
func (s *recordedSet) within(live bool) (replay.Range, error) {
	within, err := s.span(time.Now())
	if err != nil || !live {
		return within, err
	}
	if latest := time.Now().Add(-replay.Settle()); within.To.IsZero() || within.To.After(latest) {
		within.To = latest
	}
	if !within.From.Before(within.To) {
		return within, usage(fmt.Errorf("--from: %s is not before the end, %s: what began in the last %v cannot be told of in full", utc(within.From), utc(within.To), replay.Settle()))
	}
	return within, nil
}

func (s *recordedSet) prepare(ctx context.Context, a *app, records replay.Records, kinds []string, profile string) (*recordedGround, error) {
	within, err := s.within(a.cluster != nil)
	if err != nil {
		return nil, err
	}
	sieve := replay.NewSieve(replay.Selection{Streams: s.streams}, &topology.Features.Spec, a.contract)
	g := &recordedGround{app: a, feed: replay.Recorded(records, within, a.contract, sieve), sieve: sieve, within: within, kinds: kinds, profile: profile, some: !s.complete, inForce: map[string]inForce{}, base: func(*schemas.Setting) {}}
	if s.rules != "" {
		if g.base, err = a.changeTo(ctx, "rules", s.rules); err != nil {
			return nil, err
		}
	}
	known, err := s.truth(ctx, a, within)
	if err != nil {
		return nil, err
	}
	g.known = known.Of(func(l replay.Label) bool {
		return sieve.Chooses(l.Stream) && (len(kinds) == 0 || slices.Contains(kinds, l.Kind))
	})
	return g, nil
}

// changeTo is what the profiles of a file make of Settings.
func (a *app) changeTo(ctx context.Context, flag, file string) (func(*schemas.Setting), error) {
	rules, err := a.otherRules(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", flag, err)
	}
	return rules.change, nil
}

// truth is what people say.
func (s *recordedSet) truth(ctx context.Context, a *app, within replay.Range) (*replay.Truth, error) {
	filter := verdictFilter{Range: within}
	var lives []replay.Life
	var verdicts []replay.Verdict
	var err error
	if a.cluster != nil {
		if lives, err = a.lives(ctx, filter); err != nil {
			return nil, err
		}
	}
	if s.verdicts != "" {
		verdicts, err = verdictsIn(s.verdicts, lives)
	} else {
		verdicts, err = a.verdicts(ctx, filter)
	}
	if err == nil && len(verdicts) == 0 {
		err = errors.New("there are no verdicts to score by: framewatch verdicts add or import says what was right and what was missed, or name a file with --verdicts")
	}
	return replay.NewTruth(lives, verdicts, verdictTolerance), err
}

// verdictsIn are those in a file; of a defect that is on the log the rest is known.
func verdictsIn(file string, lives []replay.Life) ([]replay.Verdict, error) {
	rows, err := readVerdictFile(file)
	if err != nil {
		return nil, usage(err)
	}
	byID := map[string]replay.Life{}
	for _, l := range lives {
		byID[l.ID] = l
	}
	var all []replay.Verdict
	var wrong []error
	for _, r := range rows {
		v, err := r.verdict(byID)
		if err := errors.Join(append(r.wrong, err)...); err != nil {
			wrong = append(wrong, fmt.Errorf("%s:%d: %w", file, r.line, err))
		}
		all = append(all, v)
	}
	if more := len(wrong) - mistakesShown; more > 0 {
		wrong = append(wrong[:mistakesShown], fmt.Errorf("and %d more", more))
	}
	if len(wrong) > 0 {
		return nil, usage(errors.Join(wrong...))
	}
	return all, nil
}

// verdict is what a row says.
func (r *opinionRow) verdict(lives map[string]replay.Life) (replay.Verdict, error) {
	v := replay.Verdict{Stream: r.Stream, Label: r.Label, Kind: r.Kind, Author: cmp.Or(r.Author, "-"), Note: r.Note, Defect: r.Defect, Start: r.Start, End: r.End, Given: r.Given}
	if l, known := lives[r.Defect]; known {
		v.Stream, v.Kind = l.Stream, l.Kind
		if v.Start.IsZero() {
			v.Start = l.Onset
		}
		if v.End.IsZero() {
			v.End = later(l.End, v.Start)
		}
	}
	switch {
	case !slices.Contains(replay.VerdictLabels, v.Label):
		return v, wrongField("label", "%.40q is none of confirmed, false_alarm, missed", v.Label)
	case r.Defect != "" && v.Stream == "":
		return v, wrongField("defect", "%.40q is not known: give stream, kind, start and end as well", r.Defect)
	case v.Stream == "" || v.Start.IsZero() || v.End.Before(v.Start):
		return v, errors.New("stream, start and end must be given, and the end not be before the start")
	case noRule(v.Kind):
		return v, wrongField("kind", "%.40q is unknown", v.Kind)
	}
	return v, nil
}

// try tries changes, each after the base, in one reading; the first time it also learns which Settings are in force and leaves of what is known what
// the features can tell of.
func (g *recordedGround) try(ctx context.Context, changes ...func(*schemas.Setting)) ([][]replay.Case, error) {
	first := len(g.inForce) == 0
	all := make([]func(*schemas.Setting), len(changes))
	for i, change := range changes {
		all[i] = func(s *schemas.Setting) {
			g.base(s)
			if first && i == 0 && !s.Removed {
				g.inForce[s.Stream] = inForce{s.Profile, s.Rules}
			}
			change(s)
		}
	}
	var find replay.Model
	if g.app.cluster != nil {
		find = g.app.modelFinder(ctx)
	}
	trial, err := replay.Try(ctx, g.feed, g.within, g.app.log, find, all)
	if err != nil {
		return nil, err
	}
	if first {
		if len(trial.Streams) == 0 {
			return nil, errors.New("there are no features of these streams and this time")
		}
		g.known, g.left = trial.Known(g.known)
	}
	cases := make([][]replay.Case, len(changes))
	for i := range changes {
		cases[i] = g.wanted(trial.Cases(i, g.known, g.some, verdictEarly))
	}
	return cases, nil
}

// wanted leaves of the cases what is asked for.
func (g *recordedGround) wanted(cases []replay.Case) []replay.Case {
	cases = slices.DeleteFunc(cases, func(c replay.Case) bool {
		return !g.sieve.Chooses(c.Name) || g.profile != "" && g.inForce[c.Name].profile != g.profile
	})
	if len(g.kinds) == 0 {
		return cases
	}
	for i := range cases {
		c := &cases[i]
		c.Defects = slices.DeleteFunc(c.Defects, func(d replay.Defect) bool { return !slices.Contains(g.kinds, d.Kind) })
	}
	return cases
}

// overlaid tries overlays.
func (g *recordedGround) overlaid(ctx context.Context, overlays []replay.Overlay) ([][]replay.Case, error) {
	changes := make([]func(*schemas.Setting), len(overlays))
	for i, o := range overlays {
		changes[i] = o.Change()
	}
	return g.try(ctx, changes...)
}

// rules are those that most of the streams are judged by.
func (g *recordedGround) rules() string {
	count := map[string]int{}
	for _, s := range g.inForce {
		if g.profile == "" || s.profile == g.profile {
			count[s.rules]++
		}
	}
	most := "{}"
	for _, text := range slices.Sorted(maps.Keys(count)) {
		if count[text] > count[most] {
			most = text
		}
	}
	return most
}
