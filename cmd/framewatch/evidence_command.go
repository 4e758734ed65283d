package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
	"github.com/framewatch/framewatch/topology/kafka"
)

func evidenceCommand() *cobra.Command {
	return group("evidence", "List what is stored of defects, mark it to be kept, or drop it",
		evidenceListCommand(),
		evidenceChangeCommand("keep ID...", "Exempt the evidence of defects from retention", func(id string, e schemas.Evidence) topology.Message {
			e.Keep = true
			return topology.Evidence.Message(id, &e)
		}),
		evidenceChangeCommand("release ID...", "Let retention end the evidence of defects again", func(id string, e schemas.Evidence) topology.Message {
			e.Keep = false
			return topology.Evidence.Message(id, &e)
		}),
		evidenceChangeCommand("drop ID...", "End the evidence of defects at once, also what is kept", func(id string, _ schemas.Evidence) topology.Message {
			return topology.Evidence.Tombstone(id)
		}))
}

func evidenceListCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List what is stored, the oldest first",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, all, err := currentEvidence(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			if output == "table" {
				fmt.Fprintln(table, "DEFECT\tSTREAM\tSTART\tSECONDS\tBYTES\tKEEP\tURI")
			}
			for _, r := range all {
				e := r.Value
				if output == "json" {
					line := map[string]any{"defect": r.Key, "stream": e.Stream, "uri": e.URI, "content_type": e.ContentType, "start": e.Start, "end": e.End,
						"bytes": e.Bytes, "sha256": hex.EncodeToString(e.SHA256[:]), "keep": e.Keep}
					if e.Filmstrip != nil {
						line["filmstrip"] = e.Filmstrip.URI
					}
					if err := json.NewEncoder(cmd.OutOrStdout()).Encode(line); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%.1f\t%d\t%v\t%s\n", r.Key, e.Stream, time.UnixMicro(e.Start).UTC().Format(time.RFC3339), float64(e.End-e.Start)/1e6, e.Bytes, e.Keep, e.URI)
			}
			return table.Flush()
		},
	}
	outputFlag(cmd, &output, "json (one object a line and defect) or table")
	return cmd
}

// evidenceChangeCommand writes, for each defect named, what change makes of its evidence.
func evidenceChangeCommand(use, short string, change func(id string, e schemas.Evidence) topology.Message) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  someArgs,
		RunE: func(cmd *cobra.Command, ids []string) error {
			a, all, err := currentEvidence(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			for _, id := range ids {
				i := slices.IndexFunc(all, func(r topology.Record[schemas.Evidence]) bool { return r.Key == id })
				if i < 0 {
					return fmt.Errorf("nothing is stored of the defect %q: framewatch evidence list shows what is", id)
				}
				if err := a.cluster.Publish(cmd.Context(), all[i].Partition, change(id, *all[i].Value)); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// currentEvidence dials the log and reads what is stored, the oldest first. The caller closes the cluster.
func currentEvidence(cmd *cobra.Command) (*app, []topology.Record[schemas.Evidence], error) {
	a, err := commandApp(cmd)
	if err != nil {
		return nil, nil, err
	}
	type place struct {
		partition int32
		id        string
	}
	now := map[place]topology.Record[schemas.Evidence]{}
	err = kafka.Read(cmd.Context(), a.cluster, topology.Evidence, kafka.ReadOptions{Bounded: true}, func(_ context.Context, r topology.Record[schemas.Evidence]) error {
		if at := (place{r.Partition, r.Key}); r.Value == nil {
			delete(now, at)
		} else {
			now[at] = r
		}
		return nil
	})
	if err != nil {
		a.cluster.Close()
		return nil, nil, err
	}
	return a, slices.SortedFunc(maps.Values(now), func(x, y topology.Record[schemas.Evidence]) int {
		return cmp.Or(cmp.Compare(x.Value.Start, y.Value.Start), cmp.Compare(x.Key, y.Key))
	}), nil
}
