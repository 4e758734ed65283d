package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/detector"
	"github.com/framewatch/framewatch/internal/catalogue"
)

func configCommand() *cobra.Command {
	return group("config", "Check and show the configuration",
		configCheckCommand(),
		configShowCommand(),
		configRulesCommand(),
		configSchemaCommand(),
		configDiffCommand(),
	)
}

func configShowCommand() *cobra.Command {
	var stream string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print the configuration with all defaults, without secrets, or what it comes to for one of its streams",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := commandConfig(cmd)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("stream") {
				return showStream(cmd, config, stream)
			}
			return showConfig(cmd, config)
		},
	}
	cmd.Flags().StringVar(&stream, "stream", "", "id of a stream of the configuration: its profile and why, every rule's options, what is expected of it")
	cmd.Flags().Bool("redacted", true, "without secrets, which are never shown")
	return cmd
}

func showStream(cmd *cobra.Command, config Config, id string) error {
	var known []string
	if config.Streams != nil {
		for _, s := range *config.Streams {
			known = append(known, s.ID)
			if s.ID != id {
				continue
			}
			_, profiles, err := config.selectors()
			if err != nil {
				return err
			}
			return printEffective(cmd.OutOrStdout(), id, s.spec(fromFile), profiles, time.Now())
		}
	}
	return usage(fmt.Errorf("--stream: %q is not in the configuration%s", id, catalogue.Suggest(id, known)))
}

func showConfig(cmd *cobra.Command, config Config) error {
	encoder := yaml.NewEncoder(cmd.OutOrStdout())
	encoder.SetIndent(2)
	return encoder.Encode(config.shown())
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
