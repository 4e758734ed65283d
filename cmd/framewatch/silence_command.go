package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os/user"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/notifier"
	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

func silenceCommand() *cobra.Command {
	return group("silence", "List, add and end silences: what they match is not told, but for the end of what was told before", silenceAddCommand(), silenceListCommand(), silenceExpireCommand())
}

func silenceAddCommand() *cobra.Command {
	var by, comment string
	var lasts time.Duration
	var start string
	cmd := &cobra.Command{
		Use:   "add MATCHER...",
		Short: "Add a silence of everything that all matchers match",
		Long: "Add a silence of everything that all matchers match, each like stream=\"news-hd\" or kind=~\"black|freeze\".\n" +
			"Labels are stream, kind, severity, part, defect (its id), escalation and those of the stream itself. It prints the silence's id.",
		Example: `  framewatch silence add 'stream="news-hd"' --for 2h --comment "encoder is changed"`,
		Args:    someArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			s := notifier.Silence{Matchers: args, By: by, Comment: comment, Start: time.Now()}
			if start != "" {
				at, err := time.Parse(time.RFC3339, start)
				if err != nil {
					return usage(fmt.Errorf("--start %q is not an instant such as 2026-01-02T03:04:05Z", start))
				}
				s.Start = at
			}
			s.End = s.Start.Add(lasts)
			entry, err := notifier.NewSilence(s)
			if err != nil {
				return usage(err)
			}
			a, err := commandApp(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			id := strings.TrimPrefix(entry.Key, "silence/")
			if err := a.changeState(cmd.Context(), by, "silence add", strings.Join(args, " "), id, entry); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), id)
			return nil
		},
	}
	cmd.Flags().DurationVar(&lasts, "for", time.Hour, "how long it lasts")
	cmd.Flags().StringVar(&start, "start", "", "when it begins, as 2026-01-02T03:04:05Z (default now)")
	cmd.Flags().StringVar(&comment, "comment", "", "why")
	byFlag(cmd, &by)
	return cmd
}

// byFlag is who makes a change: the user of the machine unless it is said.
func byFlag(cmd *cobra.Command, by *string) {
	name := ""
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	cmd.Flags().StringVar(by, "by", name, "who does it")
}

func silenceListCommand() *cobra.Command {
	var output string
	var all bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the silences that are in force or to come",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, silences, err := currentSilences(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			if output == "table" {
				fmt.Fprintln(table, "ID\tSTART\tEND\tBY\tMATCHERS\tCOMMENT")
			}
			now := time.Now()
			for _, s := range silences {
				if !all && s.End.Before(now) {
					continue
				}
				if output == "json" {
					if err := json.NewEncoder(cmd.OutOrStdout()).Encode(s.Silence); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.Start.Local().Format(time.DateTime), s.End.Local().Format(time.DateTime), s.By, strings.Join(s.Matchers, " "), s.Comment)
			}
			return table.Flush()
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also those that have ended")
	outputFlag(cmd, &output, "table or json, one object a line")
	return cmd
}

func silenceExpireCommand() *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use:   "expire ID...",
		Short: "End silences now",
		Args:  someArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, silences, err := currentSilences(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			for _, id := range args {
				i := slices.IndexFunc(silences, func(s standingSilence) bool { return s.ID == id })
				if i < 0 {
					return fmt.Errorf("there is no silence %q: see `framewatch silence list`", id)
				}
				entry, err := notifier.EndSilence(id, silences[i].state)
				if err != nil {
					return fmt.Errorf("silence %s: %w", id, err)
				}
				if err := a.changeState(cmd.Context(), by, "silence expire", id, "", entry); err != nil {
					return err
				}
			}
			return nil
		},
	}
	byFlag(cmd, &by)
	return cmd
}

// standingSilence is a silence and the entry of the state that it stands in.
type standingSilence struct {
	*notifier.Silence
	state *schemas.NotifierState
}

// currentSilences are all silences on the log, the earliest first.
func currentSilences(cmd *cobra.Command) (*app, []standingSilence, error) {
	a, err := commandApp(cmd)
	if err != nil {
		return nil, nil, err
	}
	state, err := a.notifierState(cmd.Context())
	if err != nil {
		a.cluster.Close()
		return nil, nil, err
	}
	var list []standingSilence
	for key, v := range state {
		s, err := notifier.ReadSilence(v)
		if err != nil {
			a.log.Warn("a silence on the log cannot be read", "key", key, "error", err)
		} else if s != nil {
			list = append(list, standingSilence{s, v})
		}
	}
	slices.SortFunc(list, func(a, b standingSilence) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID)) })
	return a, list, nil
}

// notifierState is what stands in the notifier's state, by key.
func (a *app) notifierState(ctx context.Context) (map[string]*schemas.NotifierState, error) {
	state := map[string]*schemas.NotifierState{}
	err := kafka.Read(ctx, a.cluster, topology.NotifierState, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.NotifierState]) error {
		if r.Value == nil {
			delete(state, r.Key)
		} else {
			state[r.Key] = r.Value
		}
		return nil
	})
	return state, err
}

// changeState writes an entry of the notifier's state, and who has changed it.
func (a *app) changeState(ctx context.Context, by, action, target, detail string, entry notifier.Entry) error {
	if by == "" {
		return usage(fmt.Errorf("--by: who does it?"))
	}
	if err := a.cluster.Publish(ctx, 0, stateMessages([]notifier.Entry{entry})...); err != nil {
		return err
	}
	audit := &schemas.Audit{Time: time.Now().UnixMicro(), Action: action, Target: target, Detail: detail, Address: "command line"}
	return a.cluster.Publish(ctx, 0, topology.Audit.Message(by, audit))
}
