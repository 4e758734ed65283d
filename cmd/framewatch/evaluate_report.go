package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/replay/report"
)

// evaluationReport is what an evaluation tells, as JSON and as tables.
type evaluationReport struct {
	Set       string        `json:"set"`
	Half      string        `json:"half"`
	Profile   string        `json:"profile"`
	Tolerance float64       `json:"tolerance_seconds"`
	Early     float64       `json:"early_seconds"`
	Sources   []string      `json:"sources"`
	Clips     int           `json:"clips"`
	Scores    []scoreReport `json:"scores"`
	// Sequences are whole clips in which faults are together, by frame verdicts.
	Sequences []sequenceReport `json:"sequences,omitempty"`
	// NotInjected are the kinds of the detector that the set has no fault of, and why.
	NotInjected map[string]string `json:"not_injected,omitempty"`
	// Comparison is with other rules, Curves are precision and recall at other raise levels; where they were asked for.
	Comparison *comparisonReport `json:"comparison,omitempty"`
	Curves     []curveReport     `json:"curves,omitempty"`
}

// scoreReport is one way of judging over the set.
type scoreReport struct {
	Judge        string      `json:"judge"`
	MediaHours   float64     `json:"media_hours"`
	CleanHours   float64     `json:"clean_hours"`
	CleanAlarms  int         `json:"clean_alarms"`
	AlarmsPerDay *float64    `json:"clean_alarms_per_stream_day"`
	Kinds        []kindScore `json:"kinds"`
	Levels       []kindScore `json:"levels"`
	Missed       []spanWord  `json:"missed"`
	False        []spanWord  `json:"false_alarms"`
}

// kindScore is the accuracy of one kind, or of one level of it.
type kindScore struct {
	Kind    string `json:"kind"`
	Variant string `json:"variant,omitempty"`
	Level   string `json:"level,omitempty"`
	NoRule  bool   `json:"no_rule,omitempty"`
	Faults  int    `json:"faults"`
	Found   int    `json:"found"`
	False   int    `json:"false_alarms"`
	Clean   int    `json:"clean_alarms"`
	// Figures that do not exist are null.
	Precision *float64 `json:"precision"`
	Recall    *float64 `json:"recall"`
	F1        *float64 `json:"f1"`
	OnsetP50  *float64 `json:"onset_error_p50_seconds"`
	OnsetP99  *float64 `json:"onset_error_p99_seconds"`
	// EndP50 and EndP99 are how long defects outlast their faults, negative where they end before.
	EndP50 *float64 `json:"end_error_p50_seconds"`
	EndP99 *float64 `json:"end_error_p99_seconds"`
	PerDay *float64 `json:"clean_alarms_per_stream_day"`
	// Unjudged defects are those of which nothing is known, where not all is.
	Unjudged int `json:"unjudged,omitempty"`
	// Rate is that of false alarms in all that was looked at.
	Rate *float64 `json:"false_alarms_per_stream_day"`
}

// spanWord is a fault or a defect.
type spanWord struct {
	Clip  string  `json:"clip"`
	Kind  string  `json:"kind"`
	Part  string  `json:"part,omitempty"`
	Start float64 `json:"start"`
	End   float64 `json:"end"`
}

// sequenceReport is one artefact over whole clips.
type sequenceReport struct {
	Artefact string   `json:"artefact"`
	NoRule   bool     `json:"no_rule,omitempty"`
	Clips    int      `json:"clips"`
	With     int      `json:"with_artefact"`
	Accuracy float64  `json:"accuracy"`
	F1       *float64 `json:"f1"`
}

// Names of the ways of judging.
const (
	byRules  = "default settings"
	byFrames = "frame verdicts, without durations"
)

// scores scores what was judged.
func (e *evaluation) scores() *evaluationReport {
	r := &evaluationReport{Set: e.set, Half: e.half, Profile: e.profile, Tolerance: setTolerance.Seconds(), Early: setEarly.Seconds(), Clips: len(e.cases)}
	if e.set == "built-in" {
		r.NotInjected = lab.NotInjected
	}
	var rules, frames, recipe []replay.Case
	filters := make([][]replay.Case, len(lab.FilterDetectors))
	for _, c := range e.cases {
		if !slices.Contains(r.Sources, c.set.Source) {
			r.Sources = append(r.Sources, c.set.Source)
		}
		if slices.Contains(c.set.Kinds, lab.RecipeClips) {
			recipe = append(recipe, c.byFrames)
			continue
		}
		rules, frames = append(rules, c.byRules), append(frames, c.byFrames)
		for i, f := range c.byFilter {
			filters[i] = append(filters[i], f)
		}
	}
	slices.Sort(r.Sources)
	name := byRules
	if e.profile != defaultProfile {
		name = "profile " + e.profile
	}
	r.Scores = []scoreReport{newScoreReport(name, rules, setTolerance), newScoreReport(byFrames, frames, setTolerance)}
	for i, d := range lab.FilterDetectors {
		if len(filters[i]) > 0 {
			r.Scores = append(r.Scores, newScoreReport(fmt.Sprintf("FFmpeg %s, %s (%s)", d.Filter, d.Name, d.Options), only(filters[i], d), setTolerance))
		}
	}
	if len(recipe) > 0 {
		for i, s := range replay.EvaluateSequences(recipe, lab.Artefacts) {
			r.Sequences = append(r.Sequences, sequenceReport{Artefact: s.Artefact, Clips: len(recipe), With: s.TruePositive + s.FalseNegative,
				NoRule: noRule(lab.Artefacts[i].Kinds[0]), Accuracy: s.Accuracy(), F1: number(s.F1())})
		}
	}
	return r
}

