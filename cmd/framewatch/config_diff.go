package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const (
	// largestConfig bounds what is read of a running process's configuration, bytes.
	largestConfig = 64 << 20
	// runningPatience is how long it is waited for.
	runningPatience = 15 * time.Second
)

// runningConfig is the configuration that a process follows, without secrets, as its admin listener tells it.
type runningConfig struct {
	Hash string            `json:"hash"`
	Keys map[string]string `json:"keys"`
}

// running is the configuration that this process follows, as its file words it: what is read at start as it was then, the rest as it is in force.
func (a *app) running() (runningConfig, error) {
	keys, err := a.started.asWritten().effectiveKeys()
	if err != nil {
		return runningConfig{}, err
	}
	now, err := a.inForce().asWritten().effectiveKeys()
	if err != nil {
		return runningConfig{}, err
	}
	for _, key := range sortedKeys(keys, now) {
		value, has := now[key]
		switch {
		case needsRestart(key):
		case has:
			keys[key] = value
		default:
			delete(keys, key)
		}
	}
	return runningConfig{Hash: a.inForce().hash(), Keys: keys}, nil
}

// getConfig answers with it.
func (a *app) getConfig(w http.ResponseWriter, _ *http.Request) {
	running, err := a.running()
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, running)
}

func configDiffCommand() *cobra.Command {
	var address, tokenFile, output string
	cmd := &cobra.Command{
		Use:   "diff [FILE] FILE2",
		Short: "Say in which keys two configurations differ, and what takes effect without a restart",
		Long: "Say in which keys two configurations differ, with all defaults in place, and what takes effect live and what with a restart. Secrets are not shown; of two files it is\n" +
			"told that they differ. The first is FILE, the one of -c, or the one that a process follows whose admin listener is at --running.\n\n" +
			"The exit code is 0 when they are the same and 3 when they differ.",
		Example: "  framewatch config diff framewatch.yaml next.yaml\n  framewatch config diff --running http://127.0.0.1:9394 next.yaml",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return usage(fmt.Errorf("--output: %q is none of text, json", output))
			}
			changes, err := diffConfigs(cmd, args, address, tokenFile)
			if err != nil {
				return err
			}
			if err := printChanges(cmd.OutOrStdout(), changes, output); err != nil || len(changes) == 0 {
				return err
			}
			return exitError{code: exitDefects}
		},
	}
	cmd.Flags().StringVar(&address, "running", "", "URL of the admin listener of a running process, in place of FILE")
	cmd.Flags().StringVar(&tokenFile, "token-file", "", "file with the token of that listener")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return cmd
}

// diffConfigs compares the last file with the first, with the one that the flags name, or with a process.
func diffConfigs(cmd *cobra.Command, args []string, address, tokenFile string) ([]keyChange, error) {
	next, err := loadConfig(args[len(args)-1])
	if err != nil {
		return nil, usage(err)
	}
	if address != "" {
		if len(args) > 1 {
			return nil, usage(errors.New("--running stands in place of the first file: name one file"))
		}
		return diffRunning(cmd, next, address, tokenFile)
	}
	path := args[0]
	if len(args) == 1 {
		if path, err = cmd.Flags().GetString("config"); err != nil {
			return nil, err
		}
		if path == "" {
			return nil, usage(errors.New("compare with what? Name two files, one and -c, or one and --running"))
		}
	}
	was, err := loadConfig(path)
	if err != nil {
		return nil, usage(err)
	}
	return differences(was.asWritten(), next.asWritten())
}

func diffRunning(cmd *cobra.Command, next Config, address, tokenFile string) ([]keyChange, error) {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, usage(errors.New("--running: not a URL such as http://127.0.0.1:9394"))
	}
	request, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, base.JoinPath("/-/config").String(), nil)
	if err != nil {
		return nil, err
	}
	if tokenFile != "" {
		token, err := AdminConfig{TokenFile: tokenFile}.token()
		if err != nil {
			return nil, usage(fmt.Errorf("--token-file: %w", err))
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Timeout: runningPatience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, largestConfig))
	if err != nil {
		return nil, err
	}
	var running runningConfig
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask %s for its configuration: %s: %.300s", base.Host, response.Status, strings.TrimSpace(string(text)))
	}
	if err := json.Unmarshal(text, &running); err != nil {
		return nil, fmt.Errorf("ask %s for its configuration: %w", base.Host, err)
	}
	keys, err := next.asWritten().effectiveKeys()
	return changedKeys(running.Keys, keys, nil, nil), err
}

func printChanges(w io.Writer, changes []keyChange, output string) error {
	if output == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(append([]keyChange{}, changes...))
	}
	for _, c := range changes {
		if _, err := fmt.Fprintln(w, c); err != nil {
			return err
		}
	}
	return nil
}
