package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/schemas"
)

// found is one defect as `analyze` prints it. Start and End are seconds of media time from the first frame.
type found struct {
	Stream   string  `json:"stream"`
	Kind     string  `json:"kind"`
	Start    float64 `json:"start"`
	End      float64 `json:"end"`
	Severity string  `json:"severity"`
	Value    float64 `json:"value"`
	Part     string  `json:"part,omitempty"`
	Unit     string  `json:"unit,omitempty"`
	Summary  string  `json:"summary"`
}

func analyzeCommand() *cobra.Command {
	var output, features string
	var as judgedAs
	cmd := &cobra.Command{
		Use:   "analyze FILE|URL",
		Short: "Look for defects in a file, faster than real time, without a broker",
		Long: "Look for defects in a file or at a URL, faster than real time, without a broker.\n" +
			"The same worker measures and the same rules decide as in a live run; with --stream also what is expected of that stream: planned times,\n" +
			"ad breaks, silent tracks, tracks, captions. Exit code 3 says that defects were found.",
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			config, err := commandConfig(cmd)
			if err != nil {
				return err
			}
			a, err := newAnalysis(config, as, args[0])
			if err != nil {
				return err
			}
			return a.run(cmd, output, features)
		},
	}
	outputFlag(cmd, &output, "json (one object a line and defect) or table")
	cmd.Flags().StringVar(&features, "features", "", "also write every feature record to this file, as NDJSON")
	as.flags(cmd)
	return cmd
}

// analysis folds the records of one input as they are measured.
type analysis struct {
	*judgement
	url  string
	edge ingest.Config
	// start is the instant at which media time begins, in microseconds.
	start int64
	// media is how much was measured since the first unit of any track.
	media   time.Duration
	records *json.Encoder
}

func newAnalysis(config Config, as judgedAs, input string) (*analysis, error) {
	setting, start, err := as.setting(&config, input)
	if err != nil {
		return nil, usage(err)
	}
	return &analysis{judgement: newJudgement(setting), url: input, edge: config.Ingest.Config, start: start}, nil
}

// streamName is the last part of a path or URL, without a query, which may hold a secret.
func streamName(input string) string {
	if u, err := url.Parse(input); err == nil && u.Host != "" {
		return path.Base(u.Path)
	}
	return filepath.Base(input)
}

func (a *analysis) run(cmd *cobra.Command, output, features string) error {
	progress := newProgress(cmd.ErrOrStderr(), a.url)
	err := a.measure(cmd.Context(), progress, features)
	progress.done()
	if err != nil {
		return fmt.Errorf("analyze %s: %w", source.Redact(a.url), err)
	}
	a.end()
	if err := a.print(cmd.OutOrStdout(), output); err != nil {
		return err
	}
	if len(a.order) > 0 {
		return exitError{code: exitDefects}
	}
	return nil
}

// measure runs the worker, folds what it measures and, unless features is empty, writes it to the file of that name.
func (a *analysis) measure(ctx context.Context, progress *progress, features string) error {
	if features == "" {
		return a.take(ctx, progress)
	}
	file, err := os.Create(features)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(file, 1<<16)
	a.records = json.NewEncoder(buffered)
	err = a.take(ctx, progress)
	return errors.Join(err, buffered.Flush(), file.Close())
}

// take takes the worker's records to their end.
func (a *analysis) take(ctx context.Context, progress *progress) error {
	return ingest.Measure(ctx, ingest.MeasureConfig{URL: a.url, Sandbox: a.edge.Sandbox, WorkerMemory: a.edge.WorkerMemory}, func(f *schemas.Feature) error {
		if a.records != nil {
			if err := a.records.Encode(f); err != nil {
				return err
			}
		}
		shift(f, a.start)
		a.judge(f)
		if s := f.StreamSecond; s != nil {
			a.media = time.Duration(s.At) * time.Microsecond
			progress.add(s.Bytes)
		}
		return nil
	})
}

// found lists the defects in the order of their detection.
func (a *analysis) found() []found {
	list := make([]found, 0, len(a.order))
	for _, e := range a.defects() {
		list = append(list, found{Stream: e.Stream, Kind: e.Kind, Part: e.Part, Start: a.seconds(e.Onset), End: a.seconds(e.End),
			Severity: e.Severity, Value: e.Value, Unit: e.Unit, Summary: e.Summary})
	}
	return list
}

func (a *analysis) print(w io.Writer, output string) error {
	if output == "json" {
		encoder := json.NewEncoder(w)
		for _, f := range a.found() {
			if err := encoder.Encode(f); err != nil {
				return err
			}
		}
		return nil
	}
	if len(a.order) == 0 {
		_, err := fmt.Fprintf(w, "no defects in %s of media\n", a.media.Round(time.Millisecond))
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "START\tEND\tKIND\tPART\tSEVERITY\tWHAT")
	for _, f := range a.found() {
		fmt.Fprintf(table, "%.3f s\t%.3f s\t%s\t%s\t%s\t%s\n", f.Start, f.End, f.Kind, f.Part, f.Severity, f.Summary)
	}
	return table.Flush()
}
