package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// benchBaseline is the command's flags and what it works with.
type benchBaseline struct {
	length  time.Duration
	streams int
	rate    string
	clips   string
	output  string
	stdout  io.Writer
	stderr  io.Writer

	perSecond int
	demo      *lab.Demo
	// old and ours are what each design found and told.
	old, ours *lab.Score
	oursTold  atomic.Int64
	targets   map[string]*exec.Cmd
	processes benchRig
	receiver  string
	steps     *lab.Steps
	cluster   *kafka.Cluster
	// decoded and analysed are pictures of ours.
	decoded, analysed atomic.Int64
}

func benchBaselineCommand() *cobra.Command {
	b := benchBaseline{old: lab.NewScore(), ours: lab.NewScore(), targets: map[string]*exec.Cmd{}}
	cmd := &cobra.Command{
		Use:   "baseline",
		Short: "The design of an object store, an orchestrator and functions, next to ours, on the same live streams with the same faults",
		Long: "The design that Framewatch takes the place of, next to ours: the same live streams with the same faults go through both at once.\n" +
			"What was found of them, and what each second of a stream takes.\n\n" + baselineNotes,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if b.perSecond, err = pictureRate(b.rate); err != nil {
				return usage(err)
			}
			if most := len(lab.Clips); b.streams < 1 || b.streams > most || b.length < 30*time.Second {
				return usage(fmt.Errorf("--streams is from 1 to %d, --for at least 30s", most))
			}
			b.stdout, b.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			result, err := b.run(cmd.Context())
			if err != nil {
				return err
			}
			if b.output == "json" {
				return json.NewEncoder(b.stdout).Encode(result)
			}
			return result.write(b.stdout)
		},
	}
	cmd.Flags().DurationVar(&b.length, "for", time.Minute, fmt.Sprintf("how long is measured; %s before that are for starting", lab.ComparedWarmUp()))
	cmd.Flags().IntVar(&b.streams, "streams", 2, "number of streams")
	cmd.Flags().StringVar(&b.rate, "rate", "1", rateDoc)
	clipsFlag(cmd, &b.clips)
	outputFlag(cmd, &b.output, "json (one object) or table")
	return cmd
}

const (
	rateDoc   = "pictures a second that the other design stores: 1, 5 or every"
	everyRate = "every"
)

// pictureRate reads --rate.
func pictureRate(text string) (int, error) {
	if text == everyRate {
		return lab.FrameRate, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || lab.FrameRate%n != 0 {
		return 0, fmt.Errorf("--rate: %q is none of 1, 5 and every", text)
	}
	return n, nil
}

// baselineNotes say how the figures come about and whom that favours.
const baselineNotes = "The other design, per stream and second: FFmpeg converts the stream as it comes (one process and thread a stream) into JPEG pictures at the rate and one\n" +
	"object of sound, which are PUT at once; two functions side by side GET them (and the picture before, to compare with) and run our extractors on them; a third\n" +
	"judges by our rules for black, freeze and silence; a fourth tells of a defect that opens. Each step is a transition, written down with an fsync before the\n" +
	"next begins: convert, detect_video, detect_audio, aggregate, and notify once a defect. At one picture a second our rule for freezes has too few pictures; one\n" +
	"for pictures that are far apart stands in.\n" +
	"Ours: broker, ingest, detector and notifier as processes of `framewatch run`, every picture, all rules.\n" +
	"In favour of the other design: connections are kept, requests are unsigned and unencrypted, functions are warm, the state of a stream stays in the\n" +
	"aggregate's memory, starting and choosing states are no transitions, and neither the object store's nor the orchestrator's CPU is counted, nor that of the\n" +
	"functions' runtime; and what our processes take with no stream at all is divided by few streams. In favour of ours: its broker, the embedded one,\n" +
	"stands in for Apache Kafka with one copy in this machine's memory and files (its CPU is told apart); JPEGs are decoded by Go's decoder,\n" +
	"which is slower than libjpeg-turbo. Both run on one machine and disturb each other: the counts are exact, CPU and delays are those of this run."

func (b *benchBaseline) run(ctx context.Context) (result baselineBench, err error) {
	dir, err := os.MkdirTemp("", "framewatch-baseline-")
	if err != nil {
		return result, err
	}
	defer os.RemoveAll(dir)
	if err := b.prepare(ctx); err != nil {
		return result, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel(nil)
	run := func(what string, f func() error) {
		work.Go(func() {
			if err := f(); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("%s: %w", what, err))
			}
		})
	}
	if err := b.listen(ctx, run); err != nil {
		return result, err
	}
	run("play the streams", func() error { return b.demo.Run(ctx) })
	defer b.stopOurs()
	if err := b.startOurs(ctx, dir, run); err != nil {
		return result, err
	}
	if err := b.startSteps(dir); err != nil {
		return result, err
	}
	closed := make(chan struct{})
	run("run the steps", func() error {
		defer close(closed)
		return b.steps.Run(ctx)
	})
	result, err = b.measure(ctx)
	cancel(nil)
	<-closed
	return result, errors.Join(err, b.steps.Close())
}

