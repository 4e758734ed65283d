package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/user"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/console"
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
			entry, err := newSilence(s)
			if err != nil {
				return usage(err)
			}
			a, err := commandApp(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			id, err := a.addSilence(cmd.Context(), s, entry, byCommand)
			if err != nil {
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
			a, err := commandApp(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			silences, err := a.silences(cmd.Context())
			if err != nil {
				return err
			}
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
			a, err := commandApp(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			for _, id := range args {
				if _, err := a.endSilence(cmd.Context(), by, id, byCommand); err != nil {
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

// newSilence is a silence that is to be, as an entry of the state.
func newSilence(s notifier.Silence) (entry notifier.Entry, err error) {
	for _, m := range s.Matchers {
		if err := checkText("matchers", m, longestMatcher); err != nil {
			return entry, console.Refusal{Reason: err.Error()}
		}
	}
	if err := checkTexts(s.By, "comment", s.Comment); err != nil {
		return entry, err
	}
	if !s.End.After(time.Now()) {
		return entry, console.Refusal{Reason: "end: it is past"}
	}
	if entry, err = notifier.NewSilence(s); err != nil {
		return entry, console.Refusal{Reason: err.Error()}
	}
	return entry, nil
}

// addSilence puts a silence on the log and tells its id. entry is what newSilence made of it.
func (a *app) addSilence(ctx context.Context, s notifier.Silence, entry notifier.Entry, place string) (id string, err error) {
	id = notifier.SilenceID(entry.Key)
	return id, a.changeState(ctx, s.By, "silence add", strings.Join(s.Matchers, " "), id, place, entry)
}

// endSilence ends a silence now, and tells what then stands of it.
func (a *app) endSilence(ctx context.Context, by, id, place string) (*notifier.Silence, error) {
	silences, err := a.silences(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(silences, func(s standingSilence) bool { return s.ID == id })
	if i < 0 {
		return nil, console.Refusal{Reason: fmt.Sprintf("there is no silence %.64q: see `framewatch silence list`", id), Status: http.StatusNotFound}
	}
	if !silences[i].End.After(time.Now()) {
		return nil, console.Refusal{Reason: "silence " + id + " has ended", Status: http.StatusConflict}
	}
	entry, err := notifier.EndSilence(id, silences[i].state)
	if err != nil {
		return nil, fmt.Errorf("silence %s: %w", id, err)
	}
	if err := a.changeState(ctx, by, "silence expire", id, "", place, entry); err != nil {
		return nil, err
	}
	return notifier.ReadSilence(entry.Value)
}

// silences are all silences on the log, the earliest first.
func (a *app) silences(ctx context.Context) (list []standingSilence, err error) {
	state, err := a.notifierState(ctx)
	if err != nil {
		return nil, err
	}
	for key, v := range state {
		s, err := notifier.ReadSilence(v)
		if err != nil {
			a.log.Warn("a silence on the log cannot be read", "key", key, "error", err)
		} else if s != nil {
			list = append(list, standingSilence{s, v})
		}
	}
	slices.SortFunc(list, func(a, b standingSilence) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID)) })
	return list, nil
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
	return state, cmp.Or(err, ctx.Err())
}

// byCommand is the place of changes that are made by a command.
const byCommand = "command line"

// changeState writes an entry of the notifier's state, and who has changed it where.
func (a *app) changeState(ctx context.Context, by, action, target, detail, place string, entry notifier.Entry) error {
	if by == "" {
		return usage(fmt.Errorf("--by: who does it?"))
	}
	if err := a.cluster.Publish(ctx, 0, stateMessages([]notifier.Entry{entry})...); err != nil {
		return err
	}
	return a.audit(ctx, by, action, target, detail, place)
}
