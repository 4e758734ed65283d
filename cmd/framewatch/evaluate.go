package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
)

// evaluation is the command's flags, and what it finds.
type evaluation struct {
	set      string
	clips    string
	kinds    []string
	half     string
	profile  string
	baseline bool
	details  bool
	seed     uint64
	clean    float64
	jobs     int
	stdout   io.Writer
	stderr   io.Writer
	config   Config
	// against is a configuration file whose profile of the same name is compared; report are files.
	against string
	curves  bool
	reporting
	recorded recordedSet
	// every clip is judged, whatever the kinds are.
	every bool
	// rules are the profile's, instant the same with every duration left out, others those of the other file.
	rules, instant, others string
	measured               *measurements

	mu    sync.Mutex
	done  int
	warm  map[string]*warmUp
	cases []judged
}

// judged is one clip as it was judged.
type judged struct {
	set lab.Labelled
	// byRules is by the profile's rules, byFrames with every duration left out; byFilter by each of FFmpeg's detectors.
	byRules, byFrames replay.Case
	// byOthers is by the rules that are compared.
	byOthers replay.Case
	byFilter []replay.Case
}

// recordedFeatures is the set that is no clips but what stands on the log.
const recordedFeatures = "recorded"

const setUsage = "folder of labelled clips, built-in, or recorded: the features on the log, by the verdicts on them; or an export of features"

// setTolerance is how far fault and defect may be apart: what is judged by the second begins up to one early or late.
const setTolerance = time.Second

// setEarly is how long before its fault a defect of a clip may begin: what fires all the time finds nothing.
const setEarly = 3 * time.Second

func evaluateCommand() *cobra.Command {
	e := evaluation{}
	cmd := &cobra.Command{
		Use:   "evaluate",
		Short: "How well each kind of defect is found, on clips with known faults or by the verdicts on what was recorded",
		Long: "How well each kind of defect is found: precision, recall, F1, onset and end errors and false alarms, event by event, on clips with known faults.\n" +
			"Without --set the clips are made from natural footage, once (minutes): every kind at several levels, faults together as in BVI-Artefact,\n" +
			"and as much sound footage. The same worker measures and the same rules decide as in a live run. --set names a folder of labelled clips:\n" +
			`set.ndjson there has a line a clip: {"file":"a.ts","source":"studio","labels":[{"kind":"black","start":5.0,"end":8.2}]}.` + "\n" +
			"Sources whose names begin with a to m are for tuning, n to z for testing: choose thresholds on one half, believe the figures of the other.\n" +
			"--set recorded scores what a detector tells of the features on the log, by what people say: what they confirmed or missed is to be found, what they\n" +
			"called a false alarm is not, and of the rest nothing is known (but with --complete). --against tries other rules on the same streams or clips.",
		Example: "  framewatch evaluate --kinds black,freeze --curves --report black.html\n" +
			"  framewatch evaluate --set recorded --from 24h --stream 'news-*' --against candidate.yaml",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := commandConfig(cmd)
			if err != nil {
				return err
			}
			e.config, e.stdout, e.stderr = config, cmd.OutOrStdout(), cmd.ErrOrStderr()
			if err := cmp.Or(e.check(), e.recorded.check(cmd, isRecorded(e.set))); err != nil {
				return usage(err)
			}
			if isRecorded(e.set) {
				return e.runRecorded(cmd)
			}
			return e.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&e.set, "set", "built-in", setUsage)
	clipsFlag(cmd, &e.clips)
	cmd.Flags().StringSliceVar(&e.kinds, "kinds", nil, "only clips with these kinds of defect, clean or recipe; and only these kinds are scored (default: all)")
	cmd.Flags().StringVar(&e.half, "half", "all", "only clips of these sources: tune, test or all")
	cmd.Flags().StringVar(&e.profile, "profile", defaultProfile, "rule profile of the configuration file to judge by")
	cmd.Flags().BoolVar(&e.baseline, "baseline", false, "also score FFmpeg's blackdetect, freezedetect and silencedetect on the same clips")
	cmd.Flags().BoolVar(&e.details, "details", false, "also list what was missed and each false alarm")
	cmd.Flags().Uint64Var(&e.seed, "seed", 1, "seed of where faults are in the built-in set")
	cmd.Flags().Float64Var(&e.clean, "clean", 1, "how long the clean part of the built-in set is, as a share of the rest")
	cmd.Flags().IntVar(&e.jobs, "jobs", runtime.NumCPU(), "how many clips are made and measured at a time")
	cmd.Flags().StringVar(&e.against, "against", "", "a configuration file whose profile of the same name is tried as well: what it would change, with 95 % intervals")
	cmd.Flags().BoolVar(&e.curves, "curves", false, "also precision and recall of each kind at raise levels around the one in force")
	e.reporting.flags(cmd)
	e.recorded.flags(cmd)
	return cmd
}

