package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

// mostNamed bounds how many keys a plan names.
const mostNamed = 5

// restoring is what the flags of `topics restore` say.
type restoring struct {
	directory, by string
	names         []string
	merge, dryRun bool
}

func restoreCommand() *cobra.Command {
	var r restoring
	cmd := &cobra.Command{
		Use:   "restore DIR",
		Short: "Bring back the control topics from a backup",
		Long: "Bring back the control topics from a backup, into topics that `topics apply` has made.\n" +
			"Everything that is missing is written in one transaction: readers see all of it or, while it is at work or when it is killed, nothing; run again it goes on, and when\n" +
			"all is there it writes nothing. Each record keeps its bytes and its timestamp, and its stream's lane where the topics have another number of partitions.\n" +
			"A compacted topic that holds other keys, or other values of the same keys, is left as it is and all is refused, unless --merge says that the backup's values win\n" +
			"and that other keys stay. Stop what writes these topics meanwhile: streams and profiles are published by `run`.",
		Example: "  framewatch topics restore /backups/framewatch-2026-11-26 --dry-run",
		Args:    oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.directory = args[0]
			return r.run(cmd)
		},
	}
	topicFlag(cmd, &r.names)
	cmd.Flags().BoolVar(&r.dryRun, "dry-run", false, "only say what would be written")
	cmd.Flags().BoolVar(&r.merge, "merge", false, "write also into compacted topics that hold something else: the backup's values win, other keys stay")
	byFlag(cmd, &r.by)
	return cmd
}

func (r *restoring) run(cmd *cobra.Command) error {
	if r.by == "" {
		return usage(fmt.Errorf("--by: who does it?"))
	}
	m, topics, err := r.read()
	if err != nil {
		return usage(err)
	}
	a, err := commandApp(cmd)
	if err != nil {
		return err
	}
	defer a.cluster.Close()
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	lacking, err := a.lackingSchemas(ctx, m)
	if err != nil {
		return err
	}
	plan := func(ctx context.Context) ([]kafka.Placed, error) {
		differences, err := a.compareBackup(ctx, r.directory, m, topics)
		if err != nil {
			return nil, err
		}
		if len(lacking) > 0 {
			differences = append(differences, difference{topic: &topology.Schemas.Spec, missing: lacking})
		}
		if err := printDifferences(out, differences); err != nil {
			return nil, err
		}
		return decide(differences, r.merge, "--merge lets the backup's values win and other keys stay")
	}
	if r.dryRun {
		_, err := plan(ctx)
		return err
	}
	written := 0
	err = a.cluster.PublishAll(ctx, "topics.restore", func(ctx context.Context) ([]kafka.Placed, error) {
		missing, err := plan(ctx)
		written = len(missing)
		return missing, err
	})
	if err != nil {
		return fmt.Errorf("restore the topics: %w", err)
	}
	if written == 0 {
		fmt.Fprintln(out, "all of it is there")
		return nil
	}
	fmt.Fprintf(out, "%d records are restored\n", written)
	return a.audit(ctx, r.by, "topics restore", m.Cluster, fmt.Sprintf("%d records of the backup of %s", written, m.Made.Format("2006-01-02T15:04:05Z")), byCommand)
}

// read reads what the backup holds of the topics that are wanted.
func (r *restoring) read() (*backupManifest, []*topology.Spec, error) {
	m, err := readBackup(r.directory)
	if err != nil {
		return nil, nil, err
	}
	names := r.names
	if len(names) == 0 {
		for _, t := range m.Topics {
			names = append(names, t.Name)
		}
	}
	topics, err := chosenTopics(names)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range topics {
		if _, ok := m.topic(t.Name); !ok {
			return nil, nil, fmt.Errorf("--topic: the backup does not hold %s", t.Name)
		}
	}
	return m, topics, nil
}

// decide is what is to be written, or why nothing is and what can be done about that. merge: what the topics hold besides does not matter.
func decide(differences []difference, merge bool, remedy string) (all []kafka.Placed, err error) {
	var taken []string
	for _, d := range differences {
		all = append(all, d.missing...)
		if d.other.count+d.differing.count > 0 {
			taken = append(taken, d.topic.Name)
		}
	}
	if len(taken) > 0 && !merge {
		return nil, exitError{exitFailure, fmt.Errorf("nothing is written: %s holds something else; %s", strings.Join(taken, " and "), remedy)}
	}
	return all, nil
}

// difference is what a topic lacks of a backup.
type difference struct {
	topic *topology.Spec
	// missing is what is to be written, there how many records of the backup stand in the topic.
	missing []kafka.Placed
	there   int
	// differing keys have another value in the topic than in the backup, other keys are not in the backup. Of topics that are not compacted there are none.
	differing, other keyList
}

// keyList counts keys, and names the first.
type keyList struct {
	count int
	keys  []string
}

