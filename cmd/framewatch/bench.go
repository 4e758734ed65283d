package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

func benchCommand() *cobra.Command {
	return group("bench", "Measure what Framewatch costs on this machine", benchEdgeCommand(), benchDetectorCommand(), benchExportCommand(), benchReplayCommand(), benchFleetCommand(), benchScaleCommand(), benchSoakCommand(), benchNotifyCommand(), benchBaselineCommand())
}

// measureFile runs our worker over a file.
func measureFile(ctx context.Context, file string, out func(*schemas.Feature) error) error {
	return ingest.Measure(ctx, ingest.MeasureConfig{URL: file}, out)
}

// printBench prints a result as one JSON object or as rows for people.
func printBench(w io.Writer, output string, result any, rows [][2]string) error {
	if output == "json" {
		return json.NewEncoder(w).Encode(result)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintf(table, "%s\t%s\n", row[0], row[1])
	}
	return table.Flush()
}
