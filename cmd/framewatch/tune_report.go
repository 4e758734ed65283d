package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/replay/report"
)

// tuneReport is what a tuning has come to.
type tuneReport struct {
	Set       string  `json:"set"`
	Profile   string  `json:"profile"`
	Objective string  `json:"objective"`
	MinRecall float64 `json:"min_recall"`
	// MaxAlarms of the kind per stream and day; null: any number.
	MaxAlarms *float64 `json:"max_false_alarms_per_stream_day"`
	Seed      uint64   `json:"seed"`
	// Unit is what was parted: streams, or recordings that clips were made of. Train chose, Test tells.
	Unit      string      `json:"unit"`
	Train     []string    `json:"train"`
	Test      []string    `json:"test"`
	TrainDays float64     `json:"train_stream_days"`
	TestDays  float64     `json:"test_stream_days"`
	Done      int         `json:"candidates_tried"`
	All       int         `json:"candidates"`
	Kinds     []tunedKind `json:"kinds"`
	// Comparison is of all that was chosen with what was in force, on the test part; null when it was broken off.
	Comparison *comparisonReport `json:"comparison"`
	// Rules are the profile as a configuration file has it.
	Rules string `json:"rules"`
}

// tunedKind is what was chosen for one kind.
type tunedKind struct {
	Kind    string `json:"kind"`
	Changed bool   `json:"changed"`
	// Kept tells whether what was chosen keeps the bounds on the part that chose.
	Kept   bool              `json:"bounds_kept"`
	Before candidateReport   `json:"before"`
	After  candidateReport   `json:"after"`
	Tried  []candidateReport `json:"tried"`
}

// candidateReport is one level and what it came to.
type candidateReport struct {
	Raise   float64         `json:"raise"`
	Clear   float64         `json:"clear"`
	Seconds float64         `json:"for_seconds"`
	Train   candidateScores `json:"train"`
	Test    candidateScores `json:"test"`
}

type candidateScores struct {
	Faults int `json:"faults"`
	comparedFigures
	PerDay *float64 `json:"false_alarms_per_stream_day"`
}

func newCandidateReport(c *replay.Candidate, trainDays, testDays float64) candidateReport {
	scores := func(a replay.Accuracy, days float64) candidateScores {
		return candidateScores{a.Labels, newComparedFigures(a), number(float64(a.False) / days)}
	}
	return candidateReport{c.Raise, c.Clear, c.For.Seconds(), scores(c.Train, trainDays), scores(c.Test, testDays)}
}

// report is what a tuning tells.
func (t *tuningCommand) report(unit, rules string, tuned *replay.Tuned) (*tuneReport, error) {
	r := &tuneReport{Set: t.set, Profile: t.profile, Objective: t.objective.Best, MinRecall: t.objective.Recall, Seed: t.seed, Unit: unit, Train: tuned.Train, Test: tuned.Test,
		TrainDays: tuned.TrainDays, TestDays: tuned.TestDays, Done: tuned.Done, All: tuned.All}
	if !math.IsInf(t.objective.Alarms, 1) {
		r.MaxAlarms = &t.objective.Alarms
	}
	for _, k := range tuned.Kinds {
		one := tunedKind{Kind: k.Kind, Changed: k.Changed(), Kept: k.Chosen.Kept, Before: newCandidateReport(k.InForce(), r.TrainDays, r.TestDays),
			After: newCandidateReport(k.Chosen, r.TrainDays, r.TestDays)}
		for _, c := range k.Candidates {
			one.Tried = append(one.Tried, newCandidateReport(c, r.TrainDays, r.TestDays))
		}
		r.Kinds = append(r.Kinds, one)
	}
	if tuned.Compared != nil {
		r.Comparison = newComparison("what was in force", unit, t.seed, tuned.Compared)
	}
	var err error
	r.Rules, err = t.profileWith(rules, tuned.Overlay())
	return r, err
}

// profileWith is the profile as a configuration file has it, with what was chosen.
func (t *tuningCommand) profileWith(rules string, chosen replay.Overlay) (string, error) {
	text, err := chosen.Lay(rules)
	if err != nil {
		return "", err
	}
	options := map[string]map[string]any{}
	if err := json.Unmarshal([]byte(text), &options); err != nil {
		return "", fmt.Errorf("read rules: %w", err)
	}
	profile := map[string]any{"rules": options}
	if had, configured := t.config.Profiles[t.profile]; configured {
		if len(had.Selector) > 0 {
			profile["selector"] = had.Selector
		}
		if len(had.Matchers) > 0 {
			profile["matchers"] = had.Matchers
		}
		if had.Priority != 0 {
			profile["priority"] = had.Priority
		}
	}
	out, err := yaml.Marshal(map[string]any{"profiles": map[string]any{t.profile: profile}})
	return string(out), err
}

// looked is what was looked for, in words.
func (r *tuneReport) looked() string {
	words := "highest " + strings.Replace(r.Objective, "f1", "F1", 1)
	if r.MinRecall > 0 {
		words += fmt.Sprintf(", with a recall of at least %g", r.MinRecall)
	}
	if r.MaxAlarms != nil {
		words += fmt.Sprintf(", with at most %g false alarms of the kind per stream and day", *r.MaxAlarms)
	}
	return words
}

