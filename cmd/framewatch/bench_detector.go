package main

import (
	"bytes"
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

// detectorBench is what the detector's process cost on a topic of recorded features, and how it takes over from another.
type detectorBench struct {
	FramesPerSecondPerCore float64 `json:"frames_per_second_per_core"`
	// FoldedStreams and what they were on the topic; Faulty is the share of the records that show something wrong, Defects how many were opened.
	FoldedStreams int     `json:"folded_streams"`
	Frames        int64   `json:"frames"`
	Records       int64   `json:"records"`
	Faulty        float64 `json:"faulty_share"`
	Defects       int64   `json:"defects"`
	// CPU seconds, user plus system, of the detector's process from start to end; Wall seconds of the same.
	CPU  float64 `json:"cpu_seconds"`
	Wall float64 `json:"wall_seconds"`
	// Digest of the input: SHA-256 over the encoded records in order.
	Digest string `json:"digest"`
	// What happened to live streams; left out when they were not asked for.
	*recoveryBench
}

// benchDetector is the command's flags and what it works with.
type benchDetector struct {
	streams int
	length  time.Duration
	// live is how many streams are shared by two detectors; 0: as many as they sustain, -1: none.
	live    int
	file    string
	profile string
	stderr  io.Writer
	dir     string
	config  Config
}

// spoiltEvery is one in how many streams has faults half of the time.
const spoiltEvery = 20

func benchDetectorCommand() *cobra.Command {
	var b benchDetector
	var output string
	cmd := &cobra.Command{
		Use:   "detector [FILE]",
		Short: "Frames per CPU-second of the detector: Avro decode, all rules and the transaction; and how one takes over from another",
		Long: "Frames per CPU-second of the detector's process: Avro decode, all rules and the exactly-once commit.\n" +
			"The features of FILE (default: a clip of the demo) are measured by our worker and played as many streams, each from its own second on,\n" +
			fmt.Sprintf("one in %d of which is footage with the demo's faults, into an embedded broker in a process of its own; then a detector in another process\n", spoiltEvery) +
			"folds them all.\n\n" +
			"Then streams are played in real time to two detectors, one of which is killed (SIGKILL): how soon the other goes on with its partitions, and\n" +
			"how far they are behind before and after. The number of streams is the largest that the machine sustains, sender, broker and all, with both\n" +
			"less than a second behind, which takes minutes to find.",
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
			return printBench(cmd.OutOrStdout(), output, result, result.rows())
		},
	}
	cmd.Flags().IntVar(&b.streams, "streams", 200, "number of streams whose records are folded at once")
	cmd.Flags().DurationVar(&b.length, "for", 4*time.Minute, "media time of each of them")
	cmd.Flags().IntVar(&b.live, "live", 0, "number of streams in real time; 0: as many as two detectors sustain, -1: none")
	cmd.Flags().StringVar(&b.profile, cpuProfileFlag, "", "write a CPU profile of the detector's process to a file, for go tool pprof")
	outputFlag(cmd, &output, "json (one object) or table")
	return cmd
}

// rows are the result for people.
func (r detectorBench) rows() [][2]string {
	rows := [][2]string{
		{"input", fmt.Sprintf("%d streams, %d frames in %d records, %.1f %% of them faulty, sha256 %.12s", r.FoldedStreams, r.Frames, r.Records, 100*r.Faulty, r.Digest)},
		{"detector", fmt.Sprintf("%.2f CPU s in %.2f s, %d defects opened", r.CPU, r.Wall, r.Defects)},
		{"frames per CPU-second", fmt.Sprintf("%.0f", r.FramesPerSecondPerCore)},
	}
	if l := r.recoveryBench; l != nil {
		rows = append(rows, [][2]string{
			{"live", fmt.Sprintf("%d streams, %.0f frames a second, on two detectors", l.Streams, l.FramesPerSecond)},
			{"behind, 99th percentile", fmt.Sprintf("%.2f s before one was killed, %.2f s after", l.LagBefore, l.LagAfter)},
			{"first record after its assignment", fmt.Sprintf("%.2f s; all %d partitions %.2f s", l.Recovery, l.Moved, l.AllFlow)},
			{"nothing behind after the kill", fmt.Sprintf("%.2f s", l.Outage)},
		}...)
	}
	return rows
}

