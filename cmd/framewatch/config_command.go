package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/ingest/source"
)

func configCommand() *cobra.Command {
	return group("config", "Check and show the configuration",
		&cobra.Command{Use: "check", Short: "Read the configuration and say whether it is sound", Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := commandConfig(cmd); err != nil {
				return err
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "the configuration is sound")
			return err
		}},
		&cobra.Command{Use: "show", Short: "Print the configuration with all defaults, without secrets", Args: noArgs, RunE: showConfig},
		configRulesCommand(),
	)
}

func showConfig(cmd *cobra.Command, _ []string) error {
	config, err := commandConfig(cmd)
	if err != nil {
		return err
	}
	if config.Streams != nil {
		for i := range *config.Streams {
			(*config.Streams)[i].URL = source.Redact((*config.Streams)[i].URL)
		}
	}
	encoder := yaml.NewEncoder(cmd.OutOrStdout())
	encoder.SetIndent(2)
	return encoder.Encode(config)
}

func configRulesCommand() *cobra.Command {
	var profile string
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "Print the rules of a profile with all defaults",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := commandConfig(cmd)
			if err != nil {
				return err
			}
			rules, err := config.rules(profile)
			if err != nil {
				return usage(err)
			}
			effective, err := detector.EffectiveRules([]byte(rules))
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), effective)
			return err
		},
	}
	cmd.Flags().StringVar(&profile, "profile", defaultProfile, "name of the profile")
	return cmd
}
