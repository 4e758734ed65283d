package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
)

func benchCommand() *cobra.Command {
	return group("bench", "Measure what Framewatch costs on this machine", benchEdgeCommand(), benchDetectorCommand())
}

func benchEdgeCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "edge FILE",
		Short: "CPU of our worker on a file, next to decoding alone and to FFmpeg's filters",
		Long: "CPU of our worker on a file, next to decoding alone (ffmpeg -threads 1 -f null) and to ffmpeg with blackdetect, freezedetect, blockdetect,\n" +
			"blurdetect, signalstats and ebur128, all in one run. Figures are CPU seconds per second of media; the ratios are what to compare.",
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			result, err := lab.BenchEdge(cmd.Context(), args[0], measureFile)
			if err != nil {
				return err
			}
			return printBench(cmd.OutOrStdout(), output, result, [][2]string{
				{"media", fmt.Sprintf("%.1f s, %d pictures decoded, %d analysed", result.Seconds, result.FramesDecoded, result.FramesAnalysed)},
				{"decode only (ffmpeg)", fmt.Sprintf("%.4f CPU s per s", result.DecodeCPU)},
				{"our worker", fmt.Sprintf("%.4f CPU s per s", result.WorkerCPU)},
				{"ffmpeg with filters", fmt.Sprintf("%.4f CPU s per s", result.FiltersCPU)},
				{"ours over decode only", fmt.Sprintf("%.2f", result.OverDecode)},
				{"filters over ours", fmt.Sprintf("%.1f", result.FiltersOverOurs)},
				{"record", fmt.Sprintf("%.0f bytes a picture, uncompressed", result.BytesPerFrame)},
			})
		},
	}
	outputFlag(cmd, &output, "json (one object) or table")
	return cmd
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
