package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/internal/lab"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// benchEdge is the command's flags and where it writes.
type benchEdge struct {
	runs    int
	stretch time.Duration
	play    time.Duration
	clips   string
	parts   bool
	output  string
	stdout  io.Writer
	stderr  io.Writer
}

func benchEdgeCommand() *cobra.Command {
	b := benchEdge{}
	cmd := &cobra.Command{
		Use:   "edge [FILE...]",
		Short: "CPU, memory and bytes of our worker on files, next to decoding alone and to FFmpeg's filters",
		Long: "CPU, memory and bytes of our worker on files, next to FFmpeg on the same files in the same run, each on one thread.\n" +
			"Without a FILE it takes standard clips of natural content and sound, made once from testdata (minutes): H.264 at 720p25 and 1080p25,\n" +
			"HEVC at 1080p25, MPEG-2 at 576i25, three minutes each. The ratios are what to compare between machines.\n\n" +
			edgeNotes,
		RunE: func(cmd *cobra.Command, args []string) error {
			if b.runs < 1 || b.stretch <= 0 || b.play <= 0 {
				return usage(fmt.Errorf("--runs is at least 1, --stretch and --play are more than 0"))
			}
			b.stdout, b.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return b.run(cmd.Context(), args)
		},
	}
	cmd.Flags().IntVar(&b.runs, "runs", 3, "how often decoding and our worker are measured, in turn; the least CPU of each counts")
	cmd.Flags().DurationVar(&b.stretch, "stretch", 10*time.Second, "media time that FFmpeg's filters are measured on, from the start of the file")
	cmd.Flags().DurationVar(&b.play, "play", 10*time.Second, "how long the log is written in real time")
	cmd.Flags().BoolVar(&b.parts, "by-extractor", false, "tell instead what each extractor costs, in microseconds a picture, next to decoding it")
	clipsFlag(cmd, &b.clips)
	outputFlag(cmd, &b.output, "json (one object a line and file) or table")
	return cmd
}

// edgeNotes say how the figures come about.
var edgeNotes = "CPU is user and system time of the worker's and of ffmpeg's process, seconds per second of media. Decoding alone (ffmpeg -threads 1 -f null) and\n" +
	"our worker run in turn, and the least of each counts. FFmpeg's filters are slow: they are measured once, on a stretch from the start, as decoding\n" +
	"alone and what the same stretch takes more with them.\n" +
	"  filters:       " + lab.Filters.String() + "\n" +
	"  same coverage: " + lab.Coverage.String() + "\n" +
	"Memory is the largest resident set of the process, shared libraries included, looked at ten times a second.\n" +
	"Bytes on the topic: the records play as streams, each elsewhere in the file and running for days, in real time with their sound through the\n" +
	"producer that `run` has onto two embedded brokers of 4 partitions, one of which gets no pictures; what the other's log is larger, by picture."

