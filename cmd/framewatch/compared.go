package main

import (
	"fmt"
	"math"
	"time"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/replay/report"
)

// comparisonReport is one configuration against another on the same streams or clips.
type comparisonReport struct {
	// Against is the file of the second configuration.
	Against string `json:"against"`
	// Unit is what was drawn: streams, or recordings that clips were made of.
	Unit  string         `json:"unit"`
	Units int            `json:"units"`
	Draws int            `json:"draws"`
	Seed  uint64         `json:"seed"`
	Kinds []comparedKind `json:"kinds"`
}

// comparedKind is one kind by both. Figures that do not exist are null.
type comparedKind struct {
	Kind      string           `json:"kind"`
	Faults    int              `json:"faults"`
	Before    comparedFigures  `json:"before"`
	After     comparedFigures  `json:"after"`
	Precision differenceReport `json:"precision_difference"`
	Recall    differenceReport `json:"recall_difference"`
	F1        differenceReport `json:"f1_difference"`
}

type comparedFigures struct {
	Found     int      `json:"found"`
	False     int      `json:"false_alarms"`
	Unjudged  int      `json:"unjudged,omitempty"`
	Precision *float64 `json:"precision"`
	Recall    *float64 `json:"recall"`
	F1        *float64 `json:"f1"`
}

// differenceReport is after less before, with the ends of the 95 % interval.
type differenceReport struct {
	Difference *float64 `json:"difference"`
	Low        *float64 `json:"low"`
	High       *float64 `json:"high"`
	// Draws is in how many of the draws there was a figure on both sides.
	Draws int `json:"draws"`
}

func newComparedFigures(a replay.Accuracy) comparedFigures {
	return comparedFigures{a.Hits, a.False, a.Unjudged, number(a.Precision()), number(a.Recall()), number(a.F1())}
}

func newDifference(i replay.Interval) differenceReport {
	return differenceReport{number(i.Difference), number(i.Low), number(i.High), i.Draws}
}

// newComparison is nil when there is nothing to compare.
func newComparison(against, unit string, seed uint64, compared []replay.Comparison) *comparisonReport {
	r := &comparisonReport{Against: against, Unit: unit, Draws: replay.Draws, Seed: seed, Kinds: []comparedKind{}}
	for _, c := range compared {
		if noRule(c.Kind) {
			continue
		}
		r.Units = c.Units
		r.Kinds = append(r.Kinds, comparedKind{c.Kind, c.Before.Labels, newComparedFigures(c.Before), newComparedFigures(c.After),
			newDifference(c.Precision), newDifference(c.Recall), newDifference(c.F1)})
	}
	return r
}

// heading is for two files of rules.
func (r *comparisonReport) heading() string {
	if r == nil {
		return ""
	}
	return "By the rules of " + r.Against + " instead"
}

// tell adds it to a document.
func (r *comparisonReport) tell(d *report.Document, heading string) {
	if r == nil {
		return
	}
	d.Heading(heading)
	d.Line(fmt.Sprintf("Found and false alarms before and after; each difference is after less before, with its 95 %% interval by a paired bootstrap over %d %s (%d draws, seed %d). "+
		"Where the interval holds 0 no difference is shown. Few %[2]s give intervals that are too short.", r.Units, r.Unit, r.Draws, r.Seed))
	var rows [][]string
	plot := report.Rows{Title: "Change of F1, precision and recall, with 95 % intervals", From: -1, To: 1, Series: []string{"F1", "precision", "recall"}}
	for _, k := range r.Kinds {
		rows = append(rows, []string{printable(k.Kind), fmt.Sprint(k.Faults), fmt.Sprint(k.Before.Found, " / ", k.After.Found), fmt.Sprint(k.Before.False, " / ", k.After.False),
			cell(k.Before.F1, 3) + " / " + cell(k.After.F1, 3), k.F1.String(), k.Precision.String(), k.Recall.String()})
		plot.Rows = append(plot.Rows, report.Row{Name: printable(k.Kind), Figures: []report.Figure{k.F1.figure(), k.Precision.figure(), k.Recall.figure()}})
	}
	d.Table([]string{"kind", "faults", "found", "false", "F1", "F1 difference", "precision difference", "recall difference"}, rows)
	if len(plot.Rows) > 0 {
		d.Plots("comparison", plot)
	}
}

