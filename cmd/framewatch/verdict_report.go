package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/framewatch/framewatch/replay"
)

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
	// Low and High bound the precision at a confidence of 95 %.
	Low      *float64 `json:"precision_low"`
	High     *float64 `json:"precision_high"`
	Missed   int      `json:"missed"`
	PerDay   *float64 `json:"false_alarms_per_stream_day"`
	Onsets   int      `json:"onsets_given"`
	OnsetP50 *float64 `json:"onset_error_p50_seconds"`
	OnsetP99 *float64 `json:"onset_error_p99_seconds"`
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
		low, high := k.Interval()
		row.Low, row.High = number(low), number(high)
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
	header := []string{"kind", "defects", "judged", "confirmed", "false", "disputed", "precision", "at 95 %", "missed", "false a day", "onsets", "onset p50", "onset p99"}
	var rows [][]string
	for _, k := range r.Kinds {
		rows = append(rows, []string{printable(k.Kind), fmt.Sprint(k.Defects), fmt.Sprint(k.Judged), fmt.Sprint(k.Confirmed), fmt.Sprint(k.False), fmt.Sprint(k.Disputed),
			cell(k.Precision, 3), k.interval(), fmt.Sprint(k.Missed), cell(k.PerDay, 2), fmt.Sprint(k.Onsets), cell(k.OnsetP50, 2), cell(k.OnsetP99, 2)})
	}
	t.table(header, rows)
	if details {
		r.writeDetails(&t)
	}
	return t.err
}

// interval is for people; of none it is a dash.
func (k kindVerdict) interval() string {
	if k.Low == nil || k.High == nil {
		return "-"
	}
	return cell(k.Low, 2) + " to " + cell(k.High, 2)
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
