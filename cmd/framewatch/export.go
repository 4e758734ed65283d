package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// exporting is what the flags of `export` say.
type exporting struct {
	stretch
	offsets, streams []string
	partitions       []int
	defect           string
	before, after    time.Duration
	rate             float64
	format, output   string
	// conditions are those of streams that are about labels.
	conditions []matcher
}

func exportCommand() *cobra.Command {
	var x exporting
	cmd := &cobra.Command{
		Use:   "export TOPIC",
		Short: "Write the records of a topic as Parquet, Avro or NDJSON",
		Long: "Write the committed records of a topic, such as features or defects, up to where it ends now.\n" +
			"Without -o as NDJSON to stdout, in whatever version of their schema they were written. With -o into files of a directory, by kind of record (Parquet) or schema (Avro) and hour of writing, with a _manifest.json when all are there.\n" +
			"The same command takes up an export that was broken off in the directory. The same range twice has the same digest. No consumer group is left behind.",
		Example: "  framewatch export features --format parquet -o features --from 1h --stream 'news-*' --stream 'region=\"eu\"'\n" +
			"  framewatch export features --format parquet -o defect --defect 0123456789abcdef0123456789abcdef --before 30s",
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error { return x.run(cmd, args[0]) },
	}
	x.stretch.flags(cmd)
	cmd.Flags().StringArrayVar(&x.offsets, "offsets", nil, "offsets of a partition, PARTITION:FROM-TO, TO not included, either may be left out; may be repeated, and others are not read then")
	cmd.Flags().IntSliceVar(&x.partitions, "partition", nil, "partitions, comma-separated (default: all)")
	cmd.Flags().StringArrayVar(&x.streams, "stream", nil, `streams: an id, which may hold * and ?, or a condition on labels such as region="eu" or genre=~"news|sport"; repeated: one of the ids and all of the conditions`)
	cmd.Flags().StringVar(&x.defect, "defect", "", "the features of a defect's stream around its time, by media time; the defect's id")
	cmd.Flags().DurationVar(&x.before, "before", 10*time.Second, "with --defect: begin so long before its onset")
	cmd.Flags().DurationVar(&x.after, "after", 10*time.Second, "with --defect: end so long after its end")
	cmd.Flags().Float64Var(&x.rate, "rate", 0, "read at most so many megabytes a second (default: as fast as it comes)")
	cmd.Flags().StringVar(&x.format, "format", "ndjson", strings.Join(replay.Formats(), ", "))
	cmd.Flags().StringVarP(&x.output, "output", "o", "", "the directory; needed for all but ndjson")
	return cmd
}

func (x *exporting) run(cmd *cobra.Command, name string) error {
	topic, err := knownTopic(name)
	if err != nil {
		return usage(err)
	}
	e := replay.Export{Topic: topic, Format: x.format, Directory: x.output, Command: commandLine(cmd, name), Version: version()}
	if err := cmp.Or(x.check(topic), x.bound(&e), x.name(&e)); err != nil {
		return usage(err)
	}
	a, err := commandApp(cmd)
	if err != nil {
		return err
	}
	defer a.cluster.Close()
	source, err := a.source(name)
	if err != nil {
		return err
	}
	source.Partitions, source.Rate = e.Source.Partitions, e.Source.Rate
	e.Source, e.Contract = source, a.contract
	if err := errors.Join(x.choose(cmd.Context(), a, &e), x.around(cmd.Context(), a, &e)); err != nil {
		return err
	}
	if x.output == "" {
		return printRecords(cmd.Context(), cmd.OutOrStdout(), e)
	}
	m, err := e.Run(cmd.Context())
	if err != nil {
		return fmt.Errorf("export %s: %w", name, err)
	}
	return printExport(cmd.OutOrStdout(), x.output, m)
}

// check looks at the flags by themselves.
func (x *exporting) check(topic *topology.Spec) error {
	switch {
	case !slices.Contains(replay.Formats(), x.format):
		return fmt.Errorf("--format: %q is none of %s", x.format, strings.Join(replay.Formats(), ", "))
	case x.output == "" && x.format != "ndjson":
		return fmt.Errorf("--format %s: name a directory with -o", x.format)
	case x.rate < 0 || x.rate > 1e6:
		return fmt.Errorf("--rate: %v is not within 0 and 1000000 MB/s", x.rate)
	case x.before < 0 || x.after < 0:
		return errors.New("--before and --after are lengths of time, not less than 0")
	case len(x.streams) > 0 && topic.Key != topology.Features.Key:
		return fmt.Errorf("--stream: the key of the topic %s is no stream id but %s", topic.Name, topic.Key)
	case x.defect == "":
		return nil
	case topic.Name != topology.Features.Name:
		return fmt.Errorf("--defect: only features are found by a defect, not %s", topic.Name)
	case !defectID.MatchString(x.defect):
		return fmt.Errorf("--defect: %.100q is no defect's id: 32 hexadecimal digits", x.defect)
	case x.from != "" || x.to != "" || len(x.streams)+len(x.offsets)+len(x.partitions) > 0:
		return errors.New("--defect says which stream and when: leave out --from, --to, --stream, --offsets and --partition")
	}
	return nil
}

