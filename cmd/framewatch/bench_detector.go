package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

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
	benchRig
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
			if b.partitions < 1 || b.partitions < 2 && b.live >= 0 {
				return usage(fmt.Errorf("--partitions: %d is too few: two detectors need one each; with --live -1 there is one detector", b.partitions))
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
	cmd.Flags().Int32Var(&b.partitions, "partitions", kafka.Defaults().Partitions, "partitions of each topic: the more there are, the sooner the first one is rebuilt")
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
			{"live", fmt.Sprintf("%d streams, %.0f frames a second, in %d partitions, on two detectors", l.Streams, l.FramesPerSecond, l.Partitions)},
			{"behind, 99th percentile", fmt.Sprintf("%.2f s before one was killed, %.2f s after", l.LagBefore, l.LagAfter)},
			{"first record after its assignment", fmt.Sprintf("%.2f s; all %d partitions %.2f s", l.Recovery, l.Moved, l.AllFlow)},
			{"nothing behind after the kill", fmt.Sprintf("%.2f s", l.Outage)},
		}...)
	}
	return rows
}

func (b *benchDetector) run(ctx context.Context) (detectorBench, error) {
	fleet, err := benchFleetOf(ctx, b.file, b.stderr)
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
	address, err := unusedAddress()
	if err != nil {
		return err
	}
	if err := b.configure(address, kafka.Defaults().Prefix, nil); err != nil {
		return err
	}
	broker, err := b.start(brokerTarget, &lines{each: b.complain})
	if err != nil {
		return err
	}
	defer stopProcess(broker)
	cluster, err := b.dial(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	return work(cluster)
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
	detector, err := b.start("detector", &lines{each: b.complain}, "--brokers", b.config.Kafka.Brokers[0], "--"+cpuProfileFlag, b.profile)
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
