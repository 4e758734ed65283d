package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/replay"
	"github.com/framewatch/framewatch/schemas"
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
	credentials, err := a.config.Kafka.Credentials()
	if err != nil {
		return replay.Source{}, err
	}
	k := a.config.Kafka
	return replay.Source{Topic: k.Prefix + topic, Learn: a.cluster.Learn, Cluster: replay.Cluster{
		Brokers: k.Brokers, TLS: credentials.TLS, Mechanism: k.SASL.Mechanism, User: k.SASL.User, Password: credentials.Password, Token: credentials.Token,
	}}, nil
}

// replaying is what the flags of `replay` say.
type replaying struct {
	selecting
	rules, output string
	models        triedModels
	// path of an export; empty: the log.
	path string
	// publish is the topic that the events are written to; empty: they are printed. again says that it may hold some.
	publish string
	again   bool
}

func replayCommand() *cobra.Command {
	var x replaying
	cmd := &cobra.Command{
		Use:   "replay [DIRECTORY|FILE]",
		Short: "Run the detector over recorded features again and print the defects' events",
		Long: "Run the detector over recorded features again, with the rules that were in force, and print the events of the defects, one JSON object a line:\n" +
			"those on the log, or those in the files of an export (framewatch export features --format avro -o DIRECTORY; NDJSON and Parquet do as well).\n" +
			"On the log they equal the live ones, whatever part of it is selected: what the detector must have seen before is read with its output muted, and\n" +
			"what it had told before is taken from the log. From the middle of an export, which holds nothing of that, defects that were open before are\n" +
			"known only as far as they can still be seen. Nothing is written to the log, and no consumer group is left behind.\n" +
			"With --rules or --model it tells what other rules or models would have told: which of the recorded defects that began in the range would be added, removed or moved,\n" +
			"and what people say of them by their verdicts. A profile that the file does not have stays as recorded; what is usual for a stream is learned anew from the range on. Exit code 3 says that there is a difference.\n" +
			"With --publish-to the events are written to a topic, in their partitions and with the keys and headers of live ones, all in one transaction:\n" +
			"when it is broken off nothing stands there, and the same command begins again. With --rules or --model as well, they are those that the others tell.",
		Example: "  framewatch replay --from 1h --stream 'news-*'\n" +
			"  framewatch replay --defect 0123456789abcdef0123456789abcdef --before 30s\n" +
			"  framewatch replay features --rules candidate.yaml\n" +
			"  framewatch replay --from 24h --rules candidate.yaml --publish-to defects.candidate",
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				x.path = args[0]
			}
			return x.run(cmd)
		},
	}
	x.selecting.flags(cmd)
	cmd.Flags().StringVar(&x.rules, "rules", "", "a configuration file whose profiles are tried instead of those that were in force")
	cmd.Flags().Var(&x.models, "model", "a version of a model that is tried instead of the one that was in force, NAME@VERSION; may be repeated")
	cmd.Flags().StringVar(&x.publish, "publish-to", "", "a topic, named without the prefix and none of Framewatch's own, to write the events to; it is made if there is none")
	cmd.Flags().BoolVar(&x.again, "append", false, "with --publish-to: also to a topic that is not empty")
	cmd.Flags().StringVarP(&x.output, "output", "o", "table", "with --rules or --model: table, or json, one object a change and a line")
	return cmd
}

func (x *replaying) run(cmd *cobra.Command) error {
	if err := checkTry(x.tries(), x.output, cmd.Flags().Changed("output")); err != nil {
		return err
	}
	p, err := x.selecting.part(&topology.Features.Spec)
	if err = cmp.Or(err, x.check()); err != nil {
		return usage(err)
	}
	a, d, err := x.open(cmd, p)
	if err != nil {
		return err
	}
	if a.cluster != nil {
		defer a.cluster.Close()
	}
	begun := time.Now()
	var folded replay.Folded
	if x.publish != "" {
		folded, err = x.republish(cmd.Context(), cmd.OutOrStdout(), a, d)
	} else if x.tries() {
		folded, err = x.tryOthers(cmd.Context(), cmd.OutOrStdout(), a, d, p)
	} else {
		folded, err = printEvents(cmd.Context(), cmd.OutOrStdout(), d)
	}
	if folded.Records > 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), paceWords(folded, time.Since(begun)))
	}
	return err
}

// tries tells whether other rules or models are tried.
func (x *replaying) tries() bool { return x.rules != "" || len(x.models) > 0 }

// change finds the rules and the models that are tried, and is what they make of a Setting.
func (x *replaying) change(ctx context.Context, a *app) (func(*schemas.Setting), error) {
	rules := func(*schemas.Setting) {}
	if x.rules != "" {
		other, err := a.otherRules(ctx, x.rules)
		if err != nil {
			return nil, err
		}
		rules = other.change
	}
	if err := x.models.find(ctx, a); err != nil {
		return nil, fmt.Errorf("--model: %w", err)
	}
	return func(s *schemas.Setting) {
		rules(s)
		x.models.change(s)
	}, nil
}