var defectID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// bound reads which part of the topic is meant.
func (x *exporting) bound(e *replay.Export) (err error) {
	if e.Range, err = x.span(time.Now()); err != nil {
		return err
	}
	e.Source.Rate = int64(x.rate * 1e6)
	for _, p := range x.partitions {
		if p < 0 || p > 1<<20 {
			return fmt.Errorf("--partition: %d is no partition", p)
		}
		e.Source.Partitions = append(e.Source.Partitions, int32(p))
	}
	if len(x.offsets) == 0 {
		return nil
	}
	if len(x.partitions) > 0 {
		return errors.New("--offsets name their partitions: leave out --partition")
	}
	e.Range.Offsets = map[int32]replay.Span{}
	for _, text := range x.offsets {
		span, err := offsets(text)
		if err != nil {
			return fmt.Errorf("--offsets: %w", err)
		}
		if _, again := e.Range.Offsets[span.Partition]; again {
			return fmt.Errorf("--offsets: partition %d is named twice", span.Partition)
		}
		e.Range.Offsets[span.Partition] = span
	}
	e.Source.Partitions = slices.Sorted(maps.Keys(e.Range.Offsets))
	return nil
}

var offsetsForm = regexp.MustCompile(`^(\d{1,7}):(\d{0,18})-(\d{0,18})$`)

func offsets(text string) (replay.Span, error) {
	parts := offsetsForm.FindStringSubmatch(text)
	if parts == nil {
		return replay.Span{}, fmt.Errorf("%.100q is not like 3:1000-2000", text)
	}
	var numbers [3]int64
	for i := range numbers {
		numbers[i], _ = strconv.ParseInt(parts[i+1], 10, 64) // digits, or nothing
	}
	s := replay.Span{Partition: int32(numbers[0]), Start: numbers[1], End: numbers[2]}
	if parts[3] != "" && s.End <= s.Start {
		return s, fmt.Errorf("%q is empty", text)
	}
	return s, nil
}

// name reads which streams are meant.
func (x *exporting) name(e *replay.Export) error {
	for _, text := range x.streams {
		if !strings.ContainsAny(text, "=~") {
			e.Selection.Streams = append(e.Selection.Streams, text)
			continue
		}
		m, err := parseMatcher(text)
		if err != nil {
			return fmt.Errorf("--stream: %w", err)
		}
		x.conditions = append(x.conditions, m)
	}
	return nil
}

// choose finds the streams whose labels fulfil the conditions.
func (x *exporting) choose(ctx context.Context, a *app, e *replay.Export) error {
	if len(x.conditions) == 0 {
		return nil
	}
	streams, err := current(ctx, a.cluster, topology.Streams)
	if err != nil {
		return err
	}
	e.Selection.Among = []string{}
	wanted := selector{matchers: x.conditions}
	for _, id := range slices.Sorted(maps.Keys(streams)) {
		if wanted.fits(streams[id].Labels) {
			e.Selection.Among = append(e.Selection.Among, id)
		}
	}
	if len(e.Selection.Among) == 0 {
		return fmt.Errorf("--stream: no stream fits %s: framewatch streams list -o json shows their labels", wanted)
	}
	return nil
}

// late is by how much features may be written after the instants that they are about, or seem to be before it.
const late = time.Minute

// around makes the selection that of a defect.
func (x *exporting) around(ctx context.Context, a *app, e *replay.Export) error {
	if x.defect == "" {
		return nil
	}
	source, err := a.source(topology.Defects.Name)
	if err != nil {
		return err
	}
	event, partition, err := replay.LastEvent(ctx, source, a.contract, x.defect)
	if err != nil {
		return fmt.Errorf("--defect: %w", err)
	}
	onset := event.Onset
	if event.OnsetRefined != nil {
		onset = min(onset, *event.OnsetRefined)
	}
	begin, end := time.UnixMicro(onset).Add(-x.before), time.UnixMicro(event.End).Add(x.after)
	e.Source.Partitions = []int32{partition}
	e.Selection = replay.Selection{Among: []string{event.Stream}, Begin: begin.UnixMicro(), End: end.UnixMicro() + 1}
	e.Range = replay.Range{From: begin.Add(-late), To: end.Add(late)}
	return nil
}

// commandLine is what is asked for, without what does not change the files. Secrets are never among a command's own flags.
func commandLine(cmd *cobra.Command, topic string) string {
	line := []string{"framewatch export", topic}
	own := cmd.LocalNonPersistentFlags()
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if own.Lookup(f.Name) == nil || f.Name == "output" || f.Name == "rate" {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, value := range values {
			if strings.ContainsAny(value, " \"'*?\\") {
				value = strconv.Quote(value)
			}
			line = append(line, "--"+f.Name+" "+value)
		}
	})
	return strings.Join(line, " ")
}

// printRecords writes the records as lines.
func printRecords(ctx context.Context, w io.Writer, e replay.Export) error {
	out, sieve := bufio.NewWriter(w), replay.NewSieve(e.Selection, e.Topic, e.Contract)
	line := replay.NDJSON(out, schemas.NewGeneric(e.Contract))
	err := replay.Read(ctx, e.Source, e.Range, func(r replay.Record) error {
		if !sieve.Wants(r) {
			return nil
		}
		return line(r)
	})
	return errors.Join(err, out.Flush())
}

// printExport says what the directory holds.
func printExport(w io.Writer, directory string, m *replay.Manifest) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d files, %s\n", directory, len(m.Files), m.Digest)
	for _, group := range slices.Sorted(maps.Keys(m.Rows)) {
		fmt.Fprintf(&b, "  %s: %d rows\n", cmp.Or(group, m.Format), m.Rows[group])
	}
	if m.NoRow > 0 {
		fmt.Fprintf(&b, "  %d records are no rows: tombstones, or unreadable\n", m.NoRow)
	}
	for _, s := range m.Gone {
		fmt.Fprintf(&b, "  partition %d: retention removed the offsets from %d to %d before they were read\n", s.Partition, s.Start, s.End-1)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