// check refuses flags that cannot be used.
func (e *evaluation) check() error {
	if err := e.reporting.check(outputs); err != nil {
		return err
	}
	if !slices.Contains([]string{"all", lab.TuneHalf, lab.TestHalf}, e.half) {
		return fmt.Errorf("--half: %q is neither tune, test nor all", e.half)
	}
	if !(e.clean >= 0 && e.clean <= 10) {
		return fmt.Errorf("--clean: %v is not within 0 and 10", e.clean)
	}
	if e.jobs < 1 {
		return fmt.Errorf("--jobs: %d is less than 1", e.jobs)
	}
	known := append(lab.Kinds(), lab.CleanClips, lab.RecipeClips)
	for _, kind := range e.kinds {
		if !slices.Contains(known, kind) {
			return fmt.Errorf("--kinds: %q is unknown%s", kind, catalogue.Suggest(kind, known))
		}
	}
	return nil
}

func (e *evaluation) run(ctx context.Context) (err error) {
	if e.against != "" {
		if e.others, err = rulesIn(e.against, e.profile); err != nil {
			return usage(fmt.Errorf("--against: %w", err))
		}
	}
	set, err := e.open()
	if err != nil {
		return err
	}
	if e.instant, err = withoutDurations(e.rules); err != nil {
		return err
	}
	if err := e.judgeAll(ctx, set); err != nil {
		return err
	}
	r := e.scores()
	if e.against != "" {
		r.Comparison = newComparison(e.against, "recordings", e.seed, replay.Compare(e.pick(judged.rules), e.pick(judged.other), setTolerance, e.seed))
	}
	if e.curves {
		if r.Curves, err = drawCurves(ctx, e.rules, r.Scores[0].Kinds, e.try(set), e.stderr); err != nil {
			return err
		}
	}
	return e.reporting.write(e.stdout, r, r.document(e.details), r.document(true))
}

// open finds the rules and the clips, and where what is measured of them is kept.
func (e *evaluation) open() ([]lab.Labelled, error) {
	log, err := newLogger(LogConfig{Level: "error", Format: "text"}, e.stderr)
	if err != nil {
		return nil, err
	}
	slog.SetDefault(log) // that a clip with a fault cannot be decoded in part is no news
	if e.rules, err = e.config.rules(e.profile); err != nil {
		return nil, usage(err)
	}
	cache, err := clipCache()
	if err != nil {
		return nil, err
	}
	if e.measured, err = newMeasurements(e.config, cache); err != nil {
		return nil, err
	}
	e.warm = map[string]*warmUp{}
	return e.load()
}

// rulesIn are the rules of a profile of a configuration file.
func rulesIn(file, profile string) (string, error) {
	config, err := loadConfig(file)
	if err != nil {
		return "", err
	}
	return config.rules(profile)
}

func (c judged) rules() replay.Case { return c.byRules }
func (c judged) other() replay.Case { return c.byOthers }

// pick is one of each clip's cases; clips of the recipe have none, since only whole clips are scored of it.
func (e *evaluation) pick(of func(judged) replay.Case) (all []replay.Case) {
	for _, c := range e.cases {
		if !slices.Contains(c.set.Kinds, lab.RecipeClips) {
			all = append(all, of(c))
		}
	}
	return all
}

