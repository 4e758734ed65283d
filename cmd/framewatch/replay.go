package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/topology"
)

// stretch is the part of the log that the flags of a command name.
type stretch struct{ from, to string }

func (s *stretch) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.from, "from", "", "begin at this time of writing: RFC 3339, or a duration before now such as 1h (default: the start of the log)")
	cmd.Flags().StringVar(&s.to, "to", "", "end before this time, in the same form (default: now)")
}

// span reads the flags.
func (s *stretch) span(now time.Time) (replay.Range, error) {
	from, err := instant(s.from, now)
	if err != nil {
		return replay.Range{}, usage(fmt.Errorf("--from: %w", err))
	}
	to, err := instant(s.to, now)
	if err != nil {
		return replay.Range{}, usage(fmt.Errorf("--to: %w", err))
	}
	return replay.Range{From: from, To: to}, nil
}

// instant is a point in time, absolute or before now; empty is the zero time.
func instant(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%q is neither a time such as 2026-11-23T20:15:00Z nor a duration such as 90m", text)
	}
	return at, nil
}

// source is a topic as replay reads it.
func (a *app) source(topic string) (replay.Source, error) {
	encryption, password, err := a.config.Kafka.Credentials()
	if err != nil {
		return replay.Source{}, err
	}
	k := a.config.Kafka
	return replay.Source{Topic: k.Prefix + topic, Learn: a.cluster.Learn, Cluster: replay.Cluster{
		Brokers: k.Brokers, TLS: encryption, Mechanism: k.SASL.Mechanism, User: k.SASL.User, Password: password,
	}}, nil
}

func replayCommand() *cobra.Command {
	var span stretch
	var rules, output string
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Run the detector over the recorded features again and print the defects' events",
		Long: "Run the detector over the recorded features again, with the rules that were in force, and print the events of the defects, one JSON object a line.\n" +
			"They equal the live ones. Nothing is written to the log, and no consumer group is left behind.\n" +
			"With --rules it tells what other rules would have told: which of the recorded defects that began in the range would be added, removed or moved,\n" +
			"and what people say of them by their verdicts. A profile that the file does not have stays as recorded; what is usual for a stream is learned anew from the range on. Exit code 3 says that there is a difference.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkTry(rules, output, cmd.Flags().Changed("output")); err != nil {
				return err
			}
			within, err := span.span(time.Now())
			if err != nil {
				return err
			}
			a, err := commandApp(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			if rules != "" {
				return a.tryRules(cmd.Context(), cmd.OutOrStdout(), rules, within, output)
			}
			features, err := a.source(topology.Features.Name)
			if err != nil {
				return err
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			encoder := json.NewEncoder(out)
			err = replay.Detect(cmd.Context(), features, within, a.contract, a.log, func(_ int32, o detector.Output) error {
				if o.Defect == nil {
					return nil
				}
				return encoder.Encode(o.Defect)
			})
			return errors.Join(err, out.Flush())
		},
	}
	span.flags(cmd)
	cmd.Flags().StringVar(&rules, "rules", "", "a configuration file whose profiles are tried instead of those that were in force")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "with --rules: table, or json, one object a change and a line")
	return cmd
}

func knownTopic(name string) (*topology.Spec, error) {
	var names []string
	for _, t := range topology.Topics() {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return nil, fmt.Errorf("the topic %q is unknown%s", name, catalogue.Suggest(name, names))
}
