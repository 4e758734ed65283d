package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/internal/lab"
)

// benchFleet is the command's flags and where it writes.
type benchFleet struct {
	start  time.Duration
	step   time.Duration
	shed   time.Duration
	most   int
	clips  string
	output string
	stdout io.Writer
	stderr io.Writer
}

func benchFleetCommand() *cobra.Command {
	b := benchFleet{}
	cmd := &cobra.Command{
		Use:   "fleet [FILE.ts]",
		Short: "How many live streams this machine carries, next to decoding them alone, and twice of them with load shedding",
		Long: "How many live streams this machine carries: decoded alone by ffmpeg, then decoded and measured by our workers, then twice of those with\n" +
			"load shedding. Without a FILE it takes the standard clip of 720p25, made once from testdata. It takes minutes, and all cores.\n" +
			"Exit code 0 says that with load shedding every stream told a heartbeat each second.\n\n" + lab.FleetNotes,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			if b.start < time.Second || b.step < time.Second || b.shed < time.Second || b.most < 1 {
				return usage(fmt.Errorf("--start, --step and --shed are at least 1s, --most is at least 1"))
			}
			b.stdout, b.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return b.run(cmd.Context(), args)
		},
	}
	cmd.Flags().DurationVar(&b.start, "start", 6*time.Second, "what streams are given to begin; three times that when all begin at once")
	cmd.Flags().DurationVar(&b.step, "step", 10*time.Second, "for how long a number of streams must be carried")
	cmd.Flags().DurationVar(&b.shed, "shed", time.Minute, "for how long twice the number is looked at")
	cmd.Flags().IntVar(&b.most, "most", 200, "the most streams that are tried, each some 150 MiB of memory")
	clipsFlag(cmd, &b.clips)
	outputFlag(cmd, &b.output, "json or table")
	return cmd
}

func (b *benchFleet) run(ctx context.Context, files []string) error {
	log := defaultConfig().Log
	log.Level = "error"
	logger, err := newLogger(log, b.stderr)
	if err != nil {
		return err
	}
	slog.SetDefault(logger) // for the edge
	work, err := os.MkdirTemp("", "framewatch-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	clip, err := b.clip(ctx, files, work)
	if err != nil {
		return err
	}
	result, err := lab.BenchFleet(ctx, lab.FleetConfig{Start: b.start, Step: b.step, Shed: b.shed, Most: b.most, Progress: b.progress}, clip)
	if err != nil {
		return err
	}
	if err := printBench(b.stdout, b.output, result, fleetRows(result)); err != nil {
		return err
	}
	if b.output == "table" {
		fmt.Fprintf(b.stdout, "\n%s\n", lab.FleetNotes)
	}
	if !result.Shed.OK {
		return exitError{code: exitFailure}
	}
	return nil
}

// clip is the file, or the standard clip.
func (b *benchFleet) clip(ctx context.Context, files []string, work string) (lab.EdgeClip, error) {
	if len(files) > 0 {
		return lab.EdgeClip{Name: files[0], File: files[0]}, nil
	}
	folder, err := findClips(b.clips)
	if err != nil {
		return lab.EdgeClip{}, usage(err)
	}
	cache, err := clipCache()
	if err != nil {
		return lab.EdgeClip{}, err
	}
	return lab.FleetClip(ctx, folder, cache, work, b.progress)
}

func (b *benchFleet) progress(what string) { fmt.Fprintln(b.stderr, what) }

// fleetRows are the result for people.
func fleetRows(b lab.FleetBench) [][2]string {
	share := func(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }
	return [][2]string{
		{"clip", b.Clip},
		{"cores", fmt.Sprint(b.Cores)},
		{"streams decoded alone", fmt.Sprintf("%d, %.1f a core", b.DecodeStreams, b.DecodePerCore)},
		{"streams analysed", fmt.Sprintf("%d, %.1f a core", b.AnalysedStreams, b.AnalysedPerCore)},
		{"analysed over decoded", share(b.AnalysedOverDecode)},
		{"with load shedding", fmt.Sprintf("%d streams for %.0f s", b.Shed.Streams, b.Shed.Seconds)},
		{"least heartbeats of a stream", share(b.Shed.LeastHeartbeats)},
		{"longest time between two", fmt.Sprintf("%.2f s", b.Shed.LongestGap)},
		{"latest heartbeat", fmt.Sprintf("%.2f s", b.Shed.LatestHeartbeat)},
		{"heartbeats that say up", share(b.Shed.Up)},
		{"pictures decoded", share(b.Shed.Decoded)},
		{"pictures analysed", share(b.Shed.Analysed)},
		{"least of a stream analysed", share(b.Shed.LeastAnalysed)},
	}
}