// load gives the clips that are asked for.
func (e *evaluation) load() ([]lab.Labelled, error) {
	set, err := e.all()
	if err != nil {
		return nil, err
	}
	set = slices.DeleteFunc(set, func(l lab.Labelled) bool {
		half := lab.Footage{Name: l.Source}.Half()
		wanted := len(e.kinds) == 0 || e.every || slices.ContainsFunc(l.Kinds, func(k string) bool { return slices.Contains(e.kinds, k) })
		return !wanted || e.half != "all" && half != e.half
	})
	if len(set) == 0 {
		return nil, usage(fmt.Errorf("no clip of the set is of these kinds and this half"))
	}
	return set, nil
}

func (e *evaluation) all() ([]lab.Labelled, error) {
	if e.set != "built-in" {
		return lab.SetIn(e.set)
	}
	clips, err := findClips(e.clips)
	if err != nil {
		return nil, usage(err)
	}
	cache, err := clipCache()
	if err != nil {
		return nil, err
	}
	return lab.BuiltIn(clips, cache, e.seed, e.clean)
}

// judgeAll makes and judges the clips, several at a time; the results are in the order of the set.
func (e *evaluation) judgeAll(ctx context.Context, set []lab.Labelled) error {
	e.cases = make([]judged, len(set))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(e.jobs)
	for i, l := range set {
		group.Go(func() (err error) {
			e.cases[i], err = e.judge(ctx, l)
			e.progress(len(set))
			return err
		})
	}
	return group.Wait()
}

// progress tells each twentieth part.
func (e *evaluation) progress(all int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done++
	if step := max(all/20, 1); e.done%step == 0 && all > 20 {
		fmt.Fprintf(e.stderr, "%d of %d clips judged\n", e.done, all)
	}
}

// judge makes one clip, measures it once, and judges what was measured by each of the sets of rules.
func (e *evaluation) judge(ctx context.Context, l lab.Labelled) (judged, error) {
	rules := []string{e.rules, e.instant}
	if e.against != "" {
		rules = append(rules, e.others)
	}
	cases, made, err := e.judgeBy(ctx, l, rules)
	if err != nil {
		return judged{}, err
	}
	c := judged{set: l, byRules: cases[0], byFrames: cases[1]}
	if e.against != "" {
		c.byOthers = cases[2]
	}
	c.byFrames.Labels = slices.Clone(c.byFrames.Labels)
	for i := range c.byFrames.Labels {
		c.byFrames.Labels[i].Optional = !e.asks(c.byFrames.Labels[i].Kind)
	}
	if e.baseline {
		c.byFilter, err = e.filtered(ctx, c.byRules, made.File)
	}
	return c, err
}

// judgeBy judges one clip by each of the sets of rules.
func (e *evaluation) judgeBy(ctx context.Context, l lab.Labelled, rules []string) ([]replay.Case, lab.Made, error) {
	made, err := l.Make(ctx)
	if err != nil {
		return nil, made, err
	}
	all := make([]*judgement, len(rules))
	for i, text := range rules {
		all[i] = newJudgement(&schemas.Setting{Generation: 1, Stream: l.Name, Profile: e.profile, Rules: text})
	}
	start, err := e.warmUp(ctx, l, all)
	if err != nil {
		return nil, made, err
	}
	var end int64
	err = e.measured.each(ctx, made.File, func(f *schemas.Feature) {
		shift(f, start)
		if s := f.StreamSecond; s != nil {
			end = s.At
		}
		for _, j := range all {
			j.judge(f)
		}
	})
	if err != nil {
		return nil, made, fmt.Errorf("measure %s: %w", l.Name, err)
	}
	cases := make([]replay.Case, len(all))
	for i, j := range all {
		cases[i] = e.scored(l, made, j, time.Duration(end)*time.Microsecond)
	}
	return cases, made, nil
}

// scored is what one judgement says of a clip.
func (e *evaluation) scored(l lab.Labelled, made lab.Made, j *judgement, length time.Duration) replay.Case {
	j.end()
	c := replay.Case{Name: l.Name, Source: l.Source, Length: length, Labels: made.Labels, Companions: l.Companions, Early: setEarly}
	for _, d := range j.defects() {
		// What is from before the clip's first picture is from before the clip, but for sound that came sooner.
		if d.End >= j.first {
			c.Defects = append(c.Defects, replay.Defect{ID: d.ID, Stream: d.Stream, Kind: d.Kind, Part: d.Part,
				Onset: time.UnixMicro(d.Onset - j.first), End: time.UnixMicro(d.End - j.first)})
		}
	}
	return e.wanted(c)
}

