package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	return group("silence", "List, add, extend and end silences: what they match is not told, but for the end of what was told before", silenceAddCommand(), silenceListCommand(), silenceExtendCommand(), silenceExpireCommand())
}

func silenceAddCommand() *cobra.Command {
	var by, comment, start, every, first, last string
	var lasts time.Duration
	cmd := &cobra.Command{
		Use:   "add MATCHER...",
		Short: "Add a silence of everything that all matchers match",
		Long: "Add a silence of everything that all matchers match, each like stream=\"news-hd\" or kind=~\"black|freeze\".\n" +
			"Labels are stream, kind, severity, part, defect (its id), escalation and those of the stream itself. It prints the silence's id.\n" +
			"With --every it comes back: on days of the week (mon,tue or daily) or of the month (1,15, or -1 for the last), from one time of the day to another as\n" +
			"the clocks of the zone show them. The notifier makes a silence of each such time, an hour before it.",
		Example: `  framewatch silence add 'stream="news-hd"' --for 2h --comment "encoder is changed"
  framewatch silence add 'site="north"' --every "tue 02:00-04:00 Europe/Berlin" --until 2027-06-30 --comment "backups"`,
		Args: someArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if every != "" {
				if cmd.Flags().Changed("for") || start != "" {
					return usage(errors.New("--every says when it begins and ends, so --for and --start have no place beside it: see --since and --until"))
				}
				return addRecurring(cmd, notifier.Recurrence{Matchers: args, By: by, Comment: comment, Made: time.Now()}, every, first, last)
			}
			if first != "" || last != "" {
				return usage(errors.New("--since and --until are for --every"))
			}
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
	cmd.Flags().StringVar(&every, "every", "", `when it comes back: days, times and zone, such as "tue,fri 02:00-04:00 Europe/Berlin"`)
	cmd.Flags().StringVar(&first, "since", "", "with --every: the first day, as 2026-12-31 (default any)")
	cmd.Flags().StringVar(&last, "until", "", "with --every: the last day on which it begins, as 2026-12-31 (default none)")
	cmd.Flags().StringVar(&comment, "comment", "", "why")
	byFlag(cmd, &by)
	return cmd
}

// addRecurring adds a silence that comes back, and prints its id.
func addRecurring(cmd *cobra.Command, r notifier.Recurrence, every, first, last string) error {
	var err error
	if r.Schedule, err = notifier.ParseSchedule(every); err != nil {
		return usage(fmt.Errorf("--every: %w", err))
	}
	r.Schedule.First, r.Schedule.Last = first, last
	r, entry, err := newRecurrence(r)
	if err != nil {
		return usage(err)
	}
	a, err := commandApp(cmd)
	if err != nil {
		return err
	}
	defer a.cluster.Close()
	if err := a.addRecurrence(cmd.Context(), r, entry, byCommand); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), r.ID)
	return nil
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
		Short: "List the silences that are in force or to come, and those that come back, each with the time that is open or next",
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
				fmt.Fprintln(table, "ID\tSTART\tEND\tBY\tEVERY\tMATCHERS\tCOMMENT")
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
				printSilence(table, s.ID, s.Start, s.End, s.By, cmp.Or(s.Recurrence, "-"), s.Matchers, s.Comment)
			}
			recurrences, err := a.recurrences(cmd.Context())
			if err != nil {
				return err
			}
			for _, r := range recurrences {
				w, ok := r.Schedule.Next(now)
				if !ok && !all {
					continue
				}
				if output == "json" {
					if err := json.NewEncoder(cmd.OutOrStdout()).Encode(r); err != nil {
						return err
					}
					continue
				}
				printSilence(table, r.ID, w.Start, w.End, r.By, r.Schedule.String(), r.Matchers, r.Comment)
			}
			return table.Flush()
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also those that have ended")
	outputFlag(cmd, &output, "table or json, one object a line")
	return cmd
}

// printSilence prints a row; every is when it comes back or what it is a window of.
func printSilence(w io.Writer, id string, start, end time.Time, by, every string, matchers []string, comment string) {
	instant := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.Local().Format(time.DateTime)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", id, instant(start), instant(end), by, every, strings.Join(matchers, " "), comment)
}

// eachID does something with each of the ids that a command is given, up to the first error.
func eachID(do func(ctx context.Context, a *app, id string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a, err := commandApp(cmd)
		if err != nil {
			return err
		}
		defer a.cluster.Close()
		for _, id := range args {
			if err := do(cmd.Context(), a, id); err != nil {
				return err
			}
		}
		return nil
	}
}

