package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

func verdictsCommand() *cobra.Command {
	return group("verdicts", "Say which defects were right, and which faults were missed; see how well each kind is found", verdictsAddCommand(), verdictsListCommand(), verdictsImportCommand(), verdictsReportCommand())
}

// verdictFilter is which verdicts are wanted.
type verdictFilter struct {
	Streams, Kinds []string
	// Range is of their start, in media time.
	replay.Range
}

// flags of the filter; the range is in text.
func (f *verdictFilter) flags(cmd *cobra.Command, text *stretch) {
	cmd.Flags().StringSliceVar(&f.Streams, "stream", nil, "only of these streams (default: all)")
	cmd.Flags().StringSliceVar(&f.Kinds, "kind", nil, "only of these kinds (default: all)")
	cmd.Flags().StringVar(&text.from, "from", "", "only what began at this media time or later: RFC 3339, or a duration before now such as 24h (default: all that the log holds)")
	cmd.Flags().StringVar(&text.to, "to", "", "only what began before this media time, in the same form (default: now)")
}

// read takes the range from the flags' text, and refuses kinds that there are not.
func (f *verdictFilter) read(text stretch) (err error) {
	if f.Range, err = text.span(time.Now()); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return usage(fmt.Errorf("--%w", err))
	}
	return nil
}

// check refuses kinds that there are not: nothing would be found of them.
func (f *verdictFilter) check() error {
	known := rule.Catalogue.Names()
	for _, kind := range f.Kinds {
		if !slices.Contains(known, kind) {
			return wrongField("kind", "%.40q is unknown%s", kind, catalogue.Suggest(kind[:min(len(kind), 40)], known))
		}
	}
	return nil
}

func (f *verdictFilter) wants(stream, kind string) bool {
	return (len(f.Streams) == 0 || slices.Contains(f.Streams, stream)) && (len(f.Kinds) == 0 || slices.Contains(f.Kinds, kind))
}

func verdictsListCommand() *cobra.Command {
	var output string
	var all bool
	var filter verdictFilter
	var text stretch
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the verdicts that hold, the earliest fault first",
		Long: "List the verdicts that hold, the earliest fault first. Of several that one author gave on the same defect, or on the same stretch of a stream, the last\n" +
			"holds. JSON has one object a line with times in microseconds since the Unix epoch; `framewatch verdicts import` takes it again.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := filter.read(text); err != nil {
				return err
			}
			a, err := commandApp(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			verdicts, err := a.verdicts(cmd.Context(), filter)
			if err != nil {
				return err
			}
			if !all {
				verdicts = replay.Standing(verdicts)
			}
			return printVerdicts(cmd.OutOrStdout(), output, slices.DeleteFunc(verdicts, func(v replay.Verdict) bool { return !filter.Holds(v.Start) }))
		},
	}
	filter.flags(cmd, &text)
	cmd.Flags().BoolVar(&all, "all", false, "also those that a later one has replaced, in the order of the log")
	outputFlag(cmd, &output, "table or json, one object a line")
	return cmd
}

// verdicts are all that the log holds of streams and kinds that are wanted, and that can be about the range, in the order of the log.
func (a *app) verdicts(ctx context.Context, filter verdictFilter) (all []replay.Verdict, err error) {
	source, err := a.source(topology.Verdicts.Name)
	if err != nil {
		return nil, err
	}
	err = replay.Values(ctx, source, filter.written(), a.contract, schemas.Verdicts, func(r replay.Record, v *schemas.Verdict) error {
		if stream := string(r.Key); filter.wants(stream, v.Kind) {
			all = append(all, replay.NewVerdict(stream, v))
		}
		return nil
	})
	return all, err
}

// written is when what is told of the range can have been written: never before it, and at any time after it.
func (f *verdictFilter) written() replay.Range {
	if f.From.IsZero() {
		return replay.Range{}
	}
	return replay.Range{From: f.From.Add(-clockSkew)}
}

func printVerdicts(w io.Writer, output string, verdicts []replay.Verdict) error {
	out := bufio.NewWriter(w)
	encoder, table := json.NewEncoder(out), tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if output == "table" {
		fmt.Fprintln(table, "STREAM\tKIND\tLABEL\tSTART\tSECONDS\tDEFECT\tBY\tGIVEN\tNOTE")
	}
	for _, v := range verdicts {
		if output == "json" {
			if err := encoder.Encode(shownVerdict(v)); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.1f\t%s\t%s\t%s\t%s\n", printable(v.Stream), printable(v.Kind), printable(v.Label), utc(v.Start), v.End.Sub(v.Start).Seconds(),
			printable(v.Defect), printable(v.Author), utc(v.Given), printable(v.Note))
	}
	return errors.Join(table.Flush(), out.Flush())
}

// shownVerdict is a verdict as the API and JSON have it.
func shownVerdict(v replay.Verdict) console.Verdict {
	out := console.Verdict{Stream: v.Stream, Verdict: schemas.Verdict{Label: v.Label, Kind: v.Kind, Start: v.Start.UnixMicro(), End: v.End.UnixMicro(),
		Author: v.Author, Note: v.Note, Time: v.Given.UnixMicro()}}
	if v.Defect != "" {
		out.Defect = &v.Defect
	}
	return out
}

// printable is text from the log without what a terminal would obey.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '\uFFFD'
		}
		return r
	}, text)
}
