package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// detectorBench is what the detector's process cost on a topic of recorded features.
type detectorBench struct {
	FramesPerSecondPerCore float64 `json:"frames_per_second_per_core"`
	Streams                int     `json:"streams"`
	Frames                 int64   `json:"frames"`
	Records                int64   `json:"records"`
	// CPU seconds, user plus system, of the detector's process from start to end; Wall seconds of the same.
	CPU  float64 `json:"cpu_seconds"`
	Wall float64 `json:"wall_seconds"`
	// Digest of the input: SHA-256 over the encoded records in order.
	Digest string `json:"digest"`
}

// benchDetector is the command's flags and what it works with.
type benchDetector struct {
	streams int
	length  time.Duration
	file    string
	stderr  io.Writer
	dir     string
	config  Config
}

func benchDetectorCommand() *cobra.Command {
	var b benchDetector
	var output string
	cmd := &cobra.Command{
		Use:   "detector [FILE]",
		Short: "Frames per CPU-second of the detector: Avro decode, all rules and the transaction",
		Long: "Frames per CPU-second of the detector's process: Avro decode, all rules and the exactly-once commit.\n" +
			"The features of FILE (default: a clip of the demo) are measured by our worker and played as many streams, each from its own second on,\n" +
			"into an embedded broker in a process of its own; then a detector in another process folds them all.",
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			b.stderr = cmd.ErrOrStderr()
			if len(args) == 1 {
				b.file = args[0]
			}
			result, err := b.run(cmd.Context())
			if err != nil {
				return err
			}
			return printBench(cmd.OutOrStdout(), output, result, [][2]string{
				{"input", fmt.Sprintf("%d streams, %d frames in %d records, sha256 %.12s", result.Streams, result.Frames, result.Records, result.Digest)},
				{"detector", fmt.Sprintf("%.2f CPU s in %.2f s", result.CPU, result.Wall)},
				{"frames per CPU-second", fmt.Sprintf("%.0f", result.FramesPerSecondPerCore)},
			})
		},
	}
	cmd.Flags().IntVar(&b.streams, "streams", 200, "number of streams")
	cmd.Flags().DurationVar(&b.length, "for", time.Minute, "media time of each stream")
	outputFlag(cmd, &output, "json (one object) or table")
	return cmd
}

func (b *benchDetector) run(ctx context.Context) (detectorBench, error) {
	result := detectorBench{Streams: b.streams}
	fleet, err := b.fleet(ctx)
	if err != nil {
		return result, err
	}
	if b.dir, err = os.MkdirTemp("", "framewatch-bench-"); err != nil {
		return result, err
	}
	defer os.RemoveAll(b.dir)
	if err := b.configure(); err != nil {
		return result, err
	}
	broker, err := b.start("broker")
	if err != nil {
		return result, err
	}
	defer stopProcess(broker)
	a, err := newApp(b.config, b.stderr)
	if err != nil {
		return result, err
	}
	if err := a.dial(ctx); err != nil {
		return result, err
	}
	defer a.cluster.Close()
	if err := b.publish(ctx, a.cluster, fleet, &result); err != nil {
		return result, err
	}
	return result, b.detect(ctx, a.cluster, &result)
}

// fleet measures the file and makes streams of it.
func (b *benchDetector) fleet(ctx context.Context) (*lab.Fleet, error) {
	if b.file == "" {
		clips, err := findClips("")
		if err != nil {
			return nil, usage(err)
		}
		b.file = filepath.Join(clips, lab.Clips[0].Path)
	}
	var records []*schemas.Feature
	err := measureFile(ctx, b.file, func(f *schemas.Feature) error {
		records = append(records, f)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return lab.NewFleet(records)
}

// configure writes the configuration of the broker and the detector: a broker on a free port, and nothing else.
func (b *benchDetector) configure() error {
	b.config = defaultConfig()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	b.config.Embedded.Listen = listener.Addr().String()
	listener.Close()
	b.config.Kafka.Brokers = []string{b.config.Embedded.Listen}
	b.config.Log.Level = "warn"
	b.config.DataDir = b.dir
	text, err := yaml.Marshal(map[string]any{
		"data_dir": b.dir, "embedded": map[string]string{"listen": b.config.Embedded.Listen}, "log": map[string]string{"level": "warn"},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.dir, "framewatch.yaml"), text, 0o600)
}

// start runs a target in a process of its own.
func (b *benchDetector) start(target string, arguments ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	process := exec.Command(self, append([]string{"run", "-c", filepath.Join(b.dir, "framewatch.yaml"), "--target", target}, arguments...)...)
	process.Stderr = b.stderr
	return process, process.Start()
}

// publish writes the settings and all records of the fleet.
func (b *benchDetector) publish(ctx context.Context, cluster *kafka.Cluster, fleet *lab.Fleet, result *detectorBench) error {
	if _, err := cluster.Apply(ctx); err != nil {
		return err
	}
	digest, contract := sha256.New(), schemas.Baked()
	failed := make(chan error, 1)
	pending := make(chan struct{}, 10_000) // bounds what is on its way to the broker
	begin := time.Now().Add(-b.length)
	ids := map[string]bool{}
	for id, f := range fleet.Records(b.streams, begin.UnixMicro(), b.length) {
		partition := cluster.Partition(id)
		messages := []topology.Message{}
		if !ids[id] {
			ids[id] = true
			messages = append(messages, topology.Features.Message("", &schemas.Feature{Setting: &schemas.Setting{Time: begin.UnixMicro(), Stream: id, Profile: defaultProfile, Rules: "{}"}}))
		}
		if f.VideoFrame != nil {
			result.Frames++
		}
		for _, m := range append(messages, topology.Features.Message(id, f)) {
			encoded, err := m.Encode(contract, nil)
			if err != nil {
				return err
			}
			digest.Write(encoded)
			result.Records++
			pending <- struct{}{}
			cluster.TryPublish(partition, m, func(err error) {
				<-pending
				if err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			})
		}
	}
	for range cap(pending) {
		pending <- struct{}{} // all of them have been written once the bound can be filled
	}
	result.Digest = hex.EncodeToString(digest.Sum(nil))
	select {
	case err := <-failed:
		return fmt.Errorf("publish: %w", err)
	default:
		return nil
	}
}

// detect runs a detector until it has committed the end of every partition.
func (b *benchDetector) detect(ctx context.Context, cluster *kafka.Cluster, result *detectorBench) error {
	ends, err := cluster.Ends(ctx, &topology.Features.Spec)
	if err != nil {
		return err
	}
	begin := time.Now()
	detector, err := b.start("detector", "--brokers", b.config.Embedded.Listen)
	if err != nil {
		return err
	}
	defer stopProcess(detector)
	for done := false; !done; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		committed, err := cluster.Committed(ctx, topology.StageNamed("detector").Group, &topology.Features.Spec)
		if err != nil {
			return err
		}
		done = true
		for partition, end := range ends {
			done = done && committed[partition] >= end
		}
	}
	result.Wall = time.Since(begin).Seconds()
	if err := stopProcess(detector); err != nil {
		return err
	}
	usage := detector.ProcessState.SysUsage().(*syscall.Rusage)
	result.CPU = time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
	result.FramesPerSecondPerCore = float64(result.Frames) / result.CPU
	return nil
}

// stopProcess ends a process that we started, and waits for it; doing so twice does nothing.
func stopProcess(process *exec.Cmd) error {
	if process.ProcessState != nil {
		return nil
	}
	if err := process.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return process.Wait()
}
