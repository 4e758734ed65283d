package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// verdictTolerance is how far after a stretch that a person marked a defect may begin that is still judged by it: what is judged by the second
// begins up to one late.
const verdictTolerance = setTolerance

func verdictsReportCommand() *cobra.Command {
	var output string
	var details bool
	var filter verdictFilter
	var text stretch
	cmd := &cobra.Command{
		Use:   "report",
		Short: "How well each kind is found, by the verdicts on what was told live",
		Long: "How well each kind is found, by what people say of the defects on the log: how many are confirmed of those that were judged, which faults were missed,\n" +
			"false alarms per stream and day of monitoring, and how far onsets are from those that people gave.\n" +
			"Verdict and defect are joined by stream, kind and overlap in media time, or by the defect's id. A defect of which people say both is disputed, and a\n" +
			"retracted one counts nowhere. (`framewatch evaluate` scores the rules on clips whose faults are all known.)",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if !slices.Contains([]string{"json", "table", "markdown"}, output) {
				return usage(fmt.Errorf("--output: %q is neither json, table nor markdown", output))
			}
			if filter.Range, err = text.span(time.Now()); err != nil {
				return err
			}
			a, err := commandApp(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			report, err := a.verdictReport(cmd.Context(), filter)
			if err != nil {
				return err
			}
			return report.write(cmd.OutOrStdout(), output, details)
		},
	}
	filter.flags(cmd, &text)
	cmd.Flags().BoolVar(&details, "details", false, "also list false alarms, disputed defects, missed faults and verdicts that judge nothing")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "json, table or markdown")
	return cmd
}

// monitoring is how long streams were monitored within a range, by their roll-ups.
type monitoring struct {
	// since is when the first roll-up is of; zero: there is none. The log keeps them for less long than defects.
	since   time.Time
	lasted  time.Duration
	streams map[string]bool
}

// days that streams were monitored.
func (m *monitoring) days() float64 { return m.lasted.Hours() / 24 }

// add takes a roll-up. While nothing was known of a stream it could raise no false alarm.
func (m *monitoring) add(stream string, h *schemas.Health) {
	end, span := time.UnixMicro(h.Time), time.Duration(h.SpanMS)*time.Millisecond
	if span <= 0 || h.Lamp == "unknown" {
		return
	}
	if begin := end.Add(-span); m.since.IsZero() || begin.Before(m.since) {
		m.since = begin
	}
	m.lasted += span
	m.streams[stream] = true
}

// verdictReport is what is told of verdicts, as JSON and as tables. What does not exist is null.
type verdictReport struct {
	From      *time.Time `json:"from"`
	To        *time.Time `json:"to"`
	Tolerance float64    `json:"tolerance_seconds"`
	Verdicts  int        `json:"verdicts"`
	Streams   int        `json:"streams"`
	Days      float64    `json:"stream_days"`
	// Monitored is the beginning of the roll-ups that the stream-days are from: false alarms before it are in no rate.
	Monitored *time.Time    `json:"monitored_since"`
	Kinds     []kindVerdict `json:"kinds"`
	Alarms    []faultWord   `json:"false_alarms"`
	Disputed  []faultWord   `json:"disputed"`
	Missed    []faultWord   `json:"missed"`
	Aside     []faultWord   `json:"verdicts_aside"`
}

// kindVerdict is what people say of one kind.
type kindVerdict struct {
	Kind      string   `json:"kind"`
	Defects   int      `json:"defects"`
	Judged    int      `json:"judged"`
	Confirmed int      `json:"confirmed"`
	False     int      `json:"false_alarms"`
	Disputed  int      `json:"disputed"`
	Precision *float64 `json:"precision"`
	Missed    int      `json:"missed"`
	PerDay    *float64 `json:"false_alarms_per_stream_day"`
	Onsets    int      `json:"onsets_given"`
	OnsetP50  *float64 `json:"onset_error_p50_seconds"`
	OnsetP99  *float64 `json:"onset_error_p99_seconds"`
}