// check looks at which flags go together.
func (x *replaying) check() error {
	switch {
	case x.publish != "" && !topicName.MatchString(x.publish):
		return fmt.Errorf("--publish-to: %.60q is no name of a topic: up to 200 letters, digits, ., _ and -", x.publish)
	case x.publish != "" && isOurs(x.publish):
		return fmt.Errorf("--publish-to: %s is one of Framewatch's own topics: choose another name, such as defects.candidate", x.publish)
	case x.again && x.publish == "":
		return errors.New("--append is for --publish-to")
	case x.publish != "" && x.output != "table":
		return errors.New("--output: with --publish-to no difference is told")
	case x.tries() && x.publish == "" && len(x.offsets) > 0:
		return errors.New("--offsets: with --rules or --model, name times by --from and --to")
	case x.path == "":
		return nil
	case len(x.models) > 0 && x.publish == "":
		return errors.New("--model is for the log, where the models are, not for exported files")
	case x.defect != "" || x.rate != 0:
		return errors.New("--defect and --rate are for the log, not for exported files")
	case len(x.conditions) > 0:
		return errors.New("--stream: of exported files, name the streams' ids: labels are looked up on the log")
	}
	return nil
}

// open is what is to be replayed, with all that is known of it.
func (x *replaying) open(cmd *cobra.Command, p *part) (*app, replay.Detection, error) {
	d := replay.Detection{Range: p.Range, Selection: p.Selection}
	if x.path != "" {
		config, err := commandConfig(cmd)
		if err != nil {
			return nil, d, err
		}
		a, err := newApp(config, cmd.ErrOrStderr())
		if err == nil && x.publish != "" {
			a, err = commandApp(cmd)
		}
		if err != nil {
			return nil, d, err
		}
		files, err := replay.OpenFiles(x.path, a.contract)
		if err == nil {
			err = files.Only(p.partitions)
		}
		if err != nil && a.cluster != nil {
			a.cluster.Close()
		}
		if err != nil {
			return nil, d, fmt.Errorf("replay: %w", err)
		}
		d.Records, d.Contract, d.Log = files, a.contract, a.log
		if a.cluster != nil {
			d.Model = a.modelFinder(cmd.Context())
		}
		return a, d, nil
	}
	a, err := commandApp(cmd)
	if err != nil {
		return nil, d, err
	}
	err = x.recorded(cmd.Context(), a, p, &d)
	if err != nil {
		a.cluster.Close()
	}
	return a, d, err
}

// recorded makes the detection one of the log.
func (x *replaying) recorded(ctx context.Context, a *app, p *part, d *replay.Detection) error {
	if err := x.lookUp(ctx, a, p); err != nil {
		return err
	}
	features, err := a.source(topology.Features.Name)
	if err != nil {
		return err
	}
	past := &replay.Past{Contract: a.contract}
	if past.Defects, err = a.source(topology.Defects.Name); err != nil {
		return err
	}
	if past.Health, err = a.source(topology.Health.Name); err != nil {
		return err
	}
	features.Partitions, features.Rate = p.partitions, p.rate
	*d = replay.Detection{Records: features, Range: p.Range, Selection: p.Selection, Contract: a.contract, Log: a.log, Past: past, Model: a.modelFinder(ctx)}
	return nil
}

// printEvents writes each event of a defect as a line of JSON.
func printEvents(ctx context.Context, w io.Writer, d replay.Detection) (replay.Folded, error) {
	out := bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	folded, err := d.Run(ctx, func(_ int32, o detector.Output) error {
		if o.Defect == nil {
			return nil
		}
		return encoder.Encode(o.Defect)
	})
	return folded, errors.Join(err, out.Flush())
}

// paceWords say how fast records were folded. Real time is that of the stretch of the streams' time that they are about; all of its streams were
// folded in that time.
func paceWords(f replay.Folded, took time.Duration) string {
	seconds := max(took.Seconds(), 1e-6)
	return fmt.Sprintf("replayed %d records, %s seconds of streams over %s s, in %.2f s: %s times real time, %s seconds of streams a second",
		f.Records, figure(float64(f.Seconds), 0), figure(f.Span().Seconds(), 0), took.Seconds(), figure(f.Span().Seconds()/seconds, 0), figure(float64(f.Seconds)/seconds, 0))
}

// isOurs tells whether a topic is one of the topology's, by its name with or without the prefix.
func isOurs(name string) bool {
	return slices.ContainsFunc(topology.Topics(), func(t *topology.Spec) bool { return t.Name == name || strings.HasSuffix(name, "."+t.Name) })
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
