package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/console"
	"github.com/framewatch/framewatch/topology"
)

// tapping is what the flags of `tap` say.
type tapping struct {
	query     console.TapQuery
	partition int32
	from      string
	number    int
}

// errTapped ends a tap that has shown as many records as were asked for.
var errTapped = errors.New("enough is shown")

func tapCommand() *cobra.Command {
	var t tapping
	cmd := &cobra.Command{
		Use:   "tap TOPIC",
		Short: "Print the records of a topic as they come, decoded, one JSON object a line",
		Long: "Print the records of a topic as they come, decoded, one JSON object a line; of more than --rate a second a sample, with the number of those left out on stderr.\n" +
			"What was written before the command began (--from) is read no faster than it is printed, so that nothing of it is left out. Secrets are masked; no consumer group is left behind.\n\n" +
			"--where is a condition in the language of expr-lang/expr on the value's fields: == != < <= > >=, and or not, in, contains, startsWith, endsWith, matches, any, all, none, len, lower, abs;\n" +
			"and on meta.record, meta.key, meta.partition, meta.offset, meta.time, meta.bytes, meta.headers, meta.poison and meta.tombstone.",
		Example: "  framewatch tap defects --where 'kind == \"freeze\" and value > 0.9'\n" +
			"  framewatch tap features --from 10m --key news-hd --where 'meta.record == \"StreamSecond\" and state != \"up\"'",
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error { return t.run(cmd, args[0]) },
	}
	cmd.Flags().StringVar(&t.query.Where, "where", "", "only records of which this is true")
	cmd.Flags().StringVar(&t.query.Key, "key", "", "only records of this key, such as a stream's id")
	cmd.Flags().Int32Var(&t.partition, "partition", -1, "only this partition (default: all)")
	cmd.Flags().StringVar(&t.from, "from", "", "begin with what was written then: a time such as 2026-01-02T03:04:05Z, or how long ago (default: now)")
	cmd.Flags().IntVar(&t.query.Rate, "rate", 100, "print at most so many a second")
	cmd.Flags().IntVarP(&t.number, "number", "n", 0, "end after so many (default: never)")
	cmd.Flags().BoolVar(&t.query.Raw, "raw", false, "with the first 4 KiB of each value in hexadecimal, where they hide nothing")
	return cmd
}

func (t *tapping) run(cmd *cobra.Command, name string) error {
	if _, err := knownTopic(name); err != nil {
		return usage(err)
	}
	t.query.Topic, t.query.Partition = name, t.partition
	var err error
	if t.query.From, err = instant(t.from, time.Now()); err != nil {
		return usage(fmt.Errorf("--from: %w", err))
	}
	if t.query.Rate < 1 || t.query.Rate > 10_000 || t.number < 0 || t.partition < -1 {
		return usage(errors.New("--rate is from 1 to 10000; --number and --partition are not negative"))
	}
	a, err := commandApp(cmd)
	if err != nil {
		return err
	}
	defer a.cluster.Close()
	if t.query.Key != "" {
		t.query.Lane = t.query.Key
		streams, err := current(cmd.Context(), a.cluster, topology.Streams)
		if err != nil {
			return err
		}
		if spec := streams[t.query.Key]; spec != nil {
			t.query.Lane = lane(t.query.Key, spec)
		}
	}
	return t.print(cmd, a)
}

// print prints records until there are enough, or the command is interrupted.
func (t *tapping) print(cmd *cobra.Command, a *app) error {
	out := bufio.NewWriter(cmd.OutOrStdout())
	lines := json.NewEncoder(out)
	shown, left := 0, int64(0)
	err := a.tapFor(cmd.Context(), t.query, func(l console.TapLine) error {
		if l.Count != nil && l.Count.LeftOut > left {
			fmt.Fprintf(cmd.ErrOrStderr(), "%d more are left out: --rate or --where says how many are shown\n", l.Count.LeftOut-left)
			left = l.Count.LeftOut
		}
		if l.Record == nil {
			return out.Flush()
		}
		if err := errors.Join(lines.Encode(l.Record), out.Flush()); err != nil {
			return err
		}
		if shown++; shown == t.number {
			return errTapped
		}
		return nil
	})
	var refusal console.Refusal
	switch {
	case errors.Is(err, errTapped), cmd.Context().Err() != nil:
		return nil
	case errors.As(err, &refusal):
		return usage(fmt.Errorf("--%w", err))
	}
	return err
}
