package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// exportBench is what `export` of a topic of recorded features costs.
type exportBench struct {
	Streams int             `json:"streams"`
	Frames  int64           `json:"frames"`
	Records int64           `json:"records"`
	Formats []exportedBench `json:"formats"`
}

// exportedBench is what it costs in one format.
type exportedBench struct {
	Format string `json:"format"`
	// RowsPerSecondPerCore is rows of all kinds by CPU seconds, user plus system, of the process from start to end; Wall are seconds of the same.
	RowsPerSecondPerCore float64 `json:"rows_per_second_per_core"`
	CPU                  float64 `json:"cpu_seconds"`
	Wall                 float64 `json:"wall_seconds"`
	// BytesPerRow is what the files take.
	BytesPerRow float64 `json:"bytes_per_row"`
	// Memory is the most that the process held, bytes.
	Memory int64 `json:"memory_bytes"`
}

// rows are the result for people.
func (r exportBench) rows() [][2]string {
	rows := [][2]string{{"input", fmt.Sprintf("%d streams, %d frames in %d records", r.Streams, r.Frames, r.Records)}}
	for _, f := range r.Formats {
		rows = append(rows, [2]string{f.Format, fmt.Sprintf("%.0f rows per CPU-second, %.2f CPU s in %.2f s, %.0f bytes a row, %d MB of memory",
			f.RowsPerSecondPerCore, f.CPU, f.Wall, f.BytesPerRow, f.Memory>>20)})
	}
	return rows
}

func benchExportCommand() *cobra.Command {
	var b benchDetector
	var output string
	var jobs int
	cmd := &cobra.Command{
		Use:   "export [FILE]",
		Short: "Rows per CPU-second of export, in each format",
		Long: "Rows per CPU-second of `framewatch export`, in each format: the features of FILE (default: a clip of the demo) are played as many streams, as\n" +
			"`framewatch bench detector` does, into an embedded broker in a process of its own, and exported by another.",
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			b.stderr = cmd.ErrOrStderr()
			if len(args) == 1 {
				b.file = args[0]
			}
			result := exportBench{Streams: b.streams}
			fleet, err := benchFleetOf(cmd.Context(), b.file, b.stderr)
			if err != nil {
				return err
			}
			err = b.withLog(cmd.Context(), func(cluster *kafka.Cluster) error {
				var input detectorBench
				if err := b.publish(cmd.Context(), cluster, fleet, &input); err != nil {
					return err
				}
				result.Frames, result.Records = input.Frames, input.Records
				return b.export(cmd.Context(), jobs, &result)
			})
			if err != nil {
				return err
			}
			return printBench(cmd.OutOrStdout(), output, result, result.rows())
		},
	}
	cmd.Flags().IntVar(&b.streams, "streams", 100, "number of streams")
	cmd.Flags().DurationVar(&b.length, "for", 2*time.Minute, "media time of each of them")
	cmd.Flags().IntVar(&jobs, "jobs", runtime.GOMAXPROCS(0), "how many parts are made at a time, as of export")
	outputFlag(cmd, &output, "json (one object) or table")
	return cmd
}

// export runs an export in each format.
func (b *benchDetector) export(ctx context.Context, jobs int, result *exportBench) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, format := range replay.Formats() {
		directory := filepath.Join(b.dir, format)
		process := exec.CommandContext(ctx, self, "export", topology.Features.Name, "-c", filepath.Join(b.dir, "framewatch.yaml"), "--format", format, "-o", directory,
			"--jobs", fmt.Sprint(jobs))
		process.Stderr = b.stderr
		begin := time.Now()
		if err := process.Run(); err != nil {
			return fmt.Errorf("export as %s: %w", format, err)
		}
		usage := process.ProcessState.SysUsage().(*syscall.Rusage)
		f := exportedBench{Format: format, Wall: time.Since(begin).Seconds(), Memory: usage.Maxrss << 10}
		f.CPU = (process.ProcessState.UserTime() + process.ProcessState.SystemTime()).Seconds()
		m, err := replay.ReadManifest(directory)
		if err != nil {
			return err
		}
		rows, bytes := int64(0), int64(0)
		for _, file := range m.Files {
			rows, bytes = rows+file.Rows, bytes+file.Bytes
		}
		if rows != result.Records {
			return fmt.Errorf("export as %s: %d rows of %d records", format, rows, result.Records)
		}
		f.RowsPerSecondPerCore, f.BytesPerRow = float64(rows)/f.CPU, float64(bytes)/float64(rows)
		result.Formats = append(result.Formats, f)
		if err := os.RemoveAll(directory); err != nil {
			return err
		}
	}
	return nil
}
