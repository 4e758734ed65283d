package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/detector/model"
)

func modelCommand() *cobra.Command {
	return group("model", "Learned models: list, show, publish, promote and roll back, and make what they are trained on",
		modelListCommand(), modelShowCommand(), modelPublishCommand(), modelPromoteCommand(), modelRollbackCommand(), modelRowsCommand())
}

func modelListCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the versions of all models: those that are published, and those that come with the program",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, all, err := commandModels(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			return all.print(cmd.OutOrStdout(), output)
		},
	}
	outputFlag(cmd, &output, "json (one object a line and version) or table")
	return cmd
}

// commandModels dials the log and reads the models. The caller closes the cluster.
func commandModels(cmd *cobra.Command) (*app, models, error) {
	a, err := commandApp(cmd)
	if err != nil {
		return nil, nil, err
	}
	all, err := a.currentModels(cmd.Context())
	if err != nil {
		a.cluster.Close()
		return nil, nil, err
	}
	return a, all, nil
}

func (all models) print(w io.Writer, output string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if output == "table" {
		fmt.Fprintln(table, "MODEL\tVERSION\tKIND\tIN FORCE\tPUBLISHED\tFEATURES\tBYTES\tSHA256")
	}
	for _, m := range all {
		if output == "json" {
			if err := json.NewEncoder(w).Encode(m.json()); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\t%d\t%x\n", m.name, m.Version, printable(m.Kind), yes(m.inForce), m.published(), printable(m.Features), len(m.Weights), m.SHA256[:6])
	}
	return table.Flush()
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// published is when it was, or that it comes with the program.
func (m keptModel) published() string {
	if m.shipped {
		return "shipped"
	}
	return utc(time.UnixMicro(m.Created))
}

// json is what a version is, without its card and weights.
func (m keptModel) json() map[string]any {
	return map[string]any{"model": m.name, "version": m.Version, "kind": m.Kind, "in_force": m.inForce, "shipped": m.shipped, "created": m.Created,
		"features": m.Features, "bytes": len(m.Weights), "sha256": hex.EncodeToString(m.SHA256[:])}
}

func modelShowCommand() *cobra.Command {
	var weights string
	cmd := &cobra.Command{
		Use:   "show MODEL[@VERSION]",
		Short: "Show a version of a model, the one in force unless it is named, with its card",
		Args:  oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, version, err := namedModel(args[0])
			if err != nil {
				return usage(err)
			}
			a, all, err := commandModels(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			m, err := all.find(name, version)
			if err != nil {
				return err
			}
			if weights != "" {
				if err := os.WriteFile(weights, m.Weights, 0o644); err != nil {
					return fmt.Errorf("write weights: %w", err)
				}
			}
			if err := (models{m}).print(cmd.OutOrStdout(), "table"); err != nil {
				return err
			}
			for line := range strings.Lines("\n" + strings.TrimSpace(m.Card)) {
				fmt.Fprintln(cmd.OutOrStdout(), printable(strings.TrimRight(line, "\r\n")))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&weights, "weights", "", "also write its weights to this file")
	return cmd
}

// namedModel reads NAME or NAME@VERSION; without a version it is 0.
func namedModel(text string) (name string, version int64, err error) {
	name, number, named := strings.Cut(text, "@")
	if err := model.CheckName(name); err != nil {
		return "", 0, err
	}
	if !named {
		return name, 0, nil
	}
	version, err = strconv.ParseInt(number, 10, 64)
	if err != nil || version < 1 {
		return "", 0, fmt.Errorf("the version %.20q is no whole number from 1", number)
	}
	return name, version, nil
}

func modelPromoteCommand() *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use:   "promote MODEL@VERSION",
		Short: "Put a version that is published, or comes with the program, in force",
		Args:  oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, version, err := namedModel(args[0])
			if err != nil {
				return usage(err)
			}
			if version == 0 {
				return usage(fmt.Errorf("which version? Say %s@1", name))
			}
			return changeModel(cmd, by, "model promote", func(all models) (keptModel, error) { return all.find(name, version) })
		},
	}
	byFlag(cmd, &by)
	return cmd
}

func modelRollbackCommand() *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use:   "rollback MODEL[@VERSION]",
		Short: "Put a lower version in force: the one named, else the next lower one, though it may never have been",
		Args:  oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, version, err := namedModel(args[0])
			if err != nil {
				return usage(err)
			}
			return changeModel(cmd, by, "model rollback", func(all models) (keptModel, error) {
				if version == 0 {
					return all.before(name)
				}
				return all.find(name, version)
			})
		},
	}
	byFlag(cmd, &by)
	return cmd
}

// changeModel puts the version that is chosen in force, if it can be used.
func changeModel(cmd *cobra.Command, by, action string, choose func(models) (keptModel, error)) error {
	if by == "" {
		return usage(fmt.Errorf("--by: who does it?"))
	}
	a, all, err := commandModels(cmd)
	if err != nil {
		return err
	}
	defer a.cluster.Close()
	m, err := choose(all)
	if err != nil {
		return err
	}
	if err := a.usable(cmd.Context(), m); err != nil {
		return err
	}
	before := "nothing"
	if now, err := all.find(m.name, 0); err == nil {
		before = modelKey(now.name, now.Version)
	}
	if err := a.enforce(cmd.Context(), m, by, action, "instead of "+before); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s is in force instead of %s\n", modelKey(m.name, m.Version), before)
	return nil
}
