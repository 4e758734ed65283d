package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/topology/kafka"
)

// benchScale is the command's flags.
type benchScale struct {
	lab.ScaleReport
	// streams are measured alone when given; else the search begins at first and ends at most.
	streams, first, most int
	warm, length, within time.Duration
	kill, console        bool
	// kind of the broker, and the folder of its log.
	kind, logDir string
	file         string
	edgeCores    float64
	extrapolate  []int
	sizing       lab.Sizing
	machineDisk  float64
	machineGbit  float64

	benchRig
	fleet  *lab.Fleet
	broker scaleBroker
	began  time.Time
	number int
}

func benchScaleCommand() *cobra.Command {
	b := benchScale{sizing: lab.DefaultSizing()}
	var output string
	cmd := &cobra.Command{
		Use:   "scale [FILE]",
		Short: "How many live streams detectors and notifier on Apache Kafka sustain on this machine, what each stage takes, and what many more would",
		Long: "How many live streams detectors and a notifier on Apache Kafka sustain on this machine, what each stage takes, and what many more would.\n\n" +
			"The features of FILE (default: a clip of the demo) are measured by our worker and played in real time as many streams, each from its own second on and as if it\n" +
			fmt.Sprintf("had run for long; one in %d of them has one fault of the demo after the other. Broker, detectors and notifier are processes of their own, as they are deployed.\n", spoiltEvery) +
			"Every fault must be found once and told once by webhook. The number of streams doubles until records are folded and committed more than a second late (99th\n" +
			"percentile) or --within is over, and then what lies between is halved. In the end one of the detectors is killed (SIGKILL) at the largest number, or at the\n" +
			"first three quarters of it from which they recover.\n\n" +
			"Exit code 0 says that some number was sustained and that nothing was lost or doubled, also by the kill. docs/capacity.md works with the figures.",
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			b.stderr = cmd.ErrOrStderr()
			if len(args) == 1 {
				b.file = args[0]
			}
			if err := b.validate(); err != nil {
				return usage(err)
			}
			if err := b.run(cmd.Context()); err != nil {
				return err
			}
			if err := printBench(cmd.OutOrStdout(), output, b.ScaleReport, scaleRows(&b.ScaleReport)); err != nil {
				return err
			}
			if !b.ok() {
				return exitError{code: exitFailure}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&b.streams, "streams", 0, "measure this number of streams alone; 0: search for the most")
	flags.IntVar(&b.first, "first", 500, "the first number of streams that is tried")
	flags.IntVar(&b.most, "max", 20_000, "the most streams that are tried")
	flags.DurationVar(&b.warm, "warm", 8*time.Second, "for how long a number of streams is played before it is measured")
	flags.DurationVar(&b.length, "for", 15*time.Second, "for how long it is measured")
	flags.DurationVar(&b.within, "within", 8*time.Minute, "no further number is begun when it might take the bench beyond this")
	flags.IntVar(&b.Detectors, "detectors", 2, "number of detectors")
	flags.BoolVar(&b.console, "console", false, "run a console as well")
	flags.BoolVar(&b.kill, "kill", true, "kill a detector in the end")
	flags.StringVar(&b.kind, "broker", apacheBroker, apacheBroker+" (needs Java 17 and Maven) or "+embeddedBroker)
	flags.StringVar(&b.logDir, "broker-log-dir", "", "folder in which the broker keeps its log, which is removed in the end (default: the system's temporary one)")
	flags.Float64Var(&b.edgeCores, "edge-cores", 0, "cores that a stream takes at the edge, from `bench edge` or `bench fleet`; 0: measured here, which takes some 20 s")
	flags.IntSliceVar(&b.extrapolate, "extrapolate", []int{5000, 50_000}, "numbers of streams that the figures are extrapolated to")
	flags.Float64Var(&b.sizing.Cores, "machine-cores", b.sizing.Cores, "cores of the machines of the extrapolation")
	flags.Float64Var(&b.machineDisk, "machine-disk-tb", b.sizing.Disk/1e12, "their disks, TB")
	flags.Float64Var(&b.machineGbit, "machine-gbit", b.sizing.Network/1e9, "their networks, Gb/s each way")
	outputFlag(cmd, &output, "json (one object, the keys are told in docs/capacity.md) or table")
	return cmd
}

// The kinds of brokers.
const (
	apacheBroker   = "apache"
	embeddedBroker = "embedded"
)

func (b *benchScale) validate() error {
	for _, check := range []struct {
		ok   bool
		what string
	}{
		{b.streams >= 0, "--streams is 0 or more"}, {b.first > 0 && b.most > 0, "--first and --max are at least 1"},
		{b.warm >= time.Second && b.length >= time.Second && b.warm+b.length < scaleLongest/2, "--warm and --for are at least 1s and together less than " + (scaleLongest / 2).String()},
		{b.Detectors > 0 && b.Detectors <= int(kafka.Defaults().Partitions), fmt.Sprintf("--detectors is from 1 to %d", kafka.Defaults().Partitions)},
		{!b.kill || b.Detectors > 1, "--kill needs another of the --detectors to take over"},
		{b.kind == apacheBroker || b.kind == embeddedBroker, "--broker is " + apacheBroker + " or " + embeddedBroker},
		{b.edgeCores >= 0, "--edge-cores is 0 or more"}, {b.sizing.Cores > 0 && b.machineDisk > 0 && b.machineGbit > 0, "the machines have more than nothing"},
	} {
		if !check.ok {
			return errors.New(check.what)
		}
	}
	for _, n := range b.extrapolate {
		if n < 1 {
			return errors.New("--extrapolate: the numbers are at least 1")
		}
	}
	b.sizing.Disk, b.sizing.Network = b.machineDisk*1e12, b.machineGbit*1e9
	return nil
}

// run measures all.
func (b *benchScale) run(ctx context.Context) (err error) {
	b.began = time.Now()
	if b.fleet, err = benchFleetOf(ctx, b.file, b.stderr); err != nil {
		return err
	}
	if b.Edge, err = b.edge(ctx); err != nil {
		return err
	}
	return b.measure(ctx)
}

// edge is what a stream takes there.
func (b *benchScale) edge(ctx context.Context) (lab.EdgeCost, error) {
	if b.edgeCores > 0 {
		return lab.EdgeCost{Cores: b.edgeCores, Memory: givenEdgeMemory, Bits: givenEdgeBits}, nil
	}
	clips, err := findClips("")
	if err != nil {
		return lab.EdgeCost{}, usage(err)
	}
	cache, err := clipCache()
	if err != nil {
		return lab.EdgeCost{}, err
	}
	work, err := os.MkdirTemp("", "framewatch-bench-")
	if err != nil {
		return lab.EdgeCost{}, err
	}
	defer os.RemoveAll(work)
	clip, err := lab.FleetClip(ctx, clips, cache, work, b.progress)
	if err != nil {
		return lab.EdgeCost{}, err
	}
	b.progress("measuring the edge on " + clip.Name)
	return lab.ProbeEdge(ctx, clip, measureFile)
}

// What streams are taken to have whose cores were given: MiB, and bits a second of 720p.
const givenEdgeMemory, givenEdgeBits = 150, 3e6

// scaleReserve is what the kill in the end may take.
const scaleReserve = 90 * time.Second

// measure searches, kills, and extrapolates.
func (b *benchScale) measure(ctx context.Context) (err error) {
	b.describe()
	b.Steps, b.Plans, b.Assumptions = []lab.ScaleStep{}, []lab.CapacityPlan{}, []string{}
	if b.broker, err = b.startBroker(); err != nil {
		return err
	}
	defer b.broker.stop()
	try := func(n int) (bool, error) {
		b.progress(fmt.Sprintf("%d streams", n))
		step, _, err := b.step(ctx, n, false)
		if err != nil {
			return false, err
		}
		if step.Why != "" {
			b.progress(fmt.Sprintf("%d streams are not sustained: %s", n, step.Why))
		}
		b.Steps = append(b.Steps, step)
		return step.Sustained, nil
	}
	if b.streams > 0 {
		if _, err = try(b.streams); err == nil {
			if best := b.Best(); best != nil {
				b.Streams = best.Streams
			}
		}
	} else if err = b.warmBroker(ctx); err == nil {
		err = b.search(try)
	}
	if err != nil {
		return err
	}
	if err := b.strike(ctx); err != nil {
		return err
	}
	if b.Streams == 0 {
		return nil
	}
	b.Costs, b.Assumptions = lab.CostsOf(&b.ScaleReport), b.sizing.Assumptions(b.Edge)
	for _, n := range b.extrapolate {
		b.Plans = append(b.Plans, lab.PlanCapacity(n, b.Costs, b.Edge, b.sizing))
	}
	return nil
}

// killsTried bounds the numbers of streams at which a detector is killed.
const killsTried = 3

// strike kills a detector at the largest number, and at smaller ones where a machine that is full has nothing left to rebuild with, until one is recovered from.
func (b *benchScale) strike(ctx context.Context) error {
	killed := max(b.Streams, b.streams)
	for tries := 0; b.kill && killed > 0 && tries < killsTried; tries++ {
		b.progress(fmt.Sprintf("%d streams, one of whose detectors is killed", killed))
		step, recovery, err := b.step(ctx, killed, true)
		if err != nil {
			return err
		}
		if b.Recovery = recovery; recovery != nil {
			return nil
		}
		b.progress("no recovery: " + step.Why)
		if b.streams > 0 || !b.time() {
			return nil
		}
		killed = killed * 3 / 4
	}
	return nil
}

// fewPerPartition is how many streams a partition has in the step whose bytes count: as many as an edge has for a few partitions, and too few for copies of the clip to be
// compressed together.
const fewPerPartition = 3

// search looks for the most streams, after few of them.
func (b *benchScale) search(try func(int) (bool, error)) (err error) {
	held := 0
	if few := fewPerPartition * b.Partitions; few < min(b.first, b.most) {
		ok, err := try(few)
		if err != nil {
			return err
		}
		if ok {
			held = few
		}
	}
	b.Streams, err = lab.Search(b.first, b.most, b.time, try)
	b.Streams = max(b.Streams, held)
	return err
}

// warmBroker plays the first number of streams for nothing: a Java machine compiles in its first minute, which would count as what few streams take.
func (b *benchScale) warmBroker(ctx context.Context) error {
	if b.kind != apacheBroker {
		return nil
	}
	b.progress("warming the broker")
	_, _, err := b.step(ctx, min(b.first, b.most), false)
	return err
}

// time tells whether another number of streams and the kill are over before the bench must be.
func (b *benchScale) time() bool {
	next := joined/4 + b.warm + b.length + scaleSettle
	if b.kill {
		next += scaleReserve
	}
	return time.Since(b.began)+next < b.within
}

// describe notes what is measured on.
func (b *benchScale) describe() {
	b.At, b.Partitions = time.Now().UTC().Format(time.RFC3339), int(kafka.Defaults().Partitions)
	b.Cores, b.Processor, b.Load = lab.Machine()
	b.FaultyStreams, b.FaultEvery = b.fleet.FaultRate()
	b.ScaleReport.Broker = b.kind
}

// ok tells that something was sustained, and that nothing was lost or doubled by the kill.
func (b *benchScale) ok() bool {
	return b.Streams > 0 && (!b.kill || b.Recovery != nil && b.Recovery.Defects.Exact())
}

func (b *benchScale) progress(what string) { fmt.Fprintln(b.stderr, what) }

// scaleRows are the result for people.
func scaleRows(r *lab.ScaleReport) (rows [][2]string) {
	add := func(name, format string, values ...any) {
		rows = append(rows, [2]string{name, fmt.Sprintf(format, values...)})
	}
	add("machine", "%d cores, %s; load before %.1f", r.Cores, r.Processor, r.Load)
	add("log", "%s, %d partitions", r.Broker, r.Partitions)
	add("streams sustained", "%d by %d detectors", r.Streams, r.Detectors)
	for i := range r.Steps {
		rows = append(rows, stepRows(&r.Steps[i])...)
	}
	if k := r.Recovery; k != nil {
		add("a detector killed at", "%d streams: first of %d partitions after %.2f s, all after %.2f s; %.2f s and %.2f s after their assignment", k.Streams, k.Moved, k.FirstKill, k.AllKill, k.First, k.All)
		add("nothing behind", "%.2f s after the kill; behind (99th percentile) %.2f s before, %.2f s after; %.0f MiB", k.Outage, k.LagBefore, k.LagAfter, k.Memory)
		add("defects through the kill", "%d expected, %d found, %d events doubled, %d told, %d twice", k.Defects.Expected, k.Defects.Found, k.Defects.Doubled, k.Defects.Told, k.Defects.ToldTwice)
	}
	add("edge", "%.4f cores a stream, %.0f MiB, %.1f Mb/s", r.Edge.Cores, r.Edge.Memory, r.Edge.Bits/1e6)
	for _, p := range r.Plans {
		add(fmt.Sprintf("for %d streams", p.Streams), "%d partitions; cores: edge %.0f, detectors %.1f, notifier %.2f, brokers %.1f; %d edges, %d detectors, %d brokers (bound by %s); %.2f TB of log a day, %.2f Gb/s to the log",
			p.Partitions, p.EdgeCores, p.DetectorCores, p.NotifierCores, p.BrokerCores, p.Edges, p.Detectors, p.Brokers, p.Bound, p.Disk/1e12, p.LogBits/1e9)
		for _, w := range p.Warnings {
			add("", "%s", w)
		}
	}
	for i, a := range r.Assumptions {
		add(map[bool]string{true: "assumed"}[i == 0], "%s", a)
	}
	return rows
}

// stepRows are one number of streams for people.
func stepRows(s *lab.ScaleStep) (rows [][2]string) {
	name := strconv.Itoa(s.Streams) + " streams"
	add := func(format string, values ...any) {
		rows = append(rows, [2]string{name, fmt.Sprintf(format, values...)})
		name = ""
	}
	if !s.Sustained {
		add("not sustained: %s", s.Why)
	}
	if s.Seconds == 0 {
		return rows
	}
	add("%.0f records a second, %.0f pictures; behind p50 %.2f s, p99 %.2f s; %.0f markers a second", s.Records, s.Pictures, s.Lag50, s.Lag99, s.Markers)
	var parts []string
	for _, g := range s.Stages {
		parts = append(parts, fmt.Sprintf("%s %.2f cores (%.0f streams a core, %.0f MiB)", g.Name, g.Cores, g.StreamsPerCore, g.Memory))
	}
	add("%s", strings.Join(parts, ", "))
	parts = nil
	for _, t := range s.Topics {
		parts = append(parts, fmt.Sprintf("%s %.0f", t.Name, t.Bytes))
	}
	add("bytes a stream and second on disk: %s", strings.Join(parts, ", "))
	d := s.Defects
	add("defects: %d expected, %d found, %d events doubled, %d told, %d twice; onset to event p50 %.2f s, p99 %.2f s, to webhook %.2f s, %.2f s", d.Expected, d.Found, d.Doubled, d.Told, d.ToldTwice,
		d.Event.P50, d.Event.P99, d.Webhook.P50, d.Webhook.P99)
	if len(d.Unexpected) > 0 {
		parts = nil
		for _, kind := range slices.Sorted(maps.Keys(d.Unexpected)) {
			parts = append(parts, fmt.Sprintf("%s %d", kind, d.Unexpected[kind]))
		}
		add("defects of no fault: %s", strings.Join(parts, ", "))
	}
	return rows
}