// faultWord is a defect or a fault. Start and End are microseconds since the Unix epoch.
type faultWord struct {
	Stream string `json:"stream"`
	Kind   string `json:"kind"`
	Part   string `json:"part,omitempty"`
	Defect string `json:"defect,omitempty"`
	Start  int64  `json:"start"`
	End    int64  `json:"end"`
	Author string `json:"author,omitempty"`
	Label  string `json:"label,omitempty"`
}

// verdictReport reads the log and judges.
func (a *app) verdictReport(ctx context.Context, filter verdictFilter) (*verdictReport, error) {
	verdicts, err := a.verdicts(ctx, filter)
	if err != nil {
		return nil, err
	}
	lives, err := a.lives(ctx, filter)
	if err != nil {
		return nil, err
	}
	monitored, err := a.monitored(ctx, filter)
	if err != nil {
		return nil, err
	}
	for _, stream := range filter.Streams {
		known := monitored.streams[stream] || slices.ContainsFunc(lives, func(l replay.Life) bool { return l.Stream == stream }) ||
			slices.ContainsFunc(verdicts, func(v replay.Verdict) bool { return v.Stream == stream })
		if !known {
			return nil, usage(fmt.Errorf("--stream: the log tells nothing of %q in this range: framewatch streams list shows the streams", stream))
		}
	}
	return newVerdictReport(filter.Range, verdicts, replay.Judge(lives, verdicts, filter.Range, verdictTolerance), monitored), nil
}

// lives are the defects on the log that may be in the filter's range.
func (a *app) lives(ctx context.Context, filter verdictFilter) ([]replay.Life, error) {
	source, err := a.source(topology.Defects.Name)
	if err != nil {
		return nil, err
	}
	var lives replay.Lives
	err = replay.Values(ctx, source, filter.written(), a.contract, schemas.DefectEvents, func(r replay.Record, ev *schemas.DefectEvent) error {
		if filter.wants(ev.Stream, ev.Kind) {
			lives.Add(r.Partition, ev)
		}
		return nil
	})
	return lives.List(), err
}

// monitored reads how long the streams were monitored within the filter's range.
func (a *app) monitored(ctx context.Context, filter verdictFilter) (*monitoring, error) {
	source, err := a.source(topology.Health.Name)
	if err != nil {
		return nil, err
	}
	m := &monitoring{streams: map[string]bool{}}
	written := filter.written()
	if !filter.To.IsZero() {
		written.To = filter.To.Add(clockSkew)
	}
	err = replay.Values(ctx, source, written, a.contract, schemas.Healths, func(r replay.Record, h *schemas.Health) error {
		stream := string(r.Key)
		if (len(filter.Streams) == 0 || slices.Contains(filter.Streams, stream)) && filter.Holds(time.UnixMicro(h.Time)) {
			m.add(stream, h)
		}
		return nil
	})
	return m, err
}

func newVerdictReport(r replay.Range, verdicts []replay.Verdict, j *replay.Judgement, m *monitoring) *verdictReport {
	out := &verdictReport{From: given(r.From), To: given(r.To), Tolerance: verdictTolerance.Seconds(), Streams: len(m.streams), Days: m.days(), Monitored: given(m.since),
		Kinds: []kindVerdict{}, Alarms: lifeWords(j.Alarms), Disputed: lifeWords(j.Disputed), Missed: verdictWords(j.Missed), Aside: verdictWords(j.Aside)}
	for _, v := range replay.Standing(verdicts) {
		if r.Holds(v.Start) {
			out.Verdicts++
		}
	}
	for _, k := range j.Kinds {
		row := kindVerdict{Kind: k.Kind, Defects: k.Defects, Judged: k.Judged(), Confirmed: k.Confirmed, False: k.False, Disputed: k.Disputed, Missed: k.Missed,
			Precision: number(k.Precision()), Onsets: len(k.Onsets)}
		if len(k.Onsets) > 0 {
			row.OnsetP50, row.OnsetP99 = number(k.Onset(0.5).Seconds()), number(k.Onset(0.99).Seconds())
		}
		if m.lasted > 0 {
			alarms := 0
			for _, l := range j.Alarms {
				if l.Kind == k.Kind && !l.Onset.Before(m.since) {
					alarms++
				}
			}
			row.PerDay = number(float64(alarms) / m.days())
		}
		out.Kinds = append(out.Kinds, row)
	}
	return out
}