func silenceExpireCommand() *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use:   "expire ID...",
		Short: "End silences now; one that comes back does so no longer",
		Args:  someArgs,
		RunE: eachID(func(ctx context.Context, a *app, id string) error {
			recurrences, err := a.recurrences(ctx)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(recurrences, func(r notifier.Recurrence) bool { return r.ID == id }) {
				_, err = a.endRecurrence(ctx, by, id, byCommand)
			} else {
				_, err = a.endSilence(ctx, by, id, byCommand)
			}
			return err
		}),
	}
	byFlag(cmd, &by)
	return cmd
}

func silenceExtendCommand() *cobra.Command {
	var by string
	var lasts time.Duration
	cmd := &cobra.Command{
		Use:   "extend ID...",
		Short: "Let silences that have not ended end so long from now",
		Args:  someArgs,
		RunE: eachID(func(ctx context.Context, a *app, id string) error {
			_, err := a.extendSilence(ctx, by, id, time.Now().Add(lasts), byCommand)
			return err
		}),
	}
	cmd.Flags().DurationVar(&lasts, "for", time.Hour, "how long it lasts from now on")
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
	if err := checkSilence(s.Matchers, s.By, s.Comment); err != nil {
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

// checkSilence bounds what a silence says.
func checkSilence(matchers []string, by, comment string) error {
	for _, m := range matchers {
		if err := checkText("matchers", m, longestMatcher); err != nil {
			return console.Refusal{Reason: err.Error()}
		}
	}
	return checkTexts(by, "comment", comment)
}

// addSilence puts a silence on the log and tells its id. entry is what newSilence made of it.
func (a *app) addSilence(ctx context.Context, s notifier.Silence, entry notifier.Entry, place string) (id string, err error) {
	if err := a.mutes(); err != nil {
		return "", err
	}
	id = notifier.SilenceID(entry.Key)
	return id, a.changeState(ctx, s.By, "silence add", strings.Join(s.Matchers, " "), id, place, entry)
}

// mutes refuses silences where the site's own Alertmanager does the telling, which knows nothing of them.
func (a *app) mutes() error {
	if a.inForce().Notifier.External.URL != "" {
		return console.Refusal{Reason: "notifier.external has another Alertmanager tell people: silence there", Status: http.StatusConflict}
	}
	return nil
}

// endSilence ends a silence now, and tells what then stands of it.
func (a *app) endSilence(ctx context.Context, by, id, place string) (*notifier.Silence, error) {
	return a.changeSilence(ctx, by, "silence expire", id, "", place, func(s standingSilence) (notifier.Entry, error) { return notifier.EndSilence(id, s.state) })
}

// longestSilence bounds how long a silence that is extended lasts in all.
const longestSilence = 366 * 24 * time.Hour

// extendSilence lets a silence end at another time, and tells what then stands of it.
func (a *app) extendSilence(ctx context.Context, by, id string, end time.Time, place string) (*notifier.Silence, error) {
	return a.changeSilence(ctx, by, "silence extend", id, "until "+end.UTC().Format(time.RFC3339), place, func(s standingSilence) (notifier.Entry, error) {
		switch {
		case !end.After(time.Now()) || !end.After(s.Start):
			return notifier.Entry{}, console.Refusal{Reason: "end: it is past, or before the start"}
		case end.Sub(s.Start) > longestSilence:
			return notifier.Entry{}, console.Refusal{Reason: "end: a silence lasts 366 days at most"}
		}
		return notifier.ExtendSilence(id, s.state, end)
	})
}

// changeSilence makes of a silence that has not ended another entry of the state, and tells what then stands of it.
func (a *app) changeSilence(ctx context.Context, by, action, id, detail, place string, change func(standingSilence) (notifier.Entry, error)) (*notifier.Silence, error) {
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
	entry, err := change(silences[i])
	if err != nil {
		return nil, fmt.Errorf("silence %s: %w", id, err)
	}
	if err := a.changeState(ctx, by, action, id, detail, place, entry); err != nil {
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

// changeState writes entries of the notifier's state, and who has changed it where.
func (a *app) changeState(ctx context.Context, by, action, target, detail, place string, entries ...notifier.Entry) error {
	if by == "" {
		return usage(fmt.Errorf("--by: who does it?"))
	}
	if err := a.cluster.Publish(ctx, 0, stateMessages(entries)...); err != nil {
		return err
	}
	return a.audit(ctx, by, action, target, detail, place)
}
