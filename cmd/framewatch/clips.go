package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// clipsFlag gives cmd the flag --clips, for findClips.
func clipsFlag(cmd *cobra.Command, folder *string) {
	cmd.Flags().StringVar(folder, "clips", "", "folder of the clips (default: testdata/clips of the source tree)")
}

// findClips is the folder that was named, or where a source tree, a build in its bin folder, or the container have the clips.
func findClips(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	const inTree = "testdata/clips"
	places := []string{inTree, "/usr/share/framewatch/clips"}
	if self, err := os.Executable(); err == nil {
		places = append(places, filepath.Join(filepath.Dir(self), "..", inTree))
	}
	for _, place := range places {
		if info, err := os.Stat(place); err == nil && info.IsDir() {
			return place, nil
		}
	}
	return "", fmt.Errorf("the clips are in none of %q: run this in the source tree, or name their folder with --clips", places)
}

// clipCache is the folder of what is encoded from the clips, once for ever.
func clipCache() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for the encoded clips: %w", err)
	}
	return filepath.Join(cache, "framewatch"), nil
}
