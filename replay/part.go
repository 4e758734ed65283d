package replay

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// parted chooses units for training, a share of those with faults of each kind: rare kinds first, so that both parts have some of each that two units
// have (iterative stratification: Sechidis et al., ECML PKDD 2011). The same seed chooses the same.
func parted(all []unit, kinds []string, share float64, seed uint64) map[string]bool {
	shuffled := slices.Clone(all)
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	having := func(kind string) []unit {
		return slices.DeleteFunc(slices.Clone(shuffled), func(u unit) bool { return kind != "" && u.kinds[kind].Labels == 0 })
	}
	rare := slices.Clone(kinds)
	slices.SortStableFunc(rare, func(a, b string) int { return cmp.Compare(len(having(a)), len(having(b))) })
	train := map[string]bool{}
	for _, kind := range append(rare, "") {
		some := having(kind)
		wanted := min(max(int(math.Round(share*float64(len(some)))), 1), len(some)-1)
		for _, u := range some {
			if train[u.name] {
				wanted--
			}
		}
		for _, u := range some {
			if _, placed := train[u.name]; !placed {
				train[u.name] = wanted > 0
				wanted--
			}
		}
	}
	return train
}
