package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// generating is what the flags of `topics generation` say.
type generating struct {
	partitions int32
	prefix, by string
	execute    bool
}

func generationCommand() *cobra.Command {
	var g generating
	cmd := &cobra.Command{
		Use:   "generation",
		Short: "Plan or make a new generation of the topics, with another number of partitions",
		Long: "Plan or make a new generation of the topics, with another number of partitions. The configuration names the generation that there is.\n\n" +
			"With another number of partitions nearly every stream has another place, so partitions are never added to the topics that there are: topics of another prefix\n" +
			"are made, and what people have set and said, what the notifier has told, and the last event of each defect are written there by the streams' lanes, in one\n" +
			"transaction. The topics that there are stay as they are: they can be replayed and gone back to. docs/partitions.md tells of the steps and how many to choose.\n\n" +
			"Without --execute nothing is changed. With it ingest, detectors and notifiers must have been stopped.",
		Example: "  framewatch topics generation -c framewatch.yaml --partitions 96 --prefix framewatch.g2.",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := commandApp(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			return g.run(cmd, a)
		},
	}
	cmd.Flags().Int32Var(&g.partitions, "partitions", 0, "how many partitions the new topics have")
	cmd.Flags().StringVar(&g.prefix, "prefix", "", "what stands before the names of the new topics, such as framewatch.g2.")
	cmd.Flags().BoolVar(&g.execute, "execute", false, "make the topics and write into them")
	byFlag(cmd, &g.by)
	return cmd
}

func (g *generating) run(cmd *cobra.Command, a *app) error {
	switch {
	case g.partitions < 1:
		return usage(errors.New("--partitions: how many?"))
	case g.prefix == "" || g.prefix == a.config.Kafka.Prefix:
		return usage(fmt.Errorf("--prefix: the new topics need another than %q (framewatch.g2. is one)", a.config.Kafka.Prefix))
	case g.execute && g.by == "":
		return usage(errors.New("--by: who does it?"))
	}
	config := a.config
	config.Kafka.Prefix, config.Kafka.Partitions, config.Kafka.LooksOnly = g.prefix, g.partitions, !g.execute
	next, err := newApp(config, cmd.ErrOrStderr())
	if err == nil {
		err = next.dial(cmd.Context())
	}
	if err != nil {
		return err
	}
	defer next.cluster.Close()
	if has := next.cluster.Partitions(); has != g.partitions {
		return fmt.Errorf("the topics of %s have %d partitions already, not %d: choose another prefix", g.prefix, has, g.partitions)
	}
	s := &succession{old: a, next: next, schemas: map[uint32]string{}}
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	if err := s.describe(ctx, out); err != nil {
		return err
	}
	working, err := s.working(ctx)
	if err != nil {
		return err
	}
	if !g.execute {
		return s.tellSteps(ctx, out, working)
	}
	if len(working) > 0 {
		return fmt.Errorf("nothing is changed: %s", strings.Join(working, "; "))
	}
	return s.execute(ctx, out, g.by)
}

// succession is one generation of the topics taking the place of another.
type succession struct {
	old, next *app
	// lanes are those of the streams, by id.
	lanes *backupLanes
	// schemas are those that values were written with, by their ids on the wire; lacking are those of them that are to be written for who reads the next generation.
	schemas map[uint32]string
	lacking []kafka.Placed
}

// learn has the next generation read what a value of the old one was written with.
func (s *succession) learn(ctx context.Context, value []byte) error {
	before := len(s.schemas)
	if err := s.old.noteSchema(ctx, value, s.schemas); err != nil || len(s.schemas) == before {
		return err
	}
	id, err := schemas.WireID(value)
	if err != nil {
		return err
	}
	lacking, err := s.next.lackingSchemas(ctx, &backupManifest{Version: version(), Schemas: map[uint32]string{id: s.schemas[id]}})
	s.lacking = append(s.lacking, lacking...)
	return err
}

// handed are the topics whose records are written into the next generation: what is not measured anew, and the last event of each defect.
func handed() (topics []*topology.Spec) {
	for _, t := range topology.Topics() {
		if t.Control || t == &topology.DefectsLatest.Spec {
			topics = append(topics, t)
		}
	}
	return topics
}

// describe tells what the next generation means for the streams.
func (s *succession) describe(ctx context.Context, out io.Writer) error {
	s.lanes = newBackupLanes(s.next)
	err := s.old.liveRecords(ctx, &topology.Streams.Spec, func(r topology.Raw) error {
		if err := s.learn(ctx, r.Value); err != nil {
			return err
		}
		return s.lanes.learn(ctx, r)
	})
	if err != nil {
		return err
	}
	before, after := s.old.cluster.Partitions(), s.next.cluster.Partitions()
	moved := 0
	for _, lane := range s.lanes.of {
		if kafka.PartitionAmong(lane, before) != kafka.PartitionAmong(lane, after) {
			moved++
		}
	}
	lanes := maps.Values(s.lanes.of)
	fmt.Fprintf(out, "topics      %s* with %d partitions -> %s* with %d\n", s.old.config.Kafka.Prefix, before, s.next.config.Kafka.Prefix, after)
	fmt.Fprintf(out, "streams     %d, of which %d have another partition then\n", len(s.lanes.of), moved)
	_, err = fmt.Fprintf(out, "fullest     %.2f times the mean -> %.2f times\n", kafka.Skew(lanes, before), kafka.Skew(lanes, after))
	return err
}