func (b *benchEdge) run(ctx context.Context, files []string) error {
	log := defaultConfig().Log
	log.Level = "warn"
	logger, err := newLogger(log, b.stderr)
	if err != nil {
		return err
	}
	slog.SetDefault(logger) // for the embedded brokers and the worker
	work, err := os.MkdirTemp("", "framewatch-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	clips, err := b.prepare(ctx, files, work)
	if err != nil {
		return err
	}
	if b.parts {
		return b.byExtractor(ctx, clips)
	}
	config := lab.EdgeConfig{Measure: measureFile, Open: openBenchLog, Runs: b.runs, Stretch: b.stretch, Play: b.play, Progress: b.progress}
	var results []lab.EdgeBench
	for _, clip := range clips {
		result, err := lab.BenchEdge(ctx, config, clip)
		if err != nil {
			return err
		}
		results = append(results, result)
		if b.output == "json" {
			if err := json.NewEncoder(b.stdout).Encode(result); err != nil {
				return err
			}
		}
	}
	if b.output == "json" {
		return nil
	}
	return writeEdge(b.stdout, results)
}

// byExtractor tells what each part of the work costs on each clip.
func (b *benchEdge) byExtractor(ctx context.Context, clips []lab.EdgeClip) error {
	for _, clip := range clips {
		costs, err := lab.BenchExtractors(ctx, clip.File)
		if err != nil {
			return err
		}
		if b.output == "json" {
			if err := json.NewEncoder(b.stdout).Encode(struct {
				File  string              `json:"file"`
				Costs []lab.ExtractorCost `json:"costs"`
			}{clip.File, costs}); err != nil {
				return err
			}
			continue
		}
		table := tabwriter.NewWriter(b.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintf(table, "us a picture\tof decoding\t\t %s\n", clip.Name)
		for _, c := range costs {
			fmt.Fprintf(table, "%.1f\t%.1f %%\t\t %s\n", c.MicrosPerPicture, 100*c.OverDecode, c.Name)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// prepare gives the files, or the standard clips.
func (b *benchEdge) prepare(ctx context.Context, files []string, work string) ([]lab.EdgeClip, error) {
	var clips []lab.EdgeClip
	for _, file := range files {
		clips = append(clips, lab.EdgeClip{Name: file, File: file})
	}
	if len(files) > 0 {
		return clips, nil
	}
	folder, err := findClips(b.clips)
	if err != nil {
		return nil, usage(err)
	}
	cache, err := clipCache()
	if err != nil {
		return nil, err
	}
	return lab.StandardClips(ctx, folder, cache, work, b.progress)
}

func (b *benchEdge) progress(what string) { fmt.Fprintln(b.stderr, what) }

// edgeRows are the lines of the table for people.
var edgeRows = []struct {
	name string
	cell func(b *lab.EdgeBench) string
}{
	{"media", func(b *lab.EdgeBench) string { return fmt.Sprintf("%.1f s", b.Seconds) }},
	{"pictures decoded", func(b *lab.EdgeBench) string { return fmt.Sprint(b.FramesDecoded) }},
	{"pictures analysed", func(b *lab.EdgeBench) string { return fmt.Sprint(b.FramesAnalysed) }},
	{"runs", func(b *lab.EdgeBench) string { return fmt.Sprint(b.Runs) }},
	{"filters measured on", func(b *lab.EdgeBench) string { return fmt.Sprintf("%.1f s", b.FilterSeconds) }},
	{"decoding alone, CPU s per s", func(b *lab.EdgeBench) string { return fmt.Sprintf("%.4f", b.DecodeCPU) }},
	{"our worker", func(b *lab.EdgeBench) string { return fmt.Sprintf("%.4f", b.WorkerCPU) }},
	{"FFmpeg with filters", func(b *lab.EdgeBench) string { return fmt.Sprintf("%.4f", b.FiltersCPU) }},
	{"FFmpeg with the same coverage", func(b *lab.EdgeBench) string { return fmt.Sprintf("%.4f", b.CoverageCPU) }},
	{"ours over decoding alone", func(b *lab.EdgeBench) string { return fmt.Sprintf("%.2f", b.OverDecode) }},
	{"filters over ours", func(b *lab.EdgeBench) string { return fmt.Sprintf("%.1f", b.FiltersOverOurs) }},
	{"same coverage over ours", func(b *lab.EdgeBench) string { return fmt.Sprintf("%.1f", b.CoverageOverOurs) }},
	{"memory of our worker, MiB", func(b *lab.EdgeBench) string { return fmt.Sprintf("%.0f", b.WorkerRSS) }},
	{"memory of decoding alone", func(b *lab.EdgeBench) string { return fmt.Sprintf("%.0f", b.DecoderRSS) }},
	{"ours beyond decoding", func(b *lab.EdgeBench) string { return fmt.Sprintf("%.0f", b.RSSOverDecoder) }},
	{"record of a picture, bytes", func(b *lab.EdgeBench) string { return fmt.Sprintf("%.0f", b.BytesPerFrame) }},
	{"on the topic, compressed", func(b *lab.EdgeBench) string { return fmt.Sprintf("%.0f", b.TopicBytesPerFrame) }},
	{"streams on the topic", func(b *lab.EdgeBench) string { return fmt.Sprint(b.TopicStreams) }},
}

// writeEdge prints the results side by side.
func writeEdge(w io.Writer, results []lab.EdgeBench) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range results {
		fmt.Fprintf(table, "\t%s", r.File)
	}
	fmt.Fprintln(table, "\t")
	for _, row := range edgeRows {
		fmt.Fprint(table, row.name)
		for _, r := range results {
			fmt.Fprint(table, "\t", row.cell(&r))
		}
		fmt.Fprintln(table, "\t")
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", edgeNotes)
	return err
}

// benchLog is an embedded broker in memory and the live path onto it.
type benchLog struct {
	broker  *kafka.Broker
	cluster *kafka.Cluster
}

func openBenchLog(ctx context.Context) (lab.Log, error) {
	broker, err := kafka.Embed(kafka.EmbedConfig{})
	if err != nil {
		return nil, err
	}
	config := kafka.Defaults()
	config.Brokers, config.Partitions = broker.Addresses(), kafka.EmbeddedPartitions
	cluster, err := kafka.Dial(ctx, config, schemas.Baked(), slog.Default())
	if err != nil {
		broker.Close()
		return nil, err
	}
	log := &benchLog{broker, cluster}
	if _, err := cluster.Apply(ctx); err != nil {
		log.Close()
		return nil, err
	}
	return log, nil
}

func (l *benchLog) Publish(stream string, f *schemas.Feature, done func(error)) {
	l.cluster.TryPublish(l.cluster.Partition(stream), topology.Features.Message(stream, f), done)
}

func (l *benchLog) Size(ctx context.Context) (int64, error) {
	return l.cluster.Size(ctx, &topology.Features.Spec)
}

func (l *benchLog) Close() {
	l.cluster.Close()
	l.broker.Close()
}