// prepare encodes what is not in the cache yet; the streams' time begins when it returns.
func (b *benchBaseline) prepare(ctx context.Context) error {
	clips, err := findClips(b.clips)
	if err != nil {
		return usage(err)
	}
	cache, err := clipCache()
	if err != nil {
		return err
	}
	streams := lab.ComparedClips(b.streams)
	b.demo, err = lab.NewDemo(ctx, lab.DemoConfig{Clips: clips, Cache: cache, Streams: streams, Plans: lab.ComparedPlans(streams, b.length),
		Progress: func(done, all int) { fmt.Fprintf(b.stderr, "encoding the faults, once: %d of %d\n", done, all) }})
	return err
}

// listen takes the notifications of both.
func (b *benchBaseline) listen(ctx context.Context, run func(string, func() error)) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	ours := alerts(b.ours)
	mux.HandleFunc("POST /old", alerts(b.old))
	mux.HandleFunc("POST /ours", func(w http.ResponseWriter, r *http.Request) {
		b.oursTold.Add(1)
		ours(w, r)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	b.receiver = "http://" + listener.Addr().String()
	run("take notifications", func() error { return server.Serve(listener) })
	return nil
}

// alerts notes notifications with an event as their data.
func alerts(score *lab.Score) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		var told struct {
			Data *schemas.DefectEvent `json:"data"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&told); err != nil || told.Data == nil {
			http.Error(w, "no event", http.StatusBadRequest)
			return
		}
		score.Alert(told.Data, now)
		w.WriteHeader(http.StatusNoContent)
	}
}

// startOurs runs each target as a process of its own.
func (b *benchBaseline) startOurs(ctx context.Context, dir string, run func(string, func() error)) error {
	b.processes = benchRig{stderr: b.stderr, dir: dir}
	address, err := unusedAddress()
	if err != nil {
		return err
	}
	streams := []StreamConfig{}
	for id, spec := range b.demo.Streams() {
		streams = append(streams, StreamConfig{ID: id, URL: spec.URL})
	}
	// As few partitions as one machine has: what each takes by itself is divided by few streams here.
	log := map[string]any{"partitions": kafka.EmbeddedPartitions, "prefix": kafka.Defaults().Prefix}
	receiver := map[string]string{"type": "webhook", "url": b.receiver + "/ours"}
	err = b.processes.configure(address, kafka.Defaults().Prefix, map[string]any{"kafka": log, "streams": streams,
		"notifier": map[string]any{"receivers": map[string]any{"bench": receiver}}})
	if err != nil {
		return err
	}
	b.processes.config.Kafka.Partitions = kafka.EmbeddedPartitions
	if err := b.startTarget(brokerTarget); err != nil {
		return err
	}
	if b.cluster, err = b.processes.dial(ctx); err != nil {
		return err
	}
	if _, err := b.cluster.Apply(ctx); err != nil {
		return err
	}
	for _, target := range []string{"detector", "notifier", "ingest"} {
		if err := b.startTarget(target, "--brokers", address); err != nil {
			return err
		}
	}
	run("read defects", func() error {
		return kafka.Read(ctx, b.cluster, topology.Defects, kafka.ReadOptions{}, func(_ context.Context, r topology.Record[schemas.DefectEvent]) error {
			b.ours.Event(r.Value, time.Now())
			return nil
		})
	})
	run("read features", func() error {
		return kafka.Read(ctx, b.cluster, topology.Features, kafka.ReadOptions{}, func(_ context.Context, r topology.Record[schemas.Feature]) error {
			if s := r.Value.StreamSecond; s != nil {
				b.decoded.Add(int64(s.FramesDecoded))
				b.analysed.Add(int64(s.FramesAnalysed))
				if s.FramesPassed != nil {
					b.decoded.Add(int64(*s.FramesPassed))
				}
			}
			return nil
		})
	})
	return nil
}

func (b *benchBaseline) startTarget(target string, arguments ...string) error {
	process, err := b.processes.start(target, &lines{each: b.processes.complain}, arguments...)
	if err == nil {
		b.targets[target] = process
	}
	return err
}

// stopOurs ends the processes, the broker last.
func (b *benchBaseline) stopOurs() {
	for _, target := range []string{"ingest", "notifier", "detector", brokerTarget} {
		if process := b.targets[target]; process != nil {
			stopProcess(process)
		}
	}
	if b.cluster != nil {
		b.cluster.Close()
	}
}

func (b *benchBaseline) startSteps(dir string) (err error) {
	urls := map[string]string{}
	for id, spec := range b.demo.Streams() {
		urls[id] = spec.URL
	}
	b.steps, err = lab.NewSteps(lab.StepsConfig{Streams: urls, Rate: b.perSecond, Dir: dir, Notify: b.receiver + "/old",
		Event: func(e *schemas.DefectEvent) { b.old.Event(e, time.Now()) }})
	return err
}

// baselineSight is what both designs have used by some time.
type baselineSight struct {
	at      time.Time
	steps   lab.StepsUsage
	targets map[string]lab.TreeUse
	log     int64
	// decoded and analysed are pictures of ours.
	decoded, analysed int64
}

func (b *benchBaseline) look(ctx context.Context) (s baselineSight, err error) {
	s = baselineSight{at: time.Now(), steps: b.steps.Usage(), targets: map[string]lab.TreeUse{}, decoded: b.decoded.Load(), analysed: b.analysed.Load()}
	for name, process := range b.targets {
		s.targets[name] = lab.ProcessTree(process.Process.Pid)
	}
	for _, topic := range topology.Topics() {
		size, err := b.cluster.Size(ctx, topic)
		if err != nil {
			return s, err
		}
		s.log += size
	}
	return s, nil
}

// measure waits for the streams to have begun, and then for as long as was asked.
func (b *benchBaseline) measure(ctx context.Context) (baselineBench, error) {
	const settle = 2 * time.Second // before the first fault
	if err := sleepTo(ctx, b.demo.Start().Add(lab.ComparedWarmUp()-settle)); err != nil {
		return baselineBench{}, err
	}
	before, err := b.look(ctx)
	if err != nil {
		return baselineBench{}, err
	}
	if workers := before.targets["ingest"].Children; workers != b.streams || before.steps.Seconds == 0 {
		return baselineBench{}, fmt.Errorf("%s after the start %d of %d workers run and %.0f seconds went through the steps: is this machine too busy?",
			lab.ComparedWarmUp()-settle, workers, b.streams, before.steps.Seconds)
	}
	if err := sleepTo(ctx, before.at.Add(b.length)); err != nil {
		return baselineBench{}, err
	}
	memory := b.steps.DecoderMemory()
	after, err := b.look(ctx)
	if err != nil {
		return baselineBench{}, err
	}
	now := time.Now()
	injected := b.demo.Injected(now)
	r := baselineBench{
		Measured: now.UTC().Format(time.DateOnly), Machine: fmt.Sprintf("%s, %d cores", runtime.GOARCH, runtime.NumCPU()),
		Streams: b.streams, Seconds: after.at.Sub(before.at).Seconds(), Rate: b.perSecond,
		OldFound:  foundByKind(b.old.Report(injected, now).Only(lab.StepsKinds)),
		OursFound: foundByKind(b.ours.Report(injected, now).Only(lab.StepsKinds)),
	}
	r.fill(before, after)
	r.Old.WorkerMemory, r.Ours.WorkerMemory = memory, after.targets["ingest"].ChildMemory
	r.Ours.Notifications = b.oursTold.Load()
	return r, nil
}

// sleepTo waits for a time; the error is why ctx ended first.
func sleepTo(ctx context.Context, t time.Time) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(time.Until(t)):
		return nil
	}
}
