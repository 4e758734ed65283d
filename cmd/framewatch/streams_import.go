package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/ingest/source"
)

func streamsImportCommand() *cobra.Command {
	var dry bool
	var output, profile string
	cmd := &cobra.Command{
		Use:   "import FILE|-",
		Short: "Add or change the streams of an M3U list of channels; - reads it from standard input",
		Long: "Add or change the streams of an M3U list of channels (#EXTINF and a URL each); - reads it from standard input.\n" +
			"A channel's id is its tvg-id, else its tvg-name, else its title; group-title and the names become labels. Of two channels with one id the second is\n" +
			"called ID-2. A URL with a password or a token is left out: it would stand on the log. What is printed are the streams; what is left out is told on standard error.",
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := openChannels(cmd.InOrStdin(), args[0])
			if err != nil {
				return usage(fmt.Errorf("%s: %w", args[0], err))
			}
			for i := range list.streams {
				list.streams[i].Profile = profile
			}
			for _, left := range list.left {
				fmt.Fprintln(cmd.ErrOrStderr(), "left out:", left)
			}
			if n := list.private(); n > 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "%d URLs have parts that may be secrets, which stand on the log as they are; `streams apply` takes them by reference: ${file:/path}\n", n)
			}
			if len(list.streams) == 0 {
				return usage(fmt.Errorf("%s: there are no channels in it that can be watched", args[0]))
			}
			if !dry {
				a, err := commandApp(cmd)
				if err != nil {
					return err
				}
				defer a.cluster.Close()
				if err := a.applyStreams(cmd.Context(), list.streams, fromCommand, false); err != nil {
					return err
				}
			}
			return printChannels(cmd.OutOrStdout(), output, list.streams)
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would be added, and change nothing")
	cmd.Flags().StringVar(&profile, "profile", "", "rule profile of the streams")
	outputFlag(cmd, &output, "json (one object a line and stream) or table")
	return cmd
}

// openChannels reads the list at path, or on stdin.
func openChannels(stdin io.Reader, path string) (*channelList, error) {
	if path == "-" {
		return readChannels(stdin)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readChannels(f)
}

func printChannels(w io.Writer, output string, streams []StreamConfig) error {
	if output == "json" {
		for _, s := range streams {
			line := map[string]any{"id": s.ID, "url": source.Redact(s.URL), "labels": s.Labels, "profile": s.Profile}
			if err := json.NewEncoder(w).Encode(line); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tGROUP\tURL")
	for _, s := range streams {
		fmt.Fprintf(table, "%s\t%s\t%s\n", s.ID, s.Labels["group-title"], source.Redact(s.URL))
	}
	return table.Flush()
}

// private counts the URLs with parts that are not told and yet no secrets for certain; those that are certain are left out.
func (l *channelList) private() (n int) {
	for _, s := range l.streams {
		if source.Redact(s.URL) != s.URL {
			n++
		}
	}
	return n
}
