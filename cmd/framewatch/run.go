package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/topology/kafka"
)

// target is a part of Framewatch that a process can run. run blocks until ctx ends or it fails; ready is called once it works.
type target struct {
	name string
	doc  string
	run  func(ctx context.Context, a *app, ready func()) error
}

// targets lists them in the order of the data's way. The broker stands apart: it must be up before anything dials it.
var targets = []target{
	{"ingest", "decodes streams and measures them", runIngest},
	{"detector", "turns measurements into defects", runDetector},
	{shadowTarget, "turns measurements into what candidate rules would tell (detector.shadow)", runShadow},
	{"notifier", "tells people", runNotifier},
	{"console", "serves the page and the API", runConsole},
}

const (
	allTargets   = "all"
	brokerTarget = "broker"
	shadowTarget = "shadow"
)

func runCommand() *cobra.Command {
	var names []string
	var profile string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run Framewatch: everything, or some of its targets",
		Long: "Run Framewatch: everything, or some of its targets.\n\n" + targetsText() +
			"\nWithout brokers in the configuration a broker is embedded, which is for one machine; every target dials it like any other.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := commandConfig(cmd)
			if err != nil {
				return err
			}
			return profiled(profile, func() error { return run(cmd.Context(), config, names, cmd.ErrOrStderr(), nil) })
		},
	}
	cmd.Flags().StringSliceVar(&names, "target", []string{allTargets}, "what to run: all, broker, ingest, detector, shadow, notifier, console; all has a shadow where the configuration does")
	cmd.Flags().StringVar(&profile, cpuProfileFlag, "", "write a CPU profile of this process to a file when it ends")
	cmd.Flags().Lookup(cpuProfileFlag).Hidden = true
	return cmd
}

func targetsText() string {
	var text strings.Builder
	fmt.Fprintf(&text, "  %-9s %s\n", brokerTarget, "the embedded broker alone, for other processes of this machine")
	for _, t := range targets {
		fmt.Fprintf(&text, "  %-9s %s\n", t.name, t.doc)
	}
	return text.String()
}

// run runs the named targets until ctx ends or one of them fails, and waits for all. started, if any, is called with the app when
// every target works.
func run(ctx context.Context, config Config, names []string, stderr io.Writer, started func(*app)) error {
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	if config.Detector.Shadow.Name == "" {
		if slices.Contains(names, shadowTarget) {
			return usage(errors.New("--target shadow: the configuration has no candidate: set detector.shadow.name and detector.shadow.rules"))
		}
		chosen = slices.DeleteFunc(chosen, func(t target) bool { return t.name == shadowTarget })
	}
	a, err := newApp(config, stderr)
	if err != nil {
		return err
	}
	defer a.hear()()
	a.expect(chosen)
	closeAdmin, err := a.serveAdmin(ctx)
	if err != nil {
		return err
	}
	defer closeAdmin()
	if a.tracing, err = newTracing(ctx, config.Tracing, a.self); err != nil {
		return err
	}
	defer func() {
		if err := a.tracing.close(); err != nil {
			a.log.Warn("the last spans are not sent", "error", err)
		}
	}()
	for _, file := range config.secretFiles {
		a.exposed.Check(a.log, file)
	}
	broker, err := a.embed(names)
	if err != nil {
		return err
	}
	if broker != nil {
		defer broker.Close()
	}
	if len(a.config.Kafka.Brokers) == 0 {
		return usage(fmt.Errorf("no brokers are configured, and an embedded one comes with --target all or broker only: set kafka.brokers or --brokers"))
	}
	if err := a.reach(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // it was ended while it waited
		}
		return err
	}
	defer a.cluster.Close()
	return a.supervise(ctx, chosen, started)
}

// logGate is the gate of what every target needs.
const logGate = "kafka"

// endless is longer than any outage of a log.
const endless = 100 * 365 * 24 * time.Hour

// errOutdated ends a process that waits for a log by a configuration that is not that of its file any more.
var errOutdated = errors.New("the configuration was changed while the log did not answer: it is taken at the next start")

