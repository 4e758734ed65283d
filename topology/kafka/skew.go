package kafka

import (
	"iter"
	"slices"
)

// Skew is how many of the lanes the fullest of so many partitions has, by how many it would have if all had the same: 1 is even. It is 0 for no lanes.
func Skew(lanes iter.Seq[string], partitions int32) float64 {
	counts, all := make([]int, partitions), 0
	for lane := range lanes {
		counts[PartitionAmong(lane, partitions)]++
		all++
	}
	if all == 0 {
		return 0
	}
	return float64(slices.Max(counts)) * float64(partitions) / float64(all)
}
