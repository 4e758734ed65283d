package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

func backupCommand() *cobra.Command {
	var directory string
	var names []string
	cmd := &cobra.Command{
		Use:   "backup -o DIR",
		Short: "Copy the control topics into a directory: " + strings.Join(controlTopics(), ", "),
		Long: "Copy the control topics into a directory, which must not be there yet: " + strings.Join(controlTopics(), ", ") + ".\n" +
			"Only committed records are copied, up to where the topics end now: keys, values, headers and timestamps to the byte; of compacted topics the last record of\n" +
			"each key. The directory is there when the backup is whole, readable by its owner alone: streams' URLs and models may be private. `topics restore` brings it back.",
		Example: "  framewatch topics backup -o /backups/framewatch-$(date +%F)\n  framewatch topics backup -o streams --topic streams --topic profiles",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			topics, err := chosenTopics(names)
			if err != nil {
				return usage(err)
			}
			a, err := commandApp(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			m, err := a.backUp(cmd.Context(), topics, directory)
			if err != nil {
				return fmt.Errorf("back up the topics: %w", err)
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "TOPIC\tRECORDS\tBYTES")
			for _, t := range m.Topics {
				fmt.Fprintf(table, "%s\t%d\t%d\n", t.Name, t.Records, t.Bytes)
			}
			return table.Flush()
		},
	}
	cmd.Flags().StringVarP(&directory, "output", "o", "", "the directory, which must not be there yet")
	cmd.MarkFlagRequired("output")
	topicFlag(cmd, &names)
	return cmd
}

// topicFlag chooses among the control topics.
func topicFlag(cmd *cobra.Command, names *[]string) {
	cmd.Flags().StringArrayVar(names, "topic", nil, "only this topic; may be repeated")
}

// controlTopics are the names of those that a backup holds.
func controlTopics() (names []string) {
	for _, t := range topology.Topics() {
		if t.Control {
			names = append(names, t.Name)
		}
	}
	return names
}

// chosenTopics are the control topics of these names; all without any.
func chosenTopics(names []string) (topics []*topology.Spec, err error) {
	if len(names) == 0 {
		names = controlTopics()
	}
	for _, name := range names {
		t, err := knownTopic(name)
		if err != nil {
			return nil, fmt.Errorf("--topic: %w", err)
		}
		if !t.Control {
			return nil, fmt.Errorf("--topic: a backup holds control topics (%s), and %s is none: see `framewatch export`", strings.Join(controlTopics(), ", "), name)
		}
		if !slices.Contains(topics, t) {
			topics = append(topics, t)
		}
	}
	return topics, nil
}

