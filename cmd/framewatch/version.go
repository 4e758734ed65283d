package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/framewatch/framewatch/ingest/feature"
	"github.com/framewatch/framewatch/ingest/source"
	"github.com/spf13/cobra"
)

// release is set by the build: -ldflags "-X main.release=v1.2.3".
var release = "devel"

// made is what the program is made of and what it has loaded.
type made struct {
	Version  string      `json:"version"`
	Go       string      `json:"go"`
	Platform string      `json:"platform"` // the operating system and processor, as Go names them
	FFmpeg   loadedBuild `json:"ffmpeg"`
	OpenCV   loadedBuild `json:"opencv"`
}

// loadedBuild is a library of the machine.
type loadedBuild struct {
	Version       string            `json:"version"`
	License       string            `json:"license"`
	Configuration string            `json:"configuration,omitempty"` // its configure line
	Libraries     map[string]string `json:"libraries,omitempty"`     // versions by name
}

// version is the release and, where the build knows it, the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return release + "+" + s.Value[:12]
		}
	}
	return release
}

func whatIsMade() made {
	ffmpeg, libraries := source.Libraries()
	m := made{
		Version: version(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		FFmpeg: loadedBuild{Version: ffmpeg, Libraries: map[string]string{}},
		// Every OpenCV since 4.5.0 is under it.
		OpenCV: loadedBuild{Version: feature.OpenCV(), License: "Apache-2.0"},
	}
	m.FFmpeg.Configuration, m.FFmpeg.License = source.Build()
	for _, l := range libraries {
		m.FFmpeg.Libraries[l.Name] = l.Loaded.String()
	}
	return m
}

func versionCommand() *cobra.Command {
	var output string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and with --output json the libraries that are loaded, their licences and how FFmpeg was built",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printVersion(cmd.OutOrStdout(), asJSON || output == "json")
		},
	}
	outputFlag(cmd, &output, "table, or json with everything")
	cmd.Flags().BoolVar(&asJSON, "json", false, "the same as --output json")
	return cmd
}

func printVersion(to io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(to)
		e.SetIndent("", "  ")
		return e.Encode(whatIsMade())
	}
	_, err := fmt.Fprintln(to, "framewatch", version(), runtime.Version())
	return err
}
