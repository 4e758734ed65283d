package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/internal/catalogue"
)

// check is one thing that doctor looks into.
type check struct {
	// name is the beginning of its findings' names.
	name string
	// targets are those whom it concerns; none: all.
	targets []string
	// look returns a finding for each thing that it saw, none where there is nothing of its kind.
	look func(ctx context.Context, p *patient) []finding
}

// checks lists them in the order in which they are told.
var checks = []check{
	{"ffmpeg", []string{"ingest"}, checkFFmpeg},
	{"opencv", []string{"ingest"}, checkOpenCV},
	{"descriptors", []string{"ingest"}, checkDescriptors},
	{"limits", nil, checkLimits},
	{"sandbox", []string{"ingest"}, checkSandbox},
	{"secrets", nil, checkSecrets},
	{"pictures", []string{"ingest", "notifier", "console"}, checkPictures},
	{"disk", []string{"ingest", brokerTarget}, checkDisk},
	{"ports", nil, checkPorts},
	{"kafka reach", nil, checkReach},
	{"kafka addresses", nil, checkAddresses},
	{"kafka certificates", nil, checkCertificates},
	{"kafka version", nil, checkVersion},
	{"kafka clock", nil, checkClock},
	{"kafka topics", nil, checkTopics},
	{"kafka auto-create", nil, checkAutoCreate},
	{"kafka acl", nil, checkGrants},
	{"kafka members", nil, checkMembers},
	{"registry", nil, checkRegistry},
	{"streams", []string{"ingest"}, checkStreams},
	{"receivers", []string{"notifier"}, checkReceivers},
}

// checkPatience bounds each check; they are made at the same time.
const checkPatience = 12 * time.Second

// finding is what a check found of one thing.
type finding struct {
	Check string `json:"check"`
	// Status is ok, warn (it works, but not as it ought to), fail, or unknown (it could not be looked into).
	Status string `json:"status"`
	// Detail is what was seen, Remedy what to do about it unless all is well.
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

// The statuses of a finding.
const (
	statusOK      = "ok"
	statusWarn    = "warn"
	statusFail    = "fail"
	statusUnknown = "unknown"
)

// examined is the command's flags.
type examined struct {
	output        string
	targets, only []string
	streams       []string
}

func doctorCommand() *cobra.Command {
	var x examined
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check that this machine and this configuration can do the work, and say what to do about what cannot",
		Long: "Check that this machine and this configuration can do the work, and say what to do about what cannot: for all targets, or for those of a process (--target).\n" +
			"Nothing is changed and nobody is told anything: brokers, registry and receivers are only reached, and some streams opened. The sandbox is proved by starting\n" +
			"workers that try to break out of it. It takes some seconds, also when nothing answers. Exit code 1 says that a check failed, or that brokers did not answer it.\n\nChecks: " + strings.Join(checkNames(), ", ") + ".",
		Example: "  framewatch doctor -c framewatch.yaml\n" +
			"  framewatch doctor -c framewatch.yaml --target detector --only kafka",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings, err := x.examine(cmd)
			if err != nil {
				return err
			}
			if err := printFindings(cmd.OutOrStdout(), findings, x.output); err != nil {
				return err
			}
			return verdict(findings)
		},
	}
	cmd.Flags().StringSliceVar(&x.targets, "target", []string{allTargets}, "check what these targets need: all, broker, ingest, detector, shadow, notifier, console")
	cmd.Flags().StringSliceVar(&x.only, "only", nil, "make these checks alone; kafka is all that begin so")
	cmd.Flags().StringSliceVar(&x.streams, "streams", nil, fmt.Sprintf("ids of the configuration's streams to open, or all; else the first %d", fewProbes))
	outputFlag(cmd, &x.output, "json (one object a line and finding) or table")
	return cmd
}

func checkNames() (names []string) {
	for _, c := range checks {
		names = append(names, c.name)
	}
	return names
}

// examine makes the checks.
func (x *examined) examine(cmd *cobra.Command) ([]finding, error) {
	if _, err := choose(x.targets); err != nil {
		return nil, err
	}
	for _, name := range x.only {
		if !slices.ContainsFunc(checks, func(c check) bool { return c.named(name) }) {
			return nil, usage(fmt.Errorf("--only: %q is no check%s", name, catalogue.Suggest(name, checkNames())))
		}
	}
	config, err := commandConfig(cmd)
	if err != nil {
		return []finding{{Check: "configuration", Status: statusFail, Detail: err.Error(), Remedy: "mend the file; framewatch config check -c FILE looks at it alone"}}, nil
	}
	p := newPatient(config, x.targets, x.streams)
	defer func() { p.close() }() // there is something to close once it has been asked for
	return p.examine(cmd.Context(), x.only), nil
}

// named tells that --only means the check.
func (c check) named(name string) bool { return c.name == name || strings.HasPrefix(c.name, name+" ") }

// examine makes all checks that concern the patient at the same time, or those that are named, and returns the findings in the order of the checks.
func (p *patient) examine(ctx context.Context, only []string) (findings []finding) {
	found := make([][]finding, len(checks))
	var group sync.WaitGroup
	for i, c := range checks {
		if len(only) > 0 && !slices.ContainsFunc(only, c.named) || len(c.targets) > 0 && !p.runs(c.targets...) {
			continue
		}
		group.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, checkPatience)
			defer cancel()
			found[i] = c.look(ctx, p)
		})
	}
	group.Wait()
	return slices.Concat(found...)
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
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Status, f.Check, oneLine(f.Detail))
		if f.Remedy != "" {
			fmt.Fprintf(table, "\t\t-> %s\n", oneLine(f.Remedy))
		}
	}
	return table.Flush()
}

// oneLine is text for one cell of a table.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// verdict is an error when a check failed, or could not be made since the brokers do not answer: with --only nothing else may say so.
func verdict(findings []finding) error {
	var failed, open []string
	for _, f := range findings {
		switch {
		case f.Status == statusFail && !slices.Contains(failed, f.Check):
			failed = append(failed, f.Check)
		case f.Status == statusUnknown && f.Remedy == unanswered && !slices.Contains(open, f.Check):
			open = append(open, f.Check)
		}
	}
	switch {
	case len(failed) > 0:
		return exitError{exitFailure, fmt.Errorf("not in order: %s", strings.Join(failed, ", "))}
	case len(open) > 0:
		return exitError{exitFailure, fmt.Errorf("not looked into, since the brokers do not answer: %s", strings.Join(open, ", "))}
	}
	return nil
}
