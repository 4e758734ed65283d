package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/console"
)

func tokenCommand() *cobra.Command {
	return group("token", "Make tokens by which programs use the console's API", tokenNewCommand())
}

// longestToken bounds how long a token works.
const longestToken = 5 * 366 * 24 * time.Hour

func tokenNewCommand() *cobra.Command {
	var role string
	var life time.Duration
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Make a token and print it, and the lines of the configuration that let it in",
		Long: "Make a token and print it, and the lines of the configuration that let it in. The configuration has its hash only, so this is the one time that it can be seen.\n" +
			"A program gives it as: Authorization: Bearer TOKEN. To take it back, remove its lines: it is refused as soon as the console has read its file again.",
		Example: "  framewatch token new wall --role viewer --for 2160h",
		Args:    someArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(fmt.Errorf("one name at a time"))
			}
			if life <= 0 || life > longestToken {
				return usage(fmt.Errorf("--for %s is not above 0 and at most 5 years", life))
			}
			secret, token, err := console.NewToken(console.Role(role), time.Now().Add(life).UTC().Truncate(time.Second))
			if err != nil {
				return usage(fmt.Errorf("--role: %w", err))
			}
			if err := (console.Config{Listen: "127.0.0.1:0", Tokens: map[string]console.Token{args[0]: token}}).Validate(); err != nil {
				return usage(err)
			}
			// console.Token prints without its hash, which is what is wanted here.
			fields := map[string]any{"role": token.Role, "sha256": token.SHA256, "expires": token.Expires}
			lines, err := yaml.Marshal(map[string]any{"console": map[string]any{"tokens": map[string]any{args[0]: fields}}})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n%s", secret, lines)
			return err
		},
	}
	cmd.Flags().StringVar(&role, "role", string(console.Viewer), "what it may do: viewer, operator or admin")
	cmd.Flags().DurationVar(&life, "for", 90*24*time.Hour, "how long it works")
	return cmd
}