func (b *benchDetector) run(ctx context.Context) (detectorBench, error) {
	fleet, err := b.fleet(ctx)
	if err != nil {
		return detectorBench{}, err
	}
	result := detectorBench{FoldedStreams: b.streams, Faulty: fleet.Faulty(b.streams)}
	err = b.withLog(ctx, func(cluster *kafka.Cluster) error {
		if err := b.publish(ctx, cluster, fleet, &result); err != nil {
			return err
		}
		return b.detect(ctx, cluster, &result)
	})
	if err != nil || b.live < 0 {
		return result, err
	}
	recovery, err := b.recovery(ctx, fleet)
	result.recoveryBench = &recovery
	return result, err
}

// withLog does work with an empty log, whose broker is a process of its own.
func (b *benchDetector) withLog(ctx context.Context, work func(*kafka.Cluster) error) (err error) {
	if b.dir, err = os.MkdirTemp("", "framewatch-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if err := b.configure(); err != nil {
		return err
	}
	broker, err := b.start("broker", &lines{each: b.complain})
	if err != nil {
		return err
	}
	defer stopProcess(broker)
	a, err := newApp(b.config, b.stderr)
	if err != nil {
		return err
	}
	if err := a.dial(ctx); err != nil {
		return err
	}
	defer a.cluster.Close()
	return work(a.cluster)
}

// fleet measures the file and what is spoilt, and makes streams of them.
func (b *benchDetector) fleet(ctx context.Context) (*lab.Fleet, error) {
	clips, err := findClips("")
	if err != nil {
		return nil, usage(err)
	}
	if b.file == "" {
		b.file = filepath.Join(clips, lab.Clips[0].Path)
	}
	cache, err := clipCache()
	if err != nil {
		return nil, err
	}
	spoilt, err := lab.SpoiltClip(ctx, clips, cache, func(what string) { fmt.Fprintln(b.stderr, what) })
	if err != nil {
		return nil, err
	}
	good, err := measured(ctx, b.file)
	if err != nil {
		return nil, err
	}
	bad, err := measured(ctx, spoilt.File)
	if err != nil {
		return nil, err
	}
	fleet, err := lab.NewFleet(good)
	if err != nil {
		return nil, err
	}
	return fleet, fleet.Spoil(spoiltEvery, bad, spoilt.FaultyAt)
}

// measured are the records of a file.
func measured(ctx context.Context, file string) (records []*schemas.Feature, err error) {
	err = measureFile(ctx, file, func(f *schemas.Feature) error {
		records = append(records, f)
		return nil
	})
	return records, err
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
	partitions := kafka.Defaults().Partitions // as a deployment has them
	b.config.Kafka.Partitions = partitions
	text, err := yaml.Marshal(map[string]any{
		"data_dir": b.dir, "embedded": map[string]string{"listen": b.config.Embedded.Listen}, "kafka": map[string]int32{"partitions": partitions},
		"log": map[string]string{"level": "info", "format": "json"},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.dir, "framewatch.yaml"), text, 0o600)
}

// start runs a target in a process of its own. Its log goes to the writer.
func (b *benchDetector) start(target string, log io.Writer, arguments ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	process := exec.Command(self, append([]string{"run", "-c", filepath.Join(b.dir, "framewatch.yaml"), "--target", target}, arguments...)...)
	process.Stderr = log
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
	detector, err := b.start("detector", &lines{each: b.complain}, "--brokers", b.config.Embedded.Listen, "--"+cpuProfileFlag, b.profile)
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
	err = kafka.Read(ctx, cluster, topology.Defects, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
		// What comes after the input is that nothing comes.
		if r.Value.State == "opened" && r.Value.Offset < ends[r.Partition] {
			result.Defects++
		}
		return nil
	})
	if err != nil {
		return err
	}
	result.CPU = (detector.ProcessState.UserTime() + detector.ProcessState.SystemTime()).Seconds()
	result.FramesPerSecondPerCore = float64(result.Frames) / result.CPU
	return nil
}

// lines hands on what is written to it line by line.
type lines struct {
	each func(line []byte)
	rest []byte
}

func (l *lines) Write(text []byte) (int, error) {
	l.rest = append(l.rest, text...)
	for {
		end := bytes.IndexByte(l.rest, '\n') + 1
		if end == 0 {
			return len(text), nil
		}
		l.each(l.rest[:end])
		l.rest = append(l.rest[:0], l.rest[end:]...)
	}
}

// complain passes on lines of a log in JSON that warn or tell of errors.
func (b *benchDetector) complain(line []byte) {
	if bytes.Contains(line, []byte(`"level":"WARN"`)) || bytes.Contains(line, []byte(`"level":"ERROR"`)) {
		fmt.Fprintf(b.stderr, "%s", line)
	}
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