// only is what one of FFmpeg's detectors is to find: of the other faults nothing is asked, but a clip that has them is not clean.
func only(cases []replay.Case, d lab.FilterDetector) []replay.Case {
	cases = slices.Clone(cases)
	for i, c := range cases {
		c.Labels = slices.Clone(c.Labels)
		for j := range c.Labels {
			l := &c.Labels[j]
			l.Optional = l.Optional || l.Kind != d.Kind
			if slices.Contains(d.Explained, l.Kind) {
				c.Companions = append(slices.Clone(c.Companions), d.Kind)
			}
		}
		cases[i] = c
	}
	return cases
}

func newScoreReport(judge string, cases []replay.Case, tolerance time.Duration) scoreReport {
	e := replay.Evaluate(cases, tolerance)
	r := scoreReport{Judge: judge, MediaHours: e.Length.Hours(), CleanHours: e.Clean.Hours(), CleanAlarms: e.CleanAlarms, AlarmsPerDay: number(e.PerDay(e.CleanAlarms))}
	for _, a := range e.Kinds {
		r.Kinds = append(r.Kinds, newKindScore(e, a))
	}
	for _, a := range e.Levels {
		r.Levels = append(r.Levels, newKindScore(e, a))
	}
	for _, l := range e.Missed {
		if !noRule(l.Kind) {
			r.Missed = append(r.Missed, spanWord{Clip: l.Stream, Kind: l.Kind, Start: sinceZero(l.Start), End: sinceZero(l.End)})
		}
	}
	for _, d := range e.Unexpected {
		r.False = append(r.False, spanWord{Clip: d.Stream, Kind: d.Kind, Part: d.Part, Start: sinceZero(d.Onset), End: sinceZero(d.End)})
	}
	return r
}

func newKindScore(e *replay.Evaluation, a *replay.Accuracy) kindScore {
	k := kindScore{Kind: a.Kind, Variant: a.Variant, Level: a.Level, Faults: a.Labels, Found: a.Hits, NoRule: noRule(a.Kind)}
	if k.NoRule {
		return k
	}
	k.False, k.Clean, k.Unjudged, k.Rate = a.False, a.Clean, a.Unjudged, number(e.Rate(a.False))
	k.Precision, k.Recall, k.F1, k.PerDay = number(a.Precision()), number(a.Recall()), number(a.F1()), number(e.PerDay(a.Clean))
	if len(a.Onsets) > 0 {
		k.OnsetP50, k.OnsetP99 = number(a.Onset(0.5).Seconds()), number(a.Onset(0.99).Seconds())
	}
	if len(a.Ends) > 0 {
		k.EndP50, k.EndP99 = number(a.End(0.5).Seconds()), number(a.End(0.99).Seconds())
	}
	return k
}

