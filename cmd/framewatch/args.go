package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// The numbers of arguments that commands take; another one is a usage error.
var (
	noArgs    = counted(cobra.NoArgs)
	oneArg    = counted(cobra.ExactArgs(1))
	atMostOne = counted(cobra.MaximumNArgs(1))
	someArgs  = counted(cobra.MinimumNArgs(1))
)

func counted(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(fmt.Errorf("%w\nusage: %s", err, cmd.UseLine()))
		}
		return nil
	}
}

// outputFlag gives cmd the flag --output, json or table, and refuses anything else before cmd does its work.
func outputFlag(cmd *cobra.Command, output *string, doc string) {
	cmd.Flags().StringVarP(output, "output", "o", "table", doc)
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if *output != "json" && *output != "table" {
			return usage(fmt.Errorf("--output: %q is neither json nor table", *output))
		}
		return nil
	}
}
