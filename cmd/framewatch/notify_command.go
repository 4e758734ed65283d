package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/schemas"
)

// rehearsalWait bounds the rehearsal of one receiver.
const rehearsalWait = 2 * time.Minute

func notifyCommand() *cobra.Command {
	return group("notify", "Try out who is told what, before there is trouble", notifyTestCommand(), notifyRenderCommand(), notifyRoutesCommand())
}

// configuredNotifier is the notifier of the configuration file.
func configuredNotifier(cmd *cobra.Command) (*notifier.Notifier, error) {
	config, err := commandConfig(cmd)
	if err != nil {
		return nil, err
	}
	if config.Notifier.External.URL != "" {
		return nil, usage(errors.New("notifier.external: the Alertmanager there does the telling; amtool tries it out"))
	}
	n, err := notifier.New(config.Notifier, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, usage(err)
	}
	return n, nil
}

func notifyTestCommand() *cobra.Command {
	var output, file string
	cmd := &cobra.Command{
		Use:   "test RECEIVER...",
		Short: "Tell receivers of a defect that there is not, and of its end",
		Long:  "Tell receivers of a defect that there is not, and of its end: of stream framewatch-test, or the one in a file. Exit code 1 says that somebody could not be told.",
		Args:  someArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			n, ev, err := rehearsal(cmd, file)
			if err != nil {
				return err
			}
			var all []notifier.Rehearsal
			for _, name := range args {
				ctx, cancel := context.WithTimeout(cmd.Context(), rehearsalWait)
				list, err := n.Rehearse(ctx, name, ev)
				cancel()
				if err != nil {
					return usage(err)
				}
				all = append(all, list...)
			}
			return writeRehearsals(cmd.OutOrStdout(), all, output)
		},
	}
	defectFlag(cmd, &file)
	outputFlag(cmd, &output, "table or json, one object a line")
	return cmd
}

func writeRehearsals(w io.Writer, all []notifier.Rehearsal, output string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	failed := false
	for _, r := range all {
		failed = failed || r.Error != ""
		if output == "json" {
			if err := json.NewEncoder(w).Encode(r); err != nil {
				return err
			}
			continue
		}
		said := "told"
		if r.Error != "" {
			said = r.Error
		}
		fmt.Fprintf(table, "%s\t%s\t%d ms\t%s\n", r.Target, r.State, r.Took.Milliseconds(), said)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if failed {
		return errors.New("somebody could not be told")
	}
	return nil
}

func notifyRenderCommand() *cobra.Command {
	var file, text string
	cmd := &cobra.Command{
		Use:     "render",
		Short:   "Print what is said of a defect: by receivers of ours, or a text of Alertmanager's templates",
		Example: `  framewatch notify render --defect defect.json --template '{{ template "slack.default.title" . }}'`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, ev, err := rehearsal(cmd, file)
			if err != nil {
				return err
			}
			said, err := n.Render(ev, text)
			if err != nil {
				return usage(fmt.Errorf("--template: %w", err))
			}
			fmt.Fprintln(cmd.OutOrStdout(), said)
			return nil
		},
	}
	defectFlag(cmd, &file)
	cmd.Flags().StringVar(&text, "template", "", "the text, which may use the templates of the configuration")
	return cmd
}

func notifyRoutesCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "routes [LABEL=VALUE...]",
		Short:   "Print the routing tree, or the routes that a defect with these labels takes",
		Example: `  framewatch notify routes stream=news-hd kind=black severity=critical`,
		RunE: func(cmd *cobra.Command, args []string) error {
			labels := map[string]string{}
			for _, arg := range args {
				name, value, ok := strings.Cut(arg, "=")
				if !ok || name == "" {
					return usage(fmt.Errorf("%q is not like stream=news-hd", arg))
				}
				labels[name] = value
			}
			n, err := configuredNotifier(cmd)
			if err != nil {
				return err
			}
			n.Routes(cmd.OutOrStdout(), labels)
			return nil
		},
	}
}

func defectFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "defect", "", "file with a defect's event as JSON, as a webhook gets it in data (default: one of stream framewatch-test)")
}

// rehearsal is the configured notifier and the event to try it with.
func rehearsal(cmd *cobra.Command, file string) (*notifier.Notifier, *schemas.DefectEvent, error) {
	n, err := configuredNotifier(cmd)
	if err != nil {
		return nil, nil, err
	}
	ev, err := specimen(file)
	return n, ev, err
}

// specimen is the event in a file, or one made up.
func specimen(file string) (*schemas.DefectEvent, error) {
	if file == "" {
		return notifier.Specimen(), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, usage(err)
	}
	ev := &schemas.DefectEvent{}
	if err := json.Unmarshal(text, ev); err != nil {
		return nil, usage(fmt.Errorf("%s: not a defect's event: %w", file, err))
	}
	if ev.ID == "" || ev.Stream == "" || ev.Kind == "" || ev.State == "" {
		return nil, usage(fmt.Errorf("%s: a defect's event has at least id, stream, kind and state", file))
	}
	return ev, nil
}