// sinceZero is media time in seconds.
func sinceZero(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// number is x, or nil when it is none.
func number(x float64) *float64 {
	if figure(x, 0) == "-" {
		return nil
	}
	return &x
}

// cell is a figure for people.
func cell(x *float64, decimals int) string {
	if x == nil {
		return "-"
	}
	return figure(*x, decimals)
}

// document is the report for people.
func (r *evaluationReport) document(details bool) *report.Document {
	d := report.New("How well defects are found in clips")
	d.Line(fmt.Sprintf("Set %s, half %s: %d clips from %s; fault and defect may be %.0f s apart, and a defect begin %.0f s early.", r.Set, r.Half, r.Clips, strings.Join(r.Sources, ", "), r.Tolerance, r.Early))
	for _, s := range r.Scores[:2] {
		d.Line(fmt.Sprintf("By %s: %.2f h of media, %.2f h of it clean with %d alarms (%s a stream and day).", s.Judge, s.MediaHours, s.CleanHours, s.CleanAlarms, cell(s.AlarmsPerDay, 2)))
		d.Table(kindHeader, kindRows(s.Kinds))
	}
	d.Plots("kinds", kindPlot("Precision and recall by kind", r.Scores[0].Kinds)...)
	if rows := levelRows(r.Scores[0].Levels, r.Scores[1].Levels); len(rows) > 0 {
		d.Line("Found by level, with durations and without.")
		d.Table([]string{"kind", "level", "faults", "found", "of frames", "found by frames"}, rows)
	}
	if len(r.Sequences) > 0 {
		d.Line("Faults together as in BVI-Artefact, whole clips, by frame verdicts.")
		d.Table([]string{"artefact", "clips", "with it", "accuracy", "F1"}, sequenceRows(r.Sequences))
	}
	if len(r.Scores) > 2 {
		d.Line("FFmpeg's detectors on the same clips.")
		d.Table(append([]string{"detector"}, kindHeader...), baselineRows(r.Scores))
	}
	r.Comparison.tell(d, r.Comparison.heading())
	tellCurves(d, r.Curves)
	if details {
		r.tellDetails(d)
	}
	return d
}

func (r *evaluationReport) tellDetails(d *report.Document) {
	for _, s := range r.Scores {
		d.Line("Missed and false by " + s.Judge + ".")
		var rows [][]string
		for what, list := range map[string][]spanWord{"missed": s.Missed, "false": s.False} {
			for _, x := range list {
				rows = append(rows, []string{what, x.Clip, x.Kind, x.Part, figure(x.Start, 2), figure(x.End, 2)})
			}
		}
		slices.SortStableFunc(rows, slices.Compare)
		d.Table([]string{"what", "clip", "kind", "part", "from", "to"}, rows)
	}
}

var kindHeader = []string{"kind", "faults", "found", "false", "precision", "recall", "F1", "onset p50", "onset p99", "end p50", "end p99", "clean alarms", "a day"}

func kindRows(kinds []kindScore) (rows [][]string) {
	for _, k := range kinds {
		rows = append(rows, k.row())
	}
	return rows
}

func (k kindScore) name() string {
	if k.Variant == "" {
		return k.Kind
	}
	return k.Kind + ", " + k.Variant
}

func (k kindScore) row() []string {
	if k.NoRule {
		return []string{k.name(), fmt.Sprint(k.Faults), "no rule", "", "", "", "", "", "", "", "", "", ""}
	}
	return []string{k.name(), fmt.Sprint(k.Faults), fmt.Sprint(k.Found), fmt.Sprint(k.False), cell(k.Precision, 3), cell(k.Recall, 3), cell(k.F1, 3),
		cell(k.OnsetP50, 2), cell(k.OnsetP99, 2), cell(k.EndP50, 2), cell(k.EndP99, 2), fmt.Sprint(k.Clean), cell(k.PerDay, 2)}
}

// levelRows are the levels by rules and by frames side by side: a level that is too short for the rules is only in the second list.
func levelRows(rules, frames []kindScore) (rows [][]string) {
	for _, f := range frames {
		row := []string{f.name(), f.Level, "-", "-", fmt.Sprint(f.Faults), fmt.Sprint(f.Found)}
		for _, r := range rules {
			if r.name() == f.name() && r.Level == f.Level {
				row[2], row[3] = fmt.Sprint(r.Faults), fmt.Sprint(r.Found)
			}
		}
		if f.NoRule {
			row[3], row[5] = "no rule", "no rule"
		}
		rows = append(rows, row)
	}
	return rows
}

func sequenceRows(sequences []sequenceReport) (rows [][]string) {
	for _, s := range sequences {
		row := []string{s.Artefact, fmt.Sprint(s.Clips), fmt.Sprint(s.With), figure(s.Accuracy, 3), cell(s.F1, 3)}
		if s.NoRule {
			row[3], row[4] = "no rule", "no rule"
		}
		rows = append(rows, row)
	}
	return rows
}

// baselineRows are FFmpeg's, each with ours of the kind before it.
func baselineRows(scores []scoreReport) (rows [][]string) {
	for _, s := range scores[2:] {
		for _, k := range s.Kinds {
			ours := slices.IndexFunc(scores[0].Kinds, func(o kindScore) bool { return o.name() == k.name() })
			if ours >= 0 && !slices.ContainsFunc(rows, func(r []string) bool { return r[0] == "Framewatch" && r[1] == k.name() }) {
				rows = append(rows, append([]string{"Framewatch"}, scores[0].Kinds[ours].row()...))
			}
			rows = append(rows, append([]string{s.Judge}, k.row()...))
		}
	}
	return rows
}