// working says what of the old generation is still at work or not done.
func (s *succession) working(ctx context.Context) (reasons []string, err error) {
	for _, stage := range []struct {
		name  string
		reads *topology.Spec
	}{{"ingest", &topology.Streams.Spec}, {"detector", &topology.Features.Spec}, {"notifier", &topology.NotifierState.Spec}} {
		members, err := s.old.cluster.Members(ctx, topology.StageNamed(stage.name).Group, stage.reads)
		if err != nil {
			return nil, err
		}
		if len(members) > 0 {
			reasons = append(reasons, fmt.Sprintf("%d members of %s are at work: stop them", len(members), stage.name))
		}
	}
	left, err := s.unfolded(ctx)
	if left > 0 {
		reasons = append(reasons, fmt.Sprintf("%d records of features are not folded: stop ingest first, and the detectors when they have folded all", left))
	}
	return reasons, err
}

// unfolded counts the measurements that the detectors have not folded. Ticks and settings after them are of the detectors themselves.
func (s *succession) unfolded(ctx context.Context) (left int, err error) {
	group := topology.StageNamed("detector").Group
	committed, err := s.old.cluster.Committed(ctx, group, &topology.Features.Spec)
	if err != nil {
		return 0, err
	}
	since, err := s.old.cluster.Waiting(ctx, group, &topology.Features.Spec)
	if err != nil {
		return 0, err
	}
	for p := range s.old.cluster.Partitions() {
		from, known := since[p]
		if known && from.IsZero() {
			continue
		}
		options := kafka.ReadOptions{Bounded: true, Partitions: []int32{p}, From: from}
		err := kafka.Watch(ctx, s.old.cluster, &topology.Features.Spec, options, func(r topology.Raw) error {
			if r.Key != nil && r.Offset >= committed[p] {
				left++
			}
			return nil
		})
		if err = errors.Join(err, ctx.Err()); err != nil {
			return left, err
		}
	}
	return left, nil
}

// tellSteps tells what is to be done.
func (s *succession) tellSteps(ctx context.Context, out io.Writer, working []string) error {
	changes, err := s.next.cluster.Plan(ctx)
	if err != nil {
		return err
	}
	for _, c := range changes {
		fmt.Fprintln(out, c)
	}
	for _, t := range handed() {
		count := 0
		if err := s.old.liveRecords(ctx, t, func(r topology.Raw) error { count++; return s.learn(ctx, r.Value) }); err != nil {
			return fmt.Errorf("topic %s: %w", t.Name, err)
		}
		fmt.Fprintf(out, "write  %-32s %d records\n", s.next.config.Kafka.Prefix+t.Name, count)
	}
	if len(s.lacking) > 0 {
		fmt.Fprintf(out, "write  %-32s %d records\n", s.next.config.Kafka.Prefix+topology.Schemas.Name, len(s.lacking))
	}
	for _, reason := range working {
		fmt.Fprintln(out, "first  "+reason)
	}
	_, err = fmt.Fprintln(out, "nothing is changed: --execute does it")
	return err
}

// execute makes the topics and writes what they lack, all of it or nothing. Done again it writes nothing.
func (s *succession) execute(ctx context.Context, out io.Writer, by string) error {
	if _, err := s.next.cluster.Apply(ctx); err != nil {
		return err
	}
	written := 0
	err := s.next.cluster.PublishAll(ctx, "topics.generation", func(ctx context.Context) ([]kafka.Placed, error) {
		missing, err := s.missing(ctx, out)
		written = len(missing)
		return missing, err
	})
	if err != nil {
		return fmt.Errorf("write the next generation: %w", err)
	}
	if written == 0 {
		_, err := fmt.Fprintln(out, "all of it is there")
		return err
	}
	target := s.next.config.Kafka.Prefix
	fmt.Fprintf(out, "%d records are written: set kafka.prefix to %s and kafka.partitions to %d, and start the targets\n", written, target, s.next.cluster.Partitions())
	return s.next.audit(ctx, by, "topics generation", target, fmt.Sprintf("%d records of %s*", written, s.old.config.Kafka.Prefix), byCommand)
}

// missing is what the next generation lacks. It is an error when it holds something else.
func (s *succession) missing(ctx context.Context, out io.Writer) (all []kafka.Placed, err error) {
	var differences []difference
	for _, t := range handed() {
		compare := s.next.compareLog
		if t.Compact {
			compare = s.next.compareState
		}
		d, err := compare(ctx, t, func(take func(topology.Raw) error) error {
			return s.old.liveRecords(ctx, t, func(r topology.Raw) error {
				if err := s.hand(ctx, t, &r); err != nil {
					return err
				}
				return take(r)
			})
		})
		if err != nil {
			return nil, fmt.Errorf("topic %s: %w", t.Name, err)
		}
		differences = append(differences, d)
	}
	if len(s.lacking) > 0 {
		differences = append(differences, difference{topic: &topology.Schemas.Spec, missing: s.lacking})
	}
	if err := printDifferences(out, differences); err != nil {
		return nil, err
	}
	return decide(differences, false, "choose another --prefix")
}

// hand gives a record its place in the next generation. An event there stands before the first record of features: none of them has caused it, and none of
// them is too early to open another defect.
func (s *succession) hand(ctx context.Context, t *topology.Spec, r *topology.Raw) (err error) {
	if err := s.learn(ctx, r.Value); err != nil {
		return err
	}
	if !t.Single {
		if r.Partition, err = s.lanes.place(t, backupTopic{}, *r); err != nil {
			return err
		}
	}
	if t != &topology.DefectsLatest.Spec {
		return nil
	}
	ev := new(schemas.DefectEvent)
	if err := schemas.Decode(s.next.contract, topology.DefectsLatest.Value, r.Value, ev); err != nil {
		s.next.log.Warn("the last event of a defect cannot be read: it comes along as it is", "defect", fmt.Sprintf("%.80s", r.Key), "error", err)
		return nil
	}
	ev.Offset = -1
	r.Value, err = schemas.Append(s.next.contract, topology.DefectsLatest.Value, nil, ev)
	return err
}
