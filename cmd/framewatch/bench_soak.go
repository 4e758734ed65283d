package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// benchSoak is the command's flags and where it writes.
type benchSoak struct {
	length    time.Duration
	streams   int
	protocols []string
	seed      uint64
	clips     string
	logLevel  string
	output    string
	stdout    io.Writer
	stderr    io.Writer
}

func benchSoakCommand() *cobra.Command {
	b := benchSoak{}
	cmd := &cobra.Command{
		Use:   "soak",
		Short: "Streams of mixed protocols while connections, bytes, senders, workers and settings are disturbed",
		Long: "Streams of mixed protocols while connections are cut, bytes spoilt, senders stalled, workers killed, streams removed and added.\n" +
			"Everything runs as in `framewatch run`, on loopback ports only, with the log in a temporary folder. It fails when a stream is without a\n" +
			"heartbeat for more than 5 s, when an outage does not appear as no_signal or anything else appears, when memory, descriptors, goroutines or\n" +
			"processes go on growing, or when some of them are left at the end. Exit code 0 says that it went well.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if b.streams < 1 || b.length < time.Minute {
				return usage(fmt.Errorf("--streams is at least 1, --for at least 1m"))
			}
			b.stdout, b.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			report, err := b.run(cmd.Context())
			if err != nil {
				return err
			}
			if err := b.print(report); err != nil {
				return err
			}
			if !report.OK {
				return exitError{code: exitFailure}
			}
			return nil
		},
	}
	cmd.Flags().DurationVar(&b.length, "for", 10*time.Minute, "how long it lasts")
	cmd.Flags().IntVar(&b.streams, "streams", 12, "number of streams")
	cmd.Flags().StringSliceVar(&b.protocols, "protocols", nil, "only these (default: all)")
	cmd.Flags().Uint64Var(&b.seed, "seed", 1, "seed of what is disturbed when")
	cmd.Flags().StringVar(&b.logLevel, "log-level", "error", "debug, info, warn or error")
	clipsFlag(cmd, &b.clips)
	outputFlag(cmd, &b.output, "json (one object) or table")
	return cmd
}

func (b *benchSoak) run(ctx context.Context) (lab.SoakReport, error) {
	clips, err := findClips(b.clips)
	if err != nil {
		return lab.SoakReport{}, usage(err)
	}
	cache, err := clipCache()
	if err != nil {
		return lab.SoakReport{}, err
	}
	dir, err := os.MkdirTemp("", "framewatch-soak-")
	if err != nil {
		return lab.SoakReport{}, err
	}
	defer os.RemoveAll(dir)
	log, err := newLogger(b.config(dir).Log, b.stderr)
	if err != nil {
		return lab.SoakReport{}, err
	}
	watch := lab.WatchUsage(ingest.WorkerArg)
	soak, err := lab.NewSoak(ctx, lab.SoakConfig{
		Clips: clips, Cache: cache, Work: dir, Streams: b.streams, Protocols: b.protocols, Length: b.length, Seed: b.seed, Log: log,
	})
	if err != nil {
		return lab.SoakReport{}, err
	}
	began := time.Now()
	report, err := b.watch(ctx, soak, b.config(dir), watch)
	if err != nil {
		return report, err
	}
	report.Seconds, report.Protocols = time.Since(began).Seconds(), soak.Protocols()
	watch.End(&report)
	report.OK = len(report.Failures) == 0
	return report, nil
}

func (b *benchSoak) config(dir string) Config {
	config := defaultConfig()
	config.DataDir = dir
	config.Log.Level = b.logLevel
	config.Embedded.Listen = "127.0.0.1:0"
	config.Console.Listen = "127.0.0.1:0"
	config.Streams = &[]StreamConfig{}
	config.Ingest.Access.Schemes = append(slices.Clone(config.Ingest.Access.Schemes), "udp", "rtp")
	return config
}

// errSoaked ends what watches the streams when the soak is over.
var errSoaked = errors.New("the soak is over")

// watch runs the whole of Framewatch against the soak until that is over.
func (b *benchSoak) watch(ctx context.Context, soak *lab.Soak, config Config, watch *lab.UsageWatch) (report lab.SoakReport, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return run(ctx, config, []string{allTargets}, b.stderr, func(a *app) {
			group.Go(func() error { return readSoak(ctx, a.cluster, soak.Ledger) })
			group.Go(func() error { return everySecond(ctx, watch.Look) })
			group.Go(func() error {
				if err := soak.Run(ctx, soakSite{a}); err != nil {
					return err
				}
				report = soak.Ledger.Report(time.Now())
				return errSoaked
			})
		})
	})
	if err = group.Wait(); errors.Is(err, errSoaked) {
		err = nil
	}
	return report, err
}

// readSoak hands heartbeats and defects to the ledger, as any downstream reader would get them.
func readSoak(ctx context.Context, cluster *kafka.Cluster, ledger *lab.Ledger) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return kafka.Read(ctx, cluster, topology.Features, kafka.ReadOptions{}, func(_ context.Context, r topology.Record[schemas.Feature]) error {
			if r.Value != nil && r.Value.StreamSecond != nil {
				ledger.Beat(r.Key, time.Now())
			}
			return nil
		})
	})
	group.Go(func() error {
		return kafka.Read(ctx, cluster, topology.Defects, kafka.ReadOptions{}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
			ledger.Event(r.Value, time.Now())
			return nil
		})
	})
	return group.Wait()
}

func everySecond(ctx context.Context, do func()) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			do()
		}
	}
}

// soakSite is a running Framewatch as a soak disturbs it.
type soakSite struct{ *app }

func (s soakSite) Set(ctx context.Context, id string, spec *schemas.StreamSpec) error {
	return s.publishStream(ctx, lane(id, spec), topology.Streams.Message(id, spec))
}

func (s soakSite) Remove(ctx context.Context, id string) error {
	return s.publishStream(ctx, id, topology.Streams.Tombstone(id))
}

func (s soakSite) KillWorker(number int) bool {
	workers := lab.Children(ingest.WorkerArg)
	return len(workers) > 0 && syscall.Kill(workers[number%len(workers)], syscall.SIGKILL) == nil
}

func (b *benchSoak) print(r lab.SoakReport) error {
	if b.output == "json" {
		return json.NewEncoder(b.stdout).Encode(r)
	}
	table := tabwriter.NewWriter(b.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "streams\t%d over %s, for %.0f s\n", r.Streams, strings.Join(r.Protocols, ", "), r.Seconds)
	for _, kind := range slices.Sorted(maps.Keys(r.Disturbances)) {
		fmt.Fprintf(table, "%s\t%d\n", kind, r.Disturbances[kind])
	}
	fmt.Fprintf(table, "outages found\t%d of %d\n", r.Found, r.Outages)
	fmt.Fprintf(table, "longest without a heartbeat\t%.1f s (%s)\n", r.LongestGap.Seconds, r.LongestGap.Stream)
	for _, u := range r.Usage {
		fmt.Fprintf(table, "%s\t%d before, %d in the first half, %d in the last quarter, %d after\n", u.Name, u.Before, u.Settled, u.Late, u.After)
	}
	for _, failure := range r.Failures {
		fmt.Fprintf(table, "FAILED\t%s\n", failure)
	}
	return table.Flush()
}