func (n *keyList) add(key string) {
	n.count++
	if len(n.keys) < mostNamed {
		n.keys = append(n.keys, fmt.Sprintf("%.80q", key))
	}
}

func (n keyList) String() string {
	if n.count == 0 {
		return "-"
	}
	text := fmt.Sprintf("%d: %s", n.count, strings.Join(n.keys, ", "))
	if n.count > len(n.keys) {
		text += ", ..."
	}
	return text
}

func printDifferences(w io.Writer, differences []difference) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TOPIC\tTO WRITE\tTHERE\tOTHER VALUES\tOTHER KEYS")
	for _, d := range differences {
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%s\n", d.topic.Name, len(d.missing), d.there, d.differing, d.other)
	}
	return table.Flush()
}

// compareBackup finds out what the topics lack of a backup, whose files are found whole.
func (a *app) compareBackup(ctx context.Context, directory string, m *backupManifest, topics []*topology.Spec) (all []difference, err error) {
	lanes, err := a.backupLanes(ctx, directory, m, topics)
	if err != nil {
		return nil, err
	}
	for _, t := range topics {
		kept, _ := m.topic(t.Name)
		compare := a.compareLog
		if t.Compact {
			compare = a.compareState
		}
		d, err := compare(ctx, t, func(take func(topology.Raw) error) error {
			return kept.read(directory, func(r topology.Raw) (err error) {
				if r.Partition, err = lanes.place(t, kept, r); err != nil {
					return err
				}
				return take(r)
			})
		})
		if err != nil {
			return nil, fmt.Errorf("topic %s: %w", t.Name, err)
		}
		all = append(all, d)
	}
	return all, nil
}

// compareState compares the last records of each key.
func (a *app) compareState(ctx context.Context, t *topology.Spec, kept func(take func(topology.Raw) error) error) (difference, error) {
	d := difference{topic: t}
	live, named := map[placedKey]topology.Raw{}, map[string]bool{}
	err := a.liveRecords(ctx, t, func(r topology.Raw) error {
		live[placedKey{r.Partition, string(r.Key)}] = r
		return nil
	})
	if err != nil {
		return d, err
	}
	err = kept(func(r topology.Raw) error {
		key := placedKey{r.Partition, string(r.Key)}
		named[key.key] = true
		stands, ok := live[key]
		delete(live, key)
		if ok && same(stands, r) {
			d.there++
			return nil
		}
		if ok {
			d.differing.add(key.key)
		}
		d.missing = append(d.missing, placed(t, r))
		return nil
	})
	for key := range live {
		if t != &topology.Streams.Spec || !named[key.key] {
			d.other.add(key.key)
			continue
		}
		// Its lane has changed since. A stream stands in one partition, or two edges have it.
		d.differing.add(key.key)
		d.missing = append(d.missing, kafka.Placed{Partition: key.partition, Message: topology.Streams.Tombstone(key.key)})
	}
	return d, err
}

// compareLog compares all records: as often as one stands in the backup it must stand in the topic.
func (a *app) compareLog(ctx context.Context, t *topology.Spec, kept func(take func(topology.Raw) error) error) (difference, error) {
	d := difference{topic: t}
	live := map[[sha256.Size]byte]int{}
	err := a.liveRecords(ctx, t, func(r topology.Raw) error {
		live[fingerprint(r)]++
		return nil
	})
	if err != nil {
		return d, err
	}
	err = kept(func(r topology.Raw) error {
		if f := fingerprint(r); live[f] > 0 {
			live[f]--
			d.there++
			return nil
		}
		d.missing = append(d.missing, placed(t, r))
		return nil
	})
	return d, err
}

// fingerprint tells records apart by all that they are but their offset.
func fingerprint(r topology.Raw) [sha256.Size]byte {
	text := binary.BigEndian.AppendUint32(nil, uint32(r.Partition))
	text = binary.BigEndian.AppendUint64(text, uint64(r.Time.UnixMilli()))
	parts := [][]byte{r.Key, r.Value}
	for _, h := range r.Headers {
		parts = append(parts, []byte(h[0]), []byte(h[1]))
	}
	for _, p := range parts {
		text = append(binary.BigEndian.AppendUint64(text, uint64(len(p))), p...)
	}
	return sha256.Sum256(text)
}

// placed is a record as it is to be written again.
func placed(t *topology.Spec, r topology.Raw) kafka.Placed {
	m := topology.Message{Topic: t, Key: string(r.Key), Headers: r.Headers, Time: r.Time}
	if r.Value != nil {
		// Of no bytes at all it is a value still: none would remove the key.
		m.Encode = func(_ *schemas.Contract, dst []byte) ([]byte, error) {
			return append(append([]byte{}, dst...), r.Value...), nil
		}
	}
	return kafka.Placed{Partition: r.Partition, Message: m}
}