// words is what has become of a kind.
func (k tunedKind) words() string {
	switch {
	case !k.Kept:
		return "nothing that was tried keeps the bounds: it stays as it is"
	case !k.Changed:
		return "nothing that was tried is better: it stays as it is"
	}
	return fmt.Sprintf("raise %g, clear %g, for %v instead of raise %g, clear %g, for %v", k.After.Raise, k.After.Clear, seconds(k.After.Seconds), k.Before.Raise, k.Before.Clear, seconds(k.Before.Seconds))
}

func seconds(s float64) time.Duration { return time.Duration(math.Round(s*1e6)) * time.Microsecond }

// comments go before the profile.
func (r *tuneReport) comments() string {
	var b strings.Builder
	line := func(format string, args ...any) {
		fmt.Fprintf(&b, "# %s\n", printable(fmt.Sprintf(format, args...)))
	}
	line("Looked for: %s. Chosen by %d %s, tested on %d others (seed %d); %d of %d candidates tried.", r.looked(), len(r.Train), r.Unit, len(r.Test), r.Seed, r.Done, r.All)
	for _, k := range r.Kinds {
		line("%s: %s.", k.Kind, k.words())
		line("  On the others: F1 %s to %s, precision %s to %s, recall %s to %s, false alarms %d to %d.", cell(k.Before.Test.F1, 3), cell(k.After.Test.F1, 3), cell(k.Before.Test.Precision, 3),
			cell(k.After.Test.Precision, 3), cell(k.Before.Test.Recall, 3), cell(k.After.Test.Recall, 3), k.Before.Test.False, k.After.Test.False)
	}
	if r.Comparison != nil {
		for _, k := range r.Comparison.Kinds {
			line("%s, all changes together: F1 %s at a confidence of 95 %%.", k.Kind, k.F1)
		}
	}
	return b.String()
}

// document is the report for people.
func (r *tuneReport) document() *report.Document {
	d := report.New("Thresholds of the profile " + r.Profile)
	d.Line(fmt.Sprintf("Looked for: %s. Set %s: chosen by %d %s (%s; %.3f stream-days), tested on %d others (%s; %.3f stream-days), seed %d. %d of %d candidates were tried.", r.looked(), r.Set,
		len(r.Train), r.Unit, shortened(r.Train), r.TrainDays, len(r.Test), shortened(r.Test), r.TestDays, r.Seed, r.Done, r.All))
	var rows [][]string
	var plots []report.Plot
	for _, k := range r.Kinds {
		d.Line(k.Kind + ": " + k.words() + ".")
		rows = append(rows, k.Before.row(k.Kind, "in force"), k.After.row(k.Kind, "chosen"))
		plots = append(plots, k.plot())
	}
	d.Table([]string{"kind", "", "raise", "clear", "for", "F1 choosing", "F1 testing", "precision testing", "recall testing", "found of", "false", "false a day"}, rows)
	d.Line("F1 by raise level, each at what was tried nearest to the chosen for and clear; the ring is what was chosen. Where the two lines part, what is chosen does not carry over.")
	d.Plots("levels", plots...)
	r.Comparison.tell(d, "All that was chosen together, on the others")
	d.Heading("The profile")
	d.Code(r.Rules)
	return d
}

// shortened are the first of many names.
func shortened(names []string) string {
	const shown = 12
	words := make([]string, 0, shown)
	for _, n := range names[:min(len(names), shown)] {
		words = append(words, printable(n))
	}
	if more := len(names) - shown; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}

func (c candidateReport) row(kind, what string) []string {
	return []string{kind, what, fmt.Sprint(c.Raise), fmt.Sprint(c.Clear), seconds(c.Seconds).String(), cell(c.Train.F1, 3), cell(c.Test.F1, 3), cell(c.Test.Precision, 3),
		cell(c.Test.Recall, 3), fmt.Sprint(c.Test.Found, " of ", c.Test.Faults), fmt.Sprint(c.Test.False), cell(c.Test.PerDay, 2)}
}

// plot is F1 by raise level on either part: at each level what is nearest to the chosen `for`.
func (k tunedKind) plot() report.Plot {
	best := map[float64]candidateReport{}
	far := func(c candidateReport) float64 {
		return math.Abs(c.Seconds-k.After.Seconds)*1e6 + math.Abs(c.Clear-k.After.Clear)
	}
	for _, c := range k.Tried {
		if had, tried := best[c.Raise]; !tried || far(c) < far(had) {
			best[c.Raise] = c
		}
	}
	plot := report.Curve{Title: k.Kind, X: "raise", Y: "F1", Series: []report.Series{{Name: "choosing"}, {Name: "testing"}}}
	for i, raise := range slices.Sorted(maps.Keys(best)) {
		c := best[raise]
		plot.XLabels = append(plot.XLabels, fmt.Sprint(raise))
		for n, s := range []candidateScores{c.Train, c.Test} {
			plot.Series[n].Points = append(plot.Series[n].Points, report.Point{X: float64(i), Y: or(s.F1), Marked: raise == k.After.Raise,
				Says: fmt.Sprintf("raise %g, for %v: F1 %s", raise, seconds(c.Seconds), cell(s.F1, 3))})
		}
	}
	return plot
}