// String is for people.
func (x differenceReport) String() string {
	if x.Difference == nil || x.Low == nil {
		return "-"
	}
	return fmt.Sprintf("%+.3f (%+.3f to %+.3f)", *x.Difference, *x.Low, *x.High)
}

func (x differenceReport) figure() report.Figure {
	if x.Difference == nil || x.Low == nil {
		return report.Figure{Value: math.NaN()}
	}
	return report.Figure{Value: *x.Difference, Low: *x.Low, High: *x.High}
}

// curveReport is precision and recall of one kind at raise levels, upwards.
type curveReport struct {
	Kind   string       `json:"kind"`
	Points []curvePoint `json:"points"`
}

// curvePoint is one level.
type curvePoint struct {
	Raise   float64 `json:"raise"`
	Clear   float64 `json:"clear"`
	Seconds float64 `json:"for_seconds"`
	InForce bool    `json:"in_force"`
	Faults  int     `json:"faults"`
	comparedFigures
}

func newCurveReport(c replay.Curve) curveReport {
	r := curveReport{Kind: c.Kind}
	for _, p := range c.Points {
		r.Points = append(r.Points, curvePoint{p.Raise, p.Clear, p.For.Seconds(), p.InForce, p.Labels, newComparedFigures(p.Accuracy)})
	}
	return r
}

// tellCurves adds curves to a document.
func tellCurves(d *report.Document, curves []curveReport) {
	if len(curves) == 0 {
		return
	}
	d.Heading("Precision and recall by raise level")
	d.Line("Each point is a detection again at that raise level, with the clear level moved along and everything else as it is; the ring is the level in force. " +
		"Between the points nothing is known, and outside of the levels neither. Events are counted: as the level falls defects run into each other and begin long before " +
		"a fault, and then find it no more, so the curve turns back; how long a defect outlasts its fault is not seen in it, and precision of few defects is rough.")
	var plots []report.Plot
	var rows [][]string
	for _, c := range curves {
		plots = append(plots, c.plot())
		for _, p := range c.Points {
			mark := ""
			if p.InForce {
				mark = "in force"
			}
			rows = append(rows, []string{printable(c.Kind), fmt.Sprint(p.Raise), fmt.Sprint(p.Clear), time.Duration(p.Seconds * 1e9).String(), fmt.Sprint(p.Faults), fmt.Sprint(p.Found),
				fmt.Sprint(p.False), cell(p.Precision, 3), cell(p.Recall, 3), cell(p.F1, 3), mark})
		}
	}
	d.Plots("curves", plots...)
	d.Table([]string{"kind", "raise", "clear", "for", "faults", "found", "false", "precision", "recall", "F1", ""}, rows)
}

func (c curveReport) plot() report.Plot {
	s := report.Series{}
	for _, p := range c.Points {
		s.Points = append(s.Points, report.Point{X: or(p.Recall), Y: or(p.Precision), Marked: p.InForce,
			Says: fmt.Sprintf("raise %g: precision %s, recall %s", p.Raise, cell(p.Precision, 3), cell(p.Recall, 3))})
	}
	return report.Curve{Title: printable(c.Kind), X: "recall", Y: "precision", Series: []report.Series{s}}
}

// or is a figure, or NaN.
func or(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

// kindPlot is precision and recall of the kinds that have any.
func kindPlot(title string, kinds []kindScore) []report.Plot {
	plot := report.Rows{Title: title, From: 0, To: 1, Series: []string{"precision", "recall"}}
	for _, k := range kinds {
		if k.Precision != nil || k.Recall != nil {
			plot.Rows = append(plot.Rows, report.Row{Name: printable(k.name()), Figures: []report.Figure{{Value: or(k.Precision)}, {Value: or(k.Recall)}}})
		}
	}
	if len(plot.Rows) == 0 {
		return nil
	}
	return []report.Plot{plot}
}
