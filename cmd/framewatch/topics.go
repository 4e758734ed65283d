package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/topology"
)

func topicsCommand() *cobra.Command {
	return group("topics", "Describe, plan and create the topics",
		describeCommand(), topicsACLCommand(),
		&cobra.Command{Use: "plan", Short: "Print what apply would change; never destructive", Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			return changeTopics(cmd, false)
		}},
		&cobra.Command{Use: "apply", Short: "Create missing topics and mend their settings; deletes nothing", Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			return changeTopics(cmd, true)
		}},
		backupCommand(), restoreCommand(), generationCommand(),
	)
}

func changeTopics(cmd *cobra.Command, apply bool) error {
	a, err := commandApp(cmd)
	if err != nil {
		return err
	}
	defer a.cluster.Close()
	change := a.cluster.Plan
	if apply {
		change = a.cluster.Apply
	}
	changes, err := change(cmd.Context())
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "the topics are as they should be")
	}
	for _, c := range changes {
		fmt.Fprintln(cmd.OutOrStdout(), c)
	}
	return nil
}

func describeCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "describe",
		Short: "Print what flows where",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text := map[string]func() string{"text": topology.Describe, "markdown": topology.Table, "asyncapi": topology.AsyncAPI}[output]
			if text == nil {
				return usage(fmt.Errorf("--output: %q is none of text, markdown, asyncapi", output))
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), text())
			return err
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text, markdown for the table of topics, or asyncapi for the contract of those that others may read")
	return cmd
}
