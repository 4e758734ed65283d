package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// demoOptions are the command's flags.
type demoOptions struct {
	length time.Duration
	listen string
	// passwordFile holds the password of the page's one user; empty: the page is for this machine alone.
	passwordFile string
	clips        string
	seed         uint64
	logLevel     string
	output       io.Writer
	stderr       io.Writer
	dataDir      string
}

func demoCommand() *cobra.Command {
	o := demoOptions{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play real clips as live streams with faults, and watch the faults being found",
		Long: "Play real clips as live streams with faults, and watch the faults being found.\n" +
			"Everything runs as in `framewatch run`, on loopback ports only, with the log in a temporary folder.\n" +
			"Exit code 0 says that every fault was found and nothing else was.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.length < 0 {
				return usage(fmt.Errorf("--for: %s is not a length of time", o.length))
			}
			if err := o.page().Validate(); err != nil {
				return usage(fmt.Errorf("--listen, --password-file: %w", err))
			}
			o.output, o.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().DurationVar(&o.length, "for", 0, "end after this time with a summary (default: on Ctrl-C); 60s shows every kind of fault")
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8080", "where the page is served; another port is taken when it is in use")
	cmd.Flags().StringVar(&o.passwordFile, "password-file", "", "file with a password, which the page then asks for, of the user admin: needed to serve it off loopback")
	clipsFlag(cmd, &o.clips)
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "seed of the schedule of faults")
	cmd.Flags().StringVar(&o.logLevel, "log-level", "warn", "debug, info, warn or error")
	return cmd
}

func (o *demoOptions) run(ctx context.Context) error {
	demo, err := o.prepare(ctx)
	if err != nil {
		return err
	}
	if o.dataDir, err = os.MkdirTemp("", "framewatch-demo-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.dataDir)

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if o.length > 0 {
		defer time.AfterFunc(time.Until(demo.Start().Add(o.length)), stop).Stop()
	}
	report, err := o.play(ctx, demo)
	if err != nil {
		return err
	}
	fmt.Fprintln(o.output)
	if err := report.Write(o.output, demo.Start()); err != nil {
		return err
	}
	if !report.OK() {
		return exitError{code: exitFailure}
	}
	return nil
}

// prepare encodes what is not in the cache yet.
func (o *demoOptions) prepare(ctx context.Context) (*lab.Demo, error) {
	clips, err := findClips(o.clips)
	if err != nil {
		return nil, usage(err)
	}
	cache, err := clipCache()
	if err != nil {
		return nil, err
	}
	return lab.NewDemo(ctx, lab.DemoConfig{
		Clips: clips, Cache: cache, Length: o.length, Seed: o.seed,
		Progress: func(done, all int) { fmt.Fprintf(o.stderr, "encoding the faults, once: %d of %d\n", done, all) },
	})
}

// play runs the streams and the whole of Framewatch against them until ctx ends, and says what was found.
func (o *demoOptions) play(ctx context.Context, demo *lab.Demo) (lab.Report, error) {
	config, err := o.config(demo)
	if err != nil {
		return lab.Report{}, err
	}
	// What the demo plays outlives what watches it: the end of the demo is no outage.
	playing, end := context.WithCancel(context.WithoutCancel(ctx))
	var player errgroup.Group
	player.Go(func() error { return demo.Run(playing) })

	var report lab.Report
	var last sync.Once
	watching, ctx := errgroup.WithContext(ctx)
	context.AfterFunc(ctx, func() { last.Do(func() { report = demo.Report(time.Now()) }) })
	watching.Go(func() error {
		return run(ctx, config, []string{allTargets}, o.stderr, func(a *app) {
			fmt.Fprintf(o.output, "The page is at %s\n\n", *a.console.Load())
			watching.Go(func() error { return o.score(ctx, a.cluster, demo) })
			watching.Go(func() error { return o.tell(ctx, demo) })
		})
	})
	err = watching.Wait()
	last.Do(func() { report = demo.Report(time.Now()) })
	end()
	if playerErr := player.Wait(); err == nil {
		err = playerErr
	}
	return report, err
}

// config is that of a user who watches the demo's streams and is told by webhook.
func (o *demoOptions) config(demo *lab.Demo) (Config, error) {
	config := defaultConfig()
	config.DataDir = o.dataDir
	config.Log.Level = o.logLevel
	config.Embedded.Listen = "127.0.0.1:0"
	config.Console = o.page()
	config.Console.Listen = freeAddress(o.listen)
	streams := []StreamConfig{}
	for id, spec := range demo.Streams() {
		streams = append(streams, StreamConfig{ID: id, URL: spec.URL, Labels: spec.Labels})
	}
	config.Streams = &streams
	webhook, err := notifier.NewReceiver("webhook", fmt.Appendf(nil, "url: %q", demo.WebhookURL()))
	config.Notifier.Receivers = map[string]notifier.Receivers{"demo": {webhook}}
	return config, err
}

// page is how the page is served.
func (o *demoOptions) page() console.Config {
	config := console.Defaults()
	config.Listen = o.listen
	if o.passwordFile != "" {
		config.Users = map[string]console.User{"admin": {Role: "admin", PasswordFile: o.passwordFile}}
	}
	return config
}

// freeAddress is address, or a free port of its host when it is taken.
func freeAddress(address string) string {
	listener, err := net.Listen("tcp", address)
	if err == nil {
		listener.Close()
		return address
	}
	host, _, splitErr := net.SplitHostPort(address)
	if splitErr != nil {
		return address
	}
	return net.JoinHostPort(host, "0")
}

// score hands every event on the defects topic to the demo, as any downstream reader would get it.
func (o *demoOptions) score(ctx context.Context, cluster *kafka.Cluster, demo *lab.Demo) error {
	return kafka.Read(ctx, cluster, topology.Defects, kafka.ReadOptions{}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
		demo.Score.Event(r.Value, time.Now())
		return nil
	})
}

// tell prints each fault once it was found and told.
func (o *demoOptions) tell(ctx context.Context, demo *lab.Demo) error {
	fmt.Fprintf(o.output, "%-9s %-16s %-16s %12s %12s %12s\n", "AT", "STREAM", "FAULT", "ONSET ERROR", "EVENT AFTER", "ALERT AFTER")
	printed := map[string]bool{}
	for {
		for _, m := range demo.Report(time.Now()).Found {
			if printed[m.ID] || m.AlertDelay() < 0 {
				continue
			}
			printed[m.ID] = true
			fmt.Fprintf(o.output, "%-9s %-16s %-16s %+11.2fs %11.2fs %11.2fs\n", m.Start.Sub(demo.Start()).Round(100*time.Millisecond), m.Stream, m.Kind,
				m.OnsetError().Seconds(), m.EventDelay().Seconds(), m.AlertDelay().Seconds())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(500 * time.Millisecond):
		}
	}
}
