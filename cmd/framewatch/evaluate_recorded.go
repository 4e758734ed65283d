package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/replay/report"
	"github.com/framewatch/framewatch/schemas"
)

// recordedReport is how well defects are found in what was recorded, by what people say of it. Figures that do not exist are null.
type recordedReport struct {
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
	// Rules is the file that was judged by; empty: by the rules that were in force.
	Rules     string  `json:"rules,omitempty"`
	Tolerance float64 `json:"tolerance_seconds"`
	Early     float64 `json:"early_seconds"`
	Streams   int     `json:"streams"`
	Days      float64 `json:"stream_days"`
	// Complete tells that what has no verdict is a false alarm; else it is neither right nor wrong.
	Complete bool `json:"complete"`
	Faults   int  `json:"faults"`
	// LeftOut are faults of which there are no features.
	LeftOut    int               `json:"faults_left_out"`
	Kinds      []kindScore       `json:"kinds"`
	Missed     []faultWord       `json:"missed"`
	False      []faultWord       `json:"false_alarms"`
	Unjudged   []faultWord       `json:"unjudged"`
	Comparison *comparisonReport `json:"comparison,omitempty"`
	Curves     []curveReport     `json:"curves,omitempty"`
}

// runRecorded evaluates recorded features.
func (e *evaluation) runRecorded(cmd *cobra.Command) error {
	if e.baseline || e.half != "all" {
		return usage(fmt.Errorf("--baseline and --half: they are about clips"))
	}
	profile := ""
	if cmd.Flags().Changed("profile") {
		profile = e.profile
	}
	g, err := e.recorded.ground(cmd, e.set, e.kinds, profile)
	if err != nil {
		return err
	}
	defer g.app.hangUp()
	r, err := e.scoreRecorded(cmd.Context(), g)
	if err != nil {
		return err
	}
	return e.reporting.write(e.stdout, r, r.document(e.details), r.document(true))
}

func (e *evaluation) scoreRecorded(ctx context.Context, g *recordedGround) (*recordedReport, error) {
	changes := []func(*schemas.Setting){func(*schemas.Setting) {}}
	if e.against != "" {
		other, err := g.app.changeTo(ctx, "against", e.against)
		if err != nil {
			return nil, err
		}
		changes = append(changes, other)
	}
	cases, err := g.try(ctx, changes...)
	if err != nil {
		return nil, err
	}
	r := newRecordedReport(g, cases[0])
	r.Rules = e.recorded.rules
	if e.against != "" {
		r.Comparison = newComparison(e.against, "streams", e.seed, replay.Compare(cases[0], cases[1], verdictTolerance, e.seed))
	}
	if e.curves {
		r.Curves, err = drawCurves(ctx, g.rules(), r.Kinds, g.overlaid, e.stderr)
	}
	return r, err
}

func newRecordedReport(g *recordedGround, cases []replay.Case) *recordedReport {
	e := replay.Evaluate(cases, verdictTolerance)
	r := &recordedReport{From: given(g.within.From), To: given(g.within.To), Tolerance: verdictTolerance.Seconds(), Early: verdictEarly.Seconds(), Streams: len(cases), Days: e.Length.Hours() / 24,
		Complete: !g.some, LeftOut: g.left, Kinds: []kindScore{}, Missed: []faultWord{}, False: defectWords(e.Unexpected), Unjudged: defectWords(e.Unjudged)}
	for _, a := range e.Kinds {
		r.Kinds = append(r.Kinds, newKindScore(e, a))
		r.Faults += a.Labels
	}
	for _, l := range e.Missed {
		r.Missed = append(r.Missed, faultWord{Stream: l.Stream, Kind: l.Kind, Start: l.Start.UnixMicro(), End: l.End.UnixMicro()})
	}
	return r
}

func defectWords(defects []replay.Defect) []faultWord {
	words := []faultWord{}
	for _, d := range defects {
		words = append(words, faultWord{Stream: d.Stream, Kind: d.Kind, Part: d.Part, Defect: d.ID, Start: d.Onset.UnixMicro(), End: d.End.UnixMicro()})
	}
	return words
}

// document is the report for people.
func (r *recordedReport) document(details bool) *report.Document {
	d := report.New("How well defects are found in what was recorded")
	by := "the rules that were in force"
	if r.Rules != "" {
		by = "the rules of " + r.Rules
	}
	d.Line(fmt.Sprintf("%d streams %s, %.3f stream-days, judged by %s. People know of %d faults%s; fault and defect may be %.0f s apart, and a defect begin %.0f s early.",
		r.Streams, spanWords(r.From, r.To), r.Days, by, r.Faults, r.leftOut(), r.Tolerance, r.Early))
	if r.Complete {
		d.Line("All that is bad is taken to have a verdict: whatever else is told of is a false alarm.")
	} else {
		d.Line("What has no verdict is neither right nor wrong: precision and false alarms a day are of what was judged, and recall is of the faults that people know of.")
	}
	var rows [][]string
	for _, k := range r.Kinds {
		rows = append(rows, []string{printable(k.Kind), fmt.Sprint(k.Faults), fmt.Sprint(k.Found), fmt.Sprint(k.False), fmt.Sprint(k.Unjudged), cell(k.Precision, 3), cell(k.Recall, 3),
			cell(k.F1, 3), cell(k.OnsetP50, 2), cell(k.OnsetP99, 2), cell(k.EndP50, 2), cell(k.EndP99, 2), cell(k.Rate, 2)})
	}
	d.Table([]string{"kind", "faults", "found", "false", "unjudged", "precision", "recall", "F1", "onset p50", "onset p99", "end p50", "end p99", "false a day"}, rows)
	d.Plots("kinds", kindPlot("Precision and recall by kind", r.Kinds)...)
	r.Comparison.tell(d, r.Comparison.heading())
	tellCurves(d, r.Curves)
	if details {
		r.tellDetails(d)
	}
	return d
}

func (r *recordedReport) leftOut() string {
	if r.LeftOut == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d more are left out, as there are no features of them)", r.LeftOut)
}

func (r *recordedReport) tellDetails(d *report.Document) {
	d.Heading("Missed, false and unjudged")
	var rows [][]string
	for _, list := range []struct {
		what  string
		words []faultWord
	}{{"missed", r.Missed}, {"false alarm", r.False}, {"unjudged", r.Unjudged}} {
		for _, x := range list.words {
			rows = append(rows, []string{list.what, printable(x.Stream), printable(x.Kind), printable(x.Part), utc(time.UnixMicro(x.Start)), figure(float64(x.End-x.Start)/1e6, 1), printable(x.Defect)})
		}
	}
	d.Table([]string{"what", "stream", "kind", "part", "start", "seconds", "defect"}, rows)
}