// backUp makes the directory of a backup. It has another name until it is whole.
func (a *app) backUp(ctx context.Context, topics []*topology.Spec, directory string) (m *backupManifest, err error) {
	directory = filepath.Clean(directory) // of one that ends in a slash the name is not the last part
	if _, err := os.Lstat(directory); err == nil {
		return nil, usage(fmt.Errorf("%s is there already: name another directory", directory))
	}
	unfinished, err := os.MkdirTemp(filepath.Dir(directory), filepath.Base(directory)+".unfinished-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(unfinished)
	m = &backupManifest{Format: backupFormat, Version: version(), Made: time.Now().UTC(), Schemas: map[uint32]string{}}
	if m.Cluster, err = a.cluster.ID(ctx); err != nil {
		return nil, err
	}
	for _, t := range topics {
		kept, err := a.backUpTopic(ctx, t, unfinished, m.Schemas)
		if err != nil {
			return nil, fmt.Errorf("topic %s: %w", t.Name, err)
		}
		m.Topics = append(m.Topics, kept)
	}
	if err := m.store(unfinished); err != nil {
		return nil, err
	}
	if err := syncFolder(unfinished); err != nil {
		return nil, err
	}
	if err := os.Rename(unfinished, directory); err != nil {
		return nil, err
	}
	return m, syncFolder(filepath.Dir(directory))
}

// backUpTopic writes the file of one topic, and notes the schemas of its values.
func (a *app) backUpTopic(ctx context.Context, t *topology.Spec, directory string, schemas map[uint32]string) (backupTopic, error) {
	w, err := createBackup(directory, t)
	if err != nil {
		return backupTopic{}, err
	}
	w.about.Partitions = a.cluster.PartitionsOf(t)
	err = a.liveRecords(ctx, t, func(r topology.Raw) error {
		if err := a.noteSchema(ctx, r.Value, schemas); err != nil {
			return err
		}
		return w.append(r)
	})
	err = errors.Join(err, w.finish())
	return w.about, err
}

// liveRecords hands over what stands in a topic now, in order within each partition: of a compacted one the last record of each key.
func (a *app) liveRecords(ctx context.Context, t *topology.Spec, take func(topology.Raw) error) error {
	ends, err := a.cluster.Ends(ctx, t)
	if err != nil {
		return fmt.Errorf("ask where it ends: %w", err)
	}
	if want := a.cluster.PartitionsOf(t); int32(len(ends)) != want {
		return fmt.Errorf("it has %d partitions, not %d as features has: what stands in the others would be left out (framewatch doctor --only \"kafka topics\")", len(ends), want)
	}
	if !t.Compact {
		err = kafka.Watch(ctx, a.cluster, t, kafka.ReadOptions{Bounded: true}, take)
		return cmp.Or(err, ctx.Err())
	}
	latest := map[placedKey]topology.Raw{}
	err = kafka.Watch(ctx, a.cluster, t, kafka.ReadOptions{Bounded: true}, func(r topology.Raw) error {
		key := placedKey{r.Partition, string(r.Key)}
		if r.Value == nil {
			delete(latest, key)
			return nil
		}
		latest[key] = r
		return nil
	})
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	records := make([]topology.Raw, 0, len(latest))
	for _, r := range latest {
		records = append(records, r)
	}
	slices.SortFunc(records, func(a, b topology.Raw) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	for _, r := range records {
		if err := take(r); err != nil {
			return err
		}
	}
	return nil
}

// placedKey is a key in a partition: another partition may hold the same.
type placedKey struct {
	partition int32
	key       string
}

// noteSchema notes the schema that a value was written with. What is no value of ours is kept as it is.
func (a *app) noteSchema(ctx context.Context, value []byte, known map[uint32]string) error {
	id, err := schemas.WireID(value)
	if err != nil || known[id] != "" {
		return nil
	}
	if err := a.cluster.Learn(ctx, value); err != nil {
		return err
	}
	if text, ok := a.contract.Text(id); ok {
		known[id] = text
	}
	return nil
}

// lackingSchemas are those of a backup that are unknown here, to be written for all to read. It is an error when a value of the backup would be read with another schema than it was
// written with, or with none.
func (a *app) lackingSchemas(ctx context.Context, m *backupManifest) (lacking []kafka.Placed, err error) {
	for _, id := range slices.Sorted(maps.Keys(m.Schemas)) {
		text := m.Schemas[id]
		if err := a.cluster.Learn(ctx, binary.BigEndian.AppendUint32([]byte{0}, id)); err != nil {
			return nil, err
		}
		_, known := a.contract.Text(id)
		own, err := schemas.BakedIDOf(text)
		if err != nil {
			return nil, fmt.Errorf("schema id %d: %w", id, err)
		}
		const remedy = "its ids come from another schema registry: restore that registry's own topic first, and name it in kafka.registry"
		if !known && (own != id || a.config.Kafka.Registry.URL != "") {
			return nil, fmt.Errorf("the backup has values of schema id %d, which is unknown here: %s", id, remedy)
		}
		if err := a.contract.Learn(id, text); err != nil {
			return nil, fmt.Errorf("the backup has values of another schema id %d than there is here: %s", id, remedy)
		}
		if !known {
			lacking = append(lacking, kafka.Placed{Message: topology.Schemas.Message(strconv.FormatUint(uint64(id), 10), &schemas.WriterSchema{Text: text, Release: m.Version})})
		}
	}
	return lacking, nil
}

// same tells whether two records hold the same; when they were written does not matter.
func same(a, b topology.Raw) bool {
	return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value) && (a.Value == nil) == (b.Value == nil) && slices.Equal(a.Headers, b.Headers)
}
