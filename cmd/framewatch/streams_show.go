package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/topology"
)

func streamsShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Print all that decides about a stream: its profile and why, every rule's options, what is expected of it",
		Args:  oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, streams, err := currentStreams(cmd)
			if err != nil {
				return err
			}
			defer a.cluster.Close()
			spec, ok := streams[args[0]]
			if !ok {
				return fmt.Errorf("no stream is called %q: framewatch streams list shows them", args[0])
			}
			profiles, err := current(cmd.Context(), a.cluster, topology.Profiles)
			if err != nil {
				return err
			}
			return printEffective(cmd.OutOrStdout(), args[0], spec, profiles, time.Now())
		},
	}
}
