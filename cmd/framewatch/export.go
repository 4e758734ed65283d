package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
)

// exporting is what the flags of `export` say.
type exporting struct {
	selecting
	format, output string
	jobs           int
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
	x.selecting.flags(cmd)
	cmd.Flags().StringVar(&x.format, "format", "ndjson", strings.Join(replay.Formats(), ", "))
	cmd.Flags().IntVar(&x.jobs, "jobs", runtime.GOMAXPROCS(0), "with -o: how many parts are made at a time, each by a core; the files are the same")
	cmd.Flags().StringVarP(&x.output, "output", "o", "", "the directory; needed for all but ndjson")
	return cmd
}

func (x *exporting) run(cmd *cobra.Command, name string) error {
	topic, err := knownTopic(name)
	if err != nil {
		return usage(err)
	}
	e := replay.Export{Topic: topic, Format: x.format, Directory: x.output, Jobs: x.jobs, Command: commandLine(cmd, name), Version: version()}
	p, err := x.selecting.part(topic)
	if err = cmp.Or(x.check(), err); err != nil {
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
	if err := x.lookUp(cmd.Context(), a, p); err != nil {
		return err
	}
	source.Partitions, source.Rate = p.partitions, p.rate
	e.Source, e.Range, e.Selection, e.Contract = source, p.Range, p.Selection, a.contract
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
func (x *exporting) check() error {
	switch {
	case x.jobs < 1:
		return fmt.Errorf("--jobs: %d is less than 1", x.jobs)
	case !slices.Contains(replay.Formats(), x.format):
		return fmt.Errorf("--format: %q is none of %s", x.format, strings.Join(replay.Formats(), ", "))
	case x.output == "" && x.format != "ndjson":
		return fmt.Errorf("--format %s: name a directory with -o", x.format)
	}
	return nil
}

// commandLine is what is asked for, without what does not change the files. Secrets are never among a command's own flags.
func commandLine(cmd *cobra.Command, topic string) string {
	line := []string{"framewatch export", topic}
	own := cmd.LocalNonPersistentFlags()
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if own.Lookup(f.Name) == nil || f.Name == "output" || f.Name == "rate" || f.Name == "jobs" {
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
