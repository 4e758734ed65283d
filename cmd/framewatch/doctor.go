package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// check is one thing that doctor looks into. It returns a finding for each thing that it saw, at least one.
type check func(ctx context.Context, config Config) []finding

// checks lists them in the order in which they are told.
var checks = []check{checkFFmpeg, checkOpenCV, checkDescriptors, checkSandbox}

// finding is what a check found of one thing.
type finding struct {
	Check string `json:"check"`
	// Status is ok, warn (it works, but not as it ought to) or fail.
	Status string `json:"status"`
	// Detail is what was seen, Remedy what to do about it unless all is well.
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

// The statuses of a finding.
const (
	statusOK   = "ok"
	statusWarn = "warn"
	statusFail = "fail"
)

func doctorCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check that this machine and this configuration can do the work, and say what to do about what cannot",
		Long: "Check that this machine and this configuration can do the work, and say what to do about what cannot.\n" +
			"The sandbox is proved by starting workers that try to break out of it. Exit code 1 says that a check failed.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := commandConfig(cmd)
			if err != nil {
				return err
			}
			var findings []finding
			for _, check := range checks {
				findings = append(findings, check(cmd.Context(), config)...)
			}
			if err := printFindings(cmd.OutOrStdout(), findings, output); err != nil {
				return err
			}
			return verdict(findings)
		},
	}
	outputFlag(cmd, &output, "json (one object a line and finding) or table")
	return cmd
}

func printFindings(w io.Writer, findings []finding, output string) error {
	if output == "json" {
		encoder := json.NewEncoder(w)
		for _, f := range findings {
			if err := encoder.Encode(f); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Status, f.Check, f.Detail)
		if f.Remedy != "" {
			fmt.Fprintf(table, "\t\t-> %s\n", f.Remedy)
		}
	}
	return table.Flush()
}

// verdict is an error when a check failed.
func verdict(findings []finding) error {
	var failed []string
	for _, f := range findings {
		if f.Status == statusFail && !slices.Contains(failed, f.Check) {
			failed = append(failed, f.Check)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return exitError{exitFailure, fmt.Errorf("not in order: %s", strings.Join(failed, ", "))}
}
