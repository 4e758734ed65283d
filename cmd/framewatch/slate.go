package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math/bits"
	"slices"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/detector/rule"
	"github.com/framewatch/framewatch/ingest"
	"github.com/framewatch/framewatch/schemas"
)

const (
	// slateShare of the pictures must be alike to be one of a slate's.
	slateShare = 0.1
	// slateBits is how many bits the hashes of pictures that are alike differ by.
	slateBits = 3
)

func slateCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "slate FILE|URL",
		Short: "Print the perceptual hashes of a slate, as the option slates of the rule slate takes them",
		Long: "Print the perceptual hashes of the pictures that a file shows most of the time, as the option slates of the rule slate takes them.\n" +
			"The file holds the slate and little else; of an animated one, each picture that stands for a tenth of the time is listed.",
		Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			config, err := commandConfig(cmd)
			if err != nil {
				return err
			}
			hashes, err := slateHashes(cmd.Context(), config.Ingest.Config, args[0])
			if err != nil {
				return fmt.Errorf("slate: %w", err)
			}
			text, err := yaml.Marshal(map[string]map[string][]string{"slates": {name: hashes}})
			if err != nil {
				return err
			}
			if _, err := rule.Catalogue.New("slate", text); err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
	cmd.Flags().StringVar(&name, "name", "slate", "what to call it: the defect's part")
	return cmd
}

// slateHashes are the hashes of the pictures that stand for at least slateShare of the input, the most frequent first.
func slateHashes(ctx context.Context, edge ingest.Config, url string) ([]string, error) {
	counts, all := map[uint64]int{}, 0
	err := ingest.Measure(ctx, ingest.MeasureConfig{URL: url, Sandbox: edge.Sandbox, WorkerMemory: edge.WorkerMemory}, func(f *schemas.Feature) error {
		if v := f.VideoFrame; v != nil && v.Hash != nil {
			counts[binary.BigEndian.Uint64(v.Hash.Perceptual[:])]++
			all++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	order := slices.SortedFunc(maps.Keys(counts), func(a, b uint64) int { return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b)) })
	var kept []uint64
	alike := map[uint64]int{}
	for _, hash := range order {
		i := slices.IndexFunc(kept, func(k uint64) bool { return bits.OnesCount64(k^hash) <= slateBits })
		if i < 0 {
			kept, i = append(kept, hash), len(kept)
		}
		alike[kept[i]] += counts[hash]
	}
	var hashes []string
	for _, hash := range kept {
		if float64(alike[hash]) >= slateShare*float64(all) {
			hashes = append(hashes, fmt.Sprintf("%016x", hash))
		}
	}
	if len(hashes) == 0 {
		return nil, fmt.Errorf("none of its %d pictures stands for a tenth of the time", all)
	}
	return hashes, nil
}
