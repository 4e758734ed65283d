package main

import (
	"context"
	"fmt"
	"slices"
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
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains([]string{"json", "table", "markdown"}, output) {
				return usage(fmt.Errorf("--output: %q is neither json, table nor markdown", output))
			}
			if err := filter.read(text); err != nil {
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