// reach dials the log and prepares it, however long that does not answer: whoever starts a process again that has ended would come no sooner. When the
// configuration changes meanwhile it fails: what was wrong may be the brokers' addresses.
func (a *app) reach(ctx context.Context) error {
	waiting, stop := context.WithCancelCause(ctx)
	hungUp := make(chan bool, 1)
	go func() { hungUp <- a.outdates(waiting, stop) }()
	err := a.connect(waiting)
	stop(nil)
	switch asked := <-hungUp; {
	case err != nil && errors.Is(context.Cause(waiting), errOutdated):
		return errOutdated
	case asked:
		a.askReload() // it came when there was nothing to wait for any more: the file is read again
	}
	return err
}

// connect dials the log and prepares it.
func (a *app) connect(ctx context.Context) error {
	a.patience = endless
	if err := a.dial(ctx); err != nil {
		return err
	}
	gate := a.readiness.of(logGate)
	gate.waitFor("the topics to be made and the configuration's streams and profiles to stand on the log")
	if err := a.cluster.Patiently(ctx, a.prepare); err != nil {
		a.cluster.Close()
		return err
	}
	gate.open()
	return nil
}

// expect has the process not ready before the log was reached and the chosen targets work.
func (a *app) expect(chosen []target) {
	a.readiness.expect(logGate, "a broker to answer")
	for _, t := range chosen {
		a.readiness.expect(t.name, "the log")
	}
}

// choose finds the targets called names.
func choose(names []string) ([]target, error) {
	known := []string{allTargets, brokerTarget}
	for _, t := range targets {
		known = append(known, t.name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, usage(fmt.Errorf("--target: %q is unknown%s", name, catalogue.Suggest(name, known)))
		}
	}
	var chosen []target
	for _, t := range targets {
		if slices.Contains(names, allTargets) || slices.Contains(names, t.name) {
			chosen = append(chosen, t)
		}
	}
	return chosen, nil
}

// embed starts the embedded broker where one is wanted and points the configuration at it.
func (a *app) embed(names []string) (*kafka.Broker, error) {
	if len(a.config.Kafka.Brokers) > 0 || !slices.Contains(names, allTargets) && !slices.Contains(names, brokerTarget) {
		return nil, nil
	}
	broker, err := kafka.Embed(kafka.EmbedConfig{Dir: filepath.Join(a.config.DataDir, "broker"), Listen: a.config.Embedded.Listen})
	if err != nil {
		return nil, err
	}
	a.config.Kafka.Brokers = broker.Addresses()
	if a.config.Kafka.Partitions == 0 {
		a.config.Kafka.Partitions = kafka.EmbeddedPartitions
	}
	return broker, nil
}

// prepare creates missing topics and lays the file's streams and profiles on the log.
func (a *app) prepare(ctx context.Context) error {
	changes, err := a.cluster.Apply(ctx)
	if kafka.NotAllowed(err) {
		changes, err = a.leave(ctx, err)
	}
	if err != nil {
		return err
	}
	for _, change := range changes {
		a.log.Info("topic", "change", change.String())
	}
	return a.publishConfig(ctx, a.config)
}

// leave is what is left to change of the topics where this user may not, which does not keep the process from its work as long as none is missing.
func (a *app) leave(ctx context.Context, refused error) ([]kafka.Change, error) {
	left, err := a.cluster.Plan(ctx)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(left, func(c kafka.Change) bool { return c.Action == kafka.Create }) {
		return nil, fmt.Errorf("%w: let a user make the topics who may (framewatch topics apply)", refused)
	}
	a.log.Warn("topics differ from what they should be, and this user may not change them: framewatch topics apply does, as one who may", "topics", len(left))
	return left, nil
}

// supervise runs the chosen targets; the first to fail stops all, and all are waited for.
func (a *app) supervise(ctx context.Context, chosen []target, started func(*app)) error {
	group, ctx := errgroup.WithContext(ctx)
	ready := make(chan string, len(chosen))
	for _, t := range chosen {
		group.Go(func() error {
			err := t.run(ctx, a, func() { ready <- t.name })
			if err != nil && ctx.Err() == nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			return nil
		})
	}
	group.Go(func() error { return a.reloads(ctx) })
	group.Go(func() error { return a.watches(ctx) })
	group.Go(func() error {
		for range chosen {
			select {
			case name := <-ready:
				a.log.Info("target is up", "target", name)
			case <-ctx.Done():
				return nil
			}
		}
		if started != nil {
			started(a)
		}
		<-ctx.Done()
		return nil
	})
	return group.Wait()
}