// wanted leaves in a case what is asked for: of other kinds nothing is scored, but what they explain they explain.
func (e *evaluation) wanted(c replay.Case) replay.Case {
	c.Labels = slices.Clone(c.Labels)
	for i, l := range c.Labels {
		c.Labels[i].Optional = l.Optional || !e.asks(l.Kind)
	}
	c.Defects = slices.DeleteFunc(c.Defects, func(d replay.Defect) bool { return !e.asks(d.Kind) })
	return c
}

// asks tells whether a kind is scored.
func (e *evaluation) asks(kind string) bool {
	kinds := slices.DeleteFunc(slices.Clone(e.kinds), func(k string) bool { return k == lab.CleanClips || k == lab.RecipeClips })
	return len(kinds) == 0 || slices.Contains(kinds, kind)
}

// filtered scores FFmpeg's detectors on a clip that was scored.
func (e *evaluation) filtered(ctx context.Context, scored replay.Case, file string) (all []replay.Case, err error) {
	found, err := lab.RunFilters(ctx, lab.FilterDetectors, file, scored.Name, scored.Length)
	for _, defects := range found {
		c := scored
		c.Defects = defects
		all = append(all, c)
	}
	return all, err
}

// warmUp has the detectors see what the stream of a clip was before it, and gives the time in microseconds at which the next session begins.
func (e *evaluation) warmUp(ctx context.Context, l lab.Labelled, detectors []*judgement) (next int64, err error) {
	if l.WarmUp == nil {
		return 0, nil
	}
	made, err := e.before(ctx, l)
	if err != nil {
		return 0, err
	}
	err = e.measured.each(ctx, made.File, func(f *schemas.Feature) {
		for _, j := range detectors {
			j.judge(f)
		}
		if s := f.StreamSecond; s != nil {
			next = s.At
		}
	})
	for _, j := range detectors {
		j.pictured = false // times are since the clip's own first picture
	}
	return next, err
}

// before makes the clip that is the warm-up of all of a recording, once, and measures it.
func (e *evaluation) before(ctx context.Context, l lab.Labelled) (lab.Made, error) {
	e.mu.Lock()
	w := e.warm[l.Source]
	if w == nil {
		w = &warmUp{}
		e.warm[l.Source] = w
	}
	e.mu.Unlock()
	w.once.Do(func() {
		if w.made, w.err = l.WarmUp(ctx); w.err == nil {
			_, w.err = e.measured.file(ctx, w.made.File)
		}
	})
	return w.made, w.err
}

// warmUp is a clip that is made once.
type warmUp struct {
	once sync.Once
	made lab.Made
	err  error
}

// shift puts a record into a session that begins at start.
func shift(f *schemas.Feature, start int64) {
	switch {
	case f.VideoFrame != nil:
		f.VideoFrame.Session = start
	case f.AudioBlock != nil:
		f.AudioBlock.Session = start
	case f.StreamSecond != nil:
		f.StreamSecond.Session = start
	case f.Inventory != nil:
		f.Inventory.Session = start
	}
}

// withoutDurations are the rules of a profile with every `for` zero: each bad verdict opens a defect.
func withoutDurations(rules string) (string, error) {
	options := map[string]map[string]any{}
	if rules != "" {
		if err := json.Unmarshal([]byte(rules), &options); err != nil {
			return "", fmt.Errorf("read rules: %w", err)
		}
	}
	for _, kind := range rule.Catalogue.Names() {
		if options[kind] == nil {
			options[kind] = map[string]any{}
		}
		options[kind]["for"] = "0s"
	}
	text, err := json.Marshal(options)
	return string(text), err
}

// noRule tells that the detector does not know a kind.
func noRule(kind string) bool { return !slices.Contains(rule.Catalogue.Names(), kind) }

// figure is x in so many decimals, or a dash when it is none.
func figure(x float64, decimals int) string {
	if math.IsNaN(x) {
		return "-"
	}
	return strings.TrimSpace(fmt.Sprintf("%.*f", decimals, x))
}
