package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/replay"
)

func verdictsAddCommand() *cobra.Command {
	var o opinion
	var start, end string
	cmd := &cobra.Command{
		Use:   "add [DEFECT] confirmed|false_alarm|missed",
		Short: "Say that a defect was right or a false alarm, or that a fault was missed",
		Long: "Say that a defect was right (confirmed) or a false alarm. Stream, kind and span are the defect's; --start and --end correct the span.\n" +
			"Without a defect it is said of a stretch of a stream, with --stream, --kind, --start and --end: missed is a fault that nothing was told of.\n" +
			"Saying it again replaces what the same author said before of the same defect or stretch.",
		Example: `  framewatch verdicts add 00c5bd5b2d2bdba1c2b1ad0a1d1b1b2a false_alarm --note "dark scene"
  framewatch verdicts add missed --stream news-hd --kind black --start 2026-01-02T03:04:05Z --end 2026-01-02T03:04:09Z`,
		Args: counted(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.Label = args[len(args)-1]; len(args) == 2 {
				o.Defect = args[0]
			} else if !slices.Contains(replay.VerdictLabels, o.Label) && o.Stream == "" {
				return usage(fmt.Errorf("what is to be said of %.40q? Add one of %s", o.Label, strings.Join(replay.VerdictLabels, ", ")))
			}
			now := time.Now()
			if o.Start, err = instant(start, now); err != nil {
				return usage(fmt.Errorf("--start: %w", err))
			}
			if o.End, err = instant(end, now); err != nil {
				return usage(fmt.Errorf("--end: %w", err))
			}
			if err := o.checkTexts(); err != nil {
				return inFlags(err)
			}
			a, err := commandApp(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			v, err := a.judge(cmd.Context(), o, "command line")
			if err != nil {
				return inFlags(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s of %s, %s, %.1f s\n", v.Label, v.Kind, printable(v.Stream), utc(time.UnixMicro(v.Start)), float64(v.End-v.Start)/1e6)
			return nil
		},
	}
	cmd.Flags().StringVar(&o.Stream, "stream", "", "the stream")
	cmd.Flags().StringVar(&o.Kind, "kind", "", "what was bad, e.g. black")
	cmd.Flags().StringVar(&start, "start", "", "since when it was bad: RFC 3339, or a duration before now such as 90s")
	cmd.Flags().StringVar(&end, "end", "", "until when it was bad, in the same form")
	cmd.Flags().StringVar(&o.Note, "note", "", "what is to be said to it")
	byFlag(cmd, &o.Author)
	return cmd
}

// inFlags names the flag that a wrong field came from.
func inFlags(err error) error {
	var field *fieldError
	if !errors.As(err, &field) {
		return err
	}
	switch field.field {
	case "label", "defect":
		return usage(field)
	case "author":
		return usage(fmt.Errorf("--by: %s", field.reason))
	}
	return usage(fmt.Errorf("--%s: %s", field.field, field.reason))
}
