package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/ingest/source"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// fromCommand marks streams that `streams apply` wrote.
const fromCommand = "api"

func streamsCommand() *cobra.Command {
	return group("streams", "List and change the streams that are monitored", streamsProbeCommand(), streamsApplyCommand(), streamsImportCommand(), streamsListCommand(), streamsShowCommand(), streamsRemoveCommand())
}

func streamsApplyCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Add or change the streams in a YAML file (a list under the key streams)",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := os.ReadFile(file)
			if err != nil {
				return usage(err)
			}
			var parsed struct {
				Streams *[]StreamConfig `yaml:"streams"`
			}
			if err := decodeStrict(text, &parsed, "streams"); err != nil {
				return usage(fmt.Errorf("%s: %w", file, err))
			}
			if parsed.Streams == nil {
				return usage(fmt.Errorf("%s: the key streams is missing", file))
			}
			list := Config{Streams: parsed.Streams}
			if err := list.validateStreams(); err != nil {
				return usage(fmt.Errorf("%s: %w", file, err))
			}
			a, err := commandApp(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			return a.applyStreams(cmd.Context(), *parsed.Streams, fromCommand, false)
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the file")
	cmd.MarkFlagRequired("file")
	return cmd
}

func streamsListCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the streams",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, streams, err := currentStreams(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			if output == "table" {
				fmt.Fprintln(table, "ID\tPARTITION\tPROFILE\tORIGIN\tURL")
			}
			for _, id := range slices.Sorted(maps.Keys(streams)) {
				s := streams[id]
				if output == "json" {
					line := map[string]any{"id": id, "url": source.Redact(s.URL), "labels": s.Labels, "profile": s.Profile, "lane": lane(id, s), "origin": s.Origin}
					if s.Expectations != nil {
						line["expectations"] = json.RawMessage(*s.Expectations)
					}
					if err := json.NewEncoder(cmd.OutOrStdout()).Encode(line); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\n", id, a.cluster.Partition(lane(id, s)), s.Profile, s.Origin, source.Redact(s.URL))
			}
			return table.Flush()
		},
	}
	outputFlag(cmd, &output, "json (one object a line and stream) or table")
	return cmd
}

func streamsRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove ID...",
		Short: "Stop monitoring streams; those that a configuration file names come back with its next run",
		Args:  someArgs,
		RunE: func(cmd *cobra.Command, ids []string) error {
			a, streams, err := currentStreams(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			for _, id := range ids {
				spec, ok := streams[id]
				if !ok {
					return fmt.Errorf("no stream is called %q: framewatch streams list shows them", id)
				}
				if err := a.publishStream(cmd.Context(), lane(id, spec), topology.Streams.Tombstone(id)); err != nil {
					return err
				}
				a.log.Info("stream is removed", "stream", id)
			}
			return nil
		},
	}
}

// currentStreams dials the log and reads what is monitored. The caller closes the cluster.
func currentStreams(cmd *cobra.Command) (*app, map[string]*schemas.StreamSpec, error) {
	a, err := commandApp(cmd)
	if err != nil {
		return nil, nil, err
	}
	streams, err := current(cmd.Context(), a.cluster, topology.Streams)
	if err != nil {
		a.cluster.Close()
		return nil, nil, err
	}
	return a, streams, nil
}
