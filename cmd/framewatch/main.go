// Command framewatch watches the picture and sound of live streams and tells people about defects.
//
// This is the roof: it introduces the rooms to each other and does nothing else.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // expectations name time zones, also where the machine has none

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/internal/catalogue"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	exitDefects = 3
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == ingest.WorkerArg {
		os.Exit(ingest.Worker())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(Main(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Main runs one command line and returns the exit code. Data goes to stdout, logs and progress to stderr.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var exit exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		if exit.err != nil {
			fmt.Fprintln(stderr, "framewatch:", exit.err)
		}
		return exit.code
	}
	fmt.Fprintln(stderr, "framewatch:", err)
	return exitFailure
}

// exitError ends the program with a code of its own; a nil err says nothing more.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string { return fmt.Sprint(e.err) }
func (e exitError) Unwrap() error { return e.err }

// usage marks err as a mistake in the command line or the configuration.
func usage(err error) error { return exitError{exitUsage, err} }

// group is a command that only holds others.
func group(name, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short}
	cmd.AddCommand(commands...)
	return holding(cmd)
}

// holding makes a command that holds others say so when it is called without one of them, or with one that there is not.
func holding(cmd *cobra.Command) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		var known []string
		for _, c := range cmd.Commands() {
			known = append(known, c.Name())
		}
		return usage(fmt.Errorf("%q is no command of %s%s", args[0], cmd.CommandPath(), catalogue.Suggest(args[0], known)))
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cmd.Help()
		return usage(fmt.Errorf("which command of %s?", cmd.CommandPath()))
	}
	return cmd
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "framewatch",
		Short: "Watches the picture and sound of live streams and tells people about defects",
		Long: "Framewatch watches the picture and sound of live streams and tells people about defects within about a second.\n" +
			"Start with: framewatch demo",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.PersistentFlags().StringP("config", "c", "", "configuration file (YAML)")
	root.PersistentFlags().StringSlice("brokers", nil, "Kafka brokers, host:port; overrides the configuration")
	root.AddCommand(runCommand(), demoCommand(), analyzeCommand(), streamsCommand(), evidenceCommand(), notifyCommand(), silenceCommand(), ackCommand(), tokenCommand(), topicsCommand(), replayCommand(), shadowCommand(), exportCommand(), tapCommand(), verdictsCommand(), evaluateCommand(), tuneCommand(), modelCommand(), benchCommand(), costCommand(), configCommand(), slateCommand(), doctorCommand(), versionCommand())
	return holding(root)
}