// given is an instant, or nil when there is none.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func lifeWords(lives []replay.Life) []faultWord {
	words := []faultWord{}
	for _, l := range lives {
		words = append(words, faultWord{Stream: l.Stream, Kind: l.Kind, Part: l.Part, Defect: l.ID, Start: l.Onset.UnixMicro(), End: l.End.UnixMicro()})
	}
	return words
}

func verdictWords(verdicts []replay.Verdict) []faultWord {
	words := []faultWord{}
	for _, v := range verdicts {
		words = append(words, faultWord{Stream: v.Stream, Kind: v.Kind, Defect: v.Defect, Start: v.Start.UnixMicro(), End: v.End.UnixMicro(), Author: v.Author, Label: v.Label})
	}
	return words
}

func (r *verdictReport) write(w io.Writer, output string, details bool) error {
	if output == "json" {
		return json.NewEncoder(w).Encode(r)
	}
	t := tables{w: w, markdown: output == "markdown"}
	t.line(fmt.Sprintf("%d verdicts hold on defects and faults %s. A defect may begin up to %.0f s after a stretch that is judged; precision is of the judged.",
		r.Verdicts, spanWords(r.From, r.To), r.Tolerance))
	if r.Monitored != nil {
		t.line(fmt.Sprintf("%d streams were monitored for %.2f stream-days since %s; false alarms per stream and day are of that time.", r.Streams, r.Days, utc(*r.Monitored)))
	}
	header := []string{"kind", "defects", "judged", "confirmed", "false", "disputed", "precision", "missed", "false a day", "onsets", "onset p50", "onset p99"}
	var rows [][]string
	for _, k := range r.Kinds {
		rows = append(rows, []string{printable(k.Kind), fmt.Sprint(k.Defects), fmt.Sprint(k.Judged), fmt.Sprint(k.Confirmed), fmt.Sprint(k.False), fmt.Sprint(k.Disputed),
			cell(k.Precision, 3), fmt.Sprint(k.Missed), cell(k.PerDay, 2), fmt.Sprint(k.Onsets), cell(k.OnsetP50, 2), cell(k.OnsetP99, 2)})
	}
	t.table(header, rows)
	if details {
		r.writeDetails(&t)
	}
	return t.err
}

func (r *verdictReport) writeDetails(t *tables) {
	var rows [][]string
	for _, list := range []struct {
		what  string
		words []faultWord
	}{{"false alarm", r.Alarms}, {"disputed", r.Disputed}, {"missed", r.Missed}, {"judges nothing", r.Aside}} {
		for _, x := range list.words {
			who := strings.TrimSpace(x.Label + " " + x.Author)
			rows = append(rows, []string{list.what, printable(x.Stream), printable(x.Kind), printable(x.Part), utc(time.UnixMicro(x.Start)), figure(float64(x.End-x.Start)/1e6, 1),
				printable(x.Defect), printable(who)})
		}
	}
	t.table([]string{"what", "stream", "kind", "part", "start", "seconds", "defect", "said"}, rows)
}

// spanWords is a range as people say it.
func spanWords(from, to *time.Time) string {
	switch {
	case from != nil && to != nil:
		return "from " + utc(*from) + " to " + utc(*to)
	case from != nil:
		return "since " + utc(*from)
	case to != nil:
		return "before " + utc(*to)
	}
	return "of all times that the log holds"
}
