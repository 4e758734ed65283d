package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/topology"
)

// principalPrefix stands before a target's name in the user that it has by default.
const principalPrefix = "User:framewatch-"

// granting is what the flags of `topics acl` say.
type granting struct {
	targets           []string
	principal, output string
	apply             bool
}

func topicsACLCommand() *cobra.Command {
	var x granting
	cmd := &cobra.Command{
		Use:   "acl",
		Short: "Print the least that each target must be allowed at the brokers, or allow it",
		Long: "Print the least that each target must be allowed at the brokers, under the configuration's kafka.prefix: the topics that it reads and writes, its group, its transactions.\n" +
			"operator is who gives commands, and makes and changes topics. With --apply it is given to the principals, by the user of the configuration, who must be allowed to\n" +
			"Alter the cluster; nothing is taken away. `framewatch doctor --target TARGET --only \"kafka acl\"`, as the target's user, tells what is missing.",
		Example: "  framewatch topics acl\n  framewatch topics acl --target detector --principal User:CN=detector -o kafka-acls",
		Args:    noArgs,
		PreRunE: func(*cobra.Command, []string) error { return x.check() },
		RunE:    func(cmd *cobra.Command, _ []string) error { return x.run(cmd) },
	}
	cmd.Flags().StringSliceVar(&x.targets, "target", grantees(), "whose")
	cmd.Flags().StringVar(&x.principal, "principal", "", "the user, such as User:alice; else "+principalPrefix+"TARGET")
	cmd.Flags().StringVarP(&x.output, "output", "o", "text", "text, kafka-acls for the lines of Kafka's own tool, or json (one object a line)")
	cmd.Flags().BoolVar(&x.apply, "apply", false, "allow it")
	return cmd
}

// grantees are who can be given something: the targets, and the operator.
func grantees() (names []string) {
	for _, t := range targets {
		names = append(names, t.name)
	}
	return append(names, topology.Operator)
}

func (x *granting) check() error {
	for _, name := range x.targets {
		if !slices.Contains(grantees(), name) {
			return usage(fmt.Errorf("--target: %q is unknown%s", name, catalogue.Suggest(name, grantees())))
		}
	}
	if !slices.Contains([]string{"text", "kafka-acls", "json"}, x.output) {
		return usage(fmt.Errorf("--output: %q is none of text, kafka-acls, json", x.output))
	}
	if x.principal != "" && len(x.targets) != 1 {
		return usage(errors.New("--principal: it goes with one --target"))
	}
	return nil
}

// granted is a grant and who has it.
type granted struct {
	Principal string `json:"principal"`
	Target    string `json:"target"`
	topology.Grant
}

func (x *granting) run(cmd *cobra.Command) error {
	config, err := commandConfig(cmd)
	if err != nil {
		return err
	}
	var all []granted
	for _, name := range x.targets {
		principal := x.principal
		if principal == "" {
			principal = principalPrefix + name
		}
		for _, g := range topology.Grants(name, config.Kafka.Prefix) {
			all = append(all, granted{principal, name, g})
		}
	}
	if x.apply {
		if err := giveAll(cmd, all); err != nil {
			return err
		}
	}
	return printGrants(cmd.OutOrStdout(), all, x.output)
}

// giveAll gives each principal what it needs.
func giveAll(cmd *cobra.Command, all []granted) error {
	a, err := commandApp(cmd)
	if err != nil {
		return err
	}
	defer a.cluster.Close()
	for _, g := range all {
		if err := a.cluster.Grant(cmd.Context(), g.Principal, []topology.Grant{g.Grant}); err != nil {
			return err
		}
	}
	return nil
}

func printGrants(w io.Writer, all []granted, output string) error {
	switch output {
	case "json":
		encoder := json.NewEncoder(w)
		for _, g := range all {
			if err := encoder.Encode(g); err != nil {
				return err
			}
		}
		return nil
	case "kafka-acls":
		for _, g := range all {
			if _, err := fmt.Fprintln(w, g.Command(g.Principal)); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, g := range all {
		if i == 0 || all[i-1].Target != g.Target {
			fmt.Fprintf(table, "%s, as %s\n", g.Target, g.Principal)
		}
		name := g.Name
		if g.Prefixed {
			name += "*"
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", g.Resource, name, g.Operation, g.Why)
	}
	return table.Flush()
}
