package main

import (
	_ "embed"

	"github.com/spf13/cobra"
)

// configSchema is the JSON Schema of the configuration file. TestConfigSchema makes it of the types and catalogues with -update.
//
//go:embed framewatch.schema.json
var configSchema []byte

func configSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the configuration file, for editors",
		Long: "Print the JSON Schema (draft 2020-12) of the configuration file, with which editors complete keys, explain them and mark mistakes.\n\n" +
			"  framewatch config schema > framewatch.schema.json\n\n" +
			"Editors with the YAML language server take it from the first line of the file:\n\n" +
			"  # yaml-language-server: $schema=framewatch.schema.json",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(configSchema)
			return err
		},
	}
}
