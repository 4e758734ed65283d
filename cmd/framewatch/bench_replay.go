package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// replayBench is how fast recorded features are detected in again.
type replayBench struct {
	Streams int     `json:"streams"`
	Seconds float64 `json:"seconds"`
	Records int64   `json:"records"`
	// Runs are of `replay` over the log and over an export, and of a reader in Python that decodes only.
	Runs []replayRun `json:"runs"`
}

// replayRun is one process from its start to its end.
type replayRun struct {
	What string `json:"what"`
	// CPU seconds, user plus system, and Wall seconds.
	CPU  float64 `json:"cpu_seconds"`
	Wall float64 `json:"wall_seconds"`
	// RecordsPerSecond by the wall clock, RecordsPerSecondPerCore by CPU seconds.
	RecordsPerSecond        float64 `json:"records_per_second"`
	RecordsPerSecondPerCore float64 `json:"records_per_second_per_core"`
	// TimesRealTime is the streams' time by the wall clock's, all streams at once; StreamSeconds is the same of them one after the other.
	TimesRealTime float64 `json:"times_real_time"`
	StreamSeconds float64 `json:"stream_seconds_per_second"`
	// Events of defects that were told.
	Events int `json:"events,omitempty"`
	// Memory is the most that the process held, bytes.
	Memory int64 `json:"memory_bytes"`
}

// rows are the result for people.
func (r replayBench) rows() [][2]string {
	rows := [][2]string{{"input", fmt.Sprintf("%d streams of %.0f s, %d records", r.Streams, r.Seconds, r.Records)}}
	for _, run := range r.Runs {
		rows = append(rows, [2]string{run.What, fmt.Sprintf("%.0f times real time (%.0f seconds of streams a second), %.0f records a second, %.0f a CPU-second; %.2f CPU s in %.2f s, %d events, %d MB of memory",
			run.TimesRealTime, run.StreamSeconds, run.RecordsPerSecond, run.RecordsPerSecondPerCore, run.CPU, run.Wall, run.Events, run.Memory>>20)})
	}
	return rows
}

func benchReplayCommand() *cobra.Command {
	var b benchDetector
	var output, python string
	cmd := &cobra.Command{
		Use:   "replay [FILE]",
		Short: "How much faster than real time recorded features are replayed",
		Long: "How much faster than real time `framewatch replay` runs the detector over recorded features, from the log and from an export as Avro: the features of\n" +
			"FILE (default: a clip of the demo) are played as many streams, as `framewatch bench detector` does, into an embedded broker in a process of its own.\n" +
			"With --python beside a reader in Python (confluent-kafka, fastavro: deploy/examples/python/requirements.txt) that only decodes.",
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			b.stderr = cmd.ErrOrStderr()
			if len(args) == 1 {
				b.file = args[0]
			}
			result := replayBench{Streams: b.streams, Seconds: b.length.Seconds()}
			fleet, err := benchFleetOf(cmd.Context(), b.file, b.stderr)
			if err != nil {
				return err
			}
			err = b.withLog(cmd.Context(), func(cluster *kafka.Cluster) error {
				var input detectorBench
				if err := b.publish(cmd.Context(), cluster, fleet, &input); err != nil {
					return err
				}
				result.Records = input.Records
				return b.replay(cmd.Context(), python, &result)
			})
			if err != nil {
				return err
			}
			return printBench(cmd.OutOrStdout(), output, result, result.rows())
		},
	}
	cmd.Flags().IntVar(&b.streams, "streams", 100, "number of streams")
	cmd.Flags().DurationVar(&b.length, "for", 2*time.Minute, "media time of each of them")
	cmd.Flags().StringVar(&python, "python", "", "a Python interpreter with those packages")
	outputFlag(cmd, &output, "json (one object) or table")
	return cmd
}

// replay runs each way of reading the features in turn.
func (b *benchDetector) replay(ctx context.Context, python string, result *replayBench) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	config, directory := filepath.Join(b.dir, "framewatch.yaml"), filepath.Join(b.dir, "avro")
	log, err := result.run(exec.CommandContext(ctx, self, "replay", "-c", config), "from the log")
	if err != nil {
		return err
	}
	export := exec.CommandContext(ctx, self, "export", topology.Features.Name, "-c", config, "--format", "avro", "-o", directory)
	if said, err := export.CombinedOutput(); err != nil {
		return fmt.Errorf("export: %w: %s", err, said)
	}
	files, err := result.run(exec.CommandContext(ctx, self, "replay", "-c", config, directory), "from an export")
	if err != nil {
		return err
	}
	if !bytes.Equal(log, files) {
		return errors.New("the log and its export are not told of alike")
	}
	if python == "" {
		return nil
	}
	schema := filepath.Join(b.dir, "feature.avsc")
	if err := os.WriteFile(schema, []byte(topology.Features.Schema), 0o600); err != nil {
		return err
	}
	said, err := result.run(exec.CommandContext(ctx, python, "-c", benchReader, b.config.Embedded.Listen, b.config.Kafka.Prefix+topology.Features.Name, schema), "decoded in Python")
	if err != nil {
		return err
	}
	if rows, err := strconv.ParseInt(strings.TrimSpace(string(said)), 10, 64); err != nil || rows != result.Records {
		return fmt.Errorf("the reader in Python has read %.40q of %d records", said, result.Records)
	}
	result.Runs[len(result.Runs)-1].Events = 0
	return nil
}

//go:embed bench_reader.py
var benchReader string

// run measures a process that reads all records, and returns what it printed.
func (r *replayBench) run(process *exec.Cmd, what string) ([]byte, error) {
	var out, said bytes.Buffer
	process.Stdout, process.Stderr = &out, &said
	begin := time.Now()
	if err := process.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", what, err, said.Bytes())
	}
	usage := process.ProcessState.SysUsage().(*syscall.Rusage)
	run := replayRun{What: what, Wall: time.Since(begin).Seconds(), Events: bytes.Count(out.Bytes(), []byte("\n")), Memory: usage.Maxrss << 10}
	run.CPU = (process.ProcessState.UserTime() + process.ProcessState.SystemTime()).Seconds()
	run.RecordsPerSecond, run.RecordsPerSecondPerCore = float64(r.Records)/run.Wall, float64(r.Records)/run.CPU
	run.TimesRealTime = r.Seconds / run.Wall
	run.StreamSeconds = run.TimesRealTime * float64(r.Streams)
	r.Runs = append(r.Runs, run)
	return out.Bytes(), nil
}
